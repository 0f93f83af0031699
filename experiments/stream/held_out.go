package stream

import (
	"fmt"

	"secura/datasets"
	"secura/experiments/pretrained"
	"secura/experiments/suite"
)

// loadHeldOut encodes the text that no task has and the backbone was not trained on: the suite's
// where it names one, else what is known for the backbone.
func (d *Data) loadHeldOut(s suite.Suite, dir string, b *pretrained.Backbone, longest int) error {
	if !s.HeldOut.Named() {
		for _, text := range b.HeldOut {
			ids, err := b.Tokenizer.Encode(text)
			if err != nil {
				return fmt.Errorf("encode held-out text: %w", err)
			}
			d.HeldOut = append(d.HeldOut, append(ids, b.Ends[0]))
		}
		return nil
	}
	set, err := s.HeldOut.Read(dir)
	if err != nil {
		return err
	}
	cut := 0
	for _, e := range set.Examples {
		ids, err := b.Encoder.Text(e)
		if err != nil {
			return err
		}
		if len(ids)-1 > longest { // the last token is predicted and stands in no row
			cut++
		}
		d.HeldOut = append(d.HeldOut, ids)
	}
	say := func(format string, args ...any) {
		d.heldOutWarnings = append(d.heldOutWarnings, fmt.Sprintf(datasets.HeldOut+": "+format, args...))
	}
	if set.LeftOut > 0 {
		say("`where` leaves out %d of %d rows", set.LeftOut, set.Rows)
	}
	if cut > 0 {
		say("%d of %d texts are longer than the largest of evaluation.lengths, %d, and lost their end", cut, len(set.Examples), longest)
	}
	for _, task := range s.Tasks {
		if s.HeldOut.TrainedBy(task) {
			say("task %s is trained on rows of the same split, unless `where` keeps them apart: text that is learned is not held out", task.Name)
		}
	}
	return nil
}
