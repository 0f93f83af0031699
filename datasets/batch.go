package datasets

import (
	"fmt"

	"secura/datasets/prompt"
)

// Encoded is an example as token ids.
type Encoded struct {
	Prompt, Answer []int32
	// Options are the options' ids; nil where the answer is written.
	Options [][]int32
}

// Encode turns an example into ids. Prompt, answer and options are encoded apart: an answer starts a new token.
func Encode(t *prompt.Tokenizer, e Example) (Encoded, error) {
	var mistakes error
	ids := func(text string) []int32 {
		list, err := t.Encode(text)
		if err == nil && len(list) == 0 {
			err = fmt.Errorf("%q has no token", text)
		}
		if err != nil && mistakes == nil {
			mistakes = fmt.Errorf("encode example %d of task %s: %w", e.ID, e.Task, err)
		}
		return list
	}
	encoded := Encoded{Prompt: ids(e.Prompt), Answer: ids(e.Answer)}
	for _, option := range e.Options {
		encoded.Options = append(encoded.Options, ids(option))
	}
	return encoded, mistakes
}

// Batch holds rows of tokens of one fixed shape. Rows are padded on the left, so that all end at the last slot, and
// predictions are made at the last Answers slots only: slot i of these predicts Targets[i], and where Weights is 0 it
// predicts nothing.
type Batch struct {
	Rows, Length, Answers int
	// Tokens, Positions and Segments are [Rows, Length], row by row. Segments holds -1 for padding, 0 for what every
	// slot behind it sees, and 1… for options, which see themselves and segment 0 only.
	Tokens, Positions, Segments []int32
	// Targets and Weights are [Rows, Answers].
	Targets []int32
	Weights []float32
}

// NewBatch is an empty batch: all padding, nothing predicted.
func NewBatch(rows, length, answers int) Batch {
	b := Batch{Rows: rows, Length: length, Answers: answers,
		Tokens: make([]int32, rows*length), Positions: make([]int32, rows*length), Segments: make([]int32, rows*length),
		Targets: make([]int32, rows*answers), Weights: make([]float32, rows*answers)}
	for i := range b.Segments {
		b.Segments[i] = -1
	}
	return b
}

// SetText fills a row with a text that goes on with an answer, which it learns to write and to end with the end token.
// It says whether tokens were cut: a prompt that is too long loses its beginning, an answer its end.
func (b Batch) SetText(row int, text, answer []int32, end int32) (cut bool) {
	ends := len(answer) < b.Answers
	if !ends {
		answer, cut = answer[:b.Answers-1], true
	}
	// The last slot holds the answer's last token and predicts the end.
	if room := b.Length - len(answer); len(text) > room {
		text, cut = text[len(text)-room:], true
	}
	at := b.Length - len(text) - len(answer)
	for i, id := range text {
		b.set(row, at+i, id, i, 0)
	}
	at += len(text)
	for i, id := range answer {
		b.set(row, at+i, id, len(text)+i, 0)
		b.predict(row, at+i-1, id)
	}
	if ends { // a cut answer does not end where it was cut
		b.predict(row, b.Length-1, end)
	}
	return cut
}

// SetOptions fills a row with a prompt once and its options behind it, each of which sees the prompt and itself. It
// returns for each option the slots, within the row's Answers, that predict its tokens. ok is false, and the row is
// left empty, where they do not fit.
func (b Batch) SetOptions(row int, text []int32, options [][]int32) (slots [][2]int, ok bool) {
	// The prompt's last token stands once more before each option, so that every token is predicted from the slot
	// before it.
	shared, last := text[:len(text)-1], text[len(text)-1]
	total := 0
	for _, o := range options {
		total += len(o)
	}
	if total > b.Answers || len(shared)+total > b.Length {
		return nil, false
	}
	at := b.Length - len(shared) - total
	for i, id := range shared {
		b.set(row, at+i, id, i, 0)
	}
	at += len(shared)
	for n, option := range options {
		first := at
		for i, id := range option {
			seen := last
			if i > 0 {
				seen = option[i-1]
			}
			b.set(row, at, seen, len(shared)+i, int32(n+1))
			b.predict(row, at, id)
			at++
		}
		slots = append(slots, [2]int{first - b.Length + b.Answers, at - b.Length + b.Answers})
	}
	return slots, true
}

// SetPrompt fills a row with a prompt that is to be continued. It says whether its beginning was cut.
func (b Batch) SetPrompt(row int, text []int32) (cut bool) {
	if len(text) > b.Length {
		text, cut = text[len(text)-b.Length:], true
	}
	for i, id := range text {
		b.set(row, b.Length-len(text)+i, id, i, 0)
	}
	return cut
}

func (b Batch) set(row, slot int, id int32, position int, segment int32) {
	i := row*b.Length + slot
	b.Tokens[i], b.Positions[i], b.Segments[i] = id, int32(position), segment
}

// predict lets a slot of the row predict a token; slots before the last Answers predict nothing.
func (b Batch) predict(row, slot int, id int32) {
	if slot -= b.Length - b.Answers; slot >= 0 {
		b.Targets[row*b.Answers+slot], b.Weights[row*b.Answers+slot] = id, 1
	}
}
