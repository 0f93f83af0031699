package reports

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

func resultsOf(t testing.TB, r *report.Report) []byte {
	t.Helper()
	data, err := report.Results(r)
	synthetic.Must(t, err)
	return data
}

func decode(t testing.TB, data []byte) map[string]any {
	t.Helper()
	var v map[string]any
	synthetic.Must(t, json.Unmarshal(data, &v))
	return v
}

func keys(v any) []string {
	var names []string
	for k := range v.(map[string]any) {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

func TestResultsHaveTheKeysThatScriptsReadByName(t *testing.T) {
	s := small()
	s.Methods[2].Params = map[string]any{"rank": 4}
	s.Methods[2].LearningRate = 0.002
	s.Orders = 2
	out := decode(t, resultsOf(t, load(t, s.Make(t, nil))))
	same := func(what string, got []string, want ...string) {
		t.Helper()
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("%s has the keys %q, want %q", what, got, want)
		}
	}
	same("results", keys(out), "suite", "plan", "backend", "backbone", "tasks", "cells", "references", "methods", "comparisons", "fronts")
	cells := out["cells"].([]any)
	ofCell := []string{"id", "method", "seed", "order", "status", "R", "K", "metrics", "backbone", "overrides", "warnings",
		"trained_parameters", "state_bytes", "train_tokens", "eval_tokens", "measured"}
	seq := cells[2].(map[string]any)
	same("a cell", keys(seq), slices.Clone(ofCell)...)
	reversed := cells[7].(map[string]any)
	same("a cell of order 1", keys(reversed), append(slices.Clone(ofCell), "tasks")...)
	if tasks := reversed["tasks"].([]any); reversed["id"] != "seq-s0-o1" || tasks[0] != "task_3" {
		t.Errorf("%s learns %v", reversed["id"], tasks)
	}
	same("metrics", keys(seq["metrics"]), slices.Clone(metric.Keys)...)
	same("measured", keys(seq["measured"]), "seconds", "peak_rss_bytes")
	same("seconds", keys(seq["measured"].(map[string]any)["seconds"]), "train", "eval", "compile", "total")
	same("overrides", keys(seq["overrides"]), "rank", "learning_rate")
	if rows := seq["R"].([]any); len(rows) != 4 || len(rows[0].([]any)) != 3 || len(seq["K"].([]any)) != 4 {
		t.Errorf("R %v, K %v", rows, seq["K"])
	}
	joint := cells[1].(map[string]any)
	if rows := joint["R"].([]any); rows[0] == nil || rows[1] != nil || rows[2] != nil || rows[3] == nil || joint["K"].([]any)[1] != nil {
		t.Errorf("joint: R %v, K %v", rows, joint["K"])
	}
	if frozen := cells[0].(map[string]any); len(frozen["R"].([]any)) != 1 {
		t.Errorf("frozen: R %v", frozen["R"])
	}
	method := out["methods"].([]any)[2].(map[string]any)
	same("a method", keys(method), "method", "metrics", "budget", "measured")
	same("a budget", keys(method["budget"]), "adapter_bytes", "beside_bytes", "all_bytes", "best_at_its_bytes")
	same("what is measured of a method", keys(method["measured"]), "train_flop", "train_flop_ratio")
	same("the method's metrics", keys(method["metrics"]), slices.Clone(metric.Keys)...)
	same("a reference", keys(out["methods"].([]any)[0]), "method", "metrics")
	fronts := out["fronts"].([]any)
	same("a front", keys(fronts[0]), "retention", "methods")
	if a, b := fronts[0].(map[string]any)["retention"], fronts[1].(map[string]any)["retention"]; len(fronts) != 2 || a != "knowledge" || b != "tasks" {
		t.Errorf("fronts by %v and %v", a, b)
	}
	same("a summary", keys(method["metrics"].(map[string]any)["acc"]), "mean", "sd", "ci95", "n")
	if c := out["comparisons"].([]any); len(c) != 3*4 {
		t.Errorf("%d comparisons, want 3 metrics with 4 methods", len(c))
	} else {
		same("a comparison", keys(c[0]), "metric", "a", "b", "difference", "ci95", "effect", "p", "p_holm", "n")
	}
	undefined := method["metrics"].(map[string]any)["acc"].(map[string]any)["sd"].(map[string]any)
	same("an undefined number", keys(undefined), "undefined")
}

func TestResultsOfCellsThatAreNotDone(t *testing.T) {
	out := decode(t, resultsOf(t, load(t, rough().Make(t, nil))))
	byID := map[string]map[string]any{}
	for _, c := range out["cells"].([]any) {
		byID[c.(map[string]any)["id"].(string)] = c.(map[string]any)
	}
	if c := byID["ewc-s1-o0"]; c["status"] != "diverged" || c["reason"] != "loss is NaN (task task_2, step 3)" || len(c["R"].([]any)) != 4 {
		t.Errorf("diverged cell: %v, %v, R %v", c["status"], c["reason"], c["R"])
	}
	if c := byID["i-lora-s0-o0"]; c["status"] != "queued" || len(c["R"].([]any)) != 0 {
		t.Errorf("queued cell: %v, R %v", c["status"], c["R"])
	}
	ewc := out["methods"].([]any)[1].(map[string]any)["metrics"].(map[string]any)["acc"].(map[string]any)
	if mean, ok := ewc["mean"].(map[string]any); !ok || mean["undefined"] != "diverged: loss is NaN (task task_2, step 3)" {
		t.Errorf("ewc's acc is %v though a seed diverged", ewc["mean"])
	}
	ilora := out["methods"].([]any)[3].(map[string]any)["metrics"].(map[string]any)["acc"].(map[string]any)
	if reason := ilora["mean"].(map[string]any)["undefined"]; reason != "queued" || ilora["n"] != 0.0 {
		t.Errorf("i-lora's acc: %v", ilora)
	}
}

func TestStatisticsOverSeeds(t *testing.T) {
	s := small()
	s.Methods, s.Seeds = synthetic.Named("seq", "er", "secura"), 8
	s.Score = func(m, seed, i, j int) float64 { return 0.3 + 0.1*float64(m) + 0.001*float64(seed*seed*(m+1)) }
	r := load(t, s.Make(t, nil))
	var acc []float64
	for _, c := range r.Cells {
		if c.Method.Name == "er" {
			acc = append(acc, c.Metrics["acc"].Number)
		}
	}
	if got, want := r.Summarise("er", "acc"), metric.MeanSDCI(acc); len(acc) != 8 || got != want {
		t.Errorf("summary %+v, want %+v", got, want)
	}
	for _, c := range r.Compare() {
		switch {
		case c.Metric != "acc":
		case c.N != 8 || !(c.Difference.Number > 0.09):
			t.Errorf("acc against %s: n %d, difference %+v", c.B, c.N, c.Difference)
		default:
			// All eight differences have one sign: 2 of 256 patterns, two methods.
			near(t, "p against "+c.B, c.P, 2.0/256)
			near(t, "adjusted p against "+c.B, c.PHolm, 4.0/256)
			a, b, _, _ := r.Pairs("secura", c.B, report.MetricOf("acc"))
			near(t, "interval against "+c.B, c.CI95, metric.MeanSDCI(metric.Minus(a, b)).CI95.Number)
			near(t, "effect against "+c.B, c.Effect, metric.EffectSize(a, b).Number)
		}
	}
	if table, ok := tables.ComparisonTable(r); !ok || len(table.Remarks) != 0 || !table.Rows[0][7].Marked {
		t.Errorf("comparison shown %v, remarks %q, rows %+v", ok, table.Remarks, table.Rows)
	}
}

func TestComparisonPairsOnlySeedsThatBothHave(t *testing.T) {
	s := small()
	s.Methods, s.Seeds = synthetic.Named("seq", "secura"), 3
	s.End = func(f *synthetic.CellFiles) {
		if f.Id == "seq-s0-o0" || f.Id == "secura-s2-o0" {
			f.Cut(2)
			f.Status.State = record.Running
		}
	}
	r := load(t, s.Make(t, nil))
	c := r.Compare()[1]
	want := cellOf(t, r, "secura-s1-o0").Metrics["acc"].Number - cellOf(t, r, "seq-s1-o0").Metrics["acc"].Number
	if c.Metric != "acc" || c.N != 1 {
		t.Fatalf("comparison %+v", c)
	}
	near(t, "difference of seed 1", c.Difference, want)
	s.Methods = synthetic.Named("seq", "er")
	if got := load(t, s.Make(t, nil)).Compare(); got == nil || len(got) != 0 {
		t.Errorf("without secura: %v", got)
	}
}

func TestASeedCountsOnceWhateverItsOrders(t *testing.T) {
	s := small()
	s.Methods, s.Seeds, s.Orders = synthetic.Named("seq"), 2, 2
	s.End = func(f *synthetic.CellFiles) {
		if f.Id == "seq-s1-o1" {
			f.Cut(1)
			f.Status.State = record.Running
		}
	}
	r := load(t, s.Make(t, nil))
	a, b := cellOf(t, r, "seq-s0-o0").Metrics["acc"].Number, cellOf(t, r, "seq-s0-o1").Metrics["acc"].Number
	got := r.Summarise("seq", "acc")
	near(t, "mean of seed 0's orders", got.Mean, (a+b)/2)
	if got.N != 1 {
		t.Errorf("n = %d, want seed 0 alone", got.N)
	}
}

func TestEqualRunsDifferInMeasuredAlone(t *testing.T) {
	first := small()
	second := first
	second.End = func(f *synthetic.CellFiles) {
		f.Status.Host = "elsewhere"
		for i := range f.Timings {
			f.Timings[i].Seconds *= 3
			f.Timings[i].PeakRSSBytes++
		}
	}
	a, b := resultsOf(t, load(t, first.Make(t, nil))), resultsOf(t, load(t, second.Make(t, nil)))
	if bytes.Equal(a, b) {
		t.Fatal("other timings give equal results")
	}
	strip := func(data []byte) []byte {
		v := decode(t, data)
		for _, c := range v["cells"].([]any) {
			delete(c.(map[string]any), "measured")
		}
		rest, err := json.Marshal(v)
		synthetic.Must(t, err)
		return rest
	}
	if !bytes.Equal(strip(a), strip(b)) {
		t.Error("results differ beyond what stands under measured")
	}
}

func TestReportDoesNotDependOnTheOrderOfFiles(t *testing.T) {
	s := rough()
	want := load(t, s.Make(t, nil))
	results, text, markdown := resultsOf(t, want), asText(t, want, false), asMarkdown(t, want)
	random := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		order := random.Perm(len(s.Cells()))
		r := load(t, s.Make(t, order))
		if !bytes.Equal(resultsOf(t, r), results) || asText(t, r, false) != text || asMarkdown(t, r) != markdown {
			t.Fatalf("folders made in the order %v give another report", order)
		}
	}
}

func TestWriteAll(t *testing.T) {
	run := rough().Make(t, nil)
	_, err := writeAll(run)
	synthetic.Must(t, err)
	results, err := os.ReadFile(run.Results())
	synthetic.Must(t, err)
	markdown, err := os.ReadFile(run.Report("md"))
	synthetic.Must(t, err)
	if !bytes.Equal(results, resultsOf(t, load(t, run))) || string(markdown) != asMarkdown(t, load(t, run)) {
		t.Error("the files differ from what the report gives")
	}
	synthetic.Must(t, os.WriteFile(run.Cell("seq-s0-o0").Records(), []byte("nonsense\n"), 0o644))
	if _, err := writeAll(run); err == nil || !strings.Contains(err.Error(), "records.jsonl:1") {
		t.Errorf("broken records: %v", err)
	}
	kept, err := os.ReadFile(run.Results())
	synthetic.Must(t, err)
	if !bytes.Equal(kept, results) {
		t.Error("a report that failed changed results.json")
	}
}
