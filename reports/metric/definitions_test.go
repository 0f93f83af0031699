package metric

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const tolerance = 1e-9

type golden struct {
	Cases []struct {
		N      int
		R      [][]float64
		K      []float64
		Joint  []float64
		Expect map[string]*float64
	}
	Seeds []struct {
		A, B  []float64
		Mean  float64
		CI95  float64 `json:"ci95_half"`
		SD    float64 `json:"std"`
		SignP float64 `json:"sign_flip_p"`
	}
	Holm struct{ P, Adjusted []float64 }
}

func readGolden(t *testing.T) golden {
	t.Helper()
	data, err := os.ReadFile("testdata/metrics.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Cases) != 4 || len(g.Seeds) != 3 {
		t.Fatalf("reference file holds %d cases, %d seeds", len(g.Cases), len(g.Seeds))
	}
	return g
}

func near(t *testing.T, what string, got Value, want float64) {
	t.Helper()
	if !got.Defined() || !(math.Abs(got.Number-want) <= tolerance) {
		t.Errorf("%s = %+v, want %v", what, got, want)
	}
}

func reason(t *testing.T, values map[string]Value, key, want string) {
	t.Helper()
	if got := values[key].Undefined; got != want {
		t.Errorf("%s = %+v, want undefined: %s", key, values[key], want)
	}
}

func TestMetricsEqualTheReferenceCases(t *testing.T) {
	for _, c := range readGolden(t).Cases {
		values := Compute(Matrix{R: c.R, K: c.K, Joint: c.Joint, Perplexity: make([]float64, c.N+1)})
		if len(c.Expect) != len(Keys)-1 {
			t.Errorf("case of %d tasks has %d metrics", c.N, len(c.Expect))
		}
		for key, want := range c.Expect {
			if _, ok := values[key]; !ok {
				t.Errorf("no metric %s", key)
			} else if want != nil {
				near(t, key, values[key], *want)
			} else {
				reason(t, values, key, "a single task")
			}
		}
		near(t, "perplexity_drift", values["perplexity_drift"], 0)
	}
}

func TestDefinitionsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Definitions {
		if d.of == nil || d.arithmetic == nil || d.Meaning == "" || d.Formula == "" || len(d.Head) == 0 || math.Abs(d.Better) != 1 {
			t.Errorf("the definition of %q lacks something: %+v", d.Key, d)
		}
		if found, ok := Find(d.Key); seen[d.Key] || !ok || found.Key != d.Key {
			t.Errorf("%q is defined twice or not found", d.Key)
		}
		seen[d.Key] = true
	}
}

func TestAnUntrainedCellHasOnlyItsBaseRow(t *testing.T) {
	values := Compute(Matrix{R: [][]float64{{0.2, 0.4}}, K: []float64{0.5}, Joint: []float64{1, 1}})
	near(t, "acc", values["acc"], 0.3)
	for _, key := range Keys[1:] {
		reason(t, values, key, "no training")
	}
}

func TestAJointCellHasItsLastRowOnly(t *testing.T) {
	nan := math.NaN()
	m := Matrix{R: [][]float64{{0.1, 0.3}, nil, {0.6, 0.8}}, K: []float64{0.5, nan, 0.4}}
	values := Compute(m)
	near(t, "acc", values["acc"], 0.7)
	near(t, "knowledge_retention", values["knowledge_retention"], 0.8)
	near(t, "knowledge_delta", values["knowledge_delta"], -0.1)
	reason(t, values, "learning_accuracy", "R[1][1] is absent")
	reason(t, values, "bwt", "R[1][1] is absent")
	reason(t, values, "fwt", "R[1][2] is absent")
	reason(t, values, "knowledge_min", "K[1] is absent")
	reason(t, values, "intransigence", "no joint run")
	reason(t, values, "perplexity_drift", "no held-out base text")
}

func TestUndefinedMetricsSayWhy(t *testing.T) {
	full := func() Matrix {
		return Matrix{R: [][]float64{{0.1, 0.1}, {0.5, 0.2}, {0.4, 0.6}}, K: []float64{0.5, 0.5, 0.5},
			Joint: []float64{0.9, 0.9}, Perplexity: []float64{2, 2.5, 3}}
	}
	near(t, "perplexity_drift", Compute(full())["perplexity_drift"], 1)

	m := full()
	m.R[1][0], m.K[0], m.Joint, m.Perplexity = 0, 0, []float64{0.9}, []float64{2, 2.5}
	values := Compute(m)
	reason(t, values, "task_retention", "R[1][1] is 0")
	reason(t, values, "knowledge_retention", "K[0] is 0")
	near(t, "knowledge_delta", values["knowledge_delta"], 0.5)
	reason(t, values, "intransigence", "joint[2] is absent")
	reason(t, values, "perplexity_drift", "loss[2] is absent")

	m = full()
	m.R, m.K = m.R[:2], nil
	values = Compute(m)
	reason(t, values, "acc", "R[2][1] is absent")
	reason(t, values, "knowledge_final", "no base-knowledge battery")

	m = full()
	m.R[2][1] = math.Inf(1)
	reason(t, Compute(m), "acc", "R[2][2] is not finite")
	reason(t, Compute(Matrix{}), "acc", "no tasks")
	reason(t, Compute(Matrix{R: make([][]float64, 1)}), "acc", "no tasks")
	reason(t, Compute(Matrix{R: [][]float64{{1}, {1}, {1}}}), "acc", "R has 3 rows for 1 tasks")
}

func TestAMissingCellNeverBecomesANumber(t *testing.T) {
	score := rapid.Float64Range(0.01, 1)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 5).Draw(t, "N")
		m := Matrix{K: rapid.SliceOfN(score, n+1, n+1).Draw(t, "K"), Joint: rapid.SliceOfN(score, n, n).Draw(t, "joint")}
		for range n + 1 {
			m.R = append(m.R, rapid.SliceOfN(score, n, n).Draw(t, "row"))
		}
		before := Compute(m)
		if b, f := before["bwt"].Number, before["forgetting"].Number; f < -b-tolerance {
			t.Fatalf("forgetting %v is below -bwt %v", f, -b)
		}
		i, j := rapid.IntRange(0, n).Draw(t, "i"), rapid.IntRange(0, n-1).Draw(t, "j")
		m.R[i][j] = math.NaN()
		for key, v := range Compute(m) {
			if v.Defined() && v != before[key] {
				t.Fatalf("%s changed from %+v to %+v", key, before[key], v)
			}
			if !v.Defined() && key != "perplexity_drift" && !strings.HasSuffix(v.Undefined, "is absent") {
				t.Fatalf("%s: %s", key, v.Undefined)
			}
		}
	})
}

func TestValuesSurviveJSON(t *testing.T) {
	for text, v := range map[string]Value{
		`0.25`: Number(0.25), `0`: Number(0), `{"undefined":"no joint run"}`: Undefined("no joint run"),
		`{"undefined":"not finite"}`: Number(math.NaN()),
	} {
		data, err := json.Marshal(v)
		if err != nil || string(data) != text {
			t.Errorf("%+v is written as %s (%v)", v, data, err)
		}
		var back Value
		if err := json.Unmarshal([]byte(text), &back); err != nil || back != v {
			t.Errorf("%s is read as %+v (%v)", text, back, err)
		}
	}
	for _, text := range []string{`null`, `"x"`, `{}`, `{"undefined":""}`, `{"undefind":"x"}`, `[1]`} {
		v := Number(7)
		if err := v.UnmarshalJSON([]byte(text)); err == nil {
			t.Errorf("%s is read as %+v", text, v)
		}
	}
	if data, err := json.Marshal(Value{Number: math.Inf(1)}); err != nil || string(data) != `{"undefined":"not finite"}` {
		t.Errorf("infinity is written as %s (%v)", data, err)
	}
}
