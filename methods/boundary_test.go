package methods

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// boundary measures a session's effective weights.
func boundary(t testing.TB, s *Session) []Measure {
	t.Helper()
	effective, err := s.Effective()
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.MeasureBoundary(effective)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range effective {
		x.FinalizeAll()
	}
	return list
}

func TestBoundaryMeasuresOfEveryMethod(t *testing.T) {
	before := pretrained(t)
	norm0 := 0.0 // of the adapted projections
	for name, values := range before {
		if strings.HasSuffix(name, "q_proj.weight") || strings.HasSuffix(name, "v_proj.weight") {
			for _, x := range values {
				norm0 += float64(x) * float64(x)
			}
		}
	}
	norm0 = math.Sqrt(norm0)
	eachTrainable(t, func(t *testing.T, m Method, open func(Setting) *Session, rate float64) {
		s := open(toySetting(1))
		for _, measure := range boundary(t, s) {
			if measure.Name == "update/effective_rank" && m.Name == DoRA.Name {
				continue // of the rounding in m/‖W‖
			}
			if measure.Name == "weight/frobenius" {
				if !(math.Abs(measure.Value-norm0) <= 1e-5*norm0) {
					t.Errorf("before learning the weights' norm is %g, want %g", measure.Value, norm0)
				}
				continue
			}
			if !(measure.Value <= 1e-5) {
				t.Errorf("before learning %s is %g", measure.Name, measure.Value)
			}
		}
		learn(t, s, 1, 0, rate)
		var square, whole float64
		for name, after := range effective(t, s) {
			for i, x := range after {
				d := float64(x) - float64(before[name][i])
				square += d * d
				whole += float64(before[name][i]) * float64(before[name][i])
			}
		}
		got := boundary(t, s)
		if neverMoves(m) {
			if len(got) != 4 || got[0].Value != 0 || got[1].Value != 0 || got[2].Value != 0 {
				t.Errorf("the update of a method that does not learn measures %v", got)
			}
			return
		}
		frobenius, relative, spectral := measure(t, got, "update/frobenius"), measure(t, got, "update/relative"), measure(t, got, "update/spectral")
		if want := math.Sqrt(square); !(math.Abs(frobenius-want) <= 1e-9*want) || want == 0 {
			t.Errorf("the update's norm is %g, want %g", frobenius, want)
		}
		if want := math.Sqrt(square / whole); !(math.Abs(relative-want) <= 1e-9*want) {
			t.Errorf("the update's relative norm is %g, want %g", relative, want)
		}
		if !(spectral > 0 && spectral <= frobenius) {
			t.Errorf("the update's largest singular value is %g on average, its norm %g", spectral, frobenius)
		}
		if rank := measure(t, got, "update/effective_rank"); !(rank >= 1 && rank <= 16) {
			t.Errorf("the update's effective rank is %g in matrices of at most 16 columns", rank)
		}
	})
}

func TestSpectralNormAndEffectiveRank(t *testing.T) {
	for _, test := range []struct {
		sigma []float64
		rank  float64
	}{{[]float64{3, 0, 0}, 1}, {[]float64{2, 2, 2}, 3}, {[]float64{3, 1, 0}, math.Exp(-0.75*math.Log(0.75) - 0.25*math.Log(0.25))}} {
		// Rotated, so that the matrix does not show its singular values.
		c, s := math.Cos(0.7), math.Sin(0.7)
		turn := mat.NewDense(3, 3, []float64{c, -s, 0, s, c, 0, 0, 0, 1})
		var m mat.Dense
		m.Mul(turn, mat.NewDiagDense(3, test.sigma))
		m.Mul(&m, turn)
		got, err := singularValues(&m)
		if err != nil {
			t.Fatal(err)
		}
		if rank := effectiveRank(got); !(math.Abs(got[0]-test.sigma[0]) <= 1e-12) || !(math.Abs(rank-test.rank) <= 1e-9) {
			t.Errorf("of %v the largest is %g and the effective rank %g, want %g", test.sigma, got[0], rank, test.rank)
		}
	}
}

// LoRA's update has at most its rank, and the methods tell no effective rank where nothing moved.
func TestEffectiveRankFollowsTheAdapters(t *testing.T) {
	s := open(t, Seq, "rank 2", toySetting(1), func(p *LoRAParams) { p.Rank = 2 })
	for _, m := range boundary(t, s) {
		if m.Name == "update/effective_rank" {
			t.Errorf("the effective rank is %g where nothing moved", m.Value)
		}
	}
	learn(t, s, 1, 0, toyRate)
	if rank := measure(t, boundary(t, s), "update/effective_rank"); !(rank > 1 && rank <= 2.01) {
		t.Errorf("the effective rank of updates of rank 2 is %g", rank)
	}
}

func TestReleasedStartIsABlockOfTheWeight(t *testing.T) {
	params, _ := toyParams(Secura)
	for _, m := range []Method{Secura, Seq} {
		if m.Name != Secura.Name {
			params, _ = toyParams(m)
		}
		s, err := NewSession(toy, m, params, m.Name, toySetting(1))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		list, err := s.MeasureStart()
		if err != nil {
			t.Fatal(err)
		}
		if m.Name != Secura.Name {
			if list != nil {
				t.Errorf("%s has no CABR and measures %+v", m.Name, list)
			}
			continue
		}
		if e := measure(t, list, "cabr/a0_identity_error"); !(e > 0 && e <= 1e-12) {
			t.Errorf("the released start is %g from the block", e)
		}
	}
}

func TestBoundaryOfWeightsThatAreNotFinite(t *testing.T) {
	s := open(t, Seq, "seq", toySetting(1), func(*LoRAParams) {})
	effective, err := s.Effective()
	if err != nil {
		t.Fatal(err)
	}
	name := s.projections[1].WeightName()
	values := floats(t, effective[name])
	values[3] = float32(math.Inf(1))
	broken := tensors.FromFlatDataAndDimensions(values, effective[name].Shape().Dimensions...)
	effective[name].FinalizeAll()
	effective[name] = broken
	list, err := s.MeasureBoundary(effective)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if !math.IsInf(m.Value, 0) && !math.IsNaN(m.Value) {
			t.Errorf("%s is %g", m.Name, m.Value)
		}
	}
	for _, x := range effective {
		x.FinalizeAll()
	}
}
