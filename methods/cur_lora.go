package methods

import (
	"maps"

	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/adapter"
)

// CURLoRAParams are the parameters of CUR-LoRA.
type CURLoRAParams struct {
	// Rank is the number of columns and rows. [16]
	Rank int `yaml:"rank"`
	// Alpha scales the update. [1]
	Alpha float64 `yaml:"alpha"`
	// Selection says how columns and rows are chosen. [inverse-top: as SECURA's release does]
	Selection string `yaml:"selection"`
	// Fold makes the update part of the weight at each task's end. [true]
	Fold bool `yaml:"fold"`
}

// CURLoRA trains U of W + α·C U R, where C and R are unimportant columns and rows of the pretrained weight; at a task's
// end the update becomes part of W and U starts again from 0.
var CURLoRA = Method{
	Name: "cur-lora",
	Doc: "CUR-LoRA: the update C·U·R is made of frozen columns and rows of the pretrained weight with the smallest norms; " +
		"only the small U is trained, and it is folded into the weight at each task's end.",
	Source:  "arXiv 2408.14572, with the selection and folding of SECURA's released code (arXiv 2502.18168).",
	Params:  CURLoRAParams{Rank: 16, Alpha: 1, Selection: "inverse-top", Fold: true},
	Adapter: newCURLoRA,
	Start:   startCURLoRA,
}

// CURLoRAPaper is CUR-LoRA as its own paper and code have it: columns and rows are drawn, with replacement, with
// probabilities ∝ 1/(P + 0.001), so that one may come twice, and one U goes through the whole stream.
var CURLoRAPaper = Method{
	Name: "cur-lora-paper",
	Doc: "CUR-LoRA as first published: frozen columns and rows are drawn at random, small ones with more probability, and one " +
		"small U is trained through the whole stream without ever being folded into the weight.",
	Source:       "arXiv 2408.14572 and its code; formula and selection checked against golden values.",
	LearningRate: 2.5e-4,
	Params:       CURLoRAParams{Rank: 16, Alpha: 1, Selection: string(adapter.InverseSampleOffset)},
	Adapter:      newCURLoRA,
	Start:        startCURLoRA,
}

func newCURLoRA(params any) (adapter.Adapter, error) {
	p := params.(*CURLoRAParams)
	return adapter.CURLoRA{Rank: p.Rank, Alpha: p.Alpha, Selection: adapter.Selection(p.Selection)}, nil
}

func startCURLoRA(params any, s *Session) (Hooks, error) {
	if !params.(*CURLoRAParams).Fold {
		return Hooks{}, nil
	}
	return Hooks{AfterTask: func(t *TaskEnd) error { return t.Fold() }}, nil
}

// Fold makes the adapter's update part of every adapted weight.
func (t *TaskEnd) Fold() error {
	folder := t.session.adapter.(adapter.Folder)
	return t.Update("fold", nil, func(v Vars, _ []*graph.Node) { t.session.fold(folder.Fold, v) })
}

// folding gives a projection's new weight and tensors.
type folding func(w *graph.Node, v map[string]*graph.Node) (*graph.Node, map[string]*graph.Node)

// fold applies one projection's folding to all of them.
func (s *Session) fold(one folding, v Vars) {
	for _, p := range s.projections {
		before := v.Of(s, p, "")
		w, after := one(v.Base(p), maps.Clone(before))
		v[Name(p, "", baseTensor)] = w
		for name, n := range after {
			if n != before[name] {
				v[Name(p, "", name)] = n
			}
		}
	}
}
