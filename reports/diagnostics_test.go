package reports

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/diagnostics"
	"secura/reports/synthetic"
	"secura/reports/table"
	"secura/reports/tables"
)

// withMeasures is a run whose cells have measures, each a formula of place and seed.
func withMeasures(t *testing.T) rundir.Run {
	t.Helper()
	s := small()
	s.Methods, s.Seeds = synthetic.Named("frozen", "seq", "secura", "ewc"), 2
	s.End = func(f *synthetic.CellFiles) {
		if f.Id[:3] == "ewc" {
			f.Events, f.Status = nil, nil
			return
		}
		for i := range f.Events {
			e := &f.Events[i]
			if e.Kind != record.Boundary || e.Index == 0 || f.Id[:6] == "frozen" {
				continue
			}
			e.Measures = []record.Measure{{Name: "update/frobenius", Value: float64(e.Index)}, {Name: "update/relative", Value: 1e-5 * float64(e.Index)},
				{Name: "update/spectral", Value: 0.5 * float64(e.Index) * float64(1+seedOf(f.Id))}}
			if f.Id[:3] == "seq" {
				e.Measures = append(e.Measures, record.Measure{Name: "update/effective_rank", Value: 7.123456})
			}
		}
	}
	run := s.Make(t, nil)
	for _, m := range []string{"seq", "secura"} {
		for seed := range s.Seeds {
			folder := run.Cell(fmt.Sprintf("%s-s%d-o0", m, seed))
			var steps []record.Step
			for index, name := range s.Tasks {
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
			synthetic.AppendAll(t, folder.Steps(), steps)
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
	for _, name := range suite.TableNames(suite.DiagnosticTables) {
		rep, err := diagnostics.Tables(r, name)
		synthetic.Must(t, err)
		synthetic.Must(t, table.Text(&text, rep, false))
		synthetic.Must(t, table.Markdown(&markdown, rep))
	}
	synthetic.CompareGolden(t, "diagnostics.txt", text.Bytes())
	synthetic.CompareGolden(t, "diagnostics.md", markdown.Bytes())
	if _, err := diagnostics.Tables(r, "gradient"); err == nil {
		t.Error("a table that is not known was made")
	}
}

// The quarters are those of each task, and the means are over the seeds.
func TestGradientNormsAreMeansOfQuarters(t *testing.T) {
	run := withMeasures(t)
	all, _, err := diagnostics.StepMeasures(load(t, run), "seq")
	synthetic.Must(t, err)
	for _, test := range []struct {
		places []diagnostics.Stretch
		want   float64
	}{
		{[]diagnostics.Stretch{{Index: 1, Task: "task_1", Part: 1}}, 1.5 + 0.5}, {[]diagnostics.Stretch{{Index: 1, Task: "task_1", Part: 4}}, 7.5 + 0.5}, {[]diagnostics.Stretch{{Index: 3, Task: "task_3", Part: 4}}, 207.5 + 0.5},
		{[]diagnostics.Stretch{{Index: 1, Task: "task_1", Part: 1}, {Index: 2, Task: "task_2", Part: 1}, {Index: 3, Task: "task_3", Part: 1}}, 101.5 + 0.5},
	} {
		if got := all.At("gradient/q_proj/A", test.places...).Mean("none"); !(math.Abs(got.Number-test.want) <= 1e-12) || !got.Defined() {
			t.Errorf("%v: %+v, want %g", test.places, got, test.want)
		}
	}
	for steps, want := range map[int][]int{1: {1}, 2: {1, 4}, 3: {1, 2, 4}, 5: {1, 1, 2, 4, 4}} {
		for i, part := range want {
			if got := diagnostics.Quarter(record.Step{Step: i + 1}, steps).Part; got != part {
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
	synthetic.Must(t, err)
	manifest.Suite = append(bytes.TrimSuffix(bytes.TrimSpace(manifest.Suite), []byte("}")), []byte(`,"tables":["norms"]}`)...)
	synthetic.Must(t, rundir.WriteManifest(run, manifest))
	asked := load(t, run)
	if n := len(tables.Of(asked)) - len(tables.Of(plain)); n != len(diagnostics.Norms) {
		t.Errorf("%d more tables, want %d", n, len(diagnostics.Norms))
	}
	manifest.Suite = bytes.Replace(manifest.Suite, []byte(`"norms"`), []byte(`"no"`), 1)
	synthetic.Must(t, rundir.WriteManifest(run, manifest))
	if _, err := Load(run); err == nil {
		t.Error("a table that is not known was asked for")
	}
}

// A run without measures says so.
func TestTablesWithoutMeasures(t *testing.T) {
	run := small().Make(t, nil)
	r := load(t, run)
	for _, name := range suite.TableNames(suite.DiagnosticTables) {
		rep, err := diagnostics.Tables(r, name)
		synthetic.Must(t, err)
		for _, shown := range rep {
			if len(shown.Rows) != 0 || len(shown.Remarks) == 0 {
				t.Errorf("%s: %d rows, remarks %q", shown.Title, len(shown.Rows), shown.Remarks)
			}
		}
	}
}
