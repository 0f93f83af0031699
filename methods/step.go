package methods

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

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

// stepPlan remembers which variables the compiled step changes and what it measures, in the order
// of its outputs.
type stepPlan struct {
	changed  []int
	trained  []int
	measures []string
}

// stepKey names the compiled step.
func (s *Session) stepKey() string {
	key := s.gradientKey("step")
	if s.Diagnostics {
		key += " measured"
	}
	return key
}

// gradientKey names a compiled graph with a backward pass over the backbone.
func (s *Session) gradientKey(name string) string {
	if s.Checkpoint {
		name += " checkpointed"
	}
	return s.key + "/" + name
}

// shapeKey names the compiled step, or a part of it, for the batch's length.
func (s *Session) shapeKey(batch Batch, part string) string {
	if batch.Length == s.Length {
		return s.stepKey() + part
	}
	return fmt.Sprintf("%s%s of %d", s.stepKey(), part, batch.Length)
}

// Step makes one step of the optimiser at a learning rate: forward, loss, gradients, AdamW, and
// what the method does after it, all in one compiled graph. The batch has the setting's rows, of
// one of its lengths, and after them room for ReplayRows more; rows that are missing there have no
// counted slot.
func (s *Session) Step(batch Batch, rate float64) (StepResult, error) {
	if err := s.trains(); err != nil {
		return StepResult{}, err
	}
	if err := s.checkBatch(batch, s.Rows+s.hooks.ReplayRows); err != nil {
		return StepResult{}, fmt.Errorf("step: %w", err)
	}
	counted := batch.countedRows()
	replayed := len(counted) - len(batch.part(0, s.Rows).countedRows())
	return s.step(rate, len(counted), replayed, func(schedule []*tensors.Tensor) ([]*tensors.Tensor, error) {
		if s.Accumulate > 1 {
			return s.runParts(batch, schedule)
		}
		return s.runStep(batch, schedule)
	})
}

// StepPacked is Step for a batch that is laid into packed parts, which are computed one after the
// other. Each shape of them is a graph of its own.
func (s *Session) StepPacked(parts []Packed, rate float64) (StepResult, error) {
	if err := s.trains(); err != nil {
		return StepResult{}, err
	}
	examples, replayed := map[int32]bool{}, 0
	for _, p := range parts {
		if err := p.check(s); err != nil {
			return StepResult{}, fmt.Errorf("step: %w", err)
		}
		for i, example := range p.Examples {
			if p.Weights[i] != 0 && !examples[example] {
				examples[example] = true
				if int(example) >= s.Rows {
					replayed++
				}
			}
		}
	}
	return s.step(rate, len(examples), replayed, func(schedule []*tensors.Tensor) ([]*tensors.Tensor, error) {
		return s.runPacked(parts, schedule)
	})
}

// ExtraForwards is how many forward passes over its batch a step makes beside its own, without a
// backward pass, such as a teacher's; of a part of the batch a share. It is known once a step was
// made, and 0 before.
func (s *Session) ExtraForwards() float64 { return s.base.forwards[s.stepKey()] }

// trains refuses a step of a method that trains nothing.
func (s *Session) trains() error {
	if len(s.projections) == 0 {
		return fmt.Errorf("step: method %s trains nothing", s.method.Name)
	}
	return nil
}

// step makes a step of so many examples, some of them replayed, by run, which is given the step's
// number and the rate and releases them.
func (s *Session) step(rate float64, examples, replayed int, run func(schedule []*tensors.Tensor) ([]*tensors.Tensor, error)) (StepResult, error) {
	if s.hooks.BeforeStep != nil {
		if err := s.hooks.BeforeStep(); err != nil {
			return StepResult{}, fmt.Errorf("step: %w", err)
		}
	}
	s.steps++
	outputs, err := run([]*tensors.Tensor{tensors.FromScalar(float32(s.steps)), tensors.FromScalar(float32(rate))})
	if err != nil {
		return StepResult{}, fmt.Errorf("step %d: %w", s.steps, err)
	}
	result := StepResult{Loss: float64(tensors.ToScalar[float32](outputs[0])), GradientNorm: float64(tensors.ToScalar[float32](outputs[1]))}
	release(outputs[:2])
	plan := s.base.steps[s.stepKey()]
	outputs = outputs[2:]
	if s.Diagnostics {
		if result.Measures, err = readMeasures(plan.measures, outputs[0]); err != nil {
			return result, fmt.Errorf("step %d: %w", s.steps, err)
		}
		if s.hooks.ReplayRows > 0 {
			result.Measures = append(result.Measures, Measure{"replay/share", float64(replayed) / float64(examples)})
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

// runStep runs the one graph of a step; schedule is the step's number and the learning rate, which
// it releases.
func (s *Session) runStep(batch Batch, schedule []*tensors.Tensor) ([]*tensors.Tensor, error) {
	defer release(schedule)
	inputs := append(append(s.frozenWeights(), s.values()...), s.moments()...)
	whole := part{batch: batch, examples: rowExamples(batch, batch.Rows, 0, 0)}
	recalled, err := s.recall(whole)
	if err != nil {
		return nil, err
	}
	mine := append(batch.tensors(), recalled...)
	defer release(mine)
	outputs, err := s.base.runBatch(s.shapeKey(batch, ""), slices.Concat(inputs, mine, schedule), span{len(inputs), len(mine)}, s.buildStep)
	if err != nil {
		return nil, err
	}
	return s.keep(whole, outputs)
}

// moments are the optimiser's, of the trained variables in order.
func (s *Session) moments() (list []*tensors.Tensor) {
	for _, v := range s.variables {
		if v.trained {
			list = append(list, v.moments[0], v.moments[1])
		}
	}
	return list
}

func (s *Session) frozenWeights() []*tensors.Tensor {
	list := make([]*tensors.Tensor, len(s.frozen), len(s.frozen)+2*len(s.variables)+packedInputs)
	for i, name := range s.frozen {
		list[i] = s.base.Model.Weights[name]
	}
	return list
}

// split takes the inputs of a graph apart: the backbone's weights by name, base weights of adapted
// projections included, the variables by name, and the rest.
func (s *Session) split(inputs []*graph.Node) (weights map[string]*graph.Node, vars Vars, rest []*graph.Node) {
	weights = map[string]*graph.Node{}
	for i, name := range s.frozen {
		weights[name] = inputs[i]
	}
	inputs = inputs[len(s.frozen):]
	vars = s.vars(inputs)
	for _, p := range s.projections {
		weights[p.WeightName()] = vars.Base(p)
		if bias, ok := weights[p.BiasName()]; ok && s.hooks.DropBias {
			weights[p.BiasName()] = graph.ZerosLike(bias)
		}
	}
	return weights, vars, inputs[len(s.variables):]
}

// buildStep is the graph of Step.
func (s *Session) buildStep(inputs []*graph.Node) []*graph.Node {
	weights, vars, rest := s.split(inputs)
	t := s.trainedNodes(vars)
	moments, rest := rest[:2*len(t.indices)], rest[2*len(t.indices):]
	batch, rest := s.batchOf(rest, batchInputs, nodesOf)
	l := s.newLoss(weights, vars, batch)
	loss, own := l.crossEntropy(), l.own()
	if own != nil {
		loss = graph.Add(loss, own)
	}
	s.base.forwards[s.stepKey()] = l.extraForwards()
	gradients := graph.Gradient(loss, t.nodes...)
	var sums []*graph.Node
	if s.sumCount() > 0 {
		sums = s.hooks.Sums(l)
	}
	outputs := s.buildUpdate(l, t, gradients, moments, loss, own, sums, rest[0], rest[1])
	if s.hooks.Logits != nil {
		outputs = append(outputs, l.Logits)
	}
	return outputs
}

// trainedNodes are the trained variables in a graph, in order.
type trainedNodes struct {
	indices []int // in Session.variables
	nodes   []*graph.Node
}

func (s *Session) trainedNodes(vars Vars) (t trainedNodes) {
	for i, v := range s.variables {
		if v.trained {
			t.indices, t.nodes = append(t.indices, i), append(t.nodes, vars[v.name])
		}
	}
	return t
}

// buildUpdate is the part of a step's graph after the gradients: clipping, AdamW, and what the
// method does after it.
func (s *Session) buildUpdate(l *Loss, t trainedNodes, unclipped, moments []*graph.Node, loss, own *graph.Node, sums []*graph.Node, step, rate *graph.Node) []*graph.Node {
	gradients, norm := optimizer.ClipByGlobalNorm(unclipped, s.Clip)
	vars := l.Vars
	after := maps.Clone(vars)
	newMoments := make([]*graph.Node, 0, len(moments))
	for i, index := range t.indices {
		v := s.variables[index]
		p, m1, m2 := s.optimizer.Update(t.nodes[i], gradients[i], moments[2*i], moments[2*i+1], step, rate, v.decayed)
		after[v.name] = p
		newMoments = append(newMoments, m1, m2)
	}
	moved := after
	if s.hooks.AfterStep != nil {
		after = maps.Clone(moved)
		s.hooks.AfterStep(after)
	}
	changed, nodes := s.changed(vars, after)
	plan, outputs := &stepPlan{changed: changed, trained: t.indices}, []*graph.Node{loss, norm}
	if s.Diagnostics {
		byName := Vars{}
		for i, index := range t.indices {
			byName[s.variables[index].name] = unclipped[i]
		}
		var values *graph.Node
		plan.measures, values = vector(s.measures(byName, StepNodes{Loss: l, Own: own, Sums: sums, Moved: moved, After: after}))
		outputs = append(outputs, values)
	}
	s.base.steps[s.stepKey()] = plan
	return append(append(outputs, nodes...), newMoments...)
}
