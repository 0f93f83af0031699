// Package prepared keeps a split's examples as tokens in a file that every process of a run maps
// into memory, so that Parquet is read and text is encoded once. In come a task, a split and an
// encoder; out comes a Split, which decodes an example when it is asked for. Read Store.Open first,
// then the layout of the file in format.go.
package prepared

import (
	"io"
	"iter"

	"secura/datasets"
)

// Split is the examples of a split as tokens. It holds none of them in memory: At decodes one. It
// may be used by several goroutines.
type Split struct {
	Facts
	file   io.ReaderAt
	footer footer
	close  func() error
}

// Facts are what is known of a split as a whole.
type Facts struct {
	// Rows, LeftOut and Bounded are those of datasets.Set.
	Rows    int `json:"rows"`
	LeftOut int `json:"left_out"`
	Bounded int `json:"bounded"`
	// Available is how many examples the split has; of an evaluated one the file may hold fewer.
	Available int `json:"available"`
	// Texts says that the examples' texts are kept beside their tokens.
	Texts bool `json:"texts"`
}

// Set is the split's counts without its examples.
func (f Facts) Set() datasets.Set {
	return datasets.Set{Rows: f.Rows, LeftOut: f.LeftOut, Bounded: f.Bounded}
}

// Close releases the file. Nothing but the split's facts may be asked after it.
func (s *Split) Close() error {
	if s == nil || s.close == nil {
		return nil
	}
	return s.close()
}

// Len is how many examples there are.
func (s *Split) Len() int {
	if s == nil {
		return 0
	}
	return int(s.footer.examples)
}

// At decodes an example, whose slices are the caller's own.
func (s *Split) At(i int) datasets.Encoded {
	e, _, _ := s.decode(i) // the file was checked when it was opened
	return e
}

// Evaluated decodes an example and its texts, of a split that was evaluated.
func (s *Split) Evaluated(i int) (datasets.Encoded, datasets.Example) {
	e, text, _ := s.decode(i)
	return e, text
}

// Lengths are numbers of an example's tokens.
type Lengths struct {
	Prompt, Answer, Opening int
	// Tokens and AnswerTokens are those of datasets.Encoded.
	Tokens, AnswerTokens int
}

// Lengths counts an example's tokens, from the index alone unless it has an opening.
func (s *Split) Lengths(i int) Lengths {
	x := s.entry(i)
	n := Lengths{Prompt: int(x.prompt), Answer: int(x.answer)}
	n.Tokens, n.AnswerTokens = n.Prompt+n.Answer+int(x.tail), n.Answer+1+int(x.tail)
	if x.flags&opening != 0 {
		n.Opening = len(s.At(i).Opening)
	}
	return n
}

// Trained is how many tokens and targets datasets.Encoded.Train would give, and whether it would
// cut.
func (n Lengths) Trained(length, answers int) (tokens, targets int, cut bool) {
	answer := n.AnswerTokens - 1 // with the tail, if it ends
	ends := n.AnswerTokens <= answers
	if !ends {
		answer = min(n.Answer, answers-1)
	}
	room := max(length-answer, 1)
	targets = answer
	if ends {
		targets++
	}
	return min(n.Prompt, room) + answer, targets, max(n.Prompt, n.Opening) > room || !ends
}

// Borders count where the prompts end.
func (s *Split) Borders() (b datasets.Borders) {
	for i := range s.Len() {
		b.Add(s.entry(i).border())
	}
	return b
}

// Unwritable are the examples whose answer the tokenizer cannot write.
func (s *Split) Unwritable() (list []int) {
	for i := range s.Len() {
		if s.entry(i).flags&unwritable != 0 {
			list = append(list, i)
		}
	}
	return list
}

// Shared are the examples whose texts stand in another split, too, by their fingerprints.
func (s *Split) Shared(other *Split) (list []int) {
	there := make(map[uint64]bool, s.Len())
	for i := range s.Len() {
		there[s.entry(i).fingerprint] = false
	}
	for i := range other.Len() {
		if f := other.entry(i).fingerprint; hasKey(there, f) {
			there[f] = true
		}
	}
	for i := range s.Len() {
		if there[s.entry(i).fingerprint] {
			list = append(list, i)
		}
	}
	return list
}

// Fingerprints are those of the examples, in their order; a nil split has none.
func (s *Split) Fingerprints() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for i := range s.Len() {
			if !yield(s.entry(i).fingerprint) {
				return
			}
		}
	}
}

func hasKey(m map[uint64]bool, key uint64) bool { _, ok := m[key]; return ok }
