package pretraining

import (
	"encoding/json"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"secura/datasets/builtin"
	"secura/datasets/prompt"
	"secura/experiments"
	"secura/experiments/pretrained"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods/backbone"
	"secura/methods/backbone/nano"
)

// embeddedReport is the embedded backbone's training.json.
func embeddedReport(t *testing.T) (report trainingReport) {
	t.Helper()
	data, err := fs.ReadFile(nano.Files(), reportFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	return report
}

// TestNanoIsTheRecipesBackbone: the embedded files are those of the recipe, know the battery, and
// are small.
func TestNanoIsTheRecipesBackbone(t *testing.T) {
	report := embeddedReport(t)
	if report.Recipe != nanoRecipe {
		t.Errorf("made by %+v, the recipe is %+v; run just nano", report.Recipe, nanoRecipe)
	}
	if report.Knowledge < 0.9 {
		t.Errorf("it knows %.3f of the battery", report.Knowledge)
	}
	if report.Parameters > 1_300_000 {
		t.Errorf("it has %d parameters", report.Parameters)
	}
	names := builtin.Names()
	for name := range report.Scores {
		if !slices.Contains(names, name) {
			t.Errorf("it is scored on %s, which is no task", name)
		}
	}
	if len(report.Scores) != len(names) || len(report.Curve) == 0 || report.Corpus == "" {
		t.Errorf("%d scores, %d points of the loss curve, corpus %q", len(report.Scores), len(report.Curve), report.Corpus)
	}
	size := 0
	for _, name := range append(slices.Clone(pretrained.Files), reportFile) {
		data, err := fs.ReadFile(nano.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		size += len(data)
	}
	if size > 12<<20 {
		t.Errorf("its files have %d bytes", size)
	}
}

// TestTheScoresAreThoseOfTodaysTasks: what training.json says of the backbone, it still scores.
func TestTheScoresAreThoseOfTodaysTasks(t *testing.T) {
	report := embeddedReport(t)
	s, err := suite.Load("continual16", suite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	row, _, err := experiments.Eval(t.Context(), experiments.EvalOptions{Suite: s.RunOn(pretrained.Nano),
		Tasks: []string{"object_ordering", "directions", "odd_one_out", "syllogisms"}, Backend: backbone.BackendOptions{Name: "go"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range row.Tasks {
		// A choice between options that are alike to the backbone may turn with the backend.
		if got, want := task.Scores[0].Value, report.Scores[task.Task]; math.Abs(got-want) > 2.0/64 {
			t.Errorf("%s: training.json says %.4f, today it is %.4f; run just nano", task.Task, want, got)
		}
	}
}

// TestPretrainMakesABackbone of a few steps, which opens, with its report and without what it saved
// on the way.
func TestPretrainMakesABackbone(t *testing.T) {
	few := recipe{Steps: 2, Seed: 3, Rows: 2, Length: 48, Rate: 3e-3, Warmup: 0.1, WeightDecay: 0.05, Beta2: 0.98, Clip: 1, Vocabulary: 1024, TokenizerDocuments: 2000}
	o := Options{Out: t.TempDir(), Seed: few.Seed, Backend: backbone.BackendOptions{Name: "go"}, every: 1, recipe: few, examples: 1}
	if err := Pretrain(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(o.Out, "*")); err != nil || len(left) != len(pretrained.Files)+1 {
		t.Errorf("%v lie there, %v", left, err)
	}
	b, err := pretrained.OpenTexts(o.Out, pretrained.Options{})
	if err != nil || b.Config.Vocabulary != few.Vocabulary {
		t.Errorf("%v, %v", b, err)
	}
	var report trainingReport
	if err := rundir.ReadJSON(filepath.Join(o.Out, reportFile), &report); err != nil {
		t.Fatal(err)
	}
	if report.Recipe != few || len(report.Curve) != 1 || report.Documents == 0 || len(report.Scores) != len(builtin.Names()) || report.HeldOut <= 0 {
		t.Errorf("training.json is %+v", report)
	}
}

// TestPackedDocumentsStandApart: every document is in one row, sees itself alone, counts positions
// from 0, and its last token predicts the end.
func TestPackedDocumentsStandApart(t *testing.T) {
	data, err := fs.ReadFile(nano.Files(), "tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := prompt.NewTokenizer(data)
	if err != nil {
		t.Fatal(err)
	}
	end, _ := tokenizer.ID(endOfText)
	p := newPacker(builtin.Corpus(3), tokenizer, end, 8, 96)
	defer p.close()
	read, tokens := map[string]bool{}, 0
	for range 6 {
		b, err := p.batch()
		if err != nil {
			t.Fatal(err)
		}
		for row := range b.Rows {
			var ids []int32
			for i := row * b.Length; i < (row+1)*b.Length; i++ {
				if b.Segments[i] < 0 {
					if b.Weights[i] != 0 {
						t.Fatal("padding predicts something")
					}
					continue
				}
				tokens++
				if int(b.Positions[i]) != len(ids) {
					t.Fatalf("position %d of a document is %d", len(ids), b.Positions[i])
				}
				ids = append(ids, b.Tokens[i])
				last := i+1 == (row+1)*b.Length || b.Segments[i+1] != b.Segments[i]
				if !last && b.Targets[i] != b.Tokens[i+1] || last && b.Targets[i] != end {
					t.Fatalf("slot %d predicts %d", i, b.Targets[i])
				}
				if last {
					read[tokenizer.Decode(ids)] = true
					ids = nil
				}
			}
		}
	}
	if share := float64(tokens) / (6 * 8 * 96); share < 0.9 {
		t.Errorf("only %.2f of the slots are used", share)
	}
	found := 0
	for document := range firstDocuments(builtin.Corpus(3), 100) {
		if read[document] {
			found++
		}
	}
	if found < 60 { // some wait in rows that are still open
		t.Errorf("only %d of the first 100 documents were packed", found)
	}
}
