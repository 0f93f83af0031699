package methods

import (
	"errors"
	"fmt"
	"maps"
	"math"

	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/adapter"
)

// SecuraParams are the parameters of the SECURA family: CABR, S-MagNorm and merging.
type SecuraParams struct {
	// Rank r is the number of columns and rows. [0: the released 150, by the rule of sizes]
	Rank int `yaml:"rank"`
	// Inner m is the inner rank, larger than r. [0: the released 200, by the rule of sizes]
	Inner int `yaml:"inner"`
	// Sizes says what a rank of 0 means: width, ⌊150·in/1536⌋ and ⌊200·in/1536⌋, or absolute, 150
	// and 200. [width: the release's on Qwen2-1.5B, whose width is 1536]
	Sizes string `yaml:"sizes"`
	// Selection says how columns and rows are chosen. [inverse-top: the release's]
	Selection string `yaml:"selection"`
	// Init says how A starts: released or principal. [released: the weight's top-left block]
	Init string `yaml:"init"`
	// Bias adds a trained bias to each adapted projection, which is decayed and never merged.
	// [false; the released presets: true]
	Bias bool `yaml:"bias"`
	// MagNorm fuses the updated weight with the former one. [true]
	MagNorm bool `yaml:"magnorm"`
	// Scale is S-MagNorm's s. [6]
	Scale float64 `yaml:"scale"`
	// Space says what S-MagNorm fuses: weight or activation. [weight: the paper's figure 1]
	Space string `yaml:"space"`
	// Normalise says what relative moves are divided by: max or none. [max: the paper's]
	Normalise string `yaml:"normalise"`
	// Form of the result: sum, (F + G)/S, or step, F + (G − F)/S. [sum: as published]
	Form string `yaml:"form"`
	// Restraint shrinks drawn output features where S-MagNorm lets nearly everything through, in
	// evaluation too. [false]
	Restraint bool `yaml:"restraint"`
	// Edge is the S up to which an entry counts as let through. [1.2: the release's]
	Edge float64 `yaml:"edge"`
	// Share of the entries that must be let through before restraint acts. [0.9: the release's]
	Share float64 `yaml:"share"`
	// Decay multiplies the drawn features. [0.99: the release's]
	Decay float64 `yaml:"decay"`
	// Merge is M1, M2, M2-released, fused or none. [M1]
	Merge string `yaml:"merge"`
	// MergeEvery is the number of steps between merges; a task's end merges as well. [1]
	MergeEvery int `yaml:"merge_every"`
	// MergePrecision is that of an update that M1 adds to the weight: float32, bf16 (rounded before
	// it is added), or bf16-weight (the sum rounded too, as where the backbone is bfloat16).
	// [float32; secura-released-m1: bf16]
	MergePrecision string `yaml:"merge_precision"`
	// Former says what S-MagNorm compares with: held, base (of M2: without the sum) or updated
	// (held with this step's update, which then counts twice). [held: M2 then equals M1;
	// secura-released-m2: updated]
	Former string `yaml:"former"`
}

func (p SecuraParams) cabr() adapter.CABR {
	c := adapter.CABR{Rank: p.Rank, Inner: p.Inner, Rule: adapter.SizeRule(p.Sizes), Selection: adapter.Selection(p.Selection),
		Start: adapter.Start(p.Init), Bias: p.Bias, Former: adapter.Former(p.Former), Merging: adapter.MergeMode(p.Merge),
		Precision: adapter.MergePrecision(p.MergePrecision)}
	if p.MagNorm {
		n := p.norm()
		c.MagNorm = &n
	}
	return c
}

func (p SecuraParams) norm() adapter.MagNorm {
	n := adapter.DefaultMagNorm()
	n.Scale, n.Normalise, n.Space, n.Form = p.Scale, p.Normalise, p.Space, p.Form
	if p.Restraint {
		n.Restraint = &adapter.Restraint{Edge: p.Edge, Share: p.Share, Decay: p.Decay}
	}
	return n
}

// check says which values are impossible, those of what is off included.
func (p SecuraParams) check() error {
	if p.MergeEvery < 1 || p.MergeEvery > math.MaxInt16 {
		return fmt.Errorf("merge_every is %d, must be 1 to %d", p.MergeEvery, math.MaxInt16)
	}
	if p.Restraint && !p.MagNorm {
		return fmt.Errorf("restraint is on and magnorm is off: restraint acts by S-MagNorm's S; turn both on or restraint off")
	}
	return errors.Join(p.norm().Check(), adapter.Restraint{Edge: p.Edge, Share: p.Share, Decay: p.Decay}.Check())
}

// isWeight says whether the forward pass is one with a weight wherever it is evaluated. What
// S-MagNorm makes of outputs is none unless B is 0 then, and the former output is the whole one.
func (p SecuraParams) isWeight() bool {
	fusesOutputs := p.MagNorm && p.Space == adapter.SpaceActivation
	merged := p.MergeEvery == 1 && p.Merge != string(adapter.MergeNone)
	comparesBase := p.Merge == string(adapter.MergeIntoSum) && p.Former == string(adapter.FormerBase)
	return !p.Bias && (!fusesOutputs || merged && !comparesBase)
}

func newCABR(params any) (adapter.Adapter, error) { return params.(*SecuraParams).cabr(), nil }

// startSecura makes the hooks of every preset of the family.
func startSecura(params any, s *Session) (Hooks, error) {
	p := params.(*SecuraParams)
	if err := p.check(); err != nil {
		return Hooks{}, err
	}
	hooks := Hooks{EvalForward: !p.isWeight(), Measure: s.securaMeasures(p.cabr(), p.Edge)}
	if c := p.cabr(); c.MagNorm != nil && !c.FusesWeights() {
		hooks.Sums, hooks.SumCount = s.outputSums(c, p.Edge), outputSumCount
	}
	if p.Restraint {
		hooks.BeforeStep, hooks.State = drawRestraint(s)
	}
	if p.Merge != string(adapter.MergeNone) {
		mergeEvery(p.MergeEvery, p.cabr().Merge, s, &hooks)
	}
	return hooks, nil
}

// stepsLeft is the variable that counts the steps until the next merge; it starts again at a task's
// end.
const stepsLeft = "secura/steps_left"

// mergeEvery adds the merges after every n steps, and at a task's end.
func mergeEvery(n int, merge folding, s *Session, hooks *Hooks) {
	if n == 1 { // a task's last step has merged then
		hooks.AfterStep = func(v Vars) { s.fold(merge, v) }
		return
	}
	s.AddVariable(stepsLeft, []int{}, []float32{float32(n)})
	all := func(like *graph.Node) *graph.Node { return graph.Scalar(like.Graph(), like.DType(), float64(n)) }
	hooks.AfterStep = func(v Vars) {
		left := graph.AddScalar(v[stepsLeft], -1)
		due := graph.LessThan(left, graph.Scalar(left.Graph(), left.DType(), 0.5))
		merged := maps.Clone(v)
		s.fold(merge, merged)
		for _, variable := range s.variables {
			if n := variable.name; merged[n] != v[n] {
				v[n] = graph.Where(due, merged[n], v[n])
			}
		}
		v[stepsLeft] = graph.Where(due, all(left), left)
	}
	hooks.AfterTask = func(t *TaskEnd) error {
		return t.Update("merge", nil, func(v Vars, _ []*graph.Node) {
			s.fold(merge, v)
			v[stepsLeft] = all(v[stepsLeft])
		})
	}
}
