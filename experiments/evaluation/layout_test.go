package evaluation

import (
	"testing"

	"secura/datasets/prepared"
	"secura/experiments/pretrained"
	"secura/experiments/stream"
	"secura/experiments/suite"
)

// TestEveryExampleIsEvaluatedOnce looks at the layout of the batches of the main suite.
func TestEveryExampleIsEvaluatedOnce(t *testing.T) {
	s, err := suite.Load("continual16", suite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := pretrained.OpenTexts(s.Backbone, pretrained.Options{})
	if err != nil {
		t.Fatal(err)
	}
	data, err := stream.Load(t.Context(), s, &prepared.Store{}, b)
	if err != nil {
		t.Fatal(err)
	}
	v, err := New(nil, data, b.Tokenizer, b.Ends, s.Evaluation)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[item]int{}
	for _, b := range v.score {
		for _, q := range b.questions {
			if q.group >= 0 {
				seen[q.item]++
			}
		}
	}
	for _, b := range v.written {
		for _, i := range b.items {
			seen[i]++
		}
	}
	total := 0
	for g, task := range v.Groups() {
		for i := range task.Test {
			total++
			if n := seen[item{g, i}]; n != 1 {
				t.Errorf("example %d of %s is evaluated %d times", i, task.Task.Name, n)
			}
		}
	}
	if held, slots := v.Held(); float64(held) < 0.75*float64(slots) {
		t.Errorf("%d of %d slots hold a token", held, slots)
	}
	for _, b := range v.score {
		if 2*len(b.questions) < 3*b.batch.Rows*b.batch.Length/b.batch.Block {
			t.Errorf("%d questions in %d rows of %d slots", len(b.questions), b.batch.Rows*b.batch.Length/b.batch.Block, b.batch.Block)
		}
	}
	if total != len(seen) {
		t.Errorf("%d places are evaluated for %d examples", len(seen), total)
	}
}
