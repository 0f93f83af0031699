package methods

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// TaskEnd is what a method can do when a task has been learned.
type TaskEnd struct {
	// Index is the task's position in the order, from 1.
	Index   int
	session *Session
	batches func(examples int) iter.Seq2[Batch, error]
}

// EndTask tells the method that the task at a 1-based position is learned. batches gives that
// task's training examples once, at most so many, in batches of the setting's rows and of one of
// its lengths; rows without a counted slot are no examples.
func (s *Session) EndTask(index int, batches func(examples int) iter.Seq2[Batch, error]) error {
	if s.hooks.AfterTask == nil {
		return nil
	}
	if err := s.hooks.AfterTask(&TaskEnd{Index: index, session: s, batches: batches}); err != nil {
		return fmt.Errorf("end task %d: %w", index, err)
	}
	return nil
}

// Update changes variables by a graph of its own: change replaces entries of v; with are further
// tensors that it is given. name tells the method's updates apart.
func (t *TaskEnd) Update(name string, with []*tensors.Tensor, change func(v Vars, with []*graph.Node)) error {
	s := t.session
	key := s.key + "/" + name
	inputs := append(s.values(), with...)
	outputs, err := s.base.Run(key, inputs, func(inputs []*graph.Node) []*graph.Node {
		before := s.vars(inputs)
		after := maps.Clone(before)
		change(after, inputs[len(s.variables):])
		changed, nodes := s.changed(before, after)
		s.base.steps[key] = &stepPlan{changed: changed}
		return nodes
	})
	if err != nil {
		return err
	}
	return s.write(s.base.steps[key].changed, outputs)
}

// SquaredGradients estimates the diagonal of the empirical Fisher information: for each of at most
// so many training examples of the task, the squared gradient of the example's mean loss over its
// answer tokens at the true labels, averaged over the examples. The tensors are in the order of
// Session.Trained; the caller releases them.
func (t *TaskEnd) SquaredGradients(examples int) ([]*tensors.Tensor, error) {
	s := t.session
	trained := s.Trained()
	sums := make([]*tensors.Tensor, len(trained))
	for i, name := range trained {
		sums[i] = tensors.FromShape(s.find(Name(name.Projection, "", name.Tensor)).value.Shape())
	}
	count := 0
	for batch, err := range t.batches(examples) {
		if err == nil {
			err = s.checkBatch(batch, s.Rows)
		}
		if err == nil {
			count += batch.examples()
			sums, err = s.addSquaredGradients(batch, sums)
		}
		if err != nil {
			release(sums)
			return nil, fmt.Errorf("estimate the Fisher information: %w", err)
		}
	}
	if count == 0 {
		release(sums)
		return nil, fmt.Errorf("estimate the Fisher information: the task has no examples")
	}
	n := tensors.FromScalar(float32(count))
	defer n.FinalizeAll()
	defer release(sums)
	return s.base.Run(s.key+"/fisher-mean", append(sums[:len(sums):len(sums)], n), func(inputs []*graph.Node) []*graph.Node {
		last := len(inputs) - 1
		means := make([]*graph.Node, last)
		for i := range means {
			means[i] = graph.Div(inputs[i], inputs[last])
		}
		return means
	})
}

// addSquaredGradients adds those of a batch to sums, in the parts, lengths and layers in which a
// step computes its batch: the memory of a step is enough. It releases the old sums; with an error
// it returns those that are left.
func (s *Session) addSquaredGradients(batch Batch, sums []*tensors.Tensor) ([]*tensors.Tensor, error) {
	inputs := append(s.frozenWeights(), s.values()...)
	key := fmt.Sprintf("%s of %d", s.gradientKey("fisher"), batch.Length)
	rows := s.partRows()
	for from := 0; from < s.Rows; from += rows {
		one := batch.part(from, from+rows)
		if one.examples() == 0 {
			continue
		}
		part := one.tensors()
		outputs, err := s.base.runBatch(key, slices.Concat(inputs, part, sums), span{len(inputs), batchInputs}, s.buildSquaredGradients)
		release(part)
		if err != nil {
			return sums, err
		}
		release(sums)
		sums = outputs
	}
	return sums, nil
}

// buildSquaredGradients adds the squared gradients of a batch's examples to sums. Each example gets
// its own copy of the trained tensors, so that one backward pass gives every example's gradient.
func (s *Session) buildSquaredGradients(inputs []*graph.Node) []*graph.Node {
	weights, vars, rest := s.split(inputs)
	batch, sums := nodesOf(rest), rest[batchInputs:]
	rows := batch.rows.Tokens.Shape().Dimensions[0]
	own := maps.Clone(vars)
	var copies []*graph.Node
	for _, t := range s.Trained() {
		name := Name(t.Projection, "", t.Tensor)
		own[name] = perExample(vars[name], rows)
		copies = append(copies, own[name])
	}
	l := &Loss{session: s, weights: weights, batch: batch, Counted: batch.weights}
	logits := s.base.Model.Config.Logits(weights, l.hidden(batch, own, ""))
	counted := graph.ReduceSum(batch.weights, -1)
	each := graph.Div(l.PerExample(negativeLogLikelihood(logits, batch.targets)), graph.MaxScalar(counted, 1))
	for i, squares := range sumsOfSquaredGradients(each, copies) {
		sums[i] = graph.Add(sums[i], squares)
	}
	return sums
}

// perExample gives each of the rows of a batch its own copy of x, [rows, …].
func perExample(x *graph.Node, rows int) *graph.Node {
	return graph.BroadcastToDims(graph.InsertAxes(x, 0), append([]int{rows}, x.Shape().Dimensions...)...)
}

// sumsOfSquaredGradients sums over examples the squared gradient of each one's loss, [rows], by its
// own copies.
func sumsOfSquaredGradients(each *graph.Node, copies []*graph.Node) []*graph.Node {
	gradients := graph.Gradient(graph.ReduceAllSum(each), copies...)
	sums := make([]*graph.Node, len(gradients))
	for i, g := range gradients {
		sums[i] = graph.ReduceSum(graph.Mul(g, g), 0)
	}
	return sums
}

func (s *Session) find(name string) *variable {
	for _, v := range s.variables {
		if v.name == name {
			return v
		}
	}
	panic("methods: no variable " + name)
}

// examples counts the rows with a counted slot.
func (b Batch) examples() int { return len(b.countedRows()) }
