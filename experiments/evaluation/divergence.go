package evaluation

import (
	"context"
	"fmt"
	"slices"

	"secura/datasets"
	"secura/experiments/record"
	"secura/methods"
)

// divergenceBatch holds texts at whose answers the model's predictions are compared with those of
// the untouched backbone; of each row it says whether it is of the battery, or held-out text.
type divergenceBatch struct {
	batch   methods.Batch
	battery []bool
}

// tokens are those computed: of the untouched backbone's forward pass and of the model's.
func (b divergenceBatch) tokens() int { return 2 * b.batch.Rows * b.batch.Length }

// layDivergence puts held-out texts, and the battery's prompts with their true answers, into rows
// of the smallest length that fits. A text that is longer than all loses its beginning.
func (v *Evaluator) layDivergence(lengths []int, rows int) {
	type text struct {
		datasets.Encoded
		end     int32
		battery bool
	}
	longest := lengths[len(lengths)-1]
	texts := map[int][]text{} // by length
	add := func(t text) {
		i := slices.IndexFunc(lengths, func(length int) bool { return t.Tokens() <= length })
		length := longest
		if i >= 0 {
			length = lengths[i]
		}
		texts[length] = append(texts[length], t)
	}
	for _, tokens := range v.data.HeldOut {
		e, last := heldOut(tokens, longest, heldOutAnswers)
		add(text{e, last, false})
	}
	for _, t := range v.data.Knowledge {
		for _, e := range t.Test {
			add(text{e, v.ends[0], true})
		}
	}
	for _, length := range lengths {
		some := texts[length]
		if len(some) == 0 {
			continue
		}
		answers := 0
		for _, t := range some {
			answers = max(answers, t.AnswerTokens())
		}
		answers = even(answers, length)
		n := v.evenRows(len(some), rows)
		for part := range slices.Chunk(some, n) {
			b := divergenceBatch{batch: methods.EmptyBatch(n, length, answers)}
			for i, t := range part {
				taught, _ := t.Train(length, answers, t.end)
				b.batch.SetText(i, taught.Tokens, taught.First, taught.Targets)
				b.battery = append(b.battery, t.battery)
			}
			v.divergence = append(v.divergence, b)
			v.Tokens += int64(b.tokens())
		}
	}
}

// evaluateDivergence measures how far predictions are from the untouched backbone's.
func (v *Evaluator) evaluateDivergence(ctx context.Context, f *methods.Function, out *Row, done *progress) error {
	if v.divergence == nil {
		return nil
	}
	var sums, slots [2]float64 // of held-out text, of the battery
	for _, d := range v.divergence {
		if err := ctx.Err(); err != nil {
			return err
		}
		each, err := v.compare(f, d)
		if err != nil {
			return err
		}
		for row, battery := range d.battery {
			of := 0
			if battery {
				of = 1
			}
			for i := row * d.batch.Answers; i < (row+1)*d.batch.Answers; i++ {
				if d.batch.Weights[i] != 0 {
					sums[of] += float64(each[i])
					slots[of]++
				}
			}
		}
		done.add(d.tokens())
	}
	out.Divergence = &record.Divergence{}
	for i, to := range []**float64{&out.Divergence.HeldOut, &out.Divergence.Knowledge} {
		if slots[i] == 0 {
			continue
		}
		mean := sums[i] / slots[i]
		if !Finite(mean) {
			return fmt.Errorf("the divergence from the backbone: %w", methods.ErrNotFinite)
		}
		*to = &mean
	}
	return nil
}

// compare gives the divergence at each answer slot of a batch, [rows, answers].
func (v *Evaluator) compare(f *methods.Function, d divergenceBatch) ([]float32, error) {
	outputs, err := f.RunBesideBase(fmt.Sprintf("divergence-%dx%d", d.batch.Rows, d.batch.Length), d.batch, v.base.BuildDivergence)
	if err != nil {
		return nil, err
	}
	return hostValues[float32](outputs)
}
