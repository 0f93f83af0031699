package evaluation

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/datasets/prompt"
	"secura/methods"
)

// stops end the writing of rows whose texts have met a stop text of their task.
type stops struct {
	automaton prompt.Stops
	starts    []int32 // by group
}

// newStops is nil where no task has stop texts.
func (v *Evaluator) newStops() *stops {
	var lists [][]string
	any := false
	for _, t := range v.Groups() {
		lists = append(lists, t.Task.Stop)
		any = any || len(t.Task.Stop) > 0
	}
	if !any || v.base == nil {
		return nil
	}
	s := &stops{}
	s.automaton, s.starts = v.tokenizer.Stops(v.base.Model.Config.Vocabulary, lists)
	return s
}

// write continues the prompts of a batch greedily and gives the text of each, whole tokens up to an
// end token, or the one with which a stop text was whole.
func (v *Evaluator) write(f *methods.Function, b writtenBatch) ([]string, error) {
	texts, early, err := v.writeUntil(f, b, v.stops)
	if err == nil && early {
		texts, _, err = v.writeUntil(f, b, nil)
	}
	return texts, err
}

// writeUntil is write with stop texts or, where s is nil, without. early says that a row was ended
// whose text has no stop text after all (see prompt.Tokenizer.Stops).
func (v *Evaluator) writeUntil(f *methods.Function, b writtenBatch, s *stops) (texts []string, early bool, err error) {
	tokens, err := v.generate(f, b, s)
	if err != nil {
		return nil, false, err
	}
	groups := v.Groups()
	for n, p := range b.items {
		task := groups[p.group].Task
		ids := tokens[n*v.maxNew : (n+1)*v.maxNew][:task.MaxNewTokens]
		if i := slices.IndexFunc(ids, func(id int32) bool { return slices.Contains(v.ends, id) || slices.Contains(v.stopTokens[p.group], id) }); i >= 0 {
			ids = ids[:i]
		}
		text := v.tokenizer.Decode(ids)
		early = early || s != nil && s.automaton.Met(s.starts[p.group], ids) && !task.Stopped(text)
		texts = append(texts, text)
	}
	return texts, early, nil
}

// generate continues prompts greedily, [rows, maxNew].
func (v *Evaluator) generate(f *methods.Function, b writtenBatch, s *stops) ([]int32, error) {
	key := fmt.Sprintf("generate-%dx%d+%d", b.batch.Rows, b.batch.Length, v.maxNew)
	batch, more := b.batch, []*tensors.Tensor{tensors.FromScalar(b.limit)}
	if s != nil {
		a := s.automaton
		key += fmt.Sprintf("-stops-%dof%d", len(a.Next), len(a.Class))
		more = append(more, tensors.FromValue(a.Class), tensors.FromValue(a.Next), tensors.FromScalar(int32(a.Classes)))
		batch.Targets = make([]int32, batch.Rows*batch.Answers)
		for row := range batch.Rows {
			item := b.items[min(row, len(b.items)-1)] // the last stands in the rows that are left
			batch.Targets[row*batch.Answers] = s.starts[item.group]
		}
	}
	outputs, err := f.Run(key, batch, func(in methods.Inputs) []*graph.Node { return v.base.BuildGenerate(in, v.maxNew, v.ends) }, more...)
	if err != nil {
		return nil, err
	}
	return hostValues[int32](outputs)
}
