package experiments

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"secura/datasets"
	"secura/experiments/evaluation"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// heldOutToy is a toy whose suite names a text, of which no task of the stream learns.
func heldOutToy(t *testing.T) (toy, suite.Suite) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq"})
	s.Evaluation.KL = true
	s.HeldOut = datasets.Texts{Source: "battery", Split: "test", Text: "{{.question}} {{.answer}} {{.question}}", Rows: 6}
	return y, s
}

// A text that a suite names has a perplexity and a divergence at every boundary, those of its
// tokens; a cell that goes on ends with the same bytes.
func TestASuiteNamesHeldOutText(t *testing.T) {
	y, s := heldOutToy(t)
	p, err := Prepare(t.Context(), s, y.store())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(p.Files, func(f rundir.File) bool { return f.Path == "held_out/test/test.parquet" && len(f.SHA256) == 64 }) {
		t.Errorf("the text's file is not among %v", p.Files)
	}
	if len(p.Data.HeldOut) != 6 {
		t.Fatalf("%d texts", len(p.Data.HeldOut))
	}

	once := rundir.Run{Path: t.TempDir()}
	w := y.open(t, s, once.Path)
	cell := w.cells[0]
	if err := w.RunCell(context.Background(), cell, nil); err != nil {
		t.Fatal(err)
	}
	boundaries := boundariesOf(t, once.Cell(cell.ID))
	for _, e := range boundaries {
		if e.Perplexity == nil || *e.Perplexity < 1 || e.Divergence == nil || e.Divergence.HeldOut == nil || (*e.Divergence.HeldOut < 1e-6) != (e.Index == 0) {
			t.Errorf("boundary %d: perplexity %v, divergence %+v", e.Index, e.Perplexity, e.Divergence)
		}
	}
	if len(boundaries) != 4 {
		t.Errorf("%d boundaries", len(boundaries))
	}

	// The texts are the rows' own, without an end: the same as when they are encoded here.
	task := datasets.Task{Name: "a", Source: "battery", Prompt: s.HeldOut.Text, Answer: "x", Scores: []string{"exact"}, MaxNewTokens: 1, Limits: datasets.Limits{Test: 6}}
	set, err := task.Read(y.dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	data := *w.data
	data.HeldOut = nil
	for _, e := range set.Examples {
		ids, err := w.tokenizer.Encode(e.Prompt)
		if err != nil {
			t.Fatal(err)
		}
		data.HeldOut = append(data.HeldOut, ids)
	}
	v, err := evaluation.New(w.base, &data, w.tokenizer, w.ends, s.Evaluation)
	if err != nil {
		t.Fatal(err)
	}
	row, err := v.Evaluate(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if base := w.untouched[s.Backbone]; *row.Perplexity != *base.Perplexity {
		t.Errorf("%g nats a token, expected %g", *base.Perplexity, *row.Perplexity)
	}

	twice := rundir.Run{Path: t.TempDir()}
	begins := y.open(t, s, twice.Path)
	begins.until = 2
	if err := begins.RunCell(context.Background(), cell, nil); err != nil {
		t.Fatal(err)
	}
	if err := y.open(t, s, twice.Path).RunCell(context.Background(), cell, nil); err != nil {
		t.Fatal(err)
	}
	sameOutcome(t, "a cell in two parts", outcome(t, twice.Cell(cell.ID)), outcome(t, once.Cell(cell.ID)))
}

// What is told of a text before a run.
func TestWarningsOfHeldOutText(t *testing.T) {
	y, s := heldOutToy(t)
	for _, c := range []struct {
		change func(*suite.Suite)
		want   string
	}{
		{func(s *suite.Suite) { s.HeldOut.Where = `{{ne .answer "red"}}`; s.HeldOut.Rows = 1 }, "held_out: `where` leaves out"},
		{func(s *suite.Suite) {
			s.HeldOut.Text = "{{.question}} {{.question}} {{.question}} {{.question}} {{.question}} {{.question}} {{.question}} {{.question}} {{.question}} {{.question}}"
		},
			"held_out: 6 of 6 texts are longer than the largest of evaluation.lengths, 16, and lost their end"},
		{func(s *suite.Suite) { s.HeldOut.Source, s.HeldOut.Split = "next", "train" }, "held_out: task next is trained on rows of the same split"},
	} {
		changed := s
		c.change(&changed)
		p, err := Prepare(t.Context(), changed, y.store())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(p.Warnings, func(text string) bool { return strings.Contains(text, c.want) }) {
			t.Errorf("%q is missing in %q", c.want, p.Warnings)
		}
	}
}

// The key stands for what is known of a backbone, and eval measures it as a run does.
func TestHeldOutTextStandsForTheBackbonesOwn(t *testing.T) {
	stories := filepath.Join("..", "..", "shared", "checkpoints", "stories260K")
	if _, err := os.Stat(stories); err != nil {
		t.Skip("the checkpoint stories260K is not there")
	}
	y, s := heldOutToy(t)
	s.Evaluation.KL, s.Evaluation.Lengths = false, []int{64}
	eval := func(name string) float64 {
		t.Helper()
		row, _, err := Eval(t.Context(), EvalOptions{Suite: s.RunOn(name), Limit: 2, Store: y.store(), Backend: backbone.BackendOptions{Name: "go"}})
		if err != nil {
			t.Fatal(err)
		}
		if row.Perplexity == nil {
			t.Fatalf("no perplexity of %s", name)
		}
		return *row.Perplexity
	}
	nano := eval("nano")
	if stories := eval(stories); stories < 1 || stories > 20 {
		t.Errorf("stories260K: %g nats a token", stories)
	}
	s.HeldOut = datasets.Texts{}
	if own := eval("nano"); own >= 1 || nano <= 1 {
		t.Errorf("nano: %g nats a token of its own text, %g of the suite's, of words that it does not know", own, nano)
	}
}
