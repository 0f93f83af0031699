package methods

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// ownForwards are settings whose forward pass is not one with a weight.
var ownForwards = map[string]func(p *SecuraParams){
	"outputs":             func(p *SecuraParams) { p.Space, p.Normalise, p.MergeEvery = "activation", "none", 5 },
	"outputs, normalised": func(p *SecuraParams) { p.Space, p.Merge = "activation", "none" },
	"outputs and base":    func(p *SecuraParams) { p.Space, p.Merge, p.Former = "activation", "M2", "base" },
	"released":            func(p *SecuraParams) { *p = released; p.Rank, p.Inner = 3, 5 },
	"restrained":          func(p *SecuraParams) { *p = released; p.Rank, p.Inner, p.Edge, p.Share = 3, 5, 1.6, 0.1 },
	"bias":                func(p *SecuraParams) { p.Bias, p.MergeEvery = true, 5 },
}

// learned trains until B is not 0, unless it is merged after each step.
func learned(t *testing.T, name string) (*Session, *Function) {
	t.Helper()
	s := openPreset(t, Secura, "forward/"+name, ownForwards[name])
	steps(t, s, 1, 0, 0, 3, securaRate)
	f, err := s.Function()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return s, f
}

// scores are log p(target) at the answer slots.
func scores(t *testing.T, f *Function, key string, b Batch) []float32 {
	t.Helper()
	out, err := f.Run(key, b, toy.BuildScore)
	if err != nil {
		t.Fatal(err)
	}
	return floats(t, out[0])
}

func meanLoss(logs []float32, b Batch) float64 {
	total, n := 0.0, 0.0
	for i, w := range b.Weights {
		total -= float64(w * logs[i])
		n += float64(w)
	}
	return total / n
}

// What is evaluated is what is trained: the loss of the next step.
func TestOwnForwardPassIsEvaluatedAsItIsTrained(t *testing.T) {
	for name := range ownForwards {
		t.Run(name, func(t *testing.T) {
			s, f := learned(t, name)
			b := toyBatch(0, rowsOf(0, 0), nil)
			got := meanLoss(scores(t, f, "score", b), b)
			byWeights := meanLoss(scores(t, toy.Function(f.Effective), "score", b), b)
			result, err := s.Step(b, securaRate)
			if err != nil {
				t.Fatal(err)
			}
			if name == "restrained" { // the step draws again
				return
			}
			if !(math.Abs(got-result.Loss) <= 1e-5) {
				t.Errorf("the loss is %g in training and %g in evaluation", result.Loss, got)
			}
			if !(math.Abs(byWeights-result.Loss) > 1e-3) {
				t.Errorf("the loss is %g with the effective weights too", byWeights)
			}
		})
	}
}

// The decoding loop computes what whole passes compute, token by token.
func TestOwnForwardPassDecodes(t *testing.T) {
	const maxNew = 4
	for name := range ownForwards {
		t.Run(name, func(t *testing.T) {
			_, f := learned(t, name)
			texts := [][]int32{{3, 17, 5}, {9, 2}, {30, 30, 11}, {1}}
			out, err := f.Run("generate", textBatch(texts), func(in Inputs) []*graph.Node { return toy.BuildGenerate(in, maxNew, nil) },
				tensors.FromScalar(int32(maxNew)))
			if err != nil {
				t.Fatal(err)
			}
			got := tensors.MustCopyFlatData[int32](out[0])
			plain, err := toy.Function(f.Effective).Run("generate", textBatch(texts), func(in Inputs) []*graph.Node { return toy.BuildGenerate(in, maxNew, nil) },
				tensors.FromScalar(int32(maxNew)))
			if err != nil {
				t.Fatal(err)
			}
			for n := range maxNew {
				out, err := f.Run("next", textBatch(texts), func(in Inputs) []*graph.Node {
					logits := toy.Model.Config.Logits(in.Weights, in.hidden(toy.Model.Config, 1))
					return []*graph.Node{graph.ArgMax(graph.Squeeze(logits, 1), -1)}
				})
				if err != nil {
					t.Fatal(err)
				}
				for row, token := range tensors.MustCopyFlatData[int32](out[0]) {
					if g := got[row*maxNew+n]; g != token {
						t.Errorf("row %d: token %d is %d in the loop and %d in a whole pass", row, n, g, token)
					}
					texts[row] = append(slices.Clone(texts[row]), token)
				}
			}
			if slices.Equal(got, tensors.MustCopyFlatData[int32](plain[0])) {
				t.Error("the effective weights write the same: the test shows nothing")
			}
		})
	}
}

// textBatch lays out texts that are to be continued.
func textBatch(texts [][]int32) Batch {
	b := emptyBatch(len(texts))
	for row, ids := range texts {
		for i, id := range ids {
			at := (row+1)*toyLength - len(ids) + i
			b.Tokens[at], b.Positions[at], b.Segments[at] = id, int32(i), 0
		}
	}
	return b
}

// A method with a weight is evaluated by the graphs that all share.
func TestMethodsWithAWeightShareGraphs(t *testing.T) {
	for _, m := range []Method{Seq, Secura, SecuraK, SecuraReleasedM1, SecuraReleasedM2, CURLoRAReleased} {
		params, _ := toyParams(m)
		if p, ok := params.(*SecuraParams); ok {
			p.Bias = false
		}
		s, err := NewSession(toy, m, params, m.Name+"/with a weight", toySetting(1))
		if err != nil {
			t.Fatal(err)
		}
		f, err := s.Function()
		if err != nil {
			t.Fatal(err)
		}
		if f.session != nil || len(f.Learned()) != len(f.Effective) || len(f.Effective) != len(s.projections) {
			t.Errorf("%s is evaluated by graphs of its own", m.Name)
		}
		f.Close()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
