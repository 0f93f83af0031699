package methods

import (
	"fmt"
	"maps"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/adapter"
	"secura/methods/backbone"
	"secura/methods/optimizer"
)

// StepResult is what one optimiser step tells.
type StepResult struct {
	// Loss is the cross-entropy plus the method's own term.
	Loss float64
	// GradientNorm is the global norm before clipping.
	GradientNorm float64
	// Measures are there where the setting asks for diagnostics, in the same order at every step.
	Measures []Measure
}

// stepPlan remembers which variables the compiled step changes and what it measures, in the order of its outputs.
type stepPlan struct {
	changed  []int
	trained  []int
	measures []string
}

// stepKey names the compiled step.
func (s *Session) stepKey() string {
	if s.Diagnostics {
		return s.key + "/step measured"
	}
	return s.key + "/step"
}

// Step makes one step of the optimiser at a learning rate: forward, loss, gradients, AdamW, and what the method does
// after it, all in one compiled graph. The batch has the setting's rows and behind them room for ReplayRows more; rows
// that are missing there have no counted slot.
func (s *Session) Step(batch Batch, rate float64) (StepResult, error) {
	if len(s.projections) == 0 {
		return StepResult{}, fmt.Errorf("step: method %s trains nothing", s.method.Name)
	}
	if err := s.checkBatch(batch, s.Rows+s.hooks.ReplayRows); err != nil {
		return StepResult{}, fmt.Errorf("step: %w", err)
	}
	if s.hooks.BeforeStep != nil {
		if err := s.hooks.BeforeStep(); err != nil {
			return StepResult{}, fmt.Errorf("step: %w", err)
		}
	}
	s.steps++
	key := s.stepKey()
	inputs := s.frozenWeights()
	inputs = append(inputs, s.values()...)
	for _, v := range s.variables {
		if v.trained {
			inputs = append(inputs, v.moments[0], v.moments[1])
		}
	}
	mine := append(batch.tensors(), tensors.FromScalar(float32(s.steps)), tensors.FromScalar(float32(rate)))
	defer release(mine)
	outputs, err := s.base.runBatch(key, append(inputs, mine...), len(inputs), s.buildStep)
	if err != nil {
		return StepResult{}, fmt.Errorf("step %d: %w", s.steps, err)
	}
	result := StepResult{Loss: float64(tensors.ToScalar[float32](outputs[0])), GradientNorm: float64(tensors.ToScalar[float32](outputs[1]))}
	release(outputs[:2])
	plan := s.base.steps[key]
	outputs = outputs[2:]
	if s.Diagnostics {
		if result.Measures, err = readMeasures(plan.measures, outputs[0]); err != nil {
			return result, fmt.Errorf("step %d: %w", s.steps, err)
		}
		if s.hooks.ReplayRows > 0 {
			result.Measures = append(result.Measures, s.replayShare(batch))
		}
		release(outputs[:1])
		outputs = outputs[1:]
	}
	if err := s.write(plan.changed, outputs[:len(plan.changed)]); err != nil {
		return result, err
	}
	outputs = outputs[len(plan.changed):]
	for i, index := range plan.trained {
		v := s.variables[index]
		release(v.moments[:])
		v.moments = [2]*tensors.Tensor{outputs[2*i], outputs[2*i+1]}
	}
	return result, nil
}

func (s *Session) frozenWeights() []*tensors.Tensor {
	list := make([]*tensors.Tensor, len(s.frozen), len(s.frozen)+2*len(s.variables)+batchInputs)
	for i, name := range s.frozen {
		list[i] = s.base.Model.Weights[name]
	}
	return list
}

// split takes the inputs of a graph apart: the backbone's weights by name, base weights of adapted projections included, the
// variables by name, and the rest.
func (s *Session) split(inputs []*graph.Node) (weights map[string]*graph.Node, vars Vars, rest []*graph.Node) {
	weights = map[string]*graph.Node{}
	for i, name := range s.frozen {
		weights[name] = inputs[i]
	}
	inputs = inputs[len(s.frozen):]
	vars = s.vars(inputs)
	for _, p := range s.projections {
		weights[p.WeightName()] = vars.Base(p)
	}
	return weights, vars, inputs[len(s.variables):]
}

// buildStep is the graph of Step.
func (s *Session) buildStep(inputs []*graph.Node) []*graph.Node {
	weights, vars, rest := s.split(inputs)
	var trained []int
	var parameters, moments []*graph.Node
	for i, v := range s.variables {
		if v.trained {
			trained = append(trained, i)
			parameters = append(parameters, vars[v.name])
			moments = append(moments, rest[0], rest[1])
			rest = rest[2:]
		}
	}
	batch, step, rate := nodesOf(rest), rest[batchInputs], rest[batchInputs+1]

	l := &Loss{Vars: vars, session: s, weights: weights, batch: batch}
	l.Hidden = l.hidden(batch, vars, "")
	l.Logits = s.base.Model.Config.Logits(weights, l.Hidden)
	l.Counted = batch.weights
	loss := crossEntropy(l.Logits, batch.targets, batch.weights)
	var own *graph.Node
	if s.hooks.ExtraLoss != nil {
		own = s.hooks.ExtraLoss(l)
		loss = graph.Add(loss, own)
	}
	unclipped := graph.Gradient(loss, parameters...)
	gradients, norm := optimizer.ClipByGlobalNorm(unclipped, s.Clip)

	after := maps.Clone(vars)
	newMoments := make([]*graph.Node, 0, len(moments))
	for i, index := range trained {
		v := s.variables[index]
		p, m1, m2 := s.optimizer.Update(parameters[i], gradients[i], moments[2*i], moments[2*i+1], step, rate, v.decayed)
		after[v.name] = p
		newMoments = append(newMoments, m1, m2)
	}
	moved := after
	if s.hooks.AfterStep != nil {
		after = maps.Clone(moved)
		s.hooks.AfterStep(after)
	}
	changed, nodes := s.changed(vars, after)
	plan, outputs := &stepPlan{changed: changed, trained: trained}, []*graph.Node{loss, norm}
	if s.Diagnostics {
		byName := Vars{}
		for i, index := range trained {
			byName[s.variables[index].name] = unclipped[i]
		}
		var values *graph.Node
		plan.measures, values = vector(s.measures(byName, StepNodes{Loss: l, Own: own, Moved: moved, After: after}))
		outputs = append(outputs, values)
	}
	s.base.steps[s.stepKey()] = plan
	return append(append(outputs, nodes...), newMoments...)
}

// crossEntropy is the mean over the counted slots of −log p(target), for logits [batch, answers, vocabulary].
func crossEntropy(logits, targets, weights *graph.Node) *graph.Node {
	total := graph.ReduceAllSum(graph.Mul(negativeLogLikelihood(logits, targets), weights))
	return graph.Div(total, graph.MaxScalar(graph.ReduceAllSum(weights), 1))
}

// negativeLogLikelihood is −log p(target) at each slot, [batch, answers].
func negativeLogLikelihood(logits, targets *graph.Node) *graph.Node {
	vocabulary := logits.Shape().Dimensions[2]
	picked := graph.Mul(graph.LogSoftmax(logits), graph.OneHot(targets, vocabulary, logits.DType()))
	return graph.Neg(graph.ReduceSum(picked, -1))
}

// Loss is what a method's own term of the loss can be made of.
type Loss struct {
	// Vars are the variables before the step.
	Vars Vars
	// Hidden are the last hidden states at the answer slots, [rows, answers, hidden]; replayed rows come last.
	Hidden *graph.Node
	// Logits are the logits there, [rows, answers, vocabulary].
	Logits *graph.Node
	// Counted is 1 at the slots that carry a loss and 0 elsewhere, [rows, answers].
	Counted *graph.Node

	session *Session
	weights map[string]*graph.Node
	batch   batchNodes
}

// HiddenWith are the hidden states at the answer slots of the rows from the given index on, computed with another copy
// of the adapter's tensors.
func (l *Loss) HiddenWith(copy string, from int) *graph.Node {
	return l.hidden(l.batch.rowsFrom(from), l.Vars, copy)
}

// BaseLogits are the logits at the answer slots, [rows, answers, vocabulary], of the weights without the adapter.
func (l *Loss) BaseLogits() *graph.Node {
	config := l.session.base.Model.Config
	return config.Logits(l.weights, config.HiddenTail(l.weights, l.batch.rows, l.session.Answers, nil))
}

func (l *Loss) hidden(batch batchNodes, vars Vars, copy string) *graph.Node {
	return l.session.forward(l.weights, batch.rows, func(p backbone.Projection, x *graph.Node) *graph.Node {
		tensors := vars.adapted(l.session, p, copy)
		if draws, ok := vars[Name(p, "", adapter.DrawsTensor)]; ok {
			tensors[adapter.DrawsTensor] = draws
		}
		return l.session.apply(l.weights, vars, p, x, tensors)
	})
}

// adapted are the tensors of a projection's adapter, trained ones taken from the copy.
func (v Vars) adapted(s *Session, p backbone.Projection, copy string) map[string]*graph.Node {
	tensors := v.Of(s, p, "")
	maps.Copy(tensors, v.Of(s, p, copy))
	return tensors
}
