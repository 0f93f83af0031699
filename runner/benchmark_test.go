package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"secura/experiments"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/synthetic"
)

// The bounds of a benchmark whose numbers can tell methods apart: sequential fine-tuning can learn
// its tasks, the untouched backbone has not solved them, and all of them fit into one model.
const (
	benchmarkSeeds  = 3    // at least, of seq and joint
	learnedWell     = 0.30 // right after learning above the base row
	learnedWellIn   = 13   // tasks at least
	learnedAtLeast  = 0.15 // in every task
	largestBase     = 0.60 // of any task
	leastJoint      = 0.60 // final accuracy
	benchmarkFolder = "testdata/continual16"
	benchmarkRun    = "runner run -suite continual16 -methods seq,joint -seeds 3 -set evaluation.every=final -out DIR"
)

// outOfBounds says which bounds the records of a run do not keep; none where it keeps all.
func outOfBounds(r *report.Report) (broken []string) {
	wrong := func(format string, args ...any) { broken = append(broken, fmt.Sprintf(format, args...)) }
	base, ok := r.Base()
	if !ok {
		return []string{"there is no base row"}
	}
	tasks := map[string][]float64{} // gains of seq by task, over seeds
	for _, c := range r.Cells {
		if c.Method.Preset != "seq" || c.Order != 0 || c.State != record.Done {
			continue
		}
		for j, name := range c.Tasks {
			tasks[name] = append(tasks[name], c.R[j+1][j]-c.R[0][j])
		}
	}
	well := 0
	for j, name := range base.Tasks {
		if x := base.R[0][j]; x > largestBase {
			wrong("the untouched backbone has %.1f points in %s, at most %.0f are wanted", 100*x, name, 100*largestBase)
		}
		gains := tasks[name]
		if len(gains) < benchmarkSeeds {
			wrong("%s was learned by seq on %d seeds, at least %d are wanted", name, len(gains), benchmarkSeeds)
			continue
		}
		gain := metric.Mean(0, len(gains)-1, func(i int) float64 { return gains[i] })
		if gain >= learnedWell {
			well++
		}
		if gain < learnedAtLeast {
			wrong("seq learns %.1f points above the base row in %s, at least %.0f are wanted", 100*gain, name, 100*learnedAtLeast)
		}
	}
	if well < learnedWellIn {
		wrong("seq learns %.0f points above the base row in %d tasks, at least %d are wanted", 100*learnedWell, well, learnedWellIn)
	}
	joint := r.Summarise("joint", "acc")
	if joint.N < benchmarkSeeds || !joint.Mean.Defined() {
		wrong("joint was trained on %d seeds (%s), at least %d are wanted", joint.N, joint.Mean.Undefined, benchmarkSeeds)
	} else if joint.Mean.Number < leastJoint {
		wrong("joint ends at %.1f points, at least %.0f are wanted", 100*joint.Mean.Number, 100*leastJoint)
	}
	return broken
}

// TestTheBenchmarkKeepsItsBounds looks at the committed records of a run of continual16, which must
// be of the backbone, the tasks and the settings of today: whoever changes these makes the run
// again.
func TestTheBenchmarkKeepsItsBounds(t *testing.T) {
	run := rundir.Run{Path: benchmarkFolder}
	manifest, err := rundir.ReadManifest(run)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("there are no records of a run in runner/%s yet: make them with %s, and copy manifest.json and cells/*/records.jsonl", benchmarkFolder, benchmarkRun)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := report.Read(run)
	if err != nil {
		t.Fatal(err)
	}
	s, err := suite.Load("continual16", suite.Options{Presets: experiments.KnownPresets(), Methods: []string{"joint"}})
	if err != nil {
		t.Fatal(err)
	}
	if s, err = selectMethods(s, []string{"seq", "joint"}); err != nil {
		t.Fatal(err)
	}
	prepared, err := prepare(t.Context(), s, ".", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range rundir.FileChanges(manifest.Files, prepared.Files) {
		t.Errorf("the records are of other files: %v; make them again with %s", change, benchmarkRun)
	}
	if d := cmp.Diff(r.Suite.Training, s.Training) + cmp.Diff(r.Suite.TaskNames(), s.TaskNames()) + cmp.Diff(r.Suite.Methods, s.Methods); d != "" {
		t.Errorf("the records are of other settings; make them again with %s:\n%s", benchmarkRun, d)
	}
	for _, broken := range outOfBounds(r) {
		t.Error(broken)
	}
}

// TestBoundsOfTheBenchmark tries the bounds on made-up records.
func TestBoundsOfTheBenchmark(t *testing.T) {
	// good keeps every bound by little: 13 tasks gain 30 points, three 15, joint ends at 60, the
	// base row is 5.
	good := func(method, _, i, j int) float64 {
		switch {
		case method == 1:
			return 0.601
		case i == j && j > 13:
			return 0.05 + 0.151
		case i == j:
			return 0.05 + 0.301
		}
		return 0.05
	}
	change := func(to func(method, seed, i, j int, x float64) float64) func(method, seed, i, j int) float64 {
		return func(method, seed, i, j int) float64 { return to(method, seed, i, j, good(method, seed, i, j)) }
	}
	for _, c := range []struct {
		name  string
		score func(method, seed, i, j int) float64
		seeds int
		end   func(f *synthetic.CellFiles)
		want  string
	}{
		{"all are kept", good, 3, nil, ""},
		{"two seeds", good, 2, nil, "task_1 was learned by seq on 2 seeds, at least 3 are wanted"},
		{"a task that is not learned", change(func(_, _, i, j int, x float64) float64 {
			if i == j && j == 16 {
				return 0.10
			}
			return x
		}), 3, nil, "seq learns 5.0 points above the base row in task_16, at least 15 are wanted"},
		{"a mean over seeds", change(func(_, seed, i, j int, x float64) float64 {
			if i == j && j == 16 && seed == 0 {
				return 0.10
			}
			return x + 0.06
		}), 3, nil, ""},
		{"twelve tasks that are learned well", change(func(_, _, i, j int, x float64) float64 {
			if i == j && j == 13 {
				return 0.30
			}
			return x
		}), 3, nil, "seq learns 30 points above the base row in 12 tasks, at least 13 are wanted"},
		{"joint does not learn them all", change(func(method, _, _, _ int, x float64) float64 {
			if method == 1 {
				return 0.59
			}
			return x
		}), 3, nil, "joint ends at 59.0 points, at least 60 are wanted"},
		{"a task that the backbone solves", good, 3, func(f *synthetic.CellFiles) {
			for _, e := range f.Events {
				if e.Kind == record.Boundary && e.Index == 0 {
					e.Scores[2].Scores[0].Value = 0.61
				}
			}
		}, "the untouched backbone has 61.0 points in task_3, at most 60 are wanted"},
		{"a seed of seq that diverged", good, 3, func(f *synthetic.CellFiles) {
			if f.Id == "seq-s1-o0" {
				f.Cut(2)
				f.Events = append(f.Events, record.Event{Kind: record.Diverged, Reason: "loss is NaN"})
			}
		}, "task_1 was learned by seq on 2 seeds, at least 3 are wanted"},
		{"a seed of joint that is missing", good, 3, func(f *synthetic.CellFiles) {
			if f.Id == "joint-s1-o0" {
				f.Events = nil
				f.Status = nil
			}
		}, "joint was trained on 2 seeds"},
	} {
		run := synthetic.Run{Tasks: synthetic.TaskNames(16), Methods: synthetic.Named("seq", "joint"), Seeds: c.seeds, Orders: 1, Score: c.score, End: c.end}
		r, err := report.Read(run.Make(t, nil))
		if err != nil {
			t.Fatal(err)
		}
		broken := strings.Join(outOfBounds(r), "\n")
		if c.want == "" && broken != "" || !strings.Contains(broken, c.want) {
			t.Errorf("%s: %q, expected %q", c.name, broken, c.want)
		}
	}
}
