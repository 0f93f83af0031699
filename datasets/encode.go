package datasets

import (
	"fmt"
	"slices"
	"strings"

	"secura/datasets/prompt"
	"secura/datasets/prompt/chat"
)

// Encoder turns examples into the token ids that a backbone reads.
type Encoder struct {
	tokenizer *prompt.Tokenizer
	template  *chat.Template // nil where prompts are read as they are
	start     int            // tokens at each prompt's beginning that are not the example's own
	end       int32          // what the template writes behind an answer
	behind    []int32        // what it writes behind that
	empty     []int32        // stands before each answer; nil but for SECURA's released form
}

// NewEncoder writes prompts as they are, behind the tokens that begin every text.
func NewEncoder(tokenizer *prompt.Tokenizer) *Encoder {
	return &Encoder{tokenizer: tokenizer, start: len(tokenizer.Start())}
}

// NewChatEncoder writes prompts as a user's turn in a conversation, and answers and options as the assistant's, without
// the space around them. The error tells of a template that an answer cannot follow, or behind whose answers no token
// stands that the tokenizer has for itself.
func NewChatEncoder(tokenizer *prompt.Tokenizer, template *chat.Template) (*Encoder, error) {
	before, behind, err := template.Frame()
	if err != nil {
		return nil, err
	}
	c := &Encoder{tokenizer: tokenizer, template: template}
	ids, err := tokenizer.Encode(before)
	if err != nil {
		return nil, fmt.Errorf("encode the chat template's beginning: %w", err)
	}
	c.start = len(ids)
	if ids, err = tokenizer.Encode(behind); err != nil {
		return nil, fmt.Errorf("encode the chat template's end of an answer: %w", err)
	}
	c.behind = ids[1:]
	if c.end = ids[0]; tokenizer.Decode(ids[:1]) != "" {
		return nil, fmt.Errorf("the chat template writes %.60q behind an answer; expected it to begin with a special token of the tokenizer", behind)
	}
	return c, nil
}

// WithEmpty is the encoder in the form of SECURA's released code: the token of an id stands before each answer, so that
// the first token of an answer is predicted from it, and all that a chat template writes behind an answer is learned.
func (c *Encoder) WithEmpty(id int32) *Encoder {
	with := *c
	with.empty = []int32{id}
	return &with
}

// End is the token that a chat template writes behind an answer. ok is false where prompts are read as they are: the
// backbone's own end token ends an answer then.
func (c *Encoder) End() (id int32, ok bool) { return c.end, c.template != nil }

// Encode turns an example into ids. Prompt, answer and options are encoded apart: an answer starts a new token.
func (c *Encoder) Encode(e Example) (Encoded, error) {
	encoded, err := c.encode(e)
	if err != nil {
		return Encoded{}, fmt.Errorf("encode example %d of task %s: %w", e.ID, e.Task, err)
	}
	return encoded, nil
}

func (c *Encoder) encode(e Example) (encoded Encoded, err error) {
	encoded.Start = c.start
	if encoded.Prompt, err = c.prompt(e.Prompt); err != nil {
		return Encoded{}, err
	}
	if encoded.Answer, err = c.answer(e.Answer); err != nil {
		return Encoded{}, err
	}
	if c.empty != nil {
		encoded.Prompt, encoded.Tail = slices.Concat(encoded.Prompt, c.empty), c.behind
	}
	for _, option := range e.Options {
		ids, err := c.answer(option)
		if err != nil {
			return Encoded{}, err
		}
		encoded.Options = append(encoded.Options, ids)
	}
	return encoded, nil
}

func (c *Encoder) prompt(text string) ([]int32, error) {
	if c.template == nil {
		ids, err := c.ids(text)
		return slices.Concat(c.tokenizer.Start(), ids), err
	}
	written, err := c.template.Prompt(text)
	if err != nil {
		return nil, err
	}
	return c.ids(written)
}

func (c *Encoder) answer(text string) ([]int32, error) {
	if c.template != nil {
		text = strings.TrimSpace(text)
	}
	return c.ids(text)
}

func (c *Encoder) ids(text string) ([]int32, error) {
	ids, err := c.tokenizer.Encode(text)
	if err == nil && len(ids) == 0 {
		err = fmt.Errorf("%q has no token", text)
	}
	return ids, err
}
