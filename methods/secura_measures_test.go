package methods

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/adapter"
)

// openMeasuredSecura is openSecura with diagnostics.
func openMeasuredSecura(t *testing.T, key string, change func(p *SecuraParams)) *Session {
	setting := measured(1)
	setting.Clip, setting.WeightDecay = 0, 0
	return open(t, Secura, key, setting, func(p *SecuraParams) {
		p.Rank, p.Inner = 3, 5
		change(p)
	})
}

// hostDivisors are S-MagNorm's S of one matrix in double precision.
func hostDivisors(former, fused []float64) []float64 {
	largest, s := 0.0, make([]float64, len(former))
	for i := range s {
		s[i] = math.Abs((fused[i] - former[i]) / (former[i] + 1e-10))
		largest = max(largest, s[i])
	}
	for i, l := range s {
		s[i] = 2
		if largest > 0 {
			s[i] = 2 - 1/(1+math.Exp(-6*(l/(largest+1e-10)-0.5)))
		}
	}
	return s
}

func agrees(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s is %g, want %g", what, got, want)
	}
}

// With a merge after each step S is 2 in every forward pass, while merging what S-MagNorm makes of
// a step would change the weight by more than the step.
func TestSMagNormIsExactlyTwoWithAMergeAfterEachStep(t *testing.T) {
	s := openMeasuredSecura(t, "1", every(1))
	for i := range 4 {
		before := map[string][]float32{}
		for _, p := range s.projections {
			before[p.WeightName()] = value(t, s, Name(p, "", baseTensor))
		}
		result, _ := stepOn(t, s, 0, i*toyRows, securaRate)
		if got := measure(t, result.Measures, "magnorm/mean"); got != 2 {
			t.Errorf("step %d: the mean of S is %g", i+1, got)
		}
		if got := measure(t, result.Measures, "magnorm/edge_share"); got != 0 {
			t.Errorf("step %d: %g of S are at most the edge", i+1, got)
		}
		var weight, update, fusing, sum float64
		n := 0
		for _, p := range s.projections {
			old, now := before[p.WeightName()], value(t, s, Name(p, "", baseTensor))
			former, fused := make([]float64, len(old)), make([]float64, len(old))
			for j := range old {
				former[j], fused[j] = float64(old[j]), float64(now[j])
			}
			for j, d := range hostDivisors(former, fused) {
				sum += d
				n++
				weight += former[j] * former[j]
				update += (fused[j] - former[j]) * (fused[j] - former[j])
				change := (former[j]+fused[j])/d - former[j]
				fusing += change * change
			}
		}
		agrees(t, "the mean of S of the step", measure(t, result.Measures, "magnorm/moved_mean"), sum/float64(n), 1e-4)
		agrees(t, "the scaling", measure(t, result.Measures, "magnorm/scaling_ratio"), math.Sqrt(fusing/update), 1e-2)
		agrees(t, "the step", measure(t, result.Measures, "step/relative"), math.Sqrt(update/weight), 1e-3)
		if sum/float64(n) > 1.99 || fusing == 0 {
			t.Errorf("step %d: S-MagNorm of the step is vacuous: mean %g", i+1, sum/float64(n))
		}
		if slices.ContainsFunc(result.Measures, func(m Measure) bool { return m.Name == "merge/mismatch" }) {
			t.Error("a merge after each step has a mismatch")
		}
	}
}

// Merges of several steps keep another function than the one that was trained; it is measured at
// these steps only.
func TestMergeMismatchIsMeasuredAtMerges(t *testing.T) {
	s := openMeasuredSecura(t, "4", every(4))
	twin := openSecura(t, "none", func(p *SecuraParams) { p.Merge = "none" }) // the same up to the first merge
	start := effective(t, s)
	for i := range 8 {
		result, _ := stepOn(t, s, 0, i*toyRows, securaRate)
		got := measure(t, result.Measures, "merge/mismatch")
		if due := i%4 == 3; due == math.IsNaN(got) {
			t.Errorf("step %d: the mismatch is %g", i+1, got)
		}
		mean := measure(t, result.Measures, "magnorm/mean")
		if merged := i%4 == 0; merged != (mean == 2) || !(mean > 1 && mean <= 2) {
			t.Errorf("step %d: the mean of S is %g", i+1, mean)
		}
		if share := measure(t, result.Measures, "magnorm/edge_share"); (share > 0) != (i%4 > 0) || share >= 1 {
			t.Errorf("step %d: %g of S are at most the edge", i+1, share)
		}
		if i > 3 {
			continue
		}
		stepOn(t, twin, 0, i*toyRows, securaRate)
		if i < 3 {
			continue
		}
		trained, merged := effective(t, twin), effective(t, s)
		var mismatch, change float64
		for name := range merged {
			for j := range merged[name] {
				d, c := float64(merged[name][j])-float64(trained[name][j]), float64(merged[name][j])-float64(start[name][j])
				mismatch += d * d
				change += c * c
			}
		}
		agrees(t, "the mismatch", got, math.Sqrt(mismatch/change), 1e-3)
	}
}

// Without S-MagNorm what is merged is what was trained.
func TestMergesWithoutSMagNormMatch(t *testing.T) {
	s := openMeasuredSecura(t, "4/plain", plain(4))
	for i := range 4 {
		result, _ := stepOn(t, s, 0, i*toyRows, securaRate)
		if i == 3 {
			if got := measure(t, result.Measures, "merge/mismatch"); !(got <= 1e-5) {
				t.Errorf("the mismatch is %g", got)
			}
		}
		if slices.ContainsFunc(result.Measures, func(m Measure) bool { return m.Name == "magnorm/mean" }) {
			t.Error("S-MagNorm is measured where there is none")
		}
	}
}

// A merge that keeps what S-MagNorm made has no mismatch, and its form never changes a weight by
// more than the update.
func TestSecuraNormedKeepsWhatWasTrained(t *testing.T) {
	s := openMeasuredSecura(t, "normed", func(p *SecuraParams) {
		*p = SecuraNormed.Params.(SecuraParams)
		p.Rank, p.Inner, p.MergeEvery = 3, 5, 4
	})
	for i := range 4 {
		result, _ := stepOn(t, s, 0, i*toyRows, securaRate)
		if ratio := measure(t, result.Measures, "magnorm/scaling_ratio"); !(ratio >= 0.5 && ratio <= 1) {
			t.Errorf("step %d: fusing changes the weight by %g of the update", i+1, ratio)
		}
		if got := measure(t, result.Measures, "merge/mismatch"); i == 3 && !(got <= 1e-5) {
			t.Errorf("the mismatch is %g", got)
		}
	}
}

// In the first step S is 2 and the outputs are the weight's own; from the second on they are
// multiplied by about 4/3.
func TestReleasedSecuraAmplifiesFromTheSecondStepOn(t *testing.T) {
	for _, bias := range []bool{true, false} {
		s := openMeasuredSecura(t, fmt.Sprintf("released m1, bias %v", bias), func(p *SecuraParams) {
			*p = SecuraReleasedM1.Params.(SecuraParams)
			p.Rank, p.Inner, p.Bias = 3, 5, bias
		})
		for i := range 3 {
			result, _ := stepOn(t, s, 0, i*toyRows, 1e-3)
			mean, gain := measure(t, result.Measures, "magnorm/mean"), measure(t, result.Measures, "magnorm/gain")
			if i == 0 || !bias {
				if mean != 2 || !(math.Abs(gain-1) <= 1e-5) {
					t.Errorf("bias %v, step %d: the mean of S is %g, the gain %g", bias, i+1, mean, gain)
				}
			} else if !(mean > 1.3 && mean < 1.5) || !(gain > 1.3 && gain < 1.5) {
				t.Errorf("step %d: the mean of S is %g, the gain %g", i+1, mean, gain)
			}
			if share := measure(t, result.Measures, "magnorm/edge_share"); !(share >= 0 && share < 0.5) || share > 0 && (i == 0 || !bias) {
				t.Errorf("step %d: %g of S are at most the edge", i+1, share)
			}
			for _, m := range result.Measures {
				if strings.HasSuffix(m.Name, "/A") && m.Value != 0 {
					t.Errorf("%s is %g", m.Name, m.Value)
				}
			}
			if step := measure(t, result.Measures, "step/relative"); !(step > 0) {
				t.Errorf("the step is %g", step)
			}
		}
	}
}

// What a bfloat16 weight keeps of a merge is what was recorded of the release's.
func TestGoldenKeptOfAMergeInBFloat16(t *testing.T) {
	var all struct {
		Cases []struct {
			Name, DType string
			W           matrix
			Cols, Rows  []int
			M1          struct {
				Steps []struct {
					A, B  matrix
					Merge struct {
						Changed float64 `json:"entries_changed"`
						Error   float64 `json:"error_ratio"`
					}
				}
			}
		}
	}
	readReleased(t, &all)
	seen := 0
	for _, c := range all.Cases {
		if c.DType != "bfloat16" {
			continue
		}
		seen++
		columns, rows := matrix{c.W.rows, len(c.Cols), nil}, matrix{len(c.Rows), c.W.columns, nil}
		for i := range c.W.rows {
			for _, j := range c.Cols {
				columns.values = append(columns.values, c.W.values[i*c.W.columns+j])
			}
		}
		for _, i := range c.Rows {
			rows.values = append(rows.values, c.W.values[i*c.W.columns:(i+1)*c.W.columns]...)
		}
		step := c.M1.Steps[0]
		got := evaluate(t, func(in []*graph.Node) []*graph.Node {
			change := adapter.CABR{}.Change(map[string]*graph.Node{"C": in[1], "R": in[2], "A": in[3], "B": in[4]})
			entries, missed := keptInBFloat16([]*graph.Node{in[0]}, []*graph.Node{change})
			return []*graph.Node{entries, missed}
		}, c.W, columns, rows, step.A, step.B)
		agrees(t, c.Name+": the share of entries", float64(got[0][0]), step.Merge.Changed, 0.02)
		agrees(t, c.Name+": the error", float64(got[1][0]), step.Merge.Error, 0.02)
	}
	if seen != 2 {
		t.Errorf("%d cases", seen)
	}
}
