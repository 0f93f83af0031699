package chat

import (
	"errors"
	"fmt"
	"strings"
)

// The texts of a sample conversation; a template may trim a text or leave its
// thoughts out, but has no reason to change these.
const (
	sampleQuestion = "sample question"
	sampleAnswer   = "sample answer"
)

// WithSystem is the template with a system prompt before each question; with
// "" it stays as it is, and a template may write its own.
func (t *Template) WithSystem(prompt string) *Template {
	with := *t
	with.system = prompt
	return &with
}

// turns begin a conversation, behind the system prompt if there is one.
func (t *Template) turns(messages ...Message) []Message {
	if t.system == "" {
		return messages
	}
	return append([]Message{{Role: "system", Content: t.system}}, messages...)
}

// Prompt writes a question as the user's one turn, and the beginning of the
// assistant's.
func (t *Template) Prompt(question string) (string, error) {
	return t.Render(t.turns(Message{Role: "user", Content: question}), true)
}

// Frame tells what the template writes before a question, and behind an answer.
// It is an error if an answer does not simply follow Prompt: then a model could
// not be trained to write it.
func (t *Template) Frame() (before, behind string, err error) {
	asked, err := t.Prompt(sampleQuestion)
	if err != nil {
		return "", "", err
	}
	answered, err := t.Render(t.turns(Message{Role: "user", Content: sampleQuestion}, Message{Role: "assistant", Content: sampleAnswer}), false)
	if err != nil {
		return "", "", err
	}
	before, _, found := strings.Cut(asked, sampleQuestion)
	if !found {
		return "", "", errors.New("the chat template does not write the user's text")
	}
	behind, found = strings.CutPrefix(answered, asked+sampleAnswer)
	if !found {
		return "", "", fmt.Errorf("the chat template writes an answer otherwise than behind its own beginning of one: %.200q, then %.200q", asked, answered)
	}
	if behind == "" {
		return "", "", errors.New("the chat template writes nothing behind an answer, which could not end")
	}
	return before, behind, nil
}
