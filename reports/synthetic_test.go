package reports

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/report"
)

// synthetic describes a run directory to be made: a suite, and what each cell
// measured.
type synthetic struct {
	tasks         []string
	methods       []suite.MethodSpec
	seeds, orders int
	knowledge     bool
	perplexity    bool
	// stream is the suite's, and the first so many tasks have options.
	stream  string
	choices int
	// score is a method's score on a task (from 1) after i trainings.
	score func(method, seed, i, j int) float64
	// end changes a cell before its files are written; nil for none.
	end func(f *cellFiles)
}

// cellFiles is the content of a cell's folder.
type cellFiles struct {
	id      string
	events  []record.Event
	status  *record.Status
	timings []record.Timing
	steps   []record.Step
	// torn is appended to the records as it is.
	torn string
}

// fade is a score that is highest after the task's own training (i = j) and
// then fades; better methods (lower numbers) fade less.
func fade(method, seed, i, j int) float64 {
	if i < j {
		return 0.10
	}
	return 0.80 - 0.01*float64(seed) - 0.01*float64(method) - 0.02*float64((method+1)*(i-j))
}

func named(names ...string) []suite.MethodSpec {
	var methods []suite.MethodSpec
	for _, name := range names {
		methods = append(methods, suite.MethodSpec{Preset: name, Name: name})
	}
	return methods
}

func taskNames(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("task_%d", i+1))
	}
	return names
}

// learningOrder is the suite's order for 0, its reverse for others.
func (s synthetic) learningOrder(order int) []int {
	tasks := make([]int, len(s.tasks))
	for i := range tasks {
		if tasks[i] = i; order > 0 {
			tasks[i] = len(tasks) - 1 - i
		}
	}
	return tasks
}

// cells makes the content of all folders.
func (s synthetic) cells() []*cellFiles {
	var all []*cellFiles
	for seed := range s.seeds {
		for order := range s.orders {
			for m, method := range s.methods {
				f := s.cell(m, method, seed, order)
				if s.end != nil {
					s.end(f)
				}
				all = append(all, f)
			}
		}
	}
	return all
}

func (s synthetic) cell(m int, method suite.MethodSpec, seed, order int) *cellFiles {
	f := &cellFiles{id: fmt.Sprintf("%s-s%d-o%d", method.Name, seed, order), status: &record.Status{State: record.Done, Host: "testhost"}}
	learned := s.learningOrder(order)
	var names []string
	for _, j := range learned {
		names = append(names, s.tasks[j])
	}
	add := func(e record.Event) { f.events = append(f.events, e) }
	add(record.Event{Kind: record.CellStart, Cell: f.id, Method: method.Name, Seed: seed, Order: order, Backbone: "nano",
		Tasks: names, TrainedParameters: int64(24576 * (m + 1)), StateBytes: int64(1000 * m)})
	n := len(names)
	for i := range n + 1 {
		switch method.Preset {
		case "frozen":
			if i > 0 {
				continue
			}
		case "joint":
			if i > 0 && i < n {
				continue
			}
		}
		if i > 0 {
			add(record.Event{Kind: record.TaskStart, Index: i, Task: names[i-1], Steps: 4})
			add(record.Event{Kind: record.TaskEnd, Index: i, Task: names[i-1], Steps: 4, TrainTokens: 100, FinalLoss: 0.5})
		}
		b := record.Event{Kind: record.Boundary, Index: i, EvalTokens: 50}
		for j, name := range names {
			score := s.score(m, seed, i, j+1)
			if i == 0 {
				score = 0.05
			}
			b.Scores = append(b.Scores, record.TaskScores{Task: name, Scores: []record.Score{{Name: "exact", Value: score}, {Name: "other", Value: 0.999}}})
		}
		if s.knowledge {
			k := 0.95 - 0.03*float64(i)*float64(m+1)/float64(n) - 0.001*float64(seed*i)
			b.Knowledge = &k
		}
		if s.perplexity {
			p := 2 + 0.1*float64(i)
			b.Perplexity = &p
		}
		add(b)
	}
	add(record.Event{Kind: record.CellEnd})
	f.timings = []record.Timing{
		{Phase: record.Compile, Seconds: 2}, {Phase: record.Train, Index: 1, Seconds: 10}, {Phase: record.Eval, Index: 1, Seconds: 5, PeakRSSBytes: 1 << 28},
		{Phase: record.Total, Seconds: 20 + float64(m), PeakRSSBytes: 1 << 29},
	}
	return f
}

// make writes the run; the folders are made in the given order of cells, nil for
// the planned one.
func (s synthetic) make(t testing.TB, order []int) rundir.Run {
	t.Helper()
	run := rundir.Run{Path: t.TempDir()}
	s.makeIn(t, run, order)
	return run
}

func (s synthetic) makeIn(t testing.TB, run rundir.Run, order []int) {
	t.Helper()
	s.writeIn(t, run, s.cells(), order)
}

// writeIn writes the manifest and the cells' files.
func (s synthetic) writeIn(t testing.TB, run rundir.Run, files []*cellFiles, order []int) {
	t.Helper()
	tasks := []map[string]any{}
	for i, name := range s.tasks {
		task := map[string]any{"name": name, "family": "made up", "scores": []string{"exact"}}
		if i < s.choices {
			task["options_column"] = "choices"
		}
		tasks = append(tasks, task)
	}
	methods := []map[string]any{}
	for _, m := range s.methods {
		method := map[string]any{"name": m.Name, "preset": m.Preset}
		if m.Params != nil {
			method["params"] = m.Params
		}
		if m.LearningRate != 0 {
			method["learning_rate"] = m.LearningRate
		}
		methods = append(methods, method)
	}
	if s.stream == "" {
		s.stream = "sequential"
	}
	all, err := json.Marshal(map[string]any{
		"stream": s.stream,
		"name":   "synthetic", "backbone": "nano", "backend": "auto", "tasks": tasks, "methods": methods,
		"seeds": s.seeds, "orders": s.orders, "training": map[string]any{"steps": 4},
	})
	check(t, err)
	check(t, rundir.WriteManifest(run, rundir.Manifest{
		Suite: all, Plan: "0123456789abcdef0123456789abcdef", Backend: "xla", Revision: "abc-dirty", Processor: "a processor",
		Modules: map[string]string{"go": "go1.26.8", "github.com/gomlx/gomlx": "v0.28.2"},
		Files:   []rundir.File{{Path: "nano/model.safetensors", SHA256: "feed", Bytes: 12}},
	}))
	if order == nil {
		for i := range files {
			order = append(order, i)
		}
	}
	for _, i := range order {
		files[i].write(t, run.Cell(files[i].id))
	}
}

func (f *cellFiles) write(t testing.TB, folder rundir.Cell) {
	t.Helper()
	if f.status == nil && f.events == nil {
		return
	}
	check(t, folder.Make())
	if f.status != nil {
		check(t, os.RemoveAll(folder.Status()))
		appendAll(t, folder.Status(), []*record.Status{f.status})
	}
	if f.events != nil {
		appendAll(t, folder.Records(), f.events)
		appendAll(t, folder.Timing(), f.timings)
	}
	if f.steps != nil {
		appendAll(t, folder.Steps(), f.steps)
	}
	if f.torn != "" {
		data, err := os.ReadFile(folder.Records())
		check(t, err)
		check(t, os.WriteFile(folder.Records(), append(data, f.torn...), 0o644))
	}
}

// appendAll appends lines as record.Writer does, but without waiting for the disk.
func appendAll[T any](t testing.TB, path string, lines []T) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	check(t, err)
	for _, line := range lines {
		data, err := json.Marshal(line)
		check(t, err)
		_, err = file.Write(append(data, '\n'))
		check(t, err)
	}
	check(t, file.Close())
}

// cut keeps the events before boundary i.
func (f *cellFiles) cut(i int) {
	for k, e := range f.events {
		if e.Kind == record.Boundary && e.Index == i {
			f.events = f.events[:k]
			return
		}
	}
}

// raise adds to all scores after training.
func (f *cellFiles) raise(by float64) {
	for _, e := range f.events {
		if e.Kind == record.Boundary && e.Index > 0 {
			for j := range e.Scores {
				e.Scores[j].Scores[0].Value += by
			}
		}
	}
}

func load(t testing.TB, run rundir.Run) *report.Report {
	t.Helper()
	r, err := Load(run)
	check(t, err)
	return r
}

func cellOf(t testing.TB, r *report.Report, id string) report.Cell {
	t.Helper()
	for _, c := range r.Cells {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no cell %s", id)
	return report.Cell{}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func dataFile(name string) string { return filepath.Join("testdata", name) }
