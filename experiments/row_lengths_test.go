package experiments

import (
	"slices"
	"strings"
	"testing"

	"secura/experiments/suite"
)

// TestLengthsThatASuiteLeavesAreChosenFromItsData chooses the same ones again, cuts nothing, and
// keeps those that it has.
func TestLengthsThatASuiteLeavesAreChosenFromItsData(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq"})
	s.Training.Length, s.Training.AnswerLength, s.Evaluation.Lengths = 0, 0, nil
	var first suite.Suite
	for range 2 {
		p, err := Prepare(t.Context(), s, y.store())
		if err != nil {
			t.Fatal(err)
		}
		got := p.Suite
		if got.LeavesLengths() || p.Chosen == "" {
			t.Fatalf("%+v is left to the data, %q", got.Training, p.Chosen)
		}
		for _, text := range p.Warnings {
			if strings.Contains(text, "cut") || strings.Contains(text, "lost") {
				t.Error(text)
			}
		}
		if first.Name == "" {
			first = got
		}
		a, _ := first.Hash()
		b, _ := got.Hash()
		if a != b {
			t.Errorf("%v, then %v", first.Training, got.Training)
		}
	}
	if first.Training.Length > 16 || first.Training.AnswerLength >= first.Training.Length {
		t.Errorf("%+v", first.Training)
	}

	// What the suite has stays.
	s.Evaluation.Lengths = []int{8, 16}
	p, err := Prepare(t.Context(), s, y.store())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Suite.Evaluation.Lengths, []int{8, 16}) || p.Suite.Training.Length == 0 {
		t.Errorf("%v and %v", p.Suite.Evaluation, p.Suite.Training)
	}
}

func TestChosenLengthsAreBounded(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq"})
	s.Training.Length, s.Training.AnswerLength, s.Evaluation.Lengths = 0, 0, nil
	s.Tasks = slices.Clone(s.Tasks)
	s.Tasks[0].Prompt = `{{printf "%0100d" 1}}{{.question}}:` // longer than the toy's 64 positions
	p, err := Prepare(t.Context(), s, y.store())
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Suite.Training.Length; got != 64 {
		t.Errorf("training.length %d", got)
	}
	if got := slices.Max(p.Suite.Evaluation.Lengths); got != 64 {
		t.Errorf("evaluation.lengths %v", p.Suite.Evaluation.Lengths)
	}
	if len(p.Warnings) == 0 {
		t.Error("nothing says that texts were cut")
	}
}
