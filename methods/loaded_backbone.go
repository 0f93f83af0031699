package methods

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/adapter"
	"secura/methods/backbone"
)

// Base is a pretrained backbone on a backend, shared by the sessions of a process: its weights are
// never written.
type Base struct {
	Backend compute.Backend
	Model   *backbone.Model
	// Compiling is called when a graph begins to be compiled, and what it returns when that is
	// done, for a caller who counts the time. It may be nil.
	Compiling func() (done func())

	// built is called with each graph's outputs when it is built, for a test that measures graphs;
	// nil is no call.
	built func(key string, outputs []*graph.Node)

	execs  map[string]*graph.Exec
	steps  map[string]*stepPlan
	starts map[string]Measure
	// forwards are the forward passes that a step makes beside its own, by the key of the step, as
	// shares of a pass over the whole batch.
	forwards map[string]float64
	execute  time.Duration // the time spent in compiled graphs so far

	sharding *sharding // nil on one device
}

// NewBase puts a backbone on a backend.
func NewBase(b compute.Backend, m *backbone.Model) *Base {
	return &Base{Backend: b, Model: m, execs: map[string]*graph.Exec{}, steps: map[string]*stepPlan{}, starts: map[string]Measure{}, forwards: map[string]float64{}}
}

// Weights are the tensors that an evaluation graph takes, in the order of Model.Names: the
// pretrained ones, replaced by those of the same name in effective, which may be nil.
func (b *Base) Weights(effective map[string]*tensors.Tensor) []*tensors.Tensor {
	list := make([]*tensors.Tensor, len(b.Model.Names))
	for i, name := range b.Model.Names {
		list[i] = b.Model.Weights[name]
		if t, ok := effective[name]; ok {
			list[i] = t
		}
	}
	return list
}

// Nodes gives the first inputs of a graph that takes Weights their names.
func (b *Base) Nodes(inputs []*graph.Node) map[string]*graph.Node {
	nodes := make(map[string]*graph.Node, len(b.Model.Names))
	for i, name := range b.Model.Names {
		nodes[name] = inputs[i]
	}
	return nodes
}

// Close releases the compiled graphs and the weights. The backend stays open.
func (b *Base) Close() {
	for _, e := range b.execs {
		e.Finalize()
	}
	for _, t := range b.Model.Weights {
		t.FinalizeAll()
	}
	if b.sharding != nil {
		b.sharding.sweep()
	}
}

// exec returns the compiled graph of a key, making it on first use; configure, which may be nil,
// changes it before it is compiled.
func (b *Base) exec(key string, inputs []shapes.Shape, configure func(*graph.Exec) *graph.Exec, build func(inputs []*graph.Node) []*graph.Node) (*graph.Exec, error) {
	if e, ok := b.execs[key]; ok {
		return e, nil
	}
	e, err := graph.NewExec(b.Backend, func(inputs []*graph.Node) []*graph.Node {
		outputs := build(inputs)
		if b.built != nil {
			b.built(key, outputs)
		}
		return outputs
	})
	if err != nil {
		return nil, fmt.Errorf("make graph %s: %w", key, err)
	}
	if configure != nil {
		e = configure(e)
	}
	compiled := func() {}
	if b.Compiling != nil {
		compiled = b.Compiling()
	}
	_, err = e.WithName(key).Compile(inputs...)
	compiled()
	if err != nil {
		e.Finalize()
		return nil, fmt.Errorf("compile graph %s: %w", key, err)
	}
	b.execs[key] = e
	return e, nil
}

// Forget releases the compiled graphs of the sessions with a key, and forgets what was measured of
// their starts.
func (b *Base) Forget(key string) {
	for name, e := range b.execs {
		if strings.HasPrefix(name, key+"/") {
			e.Finalize()
			delete(b.execs, name)
			delete(b.steps, name)
		}
	}
	maps.DeleteFunc(b.starts, func(name string, _ Measure) bool { return strings.HasPrefix(name, key+"/") })
	maps.DeleteFunc(b.forwards, func(name string, _ float64) bool { return strings.HasPrefix(name, key+"/") })
}

// ExecuteSeconds is the time spent in compiled graphs so far.
func (b *Base) ExecuteSeconds() float64 { return b.execute.Seconds() }

// Run runs the compiled graph of a key over tensors, compiling it on first use. What build does
// must depend on the key and the shapes alone. The caller owns the outputs.
func (b *Base) Run(key string, inputs []*tensors.Tensor, build func(inputs []*graph.Node) []*graph.Node) ([]*tensors.Tensor, error) {
	arguments, kinds := make([]any, len(inputs)), make([]shapes.Shape, len(inputs))
	for i, t := range inputs {
		arguments[i], kinds[i] = t, t.Shape()
	}
	return b.call(key, kinds, arguments, nil, build)
}

// call runs the compiled graph of a key, which it makes by exec on first use, and counts the time.
func (b *Base) call(key string, kinds []shapes.Shape, arguments []any, configure func(*graph.Exec) *graph.Exec,
	build func(inputs []*graph.Node) []*graph.Node) ([]*tensors.Tensor, error) {
	e, err := b.exec(key, kinds, configure, build)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	outputs, err := e.Call(arguments...)
	b.execute += time.Since(start)
	if err != nil {
		return nil, fmt.Errorf("run graph %s: %w", key, err)
	}
	return outputs, nil
}

// Devices is on how many a batch is computed; a batch has a multiple of so many rows.
func (b *Base) Devices() int {
	if b.sharding == nil {
		return 1
	}
	return b.sharding.devices
}

// runBatch is Run with a batch among the inputs: on all devices, if there are several.
func (b *Base) runBatch(key string, inputs []*tensors.Tensor, batch span, build func(inputs []*graph.Node) []*graph.Node) ([]*tensors.Tensor, error) {
	s := b.sharding
	if s == nil {
		return b.Run(key, inputs, build)
	}
	outputs, err := s.run(b.Backend, inputs, batch, func(kinds []shapes.Shape, arguments []any) ([]*tensors.Tensor, error) {
		return b.call(key, kinds, arguments, func(e *graph.Exec) *graph.Exec { return s.configure(e, batch, len(inputs)) }, build)
	})
	if err != nil {
		return nil, fmt.Errorf("on %d devices: %w", s.devices, err)
	}
	return outputs, nil
}

// matrix is a pretrained weight on the host.
func (b *Base) matrix(p Projection) (adapter.Matrix, error) {
	w := b.Model.Weights[p.WeightName()]
	values, err := tensors.CopyFlatData[float32](w)
	shape := w.Shape().Dimensions
	return adapter.Matrix{Rows: shape[0], Columns: shape[1], Values: values}, err
}

// Projections lists the projections of these names in every layer.
func (b *Base) Projections(names []string) ([]backbone.Projection, error) {
	if len(names) == 0 {
		return nil, fmt.Errorf("adapt projections: no projection is named")
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("adapt projection %s: it is named twice", name)
		}
	}
	var list []backbone.Projection
	for layer := range b.Model.Config.Layers {
		for _, name := range names {
			p := backbone.Projection{Layer: layer, Name: name}
			if !slices.Contains(b.Model.Names, p.WeightName()) {
				return nil, fmt.Errorf("adapt projection %s: the backbone has no weight %s", name, p.WeightName())
			}
			list = append(list, p)
		}
	}
	return list, nil
}

func release(list []*tensors.Tensor) {
	for _, t := range list {
		if t != nil {
			t.FinalizeAll()
		}
	}
}
