package datasets

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"secura/datasets/prompt"
	"secura/datasets/score"
)

// Evaluated are a task's splits as a run reads them, for Warnings.
type Evaluated struct {
	Task Task
	// Train and Test count what was read of the training split and of the one that is evaluated;
	// their examples are not looked at. Train is empty where nothing is trained.
	Train, Test Set
	// Used are the test examples that are evaluated.
	Used []Example
	// Shared are the places in Used of those that stand in training too, by their Fingerprint.
	Shared []int
	// TrainBorders and UsedBorders count where the prompts of both end; empty where there is no
	// tokenizer.
	TrainBorders, UsedBorders Borders
	// Unwritable are the places in Used of those whose answer the tokenizer cannot write, by
	// Encoder.CannotWrite.
	Unwritable []int
	// Long are the places in Used of those whose right answer has more tokens than are written.
	Long []int
}

// Borders count examples by what is special where their prompts end.
type Borders struct{ All, Blank, Merged int }

// Add counts an example.
func (b *Borders) Add(border Border) {
	b.All++
	if border.Blank {
		b.Blank++
	}
	if border.Merged {
		b.Merged++
	}
}

// Warnings tell what is known of a task's data before a run: rows that are left out, one class
// alone in what is evaluated, equal texts in train and test, equal options, borders that the
// tokenizer joins, right answers that are never written or never score.
func (e Evaluated) Warnings() (texts []string) {
	say := func(format string, args ...any) {
		texts = append(texts, fmt.Sprintf("task "+e.Task.Name+": "+format, args...))
	}
	for _, part := range []struct {
		name string
		set  Set
	}{{"training", e.Train}, {"test", e.Test}} {
		if part.set.LeftOut > 0 {
			say("`where` leaves out %d of %d %s rows", part.set.LeftOut, part.set.Rows, part.name)
		}
	}
	if class, alone := oneClass(e.Task, e.Used); alone {
		say("all %d evaluated examples have the answer %q", len(e.Used), prompt.Shorten(class))
	}
	if n := len(e.Shared); n > 0 {
		say("%d of %d evaluated examples stand in training too, with their answers, such as %s", n, len(e.Used), strings.Join(e.someShared(), ", "))
	}
	if n, first := countExamples(e.Used, Example.hasEqualOptions); n > 0 {
		say("%d of %d evaluated examples have two options of equal text, such as row %d: they count as one answer", n, len(e.Used), first.ID)
	}
	e.TrainBorders.warn(say, "training")
	e.UsedBorders.warn(say, "evaluated")
	if n := len(e.Unwritable); n > 0 {
		first := e.Used[e.Unwritable[0]]
		say("%d of %d right answers cannot be written by this tokenizer, such as %q of row %d, which it gives back as another text: these are never right",
			n, len(e.Used), prompt.Shorten(strings.TrimSpace(first.Answer)), first.ID)
	}
	if n, first := countExamples(e.Used, func(x Example) bool {
		return x.Options == nil && !slices.ContainsFunc(x.RightAnswers(), func(gold string) bool { return !e.Task.Stopped(gold) })
	}); n > 0 {
		say("%d of %d right answers have one of the texts of stop, such as %q of row %d: what is written is cut before it", n, len(e.Used), prompt.Shorten(strings.TrimSpace(first.Answer)), first.ID)
	}
	wholly := slices.ContainsFunc(e.Task.Scores, func(name string) bool { return numberScores[name] == nil })
	if n := len(e.Long); n > 0 && wholly { // a number may come early
		first := e.Used[e.Long[0]]
		say("%d of %d right answers have more tokens than max_new_tokens, %d, such as %q of row %d: what is written ends before them",
			n, len(e.Used), e.Task.MaxNewTokens, prompt.Shorten(strings.TrimSpace(first.Answer)), first.ID)
	}
	for _, name := range e.Task.Scores {
		match := numberScores[name]
		if match == nil {
			continue
		}
		if n, first := countExamples(e.Used, func(x Example) bool {
			return !slices.ContainsFunc(x.RightAnswers(), func(gold string) bool { return match(gold, gold) })
		}); n > 0 {
			say("%s finds no number in %d of %d right answers, such as %q of row %d: these are never right", name, n, len(e.Used), prompt.Shorten(strings.TrimSpace(first.Answer)), first.ID)
		}
	}
	for _, name := range e.Task.Scores {
		if !slices.Contains([]string{"rouge1", "rougeL"}, name) {
			continue
		}
		if n, first := countExamples(e.Used, unseenByRouge); n > 0 {
			say("%s sees nothing of %d of %d right answers, such as row %d: it knows a-z and 0-9 alone; %s_scripts knows other scripts", name, n, len(e.Used), first.ID, name)
		}
	}
	return texts
}

// numberScores look for a number in an answer. A right answer without one does not match itself.
var numberScores = map[string]func(prediction, gold string) bool{
	"number": score.NumberMatch, "first_number": score.FirstNumberMatch, "last_number": score.LastNumberMatch,
}

// oneClass says which answer all examples have, where there are others to have.
func oneClass(task Task, examples []Example) (class string, alone bool) {
	if len(examples) < 2 {
		return "", false
	}
	// Of a written answer it is a class only where a few answers come again and again.
	for _, e := range examples {
		if !task.Choice() && strings.TrimSpace(e.Answer) != strings.TrimSpace(examples[0].Answer) || task.Choice() && e.Gold != examples[0].Gold {
			return "", false
		}
	}
	if task.Choice() && slices.ContainsFunc(examples, func(e Example) bool { return !slices.Equal(e.Options, examples[0].Options) }) {
		return "", false // the options are the row's own: their places are no classes
	}
	return strings.TrimSpace(examples[0].Answer), true
}

// Fingerprint is of an example's prompt, answer and options: two that differ have the same one by a
// chance of 2⁻⁶⁴.
func (e Example) Fingerprint() uint64 {
	text := strings.Join(append([]string{e.Prompt, e.Answer}, e.Options...), "\x00")
	sum := sha256.Sum256([]byte(text))
	return binary.LittleEndian.Uint64(sum[:])
}

// someShared shows three examples that stand in training too.
func (e Evaluated) someShared() (examples []string) {
	for _, i := range e.Shared[:min(len(e.Shared), 3)] {
		examples = append(examples, fmt.Sprintf("row %d %q", e.Used[i].ID, prompt.Shorten(e.Used[i].Prompt)))
	}
	return examples
}

// countExamples counts those of which something is true, and gives the first.
func countExamples(examples []Example, is func(Example) bool) (n int, first Example) {
	for _, e := range examples {
		if is(e) {
			if n++; n == 1 {
				first = e
			}
		}
	}
	return n, first
}

func (b Borders) warn(say func(string, ...any), which string) {
	if b.Blank > 0 {
		say("%d of %d %s prompts end in white space, which is encoded with what follows it", b.Blank, b.All, which)
	}
	if b.Merged > 0 {
		say("in %d of %d %s examples a token reaches over the border between prompt and answer, which then loses its beginning; let the answer begin with a blank", b.Merged, b.All, which)
	}
}

// CannotWrite says whether a right answer is another text once it was encoded: its normalizer, NFC
// mostly, writes other characters.
func (c *Encoder) CannotWrite(e Example) bool {
	if e.Options != nil {
		return false
	}
	gold := strings.TrimSpace(e.Answer)
	ids, err := c.tokenizer.Encode(gold)
	return err == nil && strings.TrimSpace(c.tokenizer.Decode(ids)) != gold
}

// unseenByRouge says whether a right answer has letters, and none that rouge_score counts.
func unseenByRouge(e Example) bool {
	return strings.ContainsFunc(e.Answer, unicode.IsLetter) && len(score.RougeTokens(e.Answer, false)) == 0
}

// RowLengths chooses lengths of rows from the numbers of tokens that a suite's examples have: the
// smallest multiple of 8 that at least a half, 90% and all of them fit. They are no longer than
// most.
func RowLengths(tokens []int, most int) (lengths []int) {
	if len(tokens) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(tokens))
	for _, share := range []float64{0.5, 0.9, 1} {
		n := sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
		lengths = append(lengths, min((max(n, 1)+7)/8*8, most))
	}
	return slices.Compact(lengths)
}
