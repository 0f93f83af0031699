package reports

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/table"
)

// withMeasures is a run whose cells have measures, each a formula of place and seed.
func withMeasures(t *testing.T) rundir.Run {
	t.Helper()
	s := small()
	s.methods, s.seeds = named("frozen", "seq", "secura", "ewc"), 2
	s.end = func(f *cellFiles) {
		if f.id[:3] == "ewc" {
			f.events, f.status = nil, nil
			return
		}
		for i := range f.events {
			e := &f.events[i]
			if e.Kind != record.Boundary || e.Index == 0 || f.id[:6] == "frozen" {
				continue
			}
			e.Measures = []record.Measure{{Name: "update/frobenius", Value: float64(e.Index)}, {Name: "update/relative", Value: 1e-5 * float64(e.Index)},
				{Name: "update/spectral", Value: 0.5 * float64(e.Index) * float64(1+seedOf(f.id))}}
			if f.id[:3] == "seq" {
				e.Measures = append(e.Measures, record.Measure{Name: "update/effective_rank", Value: 7.123456})
			}
		}
	}
	run := s.make(t, nil)
	for _, m := range []string{"seq", "secura"} {
		for seed := range s.seeds {
			folder := run.Cell(fmt.Sprintf("%s-s%d-o0", m, seed))
			var steps []record.Step
			for index, name := range s.tasks {
				for step := 1; step <= 8; step++ {
					line := record.Step{Index: index + 1, Task: name, Step: step, Measures: []record.Measure{
						{Name: "gradient/q_proj/A", Value: float64(100*index + step + seed)}, {Name: "gradient/v_proj/B", Value: 1e-6}}}
					if m == "secura" {
						line.Measures = append(line.Measures, record.Measure{Name: "magnorm/mean", Value: 2})
						if step%4 == 0 {
							line.Measures = append(line.Measures, record.Measure{Name: "merge/mismatch", Value: float64(step)})
						}
					}
					steps = append(steps, line)
				}
			}
			appendAll(t, folder.Steps(), steps)
		}
	}
	return run
}

func seedOf(id string) int {
	seed, _ := strconv.Atoi(id[len(id)-4 : len(id)-3])
	return seed
}

func TestTablesOfDiagnostics(t *testing.T) {
	run := withMeasures(t)
	r := load(t, run)
	var text, markdown bytes.Buffer
	for _, name := range DiagnosticTables {
		tables, err := Diagnose(run, r, name)
		check(t, err)
		check(t, table.Text(&text, tables, false))
		check(t, table.Markdown(&markdown, tables))
	}
	compareGolden(t, "diagnostics.txt", text.Bytes())
	compareGolden(t, "diagnostics.md", markdown.Bytes())
	if _, err := Diagnose(run, r, "gradient"); err == nil {
		t.Error("a table that is not known was made")
	}
}

// The quarters are those of each task, and the means are over the seeds.
func TestGradientNormsAreMeansOfQuarters(t *testing.T) {
	run := withMeasures(t)
	all, _, err := load(t, run).stepMeasures(run, "seq")
	check(t, err)
	for _, test := range []struct {
		places []stretch
		want   float64
	}{
		{[]stretch{{1, "task_1", 1}}, 1.5 + 0.5}, {[]stretch{{1, "task_1", 4}}, 7.5 + 0.5}, {[]stretch{{3, "task_3", 4}}, 207.5 + 0.5},
		{[]stretch{{1, "task_1", 1}, {2, "task_2", 1}, {3, "task_3", 1}}, 101.5 + 0.5},
	} {
		if got := all.at("gradient/q_proj/A", test.places...).mean("none"); !(math.Abs(got.Number-test.want) <= 1e-12) || !got.Defined() {
			t.Errorf("%v: %+v, want %g", test.places, got, test.want)
		}
	}
	for steps, want := range map[int][]int{1: {1}, 2: {1, 4}, 3: {1, 2, 4}, 5: {1, 1, 2, 4, 4}} {
		for i, part := range want {
			if got := quarter(record.Step{Step: i + 1}, steps).part; got != part {
				t.Errorf("step %d of %d is in part %d, want %d", i+1, steps, got, part)
			}
		}
	}
}

// A suite that asks for a table has it in its report; others stay short.
func TestSuitesAskForDiagnostics(t *testing.T) {
	run := withMeasures(t)
	plain := load(t, run)
	if plain.Asked != nil {
		t.Errorf("%d tables nobody asked for", len(plain.Asked))
	}
	manifest, err := rundir.ReadManifest(run)
	check(t, err)
	manifest.Suite = append(bytes.TrimSuffix(bytes.TrimSpace(manifest.Suite), []byte("}")), []byte(`,"tables":["norms"]}`)...)
	check(t, rundir.WriteManifest(run, manifest))
	asked := load(t, run)
	if n := len(Tables(asked)) - len(Tables(plain)); n != len(norms) {
		t.Errorf("%d more tables, want %d", n, len(norms))
	}
	manifest.Suite = bytes.Replace(manifest.Suite, []byte(`"norms"`), []byte(`"no"`), 1)
	check(t, rundir.WriteManifest(run, manifest))
	if _, err := Load(run); err == nil {
		t.Error("a table that is not known was asked for")
	}
}

// A run without measures says so.
func TestTablesWithoutMeasures(t *testing.T) {
	run := small().make(t, nil)
	r := load(t, run)
	for _, name := range DiagnosticTables {
		tables, err := Diagnose(run, r, name)
		check(t, err)
		for _, shown := range tables {
			if len(shown.Rows) != 0 || len(shown.Remarks) == 0 {
				t.Errorf("%s: %d rows, remarks %q", shown.Title, len(shown.Rows), shown.Remarks)
			}
		}
	}
}
