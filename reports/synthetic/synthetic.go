// Package synthetic makes runs up for the tests of reports: a run directory whose scores are a
// formula. Only tests import it. Read Run first.
package synthetic

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// Run describes a run directory to be made: a suite, and what each cell measured.
type Run struct {
	Tasks         []string
	Methods       []suite.MethodSpec
	Seeds, Orders int
	// Evaluation is the suite's, by the names of its keys.
	Evaluation map[string]any
	Knowledge  bool
	Perplexity bool
	// KnowledgeOptions gives the battery's questions options.
	KnowledgeOptions bool
	// stream is the suite's, and the first so many tasks have options.
	Stream  string
	Choices int
	// Families are those of the first tasks; others are of one that is made up.
	Families []string
	// score is a method's score on a task (from 1) after i trainings.
	Score func(method, seed, i, j int) float64
	// end changes a cell before its files are written; nil for none.
	End func(f *CellFiles)
}

// CellFiles is the content of a cell's folder.
type CellFiles struct {
	Id      string
	Events  []record.Event
	Status  *record.Status
	Timings []record.Timing
	Steps   []record.Step
	// torn is appended to the records as it is.
	Torn string
}

// Fade is a score that is highest after the task's own training (i = j) and then fades; better
// methods (lower numbers) fade less.
func Fade(method, seed, i, j int) float64 {
	if i < j {
		return 0.10
	}
	return 0.80 - 0.01*float64(seed) - 0.01*float64(method) - 0.02*float64((method+1)*(i-j))
}

// Named are methods that each have the name of their preset.
func Named(names ...string) []suite.MethodSpec {
	var methods []suite.MethodSpec
	for _, name := range names {
		methods = append(methods, suite.MethodSpec{Preset: name, Name: name})
	}
	return methods
}

// TaskNames are names for n tasks.
func TaskNames(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("task_%d", i+1))
	}
	return names
}

// learningOrder is the suite's order for 0, its reverse for others.
func (s Run) learningOrder(order int) []int {
	tasks := make([]int, len(s.Tasks))
	for i := range tasks {
		if tasks[i] = i; order > 0 {
			tasks[i] = len(tasks) - 1 - i
		}
	}
	return tasks
}

// Cells makes the content of all folders.
func (s Run) Cells() []*CellFiles {
	var all []*CellFiles
	for seed := range s.Seeds {
		for order := range s.Orders {
			for m, method := range s.Methods {
				f := s.cell(m, method, seed, order)
				if s.End != nil {
					s.End(f)
				}
				all = append(all, f)
			}
		}
	}
	return all
}

func (s Run) cell(m int, method suite.MethodSpec, seed, order int) *CellFiles {
	f := &CellFiles{Id: fmt.Sprintf("%s-s%d-o%d", method.Name, seed, order), Status: &record.Status{State: record.Done, Host: "testhost"}}
	learned := s.learningOrder(order)
	var names []string
	for _, j := range learned {
		names = append(names, s.Tasks[j])
	}
	add := func(e record.Event) { f.Events = append(f.Events, e) }
	add(record.Event{Kind: record.CellStart, Cell: f.Id, Method: method.Name, Seed: seed, Order: order, Backbone: "nano",
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
			score := s.Score(m, seed, i, j+1)
			if i == 0 {
				score = 0.05
			}
			b.Scores = append(b.Scores, record.TaskScores{Task: name, Scores: []record.Score{{Name: "exact", Value: score}, {Name: "other", Value: 0.999}}})
		}
		if s.Knowledge {
			k := 0.95 - 0.03*float64(i)*float64(m+1)/float64(n) - 0.001*float64(seed*i)
			b.Knowledge = &k
		}
		if s.Perplexity {
			p := 2 + 0.1*float64(i)
			b.Perplexity = &p
		}
		add(b)
	}
	add(record.Event{Kind: record.CellEnd})
	f.Timings = []record.Timing{
		{Phase: record.Compile, Seconds: 2}, {Phase: record.Train, Index: 1, Seconds: 10}, {Phase: record.Eval, Index: 1, Seconds: 5, PeakRSSBytes: 1 << 28},
		{Phase: record.Total, Seconds: 20 + float64(m), PeakRSSBytes: 1 << 29},
	}
	return f
}

// Make writes the run; the folders are made in the given order of cells, nil for the planned one.
func (s Run) Make(t testing.TB, order []int) rundir.Run {
	t.Helper()
	run := rundir.Run{Path: t.TempDir()}
	s.MakeIn(t, run, order)
	return run
}

// MakeIn is Make in a folder that there is.
func (s Run) MakeIn(t testing.TB, run rundir.Run, order []int) {
	t.Helper()
	s.WriteIn(t, run, s.Cells(), order)
}

// WriteIn writes the manifest and the cells' files.
func (s Run) WriteIn(t testing.TB, run rundir.Run, files []*CellFiles, order []int) {
	t.Helper()
	tasks := []map[string]any{}
	for i, name := range s.Tasks {
		task := map[string]any{"name": name, "family": "made up", "scores": []string{"exact"}}
		if i < len(s.Families) {
			task["family"] = s.Families[i]
		}
		if i < s.Choices {
			task["options_column"] = "choices"
		}
		tasks = append(tasks, task)
	}
	var battery []map[string]any
	if s.Knowledge {
		for _, name := range []string{"knowledge_choice", "knowledge_completion"} {
			task := map[string]any{"name": name, "family": "knowledge", "scores": []string{"exact"}}
			if s.KnowledgeOptions {
				task["options_column"] = "choices"
			}
			battery = append(battery, task)
		}
	}
	methods := []map[string]any{}
	for _, m := range s.Methods {
		method := map[string]any{"name": m.Name, "preset": m.Preset}
		if m.Params != nil {
			method["params"] = m.Params
		}
		if m.LearningRate != 0 {
			method["learning_rate"] = m.LearningRate
		}
		methods = append(methods, method)
	}
	if s.Stream == "" {
		s.Stream = "sequential"
	}
	all, err := json.Marshal(map[string]any{
		"stream": s.Stream,
		"name":   "synthetic", "backbone": "nano", "backend": "auto", "tasks": tasks, "knowledge": battery, "methods": methods,
		"seeds": s.Seeds, "orders": s.Orders, "training": map[string]any{"steps": 4}, "evaluation": s.Evaluation,
	})
	Must(t, err)
	Must(t, rundir.WriteManifest(run, rundir.Manifest{
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
		files[i].write(t, run.Cell(files[i].Id))
	}
}

func (f *CellFiles) write(t testing.TB, folder rundir.Cell) {
	t.Helper()
	if f.Status == nil && f.Events == nil {
		return
	}
	Must(t, folder.Make())
	if f.Status != nil {
		Must(t, os.RemoveAll(folder.Status()))
		AppendAll(t, folder.Status(), []*record.Status{f.Status})
	}
	if f.Events != nil {
		AppendAll(t, folder.Records(), f.Events)
		AppendAll(t, folder.Timing(), f.Timings)
	}
	if f.Steps != nil {
		AppendAll(t, folder.Steps(), f.Steps)
	}
	if f.Torn != "" {
		data, err := os.ReadFile(folder.Records())
		Must(t, err)
		Must(t, os.WriteFile(folder.Records(), append(data, f.Torn...), 0o644))
	}
}

// AppendAll appends lines as record.Writer does, but without waiting for the disk.
func AppendAll[T any](t testing.TB, path string, lines []T) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	Must(t, err)
	for _, line := range lines {
		data, err := json.Marshal(line)
		Must(t, err)
		_, err = file.Write(append(data, '\n'))
		Must(t, err)
	}
	Must(t, file.Close())
}

// Cut keeps the events before boundary i.
func (f *CellFiles) Cut(i int) {
	for k, e := range f.Events {
		if e.Kind == record.Boundary && e.Index == i {
			f.Events = f.Events[:k]
			return
		}
	}
}

// Raise adds to all scores after training.
func (f *CellFiles) Raise(by float64) {
	for _, e := range f.Events {
		if e.Kind == record.Boundary && e.Index > 0 {
			for j := range e.Scores {
				e.Scores[j].Scores[0].Value += by
			}
		}
	}
}

// Must ends a test that met an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
