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
	data, err := stream.Load(t.Context(), s, &prepared.Store{}, b.Encoder)
	if err != nil {
		t.Fatal(err)
	}
	v, err := New(nil, data, b.Tokenizer, b.Ends, s.Evaluation)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[item]int{}
	for _, b := range v.score {
		if len(b.rows) > b.batch.Rows {
			t.Errorf("%d rows in a batch of %d", len(b.rows), b.batch.Rows)
		}
		for _, r := range b.rows {
			seen[r.item]++
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
	if total != len(seen) {
		t.Errorf("%d places are evaluated for %d examples", len(seen), total)
	}
}
