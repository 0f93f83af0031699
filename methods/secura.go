package methods

import (
	"fmt"
	"maps"
	"math"

	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/adapter"
)

// SecuraParams are the parameters of SECURA.
type SecuraParams struct {
	// Rank r is the number of columns and rows. [0: max(1, ⌊d/8⌋) of the projection's smaller side d]
	Rank int `yaml:"rank"`
	// Inner m is the inner rank, larger than r. [0: max(r+1, ⌊d/6⌋)]
	Inner int `yaml:"inner"`
	// Selection says how columns and rows are chosen. [inverse-top: the release's]
	Selection string `yaml:"selection"`
	// Init says how A starts. [released: the weight's top-left block]
	Init string `yaml:"init"`
	// MagNorm fuses the updated weight with the former one. [true]
	MagNorm bool `yaml:"magnorm"`
	// Scale is S-MagNorm's s. [6]
	Scale float64 `yaml:"scale"`
	// Normalise says what relative moves are divided by. [max: the paper's]
	Normalise string `yaml:"normalise"`
	// Merge is M1, M2 or none. [M1]
	Merge string `yaml:"merge"`
	// MergeEvery is the number of steps between merges. [1]
	MergeEvery int `yaml:"merge_every"`
	// Former says what M2's S-MagNorm compares with: held or base. [held: M2 then equals M1]
	Former string `yaml:"former"`
}

func (p SecuraParams) cabr() adapter.CABR {
	c := adapter.CABR{Rank: p.Rank, Inner: p.Inner, Selection: adapter.Selection(p.Selection), Start: adapter.Start(p.Init),
		Former: adapter.Former(p.Former), Merging: adapter.MergeMode(p.Merge)}
	if p.MagNorm {
		n := p.norm()
		c.MagNorm = &n
	}
	return c
}

func (p SecuraParams) norm() adapter.MagNorm {
	n := adapter.DefaultMagNorm()
	n.Scale, n.Normalise = p.Scale, p.Normalise
	return n
}

// Secura trains CABR, W + C A B R, under S-MagNorm in weight space, and merges after every step: W ← W + C A B R,
// B ← 0 (M1). With a merge at each step B is 0 in every forward pass, so that A gets no gradient and S-MagNorm changes
// no loss: that is what the published equations say, and it is kept.
var Secura = Method{
	Name: "secura",
	Doc: "SECURA as specified: the CABR adapter W + C·A·B·R on unimportant columns and rows, S-MagNorm in weight space, and a " +
		"merge of the update into the weight after every step (M1).",
	Source:       "arXiv 2502.18168, sections on CABR, S-MagNorm and merging; checked against golden values of its formulas and its release.",
	LearningRate: 1e-3,
	Params: SecuraParams{Selection: string(adapter.InverseTop), Init: string(adapter.StartReleased), MagNorm: true, Scale: 6,
		Normalise: adapter.NormaliseMax, Merge: string(adapter.MergeIntoWeight), MergeEvery: 1, Former: string(adapter.FormerHeld)},
	Adapter: func(params any) (adapter.Adapter, error) { return params.(*SecuraParams).cabr(), nil },
	Start:   startSecura,
}

// stepsLeft is the variable that counts the steps until the next merge, at a task's end anew.
const stepsLeft = "secura/steps_left"

func startSecura(params any, s *Session) (Hooks, error) {
	p := params.(*SecuraParams)
	if p.MergeEvery < 1 || p.MergeEvery > math.MaxInt16 {
		return Hooks{}, fmt.Errorf("merge_every is %d, must be 1 to %d", p.MergeEvery, math.MaxInt16)
	}
	if err := p.norm().Check(); err != nil { // where it is off, too
		return Hooks{}, err
	}
	merge := p.cabr().Merge
	if p.Merge == string(adapter.MergeNone) {
		return Hooks{}, nil
	}
	if p.MergeEvery == 1 { // a task's last step has merged then
		return Hooks{AfterStep: func(v Vars) { s.fold(merge, v) }}, nil
	}
	s.AddVariable(stepsLeft, []int{}, []float32{float32(p.MergeEvery)})
	all := func(like *graph.Node) *graph.Node {
		return graph.Scalar(like.Graph(), like.DType(), float64(p.MergeEvery))
	}
	return Hooks{
		AfterStep: func(v Vars) {
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
		},
		AfterTask: func(t *TaskEnd) error {
			return t.Update("merge", nil, func(v Vars, _ []*graph.Node) {
				s.fold(merge, v)
				v[stepsLeft] = all(v[stepsLeft])
			})
		},
	}, nil
}
