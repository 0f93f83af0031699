package datasets

import "slices"

// Encoded is an example as token ids.
type Encoded struct {
	Prompt, Answer []int32
	// Options are the options' ids; nil where the answer is written.
	Options [][]int32
	// Tail are tokens that the answer's end token is followed by, which are learned too; nil for
	// most.
	Tail []int32
	// Start is how many tokens at the prompt's beginning are not the example's own, but what every
	// text begins with; they stay where a prompt is cut.
	Start int
	// Opening is what a written answer is generated from, where that is not Prompt: a chat template
	// opens an answer with white space, which belongs to the continuation where it is trained or
	// scored. nil: Prompt.
	Opening []int32
	// Border tells what is special where the prompt ends.
	Border Border
}

// Border tells of the place between a prompt and what follows it.
type Border struct {
	// Blank: the prompt ends in white space, which was moved to what follows.
	Blank bool
	// Merged: a token reaches over the border to the answer or to an option. It is in neither, and
	// what follows the prompt loses its beginning, just as in lm-evaluation-harness.
	Merged bool
}

// Generated is what a written answer is generated from.
func (e Encoded) Generated() []int32 {
	if e.Opening != nil {
		return e.Opening
	}
	return e.Prompt
}

// Tokens counts those of prompt and answer that a row holds; the last one that is predicted is not
// among them.
func (e Encoded) Tokens() int { return len(e.Prompt) + len(e.Answer) + len(e.Tail) }

// AnswerTokens counts those that are predicted: the answer, the token that ends it, and its tail.
func (e Encoded) AnswerTokens() int { return len(e.Answer) + 1 + len(e.Tail) }

// Cut is the example with at most room tokens of its prompt, and at least one: what stands after
// the start tokens loses its beginning, since what is nearest to the answer says most. It says
// whether tokens were lost.
func (e Encoded) Cut(room int) (Encoded, bool) {
	room = max(room, 1)
	start := min(e.Start, room-1)
	cut := false
	for _, text := range []*[]int32{&e.Prompt, &e.Opening} {
		if over := len(*text) - room; over > 0 {
			*text, cut = slices.Concat((*text)[:start], (*text)[over+start:]), true
		}
	}
	if cut {
		e.Start = start
	}
	return e, cut
}

// Trained is what an example teaches: the token that follows each of its slots from First on.
type Trained struct {
	Tokens  []int32
	First   int
	Targets []int32
}

// Train is the example as a prompt that goes on with its answer, which is learned, and the end
// token after it, in at most length tokens and answers targets. It says whether tokens were cut: a
// prompt that is too long loses its beginning, an answer its end.
func (e Encoded) Train(length, answers int, end int32) (t Trained, cut bool) {
	answer := e.Answer
	ends := e.AnswerTokens() <= answers
	if ends {
		if n := len(e.Tail); n > 0 {
			answer = slices.Concat(answer, []int32{end}, e.Tail[:n-1])
			end = e.Tail[n-1]
		}
	} else {
		answer = answer[:min(len(answer), answers-1)]
	}
	// The last slot holds the answer's last token and predicts the end.
	e, cut = e.Cut(length - len(answer))
	t = Trained{Tokens: slices.Concat(e.Prompt, answer), First: len(e.Prompt) - 1, Targets: answer}
	if ends { // a cut answer does not end where it was cut
		t.Targets = slices.Concat(answer, []int32{end})
	}
	return t, cut || !ends
}
