package methods

import (
	"maps"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/backbone"
)

// Function is what is evaluated: the backbone with effective weights, by graphs that serve all
// methods, or a method's own forward pass, by graphs that are compiled for it.
type Function struct {
	// Effective are the weights that replace the backbone's. A method's own forward pass does not
	// use them.
	Effective map[string]*tensors.Tensor

	base    *Base
	session *Session // whose forward pass it is; nil for weights
	inputs  []*tensors.Tensor
}

// Function is the backbone with the weights of effective, which may be nil, in place of those of
// the same names.
func (b *Base) Function(effective map[string]*tensors.Tensor) *Function {
	return &Function{Effective: effective, base: b, inputs: b.Weights(effective)}
}

// Function is what the session has learned, to be evaluated before it learns on. The caller closes
// it.
func (s *Session) Function() (*Function, error) {
	effective, err := s.Effective()
	if err != nil {
		return nil, err
	}
	f := s.base.Function(effective)
	if s.hooks.EvalForward {
		f.session, f.inputs = s, append(s.frozenWeights(), s.values()...)
	}
	return f, nil
}

// LearnsWeights says that what the method learns are weights in the backbone's place, and no
// forward pass of its own.
func (s *Session) LearnsWeights() bool { return !s.hooks.EvalForward }

// Learned are all tensors, by their names, that a method adds to the backbone.
func (f *Function) Learned() map[string]*tensors.Tensor {
	all := maps.Clone(f.Effective)
	if f.session != nil {
		for _, v := range f.session.variables {
			all[v.name] = v.value
		}
	}
	return all
}

// Close releases the effective weights.
func (f *Function) Close() {
	for _, t := range f.Effective {
		t.FinalizeAll()
	}
}

// Inputs are the inputs of a graph over a batch.
type Inputs struct {
	// Weights are the backbone's, and for a method's own forward pass its variables.
	Weights map[string]*graph.Node
	Rows    backbone.Rows
	Targets *graph.Node
	// slots are those of the targets in rows of several texts, see Packed; nil are a row's last
	// ones.
	slots *graph.Node
	block int
	// Project gives what computes projections from Weights; nil is x·Wᵀ.
	Project func(weights map[string]*graph.Node) backbone.Project
	// More are the further tensors given to Run.
	More []*graph.Node
	// Untouched are the backbone's pretrained weights, for RunBesideBase; nil otherwise.
	Untouched map[string]*graph.Node
}

// hidden are the hidden states at the last slots, or at those of rows of several texts, [rows,
// slots, hidden].
func (in Inputs) hidden(c backbone.Config, slots int) *graph.Node {
	var project backbone.Project
	if in.Project != nil {
		project = in.Project(in.Weights)
	}
	if in.slots != nil {
		return c.HiddenPacked(in.Weights, in.Rows, backbone.Packed{Slots: in.slots, Longest: in.Rows.Tokens.Shape().Dimensions[1], Block: in.block}, project)
	}
	return c.HiddenTail(in.Weights, in.Rows, slots, project)
}

// Run runs the compiled graph of a key over a batch and further tensors, which it releases. The
// caller owns the outputs.
func (f *Function) Run(key string, batch Batch, build func(in Inputs) []*graph.Node, more ...*tensors.Tensor) ([]*tensors.Tensor, error) {
	return f.run(key, batch.tensors(), batch.check(), build, nil, more)
}

// RunPacked is Run over a batch whose rows hold several texts each.
func (f *Function) RunPacked(key string, batch Packed, build func(in Inputs) []*graph.Node) ([]*tensors.Tensor, error) {
	return f.run(key, batch.tensors(), batch.Batch.check(), func(in Inputs) []*graph.Node {
		in.slots, in.block, in.More = in.More[0], batch.Block, nil
		return build(in)
	}, nil, nil)
}

// RunBesideBase is Run for a graph that also takes the backbone's pretrained weights.
func (f *Function) RunBesideBase(key string, batch Batch, build func(in Inputs) []*graph.Node) ([]*tensors.Tensor, error) {
	return f.run(key, batch.tensors(), batch.check(), build, f.base.Weights(nil), nil)
}

// run gives a graph the function's inputs, a batch's tensors and more, both of which it releases,
// and weights of the untouched backbone, if there are any. err says what is wrong with the batch.
func (f *Function) run(key string, batch []*tensors.Tensor, err error, build func(in Inputs) []*graph.Node, untouched, more []*tensors.Tensor) ([]*tensors.Tensor, error) {
	size := len(batch)
	mine := append(batch, more...)
	defer release(mine)
	if err != nil {
		return nil, err
	}
	if f.session != nil {
		key = f.session.key + "/" + key
	}
	return f.base.runBatch(key, slices.Concat(f.inputs, mine, untouched), span{len(f.inputs), size}, func(inputs []*graph.Node) []*graph.Node {
		in := Inputs{}
		if f.session == nil {
			in.Weights = f.base.Nodes(inputs)
		} else {
			in.Weights, in.Project = f.session.evaluated(inputs), f.session.evalProject
		}
		rest := inputs[len(f.inputs):]
		n := nodesOf(rest)
		in.Rows, in.Targets, in.More = n.rows, n.targets, rest[batchInputs:len(mine)]
		if untouched != nil {
			in.Untouched = f.base.Nodes(rest[len(mine):])
		}
		return build(in)
	})
}

// evaluated names the nodes of the backbone's weights and the variables.
func (s *Session) evaluated(inputs []*graph.Node) map[string]*graph.Node {
	weights, vars, _ := s.split(inputs)
	maps.Copy(weights, vars)
	return weights
}

// evalProject computes projections by the adapter's forward pass; weights are those of evaluated.
func (s *Session) evalProject(weights map[string]*graph.Node) backbone.Project {
	vars := Vars(weights)
	return s.project(func(p backbone.Projection, x *graph.Node) *graph.Node {
		return s.apply(weights, vars, p, x, vars.Of(s, p, ""))
	})
}

// RunBatch is Function's Run for weights, see Weights.
func (b *Base) RunBatch(key string, weights []*tensors.Tensor, batch Batch, build func(in Inputs) []*graph.Node, more ...*tensors.Tensor) ([]*tensors.Tensor, error) {
	return (&Function{base: b, inputs: weights}).Run(key, batch, build, more...)
}

// BuildScore gives log p(target) at the answer slots, [rows, answers]; meaningless where nothing is
// predicted.
func (b *Base) BuildScore(in Inputs) []*graph.Node {
	return []*graph.Node{graph.Neg(negativeLogLikelihood(b.logits(in), in.Targets))}
}

// BuildForced gives, at the answer slots and given the true answer so far, the most likely token,
// [rows, answers] int32, and log p(target), [rows, answers]; both are meaningless where nothing is
// predicted.
func (b *Base) BuildForced(in Inputs) []*graph.Node {
	logits := b.logits(in)
	return []*graph.Node{graph.ArgMax(logits, -1), graph.Neg(negativeLogLikelihood(logits, in.Targets))}
}

// BuildDivergence gives KL(untouched backbone ‖ model) in nats at the answer slots, [rows,
// answers]; meaningless where nothing is predicted.
func (b *Base) BuildDivergence(in Inputs) []*graph.Node {
	before := b.logits(Inputs{Weights: in.Untouched, Rows: in.Rows, Targets: in.Targets})
	forward := DistillationParams{Temperature: 1, Direction: "forward"}
	return []*graph.Node{forward.divergence(before, b.logits(in))}
}

// logits are those at the answer slots, [rows, answers, vocabulary].
func (b *Base) logits(in Inputs) *graph.Node {
	config := b.Model.Config
	return config.Logits(in.Weights, in.hidden(config, in.Targets.Shape().Dimensions[1]))
}

// BuildGenerate continues each row greedily, [rows, maxNew]; the first of More is the limit, at
// most maxNew. Where three more follow, rows end at stop texts: the automaton's Class, Next and
// number of classes; a row's first target is the state in which it begins.
func (b *Base) BuildGenerate(in Inputs, maxNew int, ends []int32) []*graph.Node {
	var stops *backbone.Stops
	if len(in.More) > 1 {
		state := graph.Squeeze(graph.Slice(in.Targets, graph.AxisRange(), graph.AxisRange(0, 1)), -1)
		stops = &backbone.Stops{State: state, Class: in.More[1], Next: in.More[2], Classes: in.More[3]}
	}
	return []*graph.Node{b.Model.Config.Generate(in.Weights, in.Rows, maxNew, in.More[0], ends, in.Project, stops)}
}
