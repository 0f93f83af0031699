package optimizer

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"pgregory.net/rapid"
)

// golden is testdata/optim.json, made with torch and transformers.
type golden struct {
	Shapes    map[string][]int       `json:"shapes"`
	Initial   map[string][]float32   `json:"initial"`
	Gradients []map[string][]float32 `json:"gradients"`
	Runs      map[string]struct {
		Schedule struct {
			Kind        Kind `json:"kind"`
			WarmupSteps int  `json:"warmup_steps"`
			TotalSteps  int  `json:"total_steps"`
		} `json:"schedule"`
		Rate        float64   `json:"lr"`
		Betas       []float64 `json:"betas"`
		Epsilon     float64   `json:"eps"`
		WeightDecay float64   `json:"weight_decay"`
		MaxNorm     float64   `json:"max_norm"`
		NoDecay     []string  `json:"no_decay"`
		Steps       []struct {
			Rate       float64              `json:"lr"`
			NormBefore float64              `json:"total_norm_before"`
			NormAfter  float64              `json:"total_norm_after"`
			Params     map[string][]float32 `json:"params"`
		} `json:"steps"`
		FinalM map[string][]float32 `json:"final_exp_avg"`
		FinalV map[string][]float32 `json:"final_exp_avg_sq"`
	} `json:"runs"`
	Schedules []struct {
		Kind        string    `json:"kind"`
		Base        float64   `json:"base_lr"`
		WarmupSteps int       `json:"warmup_steps"`
		TotalSteps  int       `json:"total_steps"`
		NumCycles   float64   `json:"num_cycles"`
		Rates       []float64 `json:"lr"`
	} `json:"schedules"`
}

func readGolden(t *testing.T) golden {
	t.Helper()
	raw, err := os.ReadFile("testdata/optim.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func flat(t *testing.T, tensor *tensors.Tensor) []float32 {
	t.Helper()
	v, err := tensors.CopyFlatData[float32](tensor)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// near compares with torch: 2e-6, absolute below 1 and relative above.
func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= 2e-6*max(1, math.Abs(float64(want[i])))) {
			t.Fatalf("%s[%d] is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func TestAdamWAgainstTorch(t *testing.T) {
	backend, err := gobackend.New("ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	g := readGolden(t)
	if len(g.Runs) != 3 {
		t.Fatalf("%d runs", len(g.Runs))
	}
	names := []string{"a", "b", "c"}
	for runName, run := range g.Runs {
		t.Run(runName, func(t *testing.T) {
			a := AdamW{Beta1: run.Betas[0], Beta2: run.Betas[1], Epsilon: run.Epsilon, WeightDecay: run.WeightDecay}
			// Inputs: step, rate, then parameter, gradient and moments of each name.
			exec, err := graph.NewExec(backend, func(in []*graph.Node) []*graph.Node {
				step, rate := in[0], in[1]
				in = in[2:]
				gradients := []*graph.Node{in[1], in[5], in[9]}
				clipped, norm := ClipByGlobalNorm(gradients, run.MaxNorm)
				_, after := ClipByGlobalNorm(clipped, 0)
				out := []*graph.Node{norm, after}
				for i, name := range names {
					p, m, v := a.Update(in[4*i], clipped[i], in[4*i+2], in[4*i+3], step, rate, !slices.Contains(run.NoDecay, name))
					out = append(out, p, m, v)
				}
				return out
			})
			if err != nil {
				t.Fatal(err)
			}
			defer exec.Finalize()
			s := Schedule{Kind: run.Schedule.Kind, Base: run.Rate, Warmup: run.Schedule.WarmupSteps, Steps: run.Schedule.TotalSteps}
			params, m, v := map[string][]float32{}, map[string][]float32{}, map[string][]float32{}
			for _, name := range names {
				params[name] = g.Initial[name]
				m[name], v[name] = make([]float32, len(params[name])), make([]float32, len(params[name]))
			}
			if len(run.Steps) != 10 {
				t.Fatalf("%d steps", len(run.Steps))
			}
			for i, want := range run.Steps {
				rate := s.Rate(i)
				if math.Abs(rate-want.Rate) > 1e-12 {
					t.Fatalf("step %d has rate %v, want %v", i+1, rate, want.Rate)
				}
				arguments := []any{float32(i + 1), float32(rate)}
				for _, name := range names {
					for _, values := range [][]float32{params[name], g.Gradients[i][name], m[name], v[name]} {
						arguments = append(arguments, tensors.FromFlatDataAndDimensions(values, g.Shapes[name]...))
					}
				}
				out, err := exec.Call(arguments...)
				if err != nil {
					t.Fatal(err)
				}
				near(t, "norm", flat(t, out[0]), []float32{float32(want.NormBefore)})
				near(t, "norm after clipping", flat(t, out[1]), []float32{float32(want.NormAfter)})
				for k, name := range names {
					params[name], m[name], v[name] = flat(t, out[2+3*k]), flat(t, out[3+3*k]), flat(t, out[4+3*k])
					near(t, name, params[name], want.Params[name])
				}
			}
			for _, name := range names {
				near(t, "m of "+name, m[name], run.FinalM[name])
				near(t, "v of "+name, v[name], run.FinalV[name])
			}
		})
	}
}

func TestSchedulesAgainstTransformers(t *testing.T) {
	g := readGolden(t)
	if len(g.Schedules) != 7 {
		t.Fatalf("%d schedules", len(g.Schedules))
	}
	for i, want := range g.Schedules {
		if want.NumCycles != 0 && want.NumCycles != 0.5 {
			continue // several waves, which no suite can ask for
		}
		kind := Kind(strings.TrimSuffix(strings.TrimPrefix(want.Kind, "get_"), "_schedule_with_warmup"))
		s := Schedule{Kind: kind, Base: want.Base, Warmup: want.WarmupSteps, Steps: want.TotalSteps}
		for step, rate := range want.Rates {
			if got := s.Rate(step); math.Abs(got-rate) > 1e-12 {
				t.Errorf("schedule %d, %s, step %d: rate %v, want %v", i, kind, step, got, rate)
			}
		}
	}
}

func TestForTaskWarmsUpThenFalls(t *testing.T) {
	if s := ForTask(1e-3, 0.03, 40); s.Warmup != 2 || s.Kind != Cosine {
		t.Errorf("3%% of 40 steps: %+v", s)
	}
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.IntRange(1, 500).Draw(t, "steps")
		share := rapid.Float64Range(0, 1).Draw(t, "share")
		s := ForTask(1e-3, share, steps)
		for step := range steps {
			rate, next := s.Rate(step), s.Rate(step+1)
			if rate < 0 || rate > s.Base || step+1 <= s.Warmup && next < rate || step >= s.Warmup && next > rate {
				t.Fatalf("step %d of %+v: %v, then %v", step, s, rate, next)
			}
		}
		if s.Warmup < steps && s.Rate(steps) > 1e-18 {
			t.Fatalf("the schedule ends at %v", s.Rate(steps))
		}
	})
}
