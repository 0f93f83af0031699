package methods

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/adapter"
)

// OLoRAParams are the parameters of O-LoRA.
type OLoRAParams struct {
	LoRAParams `yaml:",inline"`
	// Lambda is the weight of the orthogonality term, λ₁ in the paper. [0.5: as released]
	Lambda float64 `yaml:"lambda" json:"-"`
	// Norm of the products: l1, the sum of their absolute values, as released; or squared, the sum
	// of their squares, as the paper has it. [l1]
	Norm string `yaml:"norm"`
}

// pastA are the A of the tasks before, [tasks·rank, in], the newest first; rows of tasks to come
// are 0.
const pastA = "past/A"

// OLoRA learns each task in a LoRA of its own. Those of earlier tasks are frozen and summed into
// the weight. The loss gains λ₁·Σ_{i<t} Σ|A_i A_tᵀ| over all adapted projections, so that a task's
// A has rows orthogonal to those of the tasks before (Wang et al. 2023, section 3.2: squares there,
// absolute values in its code).
var OLoRA = Method{
	Name: "o-lora",
	Doc: "Orthogonal LoRA: each task learns a LoRA of its own, those of earlier tasks stay in the weight, and a term of the loss " +
		"makes the rows of the new A orthogonal to those of the earlier ones.",
	Source:  "arXiv 2310.14152 and its code (github.com/cmnfriend/O-LoRA); the term and its gradient checked against torch.",
	Params:  OLoRAParams{defaultLoRA, 0.5, "l1"},
	Tuning:  Tuning{Coefficient: decades("lambda", 0.5)},
	Adapter: newLoRA,
	Start:   startOLoRA,
}

func startOLoRA(params any, s *Session) (Hooks, error) {
	p := params.(*OLoRAParams)
	if !notNegative(p.Lambda) {
		return Hooks{}, fmt.Errorf("lambda is %g, must be finite and not negative", p.Lambda)
	}
	size, known := map[string]func(*graph.Node) *graph.Node{"l1": graph.Abs, "squared": graph.Square}[p.Norm]
	if !known {
		return Hooks{}, fmt.Errorf("norm is %q, must be l1 or squared", p.Norm)
	}
	s.AddCoefficient("lambda", p.Lambda)
	for _, q := range s.projections {
		shape := s.find(Name(q, "", "A")).value.Shape().Dimensions
		s.AddVariable(Name(q, "", pastA), []int{s.Tasks * shape[0], shape[1]}, make([]float32, s.Tasks*shape[0]*shape[1]))
	}
	overlap := func(v Vars) *graph.Node {
		var terms []*graph.Node
		for _, q := range s.projections {
			terms = append(terms, graph.ReduceAllSum(size(graph.Einsum("pi,ri->pr", v[Name(q, "", pastA)], v[Name(q, "", "A")]))))
		}
		return sum(terms)
	}
	return Hooks{
		Penalty:   func(v Vars) *graph.Node { return graph.Mul(overlap(v), v.Coefficient("lambda")) },
		AfterTask: func(t *TaskEnd) error { return t.nextLoRA() },
		Measure:   func(n StepNodes) []NamedNode { return []NamedNode{{"o-lora/overlap", overlap(n.After)}} },
	}, nil
}

// nextLoRA makes the task's LoRA part of the weight, remembers its A, and starts a new one from a
// draw of its own.
func (t *TaskEnd) nextLoRA() error {
	s := t.session
	fresh := make([]*tensors.Tensor, len(s.projections))
	defer func() { release(fresh) }()
	for i, p := range s.projections {
		_, list, err := s.initial(p, fmt.Sprintf("%s/%d", Name(p, "", "start"), t.Index))
		if err != nil {
			return err
		}
		fresh[i] = tensors.FromFlatDataAndDimensions(list[0].Values, list[0].Shape...)
	}
	return t.Update("next", fresh, func(v Vars, fresh []*graph.Node) {
		s.fold(s.adapter.(adapter.Folder).Fold, v)
		for i, p := range s.projections {
			learned, past := v[Name(p, "", "A")], v[Name(p, "", pastA)]
			kept := past.Shape().Dimensions[0] - learned.Shape().Dimensions[0]
			v[Name(p, "", pastA)] = graph.Concatenate([]*graph.Node{learned, graph.Slice(past, graph.AxisRange(0, kept))}, 0)
			v[Name(p, "", "A")] = fresh[i]
		}
	})
}
