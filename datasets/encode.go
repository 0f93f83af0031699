package datasets

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"secura/datasets/prompt"
	"secura/datasets/prompt/chat"
)

// Encoder turns examples into the token ids that a backbone reads.
//
// A prompt and what follows it are encoded as one text, as lm-evaluation-harness does
// (TemplateLM._encode_pair): white space at the prompt's end is moved to the continuation, and the
// continuation is what the joint encoding has after as many tokens as the prompt alone has. So "…a
// little" and " girl" give the tokens of "…a little girl", where a tokenizer that puts a blank
// before every text would write two blanks. Where a token reaches over the border, the prompt keeps
// its own tokens, that token is in neither, and the continuation has lost its beginning, as there
// (see Border).
type Encoder struct {
	tokenizer *prompt.Tokenizer
	template  *chat.Template // nil where prompts are read as they are
	lead      string         // what the template writes between the generation prompt and an answer
	start     int            // tokens at each prompt's beginning that are not the example's own
	end       int32          // what the template writes after an answer
	behind    []int32        // what it writes after that
	system    string         // the system prompt of examples that have none of their own
	empty     []int32        // stands before each answer; nil but for SECURA's released form
}

// NewEncoder writes prompts as they are, after the tokens that begin every text.
func NewEncoder(tokenizer *prompt.Tokenizer) *Encoder {
	return &Encoder{tokenizer: tokenizer, start: len(tokenizer.Start())}
}

// NewChatEncoder writes prompts as a user's turn in a conversation, and answers and options as the
// assistant's, without the space around them. The error tells of a template that an answer cannot
// follow, or after whose answers no token stands that the tokenizer has for itself.
func NewChatEncoder(tokenizer *prompt.Tokenizer, template *chat.Template) (*Encoder, error) {
	frame, err := template.Frame()
	if err != nil {
		return nil, err
	}
	c := &Encoder{tokenizer: tokenizer, template: template, lead: frame.Lead}
	ids, err := tokenizer.Encode(frame.Before)
	if err != nil {
		return nil, fmt.Errorf("encode the chat template's beginning: %w", err)
	}
	c.start = len(c.started(ids))
	if ids, err = tokenizer.Encode(frame.After); err != nil {
		return nil, fmt.Errorf("encode the chat template's end of an answer: %w", err)
	}
	c.behind = ids[1:]
	if c.end = ids[0]; tokenizer.Decode(ids[:1]) != "" {
		return nil, fmt.Errorf("the chat template writes %.60q after an answer; expected it to begin with a special token of the tokenizer", frame.After)
	}
	return c, nil
}

// WithSystem is the encoder with a system prompt for examples that have none of their own.
func (c *Encoder) WithSystem(text string) *Encoder {
	with := *c
	with.system = text
	return &with
}

// FixedDate is the date that the chat template writes in the place of today's; empty where it
// writes none.
func (c *Encoder) FixedDate() string {
	if c.template == nil {
		return ""
	}
	return c.template.FixedDate()
}

// WithEmpty is the encoder in the form of SECURA's released code: the token of an id stands before
// each answer, so that the first token of an answer is predicted from it, and all that a chat
// template writes after an answer is learned.
func (c *Encoder) WithEmpty(id int32) *Encoder {
	with := *c
	with.empty = []int32{id}
	return &with
}

// Digest names all that decides an example's tokens: the tokenizer's file, the chat template and
// the system prompt.
func (c *Encoder) Digest() string {
	template := ""
	if c.template != nil {
		template = c.template.Digest()
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %q %q %v", c.tokenizer.Digest(), template, c.system, c.empty)
	return hex.EncodeToString(sum.Sum(nil))
}

// Largest is an id that none of an example's is above.
func (c *Encoder) Largest() int32 {
	largest := int32(c.tokenizer.Size() - 1)
	for _, id := range c.empty {
		largest = max(largest, id)
	}
	return largest
}

// End is the token that a chat template writes after an answer. ok is false where prompts are read
// as they are: the backbone's own end token ends an answer then.
func (c *Encoder) End() (id int32, ok bool) { return c.end, c.template != nil }

// Encode turns an example into ids.
func (c *Encoder) Encode(e Example) (Encoded, error) {
	encoded, err := c.encode(e)
	if err != nil {
		return Encoded{}, fmt.Errorf("encode example %d of task %s: %w", e.ID, e.Task, err)
	}
	return encoded, nil
}

// Text turns an example that is a whole text into ids, after the tokens that begin every text and
// without a chat template. A text of one token is an error: nothing before it predicts that.
func (c *Encoder) Text(e Example) ([]int32, error) {
	ids, err := c.ids(e.Prompt)
	if ids = c.started(ids); err == nil && len(ids) < 2 {
		err = fmt.Errorf("%q has one token, which nothing before it predicts", e.Prompt)
	}
	if err != nil {
		return nil, fmt.Errorf("encode row %d of %s: %w", e.ID, e.Task, err)
	}
	return ids, nil
}

func (c *Encoder) encode(e Example) (encoded Encoded, err error) {
	system := cmp.Or(e.System, c.system)
	context, opening, err := c.context(system, e.Prompt)
	if err != nil {
		return Encoded{}, err
	}
	p := pair{tokenizer: c.tokenizer, text: context}
	if c.empty == nil {
		p.text, p.blank = cutBlank(context)
	}
	if p.ids, err = c.ids(p.text); err != nil {
		return Encoded{}, err
	}
	encoded.Prompt = c.started(p.ids)
	if encoded.Start, err = c.startOf(system); err != nil {
		return Encoded{}, err
	}
	encoded.Border.Blank = c.template == nil && p.blank != ""
	switch {
	case c.empty != nil: // a token stands between prompt and answer, which are then no text together
		encoded.Prompt, encoded.Tail = slices.Concat(encoded.Prompt, c.empty), c.behind
		p = pair{tokenizer: c.tokenizer}
	case c.template != nil && opening != p.text:
		ids, err := c.ids(opening)
		if err != nil {
			return Encoded{}, err
		}
		encoded.Opening = c.started(ids)
	}
	if encoded.Answer, err = c.continuation(p, e.Answer, &encoded.Border); err != nil {
		return Encoded{}, err
	}
	for _, option := range e.Options {
		ids, err := c.continuation(p, option, &encoded.Border)
		if err != nil {
			return Encoded{}, err
		}
		encoded.Options = append(encoded.Options, ids)
	}
	return encoded, nil
}

// context is the text before an answer, and the one that an answer is generated from in chat form:
// what the template itself opens an answer with.
func (c *Encoder) context(system, text string) (context, opening string, err error) {
	if c.template == nil {
		return before(system) + text, "", nil
	}
	asked, err := c.template.Prompt(system, text)
	if err != nil {
		return "", "", err
	}
	context, opening = asked+c.lead, asked+c.lead
	if _, blank := cutBlank(c.lead); blank == c.lead {
		opening = asked
	}
	return context, opening, nil
}

// before is what stands before a prompt that is read as it is.
func before(system string) string {
	if system == "" {
		return ""
	}
	return system + "\n\n"
}

// startOf is how many tokens stand before a prompt's own: what every text begins with, the chat
// template's turn, and what the system says.
func (c *Encoder) startOf(system string) (int, error) {
	if system == "" {
		return c.start, nil
	}
	text := before(system)
	if c.template != nil {
		var err error
		if text, err = c.template.Before(system); err != nil {
			return 0, err
		}
	}
	ids, err := c.ids(text)
	return len(c.started(ids)), err
}

// started puts the tokens that begin every text before ids, unless the text wrote them itself, as
// chat templates do.
func (c *Encoder) started(ids []int32) []int32 {
	start := c.tokenizer.Start()
	if len(start) > 0 && len(ids) >= len(start) && slices.Equal(ids[:len(start)], start) {
		return ids
	}
	return slices.Concat(start, ids)
}

func (c *Encoder) continuation(p pair, text string, border *Border) ([]int32, error) {
	if c.template != nil {
		text = strings.TrimSpace(text)
	}
	ids, merged, err := p.encode(text)
	border.Merged = border.Merged || merged
	return ids, err
}

func (c *Encoder) ids(text string) ([]int32, error) {
	ids, err := c.tokenizer.Encode(text)
	if err == nil && len(ids) == 0 {
		err = fmt.Errorf("%q has no token", text)
	}
	return ids, err
}

// pair is a context, and the white space at its end, which belongs to what follows.
type pair struct {
	tokenizer   *prompt.Tokenizer
	text, blank string
	ids         []int32 // of text
}

// encode gives the ids of what follows. merged says whether a token reaches over the border, which
// is in neither then.
func (p pair) encode(text string) (ids []int32, merged bool, err error) {
	if text == "" {
		return nil, false, fmt.Errorf("%q has no token", text)
	}
	whole, err := p.tokenizer.Encode(p.text + p.blank + text)
	if err != nil {
		return nil, false, err
	}
	if len(whole) <= len(p.ids) {
		return nil, false, fmt.Errorf("%q has no token of its own after %q: the tokenizer joins it with the prompt's end; let it begin with a blank, or the prompt end otherwise",
			text, tail(p.text))
	}
	return whole[len(p.ids):], !slices.Equal(whole[:len(p.ids)], p.ids), nil
}

// tail is the end of a long text, for an error.
func tail(text string) string {
	const most = 40
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return "…" + string(runes[len(runes)-most:])
}

// cutBlank cuts the white space off a text's end, as Python's rstrip finds it.
func cutBlank(text string) (rest, blank string) {
	rest = strings.TrimRightFunc(text, func(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f })
	return rest, text[len(rest):]
}
