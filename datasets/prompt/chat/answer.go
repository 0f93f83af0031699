package chat

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// The texts of a sample conversation; a template may trim a text or leave its thoughts out, but has
// no reason to change these.
const (
	sampleQuestion = "sample question"
	sampleAnswer   = "sample answer"
)

// Prompt writes a question as the user's one turn, and the beginning of the assistant's. Before it
// stands a system turn, unless its text is empty.
func (t *Template) Prompt(system, question string) (string, error) {
	turns := []Message{{Role: "user", Content: question}}
	if system != "" {
		turns = append([]Message{{Role: "system", Content: system}}, turns...)
	}
	return t.Render(turns, true)
}

// Before is what Prompt writes before the question.
func (t *Template) Before(system string) (string, error) {
	asked, err := t.Prompt(system, sampleQuestion)
	if err != nil {
		return "", err
	}
	before, _, found := strings.Cut(asked, sampleQuestion)
	if !found {
		return "", errors.New("the chat template does not write the user's text")
	}
	return before, nil
}

// Frame is what a template writes around a question and its answer, the same for every text.
type Frame struct {
	// Before stands before the question.
	Before string
	// Lead stands between what Prompt writes and the answer: a blank with Llama 2, the assistant's
	// role where the template knows no generation prompt, an empty thought with Qwen3; mostly
	// nothing.
	Lead string
	// After stands after the answer, without white space at its beginning, and ends it.
	After string
}

// Frame tells what the template writes around a question and an answer. It is an error if an answer
// does not follow Prompt: then a model could not be trained to write it.
func (t *Template) Frame() (Frame, error) {
	asked, err := t.Prompt("", sampleQuestion)
	if err != nil {
		return Frame{}, err
	}
	answered, err := t.Render([]Message{{Role: "user", Content: sampleQuestion}, {Role: "assistant", Content: sampleAnswer}}, false)
	if err != nil {
		return Frame{}, err
	}
	before, _, found := strings.Cut(asked, sampleQuestion)
	if !found {
		return Frame{}, errors.New("the chat template does not write the user's text")
	}
	rest, found := strings.CutPrefix(answered, asked)
	if !found {
		return Frame{}, fmt.Errorf("the chat template begins an answer with %.200q, which it does not write in a conversation that has one, %.200q, "+
			"as models do that write a thought first: an answer cannot be trained or scored there; leave `chat` out", asked, answered)
	}
	lead, after, found := strings.Cut(rest, sampleAnswer)
	if !found {
		return Frame{}, errors.New("the chat template does not write the assistant's text")
	}
	if after = strings.TrimLeftFunc(after, unicode.IsSpace); after == "" {
		return Frame{}, errors.New("the chat template writes nothing after an answer, so the model could not end it")
	}
	return Frame{Before: before, Lead: lead, After: after}, nil
}
