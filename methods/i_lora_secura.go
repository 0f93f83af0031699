package methods

import (
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/adapter"
)

// ILoRASecuraParams are the parameters of I-LoRA as SECURA's release has it.
type ILoRASecuraParams struct {
	LoRAParams `yaml:",inline"`
	// Lambda is the weight of the consistency term. [1: as released]
	Lambda float64 `yaml:"lambda" json:"-"`
}

// ILoRASecura is what SECURA's release compares itself with under the name of I-LoRA. It has no second memory and no
// replay: on the current data the logits at the answer slots are held near those of the weight without the adapter,
// CE + λ·MSE(z(W + (α/r)·B A), stop(z(W))), where W holds all that the tasks before have left: at a task's end the update
// becomes part of W and the adapter starts anew.
var ILoRASecura = Method{
	Name: "i-lora-secura",
	Doc: "I-LoRA as SECURA's release has it: a LoRA adapter is folded into the weight at each task's end, and a consistency term " +
		"holds the answer logits of the current data near those from before the task. No replay, no slow copy.",
	Cost:   1.3,
	Source: "The comparison in SECURA's released code (arXiv 2502.18168), as specified in this project's table of methods; not the method of arXiv 2402.18865.",
	Params: ILoRASecuraParams{defaultLoRA, 1},
	Tuning: Tuning{Coefficient: Coefficient{"lambda", values(1., 0.1, 10., 0.01, 100.)}},
	Adapter: func(params any) (adapter.Adapter, error) {
		return params.(*ILoRASecuraParams).LoRAParams.adapter()
	},
	Start: func(params any, s *Session) (Hooks, error) {
		p := params.(*ILoRASecuraParams)
		if !(p.Lambda >= 0) || math.IsInf(p.Lambda, 0) {
			return Hooks{}, fmt.Errorf("lambda %g must be finite and not negative", p.Lambda)
		}
		s.AddCoefficient("lambda", p.Lambda)
		return Hooks{
			ExtraLoss: func(l *Loss) *graph.Node {
				before := graph.StopGradient(l.BaseLogits())
				return graph.Mul(meanSquaredError(l.Logits, before, l.Counted, l.Slots(l.Counted)), l.Vars.Coefficient("lambda"))
			},
			Measure:   func(n StepNodes) []NamedNode { return []NamedNode{{"i-lora-secura/penalty", n.Own}} },
			AfterTask: (*TaskEnd).FoldAndRestart,
		}, nil
	},
}

// FoldAndRestart makes the adapter's update part of every adapted weight, and gives the trained tensors new starting
// values, from a stream that names the task.
func (t *TaskEnd) FoldAndRestart() error {
	s := t.session
	var names []string
	var fresh []*tensors.Tensor
	defer func() { release(fresh) }()
	for _, p := range s.projections {
		w, err := s.base.matrix(p)
		if err != nil {
			return err
		}
		list, err := s.adapter.Init(w, s.Rand(fmt.Sprintf("adapter/%s/%d", Name(p, "", "restart"), t.Index)))
		if err != nil {
			return fmt.Errorf("restart the adapter of %s: %w", p.WeightName(), err)
		}
		for _, tensor := range list {
			if tensor.Trained {
				names = append(names, Name(p, "", tensor.Name))
				fresh = append(fresh, tensors.FromFlatDataAndDimensions(tensor.Values, tensor.Shape...))
			}
		}
	}
	folder := s.adapter.(adapter.Folder)
	return t.Update("fold and restart", fresh, func(v Vars, fresh []*graph.Node) {
		s.fold(folder.Fold, v)
		for i, name := range names {
			v[name] = graph.Identity(fresh[i])
		}
	})
}
