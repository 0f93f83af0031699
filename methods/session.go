package methods

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/adapter"
	"secura/methods/backbone"
	"secura/methods/optimizer"
)

// Setting is what every method of a run is given alike.
type Setting struct {
	// Targets names the projections that are adapted, in every layer.
	Targets []string
	// Rows, Length and Answers are the shape of a batch, replayed rows not counted.
	Rows, Length, Answers int
	// Lengths are further ones that a batch may have; each is a graph of its own.
	Lengths     []int
	WeightDecay float64
	// Clip bounds the gradient's global norm; 0 does not clip.
	Clip float64
	// Accumulate is in how many parts, one after the other, a batch is computed, for less memory; 0
	// is one.
	Accumulate int
	// Checkpoint keeps of a step's forward pass only what enters each layer, and computes the
	// layers again in the backward pass, for less memory.
	Checkpoint bool
	// CarryOptimizer keeps the optimiser's moments across tasks.
	CarryOptimizer bool
	// Diagnostics asks for the measures of each step.
	Diagnostics bool
	// StreamExamples counts the training examples of all tasks that are drawn.
	StreamExamples int
	// Tasks is the number of tasks in the stream.
	Tasks int
	// TaskSteps are the optimiser's steps on each task.
	TaskSteps int
	// Rand returns a named stream of the cell, at its start.
	Rand func(purpose string) *rand.Rand
}

// Session is a method at work on one cell: the values of its variables, and the compiled graphs
// that change them.
type Session struct {
	Setting
	method         Method
	base           *Base
	key            string // names the compiled graphs: equal keys build equal graphs
	projections    []backbone.Projection
	adapter        adapter.Adapter
	adapterTensors map[backbone.Projection][]adapter.Tensor
	hooks          Hooks
	variables      []*variable // sorted by name
	frozen         []string    // the backbone's weights that are not variables, in order
	optimizer      optimizer.AdamW
	steps          int // of the optimiser since its moments were 0
}

// variable is one tensor of a method.
type variable struct {
	name             string
	trained, decayed bool
	value            *tensors.Tensor
	moments          [2]*tensors.Tensor // of AdamW; nil unless trained
	written          bool               // value is not the starting value any more
}

// NewSession starts a method on a backbone. key tells sessions on it apart whose graphs differ: by
// the method's name, its parameters, or the setting. params is what the method's NewParams gives.
// The caller closes the session.
func NewSession(b *Base, m Method, params any, key string, setting Setting) (*Session, error) {
	s := &Session{Setting: setting, method: m, base: b, key: key, optimizer: optimizer.NewAdamW(setting.WeightDecay),
		adapterTensors: map[backbone.Projection][]adapter.Tensor{}}
	if m.Kind == Untrained {
		return s, nil
	}
	if err := s.start(params); err != nil {
		return nil, errors.Join(fmt.Errorf("start method %s: %w", m.Name, err), s.Close())
	}
	return s, nil
}

// start makes the variables and the hooks.
func (s *Session) start(params any) (err error) {
	if s.adapter, err = s.method.Adapter(params); err != nil {
		return err
	}
	if s.projections, err = s.base.Projections(s.Targets); err != nil {
		return err
	}
	if err := s.addAdapters(); err != nil {
		return err
	}
	if s.method.Start != nil {
		if s.hooks, err = s.method.Start(params, s); err != nil {
			return err
		}
	}
	if parts := max(s.Accumulate, 1); s.Rows%parts != 0 {
		return fmt.Errorf("a batch of %d rows has no %d equal parts to accumulate", s.Rows, parts)
	}
	if shared := s.base.sharding; shared != nil && (s.partRows()+s.partReplayed())%shared.devices != 0 {
		return fmt.Errorf("a batch of %d rows with %d replayed ones, computed in %d parts, cannot be shared out evenly to %d devices",
			s.Rows, s.hooks.ReplayRows, max(s.Accumulate, 1), shared.devices)
	}
	slices.SortFunc(s.variables, func(a, b *variable) int { return strings.Compare(a.name, b.name) })
	for _, name := range s.base.Model.Names {
		if !slices.ContainsFunc(s.projections, func(p backbone.Projection) bool { return p.WeightName() == name }) {
			s.frozen = append(s.frozen, name)
		}
	}
	return s.resetOptimizer()
}

// addAdapters makes the variables of every adapted projection, drawn from a stream that names the
// projection.
func (s *Session) addAdapters() error {
	for _, p := range s.projections {
		w, list, err := s.initial(p, Name(p, "", "start"))
		if err != nil {
			return err
		}
		s.adapterTensors[p] = list
		s.AddVariable(Name(p, "", baseTensor), []int{w.Rows, w.Columns}, w.Values)
		for _, t := range list {
			v := s.addVariable(Name(p, "", t.Name), t.Shape, t.Values)
			v.trained, v.decayed = t.Trained, t.Decayed
		}
	}
	return nil
}

// initial gives a projection's pretrained weight and its adapter's tensors, drawn from the stream
// of this name.
func (s *Session) initial(p Projection, draw string) (w adapter.Matrix, list []adapter.Tensor, err error) {
	if w, err = s.base.matrix(p); err != nil {
		return w, nil, err
	}
	if list, err = s.adapter.Init(w, s.Rand("adapter/"+draw)); err != nil {
		err = fmt.Errorf("adapt %s: %w", p.WeightName(), err)
	}
	return w, list, err
}

// AddVariable adds a variable that is not trained; its starting values may not depend on anything
// that a cell has learned.
func (s *Session) AddVariable(name string, shape []int, values []float32) {
	s.addVariable(name, shape, values)
}

// Set gives a variable that AddVariable made new values.
func (s *Session) Set(name string, values []float32) error {
	v := s.find(name)
	if v.trained || v.value.Size() != len(values) {
		return fmt.Errorf("set variable %s: %d values for %s (trained: %v)", name, len(values), v.value.Shape(), v.trained)
	}
	fresh := tensors.FromFlatDataAndDimensions(values, v.value.Shape().Dimensions...)
	err := v.value.FinalizeAll()
	v.value, v.written = fresh, true
	return err
}

// Value is a copy of a variable's values, row by row.
func (s *Session) Value(name string) ([]float32, error) {
	return tensors.CopyFlatData[float32](s.find(name).value)
}

// Shape is a variable's.
func (s *Session) Shape(name string) []int { return s.find(name).value.Shape().Dimensions }

func (s *Session) addVariable(name string, shape []int, values []float32) *variable {
	v := &variable{name: name, value: tensors.FromFlatDataAndDimensions(values, shape...)}
	s.variables = append(s.variables, v)
	return v
}

// AddCopies adds a second copy of the adapter's trained tensors, with the same starting values, or
// zeros.
func (s *Session) AddCopies(copy string, zeros bool) {
	for _, p := range s.projections {
		for _, t := range s.adapterTensors[p] {
			if !t.Trained {
				continue
			}
			values := t.Values
			if zeros {
				values = make([]float32, len(values))
			}
			s.AddVariable(Name(p, copy, t.Name), t.Shape, values)
		}
	}
}

// copyTrained sets a copy of the adapter's trained tensors to what they are now.
func (s *Session) copyTrained(v Vars, copy string) {
	for _, t := range s.Trained() {
		v[Name(t.Projection, copy, t.Tensor)] = graph.Identity(t.In(v, ""))
	}
}

// Trained lists the projections and names of the trained tensors, in a fixed order.
func (s *Session) Trained() (list []TrainedTensor) {
	for _, p := range s.projections {
		for _, t := range s.adapterTensors[p] {
			if t.Trained {
				list = append(list, TrainedTensor{p, t.Name})
			}
		}
	}
	return list
}

// TrainedTensor names one trained tensor of an adapter.
type TrainedTensor struct {
	Projection backbone.Projection
	Tensor     string
}

// In is the tensor in v, of the given copy.
func (t TrainedTensor) In(v Vars, copy string) *graph.Node {
	return v[Name(t.Projection, copy, t.Tensor)]
}

// TrainedParameters counts the values that get a gradient.
func (s *Session) TrainedParameters() (n int64) {
	for _, v := range s.variables {
		if v.trained {
			n += int64(v.value.Size())
		}
	}
	return n
}

// StateBytes is the size of what the method keeps beyond the backbone: its tensors and its memory
// on the host.
func (s *Session) StateBytes() (n int64) {
	for _, v := range s.variables {
		if !strings.HasSuffix(v.name, "/"+baseTensor) && !strings.HasPrefix(v.name, coefficients) {
			n += v.value.ByteSize()
		}
	}
	if s.hooks.State != nil {
		n += int64(s.hooks.State.Bytes())
	}
	return n
}

// ReplayRows is how many rows are learned beside a batch at most.
func (s *Session) ReplayRows() int { return s.hooks.ReplayRows }

// Kind is the method's.
func (s *Session) Kind() Kind { return s.method.Kind }

// ReplaysForward says that packed batches must have replayed examples at the front, see
// Hooks.ReplayForward.
func (s *Session) ReplaysForward() bool { return s.hooks.ReplayForward }

// MixBatch chooses the rows to replay beside the current ones. Given none, a memory draws and stays
// as it is.
func (s *Session) MixBatch(current []Row, r *rand.Rand) []Row {
	if s.hooks.MixBatch == nil {
		return nil
	}
	return s.hooks.MixBatch(current, r)
}

// carries says whether the optimiser's moments go on from task to task.
func (s *Session) carries() bool { return s.CarryOptimizer || s.method.KeepMoments }

// StartTask prepares for a task: the optimiser starts again, unless the setting or the method
// carries it over.
func (s *Session) StartTask() error {
	if s.carries() {
		return nil
	}
	return s.resetOptimizer()
}

func (s *Session) resetOptimizer() error {
	s.steps = 0
	for _, v := range s.variables {
		if !v.trained {
			continue
		}
		for i := range v.moments {
			if v.moments[i] != nil {
				if err := v.moments[i].FinalizeAll(); err != nil {
					return err
				}
			}
			v.moments[i] = tensors.FromShape(v.value.Shape())
		}
	}
	return nil
}

// Close releases the session's tensors.
func (s *Session) Close() error {
	var errs []error
	for _, v := range s.variables {
		errs = append(errs, v.value.FinalizeAll())
		for _, m := range v.moments {
			if m != nil {
				errs = append(errs, m.FinalizeAll())
			}
		}
	}
	return errors.Join(errs...)
}

// values are the variables' tensors, in order.
func (s *Session) values() []*tensors.Tensor {
	list := make([]*tensors.Tensor, len(s.variables))
	for i, v := range s.variables {
		list[i] = v.value
	}
	return list
}

// vars names the nodes of the variables, in order.
func (s *Session) vars(inputs []*graph.Node) Vars {
	vars := make(Vars, len(s.variables))
	for i, v := range s.variables {
		vars[v.name] = inputs[i]
	}
	return vars
}

// write replaces variables by the outputs of a graph.
func (s *Session) write(indices []int, outputs []*tensors.Tensor) error {
	for i, index := range indices {
		v := s.variables[index]
		if err := v.value.FinalizeAll(); err != nil {
			return err
		}
		v.value, v.written = outputs[i], true
	}
	return nil
}

// changed lists the variables that differ between two states of the same graph, and their new
// nodes.
func (s *Session) changed(before, after Vars) (indices []int, nodes []*graph.Node) {
	for i, v := range s.variables {
		if after[v.name] != before[v.name] {
			indices, nodes = append(indices, i), append(nodes, after[v.name])
		}
	}
	return indices, nodes
}
