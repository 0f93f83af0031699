// Package methods holds the continual-learning methods, one file each. A method is a documented
// value: an adapter, which says how projections are re-parameterised and what is trained, and
// hooks, which say what is done besides following the gradient of the cross-entropy. In come
// batches and learning rates; out come changed weights, which the evaluation takes, and a state
// that can be saved. It knows mathematics only: no files, no data sets, no logging, no flags. Read
// Method and Hooks first, then seq.go and er.go; Session.Step is where a weight changes.
package methods

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"

	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/adapter"
	"secura/methods/backbone"
	"secura/methods/replay"
)

// Method is one continual-learning method, a preset in the suite's words.
type Method struct {
	// Name is the preset's name, lower case.
	Name string
	// Doc says in a few sentences what the method does.
	Doc string
	// Source names the paper and the code that the method was checked against.
	Source string
	// LearningRate is the published one; 0 leaves it to the suite.
	LearningRate float64
	// Kind says how the stream is learned.
	Kind Kind
	// Cost is the time that a cell takes relative to SEQ's, as measured with the default
	// parameters; 0 is 1. Long cells are started first.
	Cost float64
	// Tuning says what a tuning tries; the zero value tries learning rates by the kind of the
	// adapter.
	Tuning Tuning
	// KeepMoments goes on with the optimiser's moments from task to task whatever the setting says:
	// one optimiser for the whole stream.
	KeepMoments bool
	// Params holds the default parameters, a struct whose fields have yaml tags; nil if there are
	// none. A suite's values are decoded over a copy.
	Params any
	// Adapter makes the adapter from the parameters, as NewParams gives them; nil where nothing is
	// trained.
	Adapter func(params any) (adapter.Adapter, error)
	// Start makes the hooks from the parameters when a cell starts, and may add variables to the
	// session. Nil is SEQ.
	Start func(params any, s *Session) (Hooks, error)
}

// Kind says how a method goes through the stream.
type Kind int

// The kinds of methods.
const (
	// Sequential learns one task after the other.
	Sequential Kind = iota
	// Untrained never learns: its only row is the base model's.
	Untrained
	// Joint learns all tasks at once: the usual reference, no continual learning.
	Joint
)

// Projection names one linear map of one layer.
type Projection = backbone.Projection

// Row names one training example: the task's position in the cell's order, from 0, and the
// example's index in it.
type Row = replay.Row

// Hooks are what a method does beyond following the gradient of the cross-entropy. Each may be nil;
// all nil is SEQ.
//
// Hooks that build graphs are called once per compiled graph, which serves every seed of a method:
// what they build may depend on the parameters and on shapes, never on drawn values; those are
// variables.
type Hooks struct {
	// ReplayRows is how many rows MixBatch may add to a batch: a step's shape is fixed.
	ReplayRows int
	// MixBatch is called once a step with the rows of the current batch, in order, and returns at
	// most ReplayRows rows to be learned beside them. r is the step's own stream. In a recovery it
	// is called with no rows: those of its batches come again, and must not be remembered as new.
	MixBatch func(current []Row, r *rand.Rand) []Row
	// ReplayApart leaves replayed examples out of the cross-entropy: ExtraLoss says what is learned
	// of them.
	ReplayApart bool
	// Logits is a memory of what was predicted for examples; nil is none.
	Logits LogitMemory
	// ReplayForward says that ExtraLoss computes replayed examples once more, by
	// Loss.ReplayedHiddenWith: a packed batch then has them at the front of its rows.
	ReplayForward bool
	// BeforeStep is called on the host before each step's graph runs, for values that are drawn for
	// each step: it sets them by Session.Set.
	BeforeStep func() error
	// ExtraLoss builds a scalar of the batch's examples that is added to the cross-entropy: a sum
	// over l's, divided by l.Slots or l.ReplayedSlots, since l may hold a part of the batch.
	ExtraLoss func(l *Loss) *graph.Node
	// Penalty builds a scalar of the variables alone that is added to the cross-entropy.
	Penalty func(v Vars) *graph.Node
	// AfterStep replaces variables in v after the optimiser's update, in the same graph.
	AfterStep func(v Vars)
	// AfterTask is called once when a task's last step is done.
	AfterTask func(t *TaskEnd) error
	// EvalWith builds the weight of a projection that is evaluated; nil is the adapter's with the
	// trained tensors.
	EvalWith func(p backbone.Projection, v Vars) *graph.Node
	// DropBias leaves out the backbone's own bias of the adapted projections, in training and
	// evaluation.
	DropBias bool
	// EvalForward says that the forward pass is not one with weights: it is evaluated as it is, by
	// graphs of its own.
	EvalForward bool
	// Measure builds the method's own measures of a step, in a fixed order and small beside the
	// step's work. It is called where the setting asks for diagnostics.
	Measure func(n StepNodes) []NamedNode
	// Sums builds scalars of the batch's examples for Measure, which adds them up over the batch's
	// parts. It always builds as many as SumCount says, or none where the setting does not ask for
	// diagnostics.
	Sums func(l *Loss) []*graph.Node
	// SumCount is the number of scalars that Sums builds.
	SumCount int
	// State is what must be saved beyond the variables to go on; nil if there is nothing.
	State State
}

// State is a method's memory on the host, such as a reservoir.
type State interface {
	MarshalJSON() ([]byte, error)
	UnmarshalJSON([]byte) error
	// Bytes is its size in memory.
	Bytes() int
}

// Vars are a method's variables in a graph by their names: PROJECTION/TENSOR, such as
// "layers.0.q_proj/A". A projection's base weight is its tensor "W". A second copy of a
// projection's tensors, a long-term memory say, stands under PROJECTION/COPY/TENSOR.
type Vars map[string]*graph.Node

// Name is the name of a projection's variable; copy may be "".
func Name(p backbone.Projection, copy, tensor string) string {
	if copy != "" {
		tensor = copy + "/" + tensor
	}
	return fmt.Sprintf("layers.%d.%s/%s", p.Layer, p.Name, tensor)
}

// Of selects a projection's tensors under their plain names, of the given copy ("" is the adapter
// itself).
func (v Vars) Of(s *Session, p backbone.Projection, copy string) map[string]*graph.Node {
	tensors := map[string]*graph.Node{}
	for _, t := range s.adapterTensors[p] {
		if n, ok := v[Name(p, copy, t.Name)]; ok {
			tensors[t.Name] = n
		}
	}
	return tensors
}

// Base is the projection's base weight [out, in].
func (v Vars) Base(p backbone.Projection) *graph.Node { return v[Name(p, "", baseTensor)] }

const baseTensor = "W"

var methodName = regexp.MustCompile(`^[a-z0-9][a-z0-9+-]*$`)

// Validate says what is wrong with the method's description; nil if nothing is.
func (m Method) Validate() error {
	var mistakes []error
	wrong := func(text string) { mistakes = append(mistakes, fmt.Errorf("method %q: %s", m.Name, text)) }
	if !methodName.MatchString(m.Name) {
		wrong("the name must be lower-case letters, digits, + and -")
	}
	if len(m.Doc) < 20 {
		wrong("Doc is missing: say what the method does")
	}
	if m.Source == "" {
		wrong("Source is missing: name the paper and the code it was checked against")
	}
	if m.Params != nil && reflect.TypeOf(m.Params).Kind() != reflect.Struct {
		wrong("Params must be a struct")
	}
	if (m.Adapter == nil) != (m.Kind == Untrained) {
		wrong("a method has an adapter unless it is untrained")
	}
	return errors.Join(mistakes...)
}

// NewParams returns a pointer to a copy of the default parameters, for decoding; nil if there are
// none.
func (m Method) NewParams() any {
	if m.Params == nil {
		return nil
	}
	p := reflect.New(reflect.TypeOf(m.Params))
	p.Elem().Set(reflect.ValueOf(m.Params))
	return p.Interface()
}

// RelativeCost is Cost, 1 where none is given.
func (m Method) RelativeCost() float64 { return cmp.Or(m.Cost, 1) }

// Renamed says what became of the names that methods had: a sentence for the error about each.
var Renamed = map[string]string{
	"i-lora-secura": "it is i-lora-released now, which has the second memory that SECURA's published code has and i-lora-secura had not",
}

// Find finds a method by its name in All.
func Find(name string) (Method, bool) {
	for _, m := range All {
		if m.Name == name {
			return m, true
		}
	}
	return Method{}, false
}

// Names lists the names of All in order.
func Names() []string {
	names := make([]string, len(All))
	for i, m := range All {
		names[i] = m.Name
	}
	return names
}
