package evaluation

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"secura/methods"
)

// Sample is one of the evaluator's batches that stands for all of its shape, so that an
// evaluation's time can be told without making it.
type Sample struct {
	// Kind is "score", "write", "predict" or "compare", what is computed of the batch.
	Kind string
	// Tokens are those of the batch, written ones included, and All those of all batches of its
	// shape.
	Tokens, All int64
	// Run computes the batch.
	Run func(context.Context, *methods.Function) error
}

// Samples are one batch of each shape, those with the most tokens of a kind first.
func (v *Evaluator) Samples() []Sample {
	var list []Sample
	add := func(kind string, tokens []int64, run func(i int) func(*methods.Function) error) {
		// The batch in the middle stands for the others, of which some write longer than others.
		order := make([]int, len(tokens))
		all := int64(0)
		for i, n := range tokens {
			order[i], all = i, all+n
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(tokens[a], tokens[b]) })
		middle := order[len(order)/2]
		compute := run(middle)
		list = append(list, Sample{kind, tokens[middle], all, func(ctx context.Context, f *methods.Function) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := compute(f); err != nil {
				return fmt.Errorf("evaluate a batch: %w", err)
			}
			return nil
		}})
	}
	eachShape(v.score, func(b scoreBatch) int { return b.batch.Block }, func(some []scoreBatch) {
		add("score", counts(some, scoreBatch.tokens), func(i int) func(*methods.Function) error {
			return func(f *methods.Function) error { _, err := v.logLikelihoods(f, some[i].batch); return err }
		})
	})
	eachShape(v.written, func(b writtenBatch) int { return b.batch.Length }, func(some []writtenBatch) {
		add("write", counts(some, writtenBatch.tokens), func(i int) func(*methods.Function) error {
			return func(f *methods.Function) error { _, err := v.generate(f, some[i], v.stops); return err }
		})
	})
	eachShape(v.forced, func(b forcedBatch) int { return b.batch.Length }, func(some []forcedBatch) {
		add("predict", counts(some, forcedBatch.tokens), func(i int) func(*methods.Function) error {
			return func(f *methods.Function) error { _, _, err := v.predictForced(f, some[i].batch); return err }
		})
	})
	eachShape(v.divergence, func(b divergenceBatch) int { return b.batch.Length }, func(some []divergenceBatch) {
		add("compare", counts(some, divergenceBatch.tokens), func(i int) func(*methods.Function) error {
			return func(f *methods.Function) error { _, err := v.compare(f, some[i]); return err }
		})
	})
	slices.SortStableFunc(list, func(a, b Sample) int { return cmp.Compare(b.All, a.All) })
	return list
}

// eachShape calls do with the batches of each length of rows, the shortest first.
func eachShape[B any](batches []B, length func(B) int, do func(some []B)) {
	byLength := map[int][]B{}
	var lengths []int
	for _, b := range batches {
		n := length(b)
		if byLength[n] == nil {
			lengths = append(lengths, n)
		}
		byLength[n] = append(byLength[n], b)
	}
	slices.Sort(lengths)
	for _, n := range lengths {
		do(byLength[n])
	}
}

func counts[B any](batches []B, tokens func(B) int) []int64 {
	list := make([]int64, len(batches))
	for i, b := range batches {
		list[i] = int64(tokens(b))
	}
	return list
}

// Function is the untouched backbone.
func (v *Evaluator) Function() *methods.Function { return v.base.Function(nil) }

// Held is how many of the evaluation's slots hold a token before anything is written, and how many
// there are.
func (v *Evaluator) Held() (held, slots int64) {
	count := func(segments []int32) {
		slots += int64(len(segments))
		for _, s := range segments {
			if s >= 0 {
				held++
			}
		}
	}
	for _, b := range v.score {
		count(b.batch.Segments)
	}
	for _, b := range v.written {
		count(b.batch.Segments)
	}
	for _, b := range v.forced {
		count(b.batch.Segments)
	}
	for _, b := range v.divergence {
		count(b.batch.Segments)
	}
	return held, slots
}
