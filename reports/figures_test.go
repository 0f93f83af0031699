package reports

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/plotter"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/figure"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// full is a made-up run with all that a cell can leave: steps with gradients, norms at the
// boundaries, and predictions that agree with the scores.
func full(methods, tasks, seeds, examples int) synthetic.Run {
	s := synthetic.Run{Tasks: synthetic.TaskNames(tasks), Seeds: seeds, Orders: 1, Knowledge: true, Perplexity: true}
	s.Methods = append(synthetic.Named("seq", "er", "ewc", "i-lora", "cur-lora", "er-ball")[:methods-1], synthetic.Named("secura")...)
	// Each method forgets and learns at a rate of its own, with noise by seed.
	s.Score = func(m, seed, i, j int) float64 {
		if i < j {
			return 0.05
		}
		noise := rand.New(rand.NewPCG(uint64(m), uint64(1000*seed+j)))
		learned := 0.85 - 0.05*float64(m) + 0.08*noise.Float64()
		return math.Round(float64(examples)*learned*math.Exp(-0.25*float64(i-j)/float64(m+1))) / float64(examples)
	}
	return s
}

// plotterXYs are points from x, y, x, y …
func plotterXYs(numbers ...float64) (points plotter.XYs) {
	for i := 0; i < len(numbers); i += 2 {
		points = append(points, plotter.XY{X: numbers[i], Y: numbers[i+1]})
	}
	return points
}

// makeFull writes the run, with the files beside its records.
func makeFull(t testing.TB, s synthetic.Run, steps, examples int) rundir.Run {
	t.Helper()
	run := rundir.Run{Path: t.TempDir()}
	cells := s.Cells()
	for _, f := range cells {
		rng := rand.New(rand.NewPCG(7, uint64(len(f.Id))))
		for i := range f.Events {
			e := &f.Events[i]
			switch e.Kind {
			case record.TaskStart:
				for step := range steps {
					loss := 0.4 + 2.5*math.Exp(-4*float64(step)/float64(steps)) + 0.3*rng.Float64()
					f.Steps = append(f.Steps, record.Step{Index: e.Index, Task: e.Task, Step: step + 1, Loss: loss, GradientNorm: loss * (0.5 + rng.Float64()), LearningRate: 1e-3, Tokens: 100,
						Measures: []record.Measure{{Name: "gradient/A", Value: 0.1 * loss}, {Name: "gradient/B", Value: 0.01 + 0.02*rng.Float64()}}})
				}
			case record.Boundary:
				known := math.Round(*e.Knowledge*float64(examples)) / float64(examples)
				e.Knowledge = &known
				e.Measures = []record.Measure{{Name: "update/spectral", Value: 0.3 * math.Sqrt(float64(e.Index))}, {Name: "update/frobenius", Value: 2 * math.Sqrt(float64(e.Index))}}
			}
		}
	}
	s.WriteIn(t, run, cells, nil)
	for _, f := range cells {
		writePredictions(t, run.Cell(f.Id), f.Events, examples)
	}
	return run
}

// writePredictions makes predictions of so many examples of each task, of which the share that the
// records tell is right.
func writePredictions(t testing.TB, folder rundir.Cell, events []record.Event, examples int) {
	t.Helper()
	for _, e := range events {
		if e.Kind != record.Boundary {
			continue
		}
		var rows []record.Prediction
		add := func(task string, share float64) {
			right := int(math.Round(share * float64(examples)))
			for id := range examples {
				p := record.Prediction{Task: task, ID: int32(id), PromptHash: fmt.Sprintf("%016x", id), Gold: "yes", Prediction: "no"}
				if id < right {
					p.Prediction, p.Score, p.Correct = "yes", 1, true
				}
				rows = append(rows, p)
			}
		}
		for _, s := range e.Scores {
			add(s.Task, s.Scores[0].Value)
		}
		if e.Knowledge != nil {
			add("facts", *e.Knowledge)
		}
		synthetic.WritePredictions(t, folder, e.Index, rows)
	}
}

func TestFiguresAreTheSameTwice(t *testing.T) {
	run := makeFull(t, full(4, 3, 3, 20), 6, 20)
	names := map[string]bool{}
	first, err := figure.Of(load(t, run))
	synthetic.Must(t, err)
	second, err := figure.Of(load(t, run))
	synthetic.Must(t, err)
	for i, f := range first {
		names[f.Name] = true
		svg, err := f.SVG()
		synthetic.Must(t, err)
		image, err := f.PNG()
		synthetic.Must(t, err)
		svgAgain, err := second[i].SVG()
		synthetic.Must(t, err)
		imageAgain, err := second[i].PNG()
		synthetic.Must(t, err)
		if !bytes.Equal(svg, svgAgain) || !bytes.Equal(image, imageAgain) {
			t.Errorf("%s has other bytes the second time", f.Name)
		}
		if !bytes.Contains(svg, []byte("<svg")) || bytes.Contains(svg, []byte("NaN")) {
			t.Errorf("%s is no SVG, or has a number that is none", f.Name)
		}
		if size, err := png.DecodeConfig(bytes.NewReader(image)); err != nil || size.Width < 500 {
			t.Errorf("%s: PNG of %d dots, %v", f.Name, size.Width, err)
		}
	}
	for _, want := range []string{"accuracy-over-the-stream", "knowledge-over-the-stream", "plasticity-and-retention", "cost-and-retention", "forgetting-per-task",
		"r-of-seq", "r-of-secura", "training-loss", "gradient-norms", "gradient-norms-of-secura", "singular-value-norm-of-the-update", "frobenius-norm-of-the-update"} {
		if !names[want] {
			t.Errorf("no figure %s among %v", want, names)
		}
	}
}

func TestSVGShowsTheNumbersOfTheMatrix(t *testing.T) {
	r := load(t, small().Make(t, nil))
	f, ok := figure.MatrixFigure(r, r.Suite.Methods[2])
	if !ok {
		t.Fatal("no figure of a done method")
	}
	svg, err := f.SVG()
	synthetic.Must(t, err)
	for _, want := range []string{">78<", ">66<", ">86<", "after T3 task_3", ">K<"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the heat map of seq lacks %s", want)
		}
	}
}

// drawn is the text of one of a run's figures.
func drawn(t *testing.T, run rundir.Run, name string) string {
	t.Helper()
	figures, err := figure.Of(load(t, run))
	synthetic.Must(t, err)
	i := slices.IndexFunc(figures, func(f figure.Figure) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("no figure %s", name)
	}
	svg, err := figures[i].SVG()
	synthetic.Must(t, err)
	return string(svg)
}

// TestNoLabelIsCutOff: a text that begins left of the drawing is cut there.
func TestNoLabelIsCutOff(t *testing.T) {
	uneven := full(7, 3, 3, 20)
	uneven.Score = synthetic.Fade
	uneven.End = func(f *synthetic.CellFiles) {
		if f.Id == "er-s1-o0" || f.Id == "er-s2-o0" {
			f.Events, f.Status = nil, nil
		}
	}
	figures, err := figure.Of(load(t, makeFull(t, uneven, 6, 20)))
	synthetic.Must(t, err)
	for _, f := range figures {
		svg, err := f.SVG()
		synthetic.Must(t, err)
		for _, text := range regexp.MustCompile(`<text x="-[^"]*"[^>]*>([^<]*)`).FindAllSubmatch(svg, -1) {
			if !bytes.Contains(text[0], []byte("rotate")) {
				t.Errorf("%s: %q is cut off", f.Name, text[1])
			}
		}
	}
	s := small()
	for _, name := range []string{"plasticity-and-retention", "cost-and-retention", "forgetting-per-task", "accuracy-over-the-stream"} {
		if got := drawn(t, s.Make(t, nil), name); !strings.Contains(got, ">one seed<") {
			t.Errorf("%s does not say that its points are of one seed", name)
		}
	}
}

// TestAMatrixWithoutAGradientIsNamed: an axis of logarithms has no place for 0.
func TestAMatrixWithoutAGradientIsNamed(t *testing.T) {
	s := full(2, 2, 1, 20)
	s.End = func(f *synthetic.CellFiles) {
		for i := range 3 {
			f.Steps = append(f.Steps, record.Step{Index: 1, Task: "task_1", Step: i + 1, Loss: 1, GradientNorm: 1,
				Measures: []record.Measure{{Name: "gradient/q_proj/A"}, {Name: "gradient/q_proj/B", Value: 0.1}}})
		}
	}
	run := s.Make(t, nil)
	got := drawn(t, run, "gradient-norms-of-secura")
	if !strings.Contains(got, ">q_proj/A: 0<") || !strings.Contains(got, ">q_proj/B<") {
		t.Errorf("the matrix whose gradient is 0 is not named in\n%s", got)
	}
	if got := drawn(t, run, "training-loss"); !strings.Contains(got, "the method&#39;s own terms") || !strings.Contains(got, "at most 32,<") || !strings.Contains(got, ">and over neighbouring steps where there are more than 200<") {
		t.Errorf("it is not told what is drawn in\n%s", got)
	}
}

func TestRunsWithHolesHaveFiguresToo(t *testing.T) {
	for name, s := range map[string]synthetic.Run{"rough": rough(), "one seed": small(), "alone": synthetic.Variants(1, 0.04)} {
		r := load(t, s.Make(t, nil))
		figures, err := figure.Of(r)
		synthetic.Must(t, err)
		for _, f := range figures {
			if svg, err := f.SVG(); err != nil || bytes.Contains(svg, []byte("NaN")) {
				t.Errorf("%s: figure %s: %v", name, f.Name, err)
			}
		}
	}
	s := small()
	s.End = func(f *synthetic.CellFiles) { f.Events, f.Status = nil, nil }
	if figures, err := figure.Of(load(t, s.Make(t, nil))); err != nil || len(figures) > 0 {
		t.Errorf("%d figures of a run that has not started, %v", len(figures), err)
	}
}

func TestEvaluationsWithinTasksAreOnTheCurves(t *testing.T) {
	s := small()
	s.Methods = synthetic.Named("seq")
	s.End = func(f *synthetic.CellFiles) {
		k := 0.9
		scores := f.Events[len(f.Events)-2].Scores
		curve := record.Event{Kind: record.Curve, Index: 2, Task: "task_2", Step: 2, Scores: scores, Knowledge: &k}
		at := slices.IndexFunc(f.Events, func(e record.Event) bool { return e.Kind == record.TaskEnd && e.Index == 2 })
		f.Events = slices.Insert(f.Events, at, curve)
	}
	r := load(t, s.Make(t, nil))
	series := figure.Along(r, "seq", func(_ report.Cell, s report.Station) float64 { return s.K })
	var places []float64
	for _, d := range series {
		places = append(places, d.X)
	}
	if !slices.Equal(places, []float64{0, 1, 1.5, 2, 3}) || series[2].Y != 90 {
		t.Errorf("evaluated at %v: %+v", places, series)
	}
}

// All tasks are one lesson of joint training, which begins where the stream does and ends with it.
func TestJointTrainingIsDrawnAlongItsStream(t *testing.T) {
	s := small()
	s.Methods, s.Seeds = synthetic.Named("joint"), 1
	s.End = func(f *synthetic.CellFiles) {
		last := len(f.Events) - 2
		end := &f.Events[last]
		end.Measures = []record.Measure{{Name: "update/frobenius", Value: 0.5}}
		within := record.Event{Kind: record.Curve, Index: 3, Task: "all tasks", Step: 10, Scores: end.Scores, Measures: end.Measures}
		f.Events = slices.Insert(f.Events, last, within)
	}
	r := load(t, s.Make(t, nil))
	var places []int
	for _, s := range r.Course(r.Cells[0]) {
		places = append(places, s.Steps)
	}
	if !slices.Equal(places, []int{0, 10, 12}) {
		t.Errorf("evaluated after %v steps", places)
	}
	figures, err := figure.Of(r)
	synthetic.Must(t, err)
	i := slices.IndexFunc(figures, func(f figure.Figure) bool { return f.Name == "frobenius-norm-of-the-update" })
	if i < 0 {
		t.Fatal("no figure of the norm")
	}
	svg, err := figures[i].SVG()
	synthetic.Must(t, err)
	if text := string(svg); !strings.Contains(text, ">12.0<") || strings.Contains(text, ">13") {
		t.Error("the norm is not drawn from step 10 to step 12")
	}
}

func TestParetoFront(t *testing.T) {
	points := plotterXYs(1, 5, 2, 4, 3, 1, 2, 3, 0.5, 5)
	if got := figure.Pareto(points, 1); fmt.Sprint(got) != fmt.Sprint(plotterXYs(1, 5, 2, 4, 3, 1)) {
		t.Errorf("more is better: %v", got)
	}
	if got := figure.Pareto(points, -1); fmt.Sprint(got) != fmt.Sprint(plotterXYs(0.5, 5)) {
		t.Errorf("less is better: %v", got)
	}
}

func TestIntervalsOverExamplesFollowThePredictions(t *testing.T) {
	run := makeFull(t, full(3, 3, 1, 40), 2, 40)
	r := load(t, run)
	table, err := tables.ExamplesTable(r)
	synthetic.Must(t, err)
	if len(table.Rows) != 3 || len(table.Footnotes) != 0 {
		t.Fatalf("%d rows, footnotes %q", len(table.Rows), table.Footnotes)
	}
	for i, m := range r.Suite.Methods {
		near(t, m.Name+": accuracy", metric.Number(*table.Rows[i][1].Number/100), tables.First(r, m.Name).Metrics["acc"].Number)
		near(t, m.Name+": backward transfer", metric.Number(*table.Rows[i][3].Number/100), tables.First(r, m.Name).Metrics["bwt"].Number)
	}
	again, err := tables.ExamplesTable(r)
	synthetic.Must(t, err)
	for i := range table.Rows {
		for k := range table.Rows[i] {
			if table.Rows[i][k].Text != again.Rows[i][k].Text || table.Rows[i][k].Spread != again.Rows[i][k].Spread {
				t.Errorf("another interval the second time: %+v, %+v", table.Rows[i][k], again.Rows[i][k])
			}
		}
	}
	// Pairs leave no spread: a method that is right where the other is differs by the same in each
	// drawing.
	seq, secura := run.Cell("seq-s0-o0"), run.Cell("secura-s0-o0")
	for i := range 4 {
		data, err := os.ReadFile(seq.Predictions(i))
		synthetic.Must(t, err)
		synthetic.Must(t, os.WriteFile(secura.Predictions(i), data, 0o644))
	}
	table, err = tables.ExamplesTable(r)
	synthetic.Must(t, err)
	if e := table.Rows[0][2]; e.Text != "0.0" || e.Spread != "[0.0, 0.0]" || e.Marked {
		t.Errorf("equal predictions differ by %s %s", e.Text, e.Spread)
	}
	if !strings.Contains(strings.Join(table.Footnotes, " "), "other tables have the score of the whole test at once") {
		t.Errorf("nothing says that the predictions are not those of the records: %q", table.Footnotes)
	}
	// A cell with other examples cannot be paired.
	writePredictions(t, secura, []record.Event{{Kind: record.Boundary, Index: 3, Scores: []record.TaskScores{{Task: "task_1", Scores: []record.Score{{Value: 1}}}}}}, 7)
	if _, err := tables.ExamplesTable(r); err == nil || !strings.Contains(err.Error(), "secura-s0-o0") {
		t.Errorf("other examples: %v", err)
	}
}

// TestALargeRunIsReportedInSeconds holds the time for a run of the main job's size in every form.
func TestALargeRunIsReportedInSeconds(t *testing.T) {
	if os.Getenv("SECURA_LARGE_REPORT") == "" {
		t.Skip("SECURA_LARGE_REPORT is not set: give a folder to keep a made-up run of 6 methods, 16 tasks and 8 seeds in, and time its report")
	}
	run := makeFull(t, full(6, 16, 8, 64), 50, 64)
	began := time.Now()
	r, err := writeAll(run)
	synthetic.Must(t, err)
	for _, f := range Formats {
		var out bytes.Buffer
		synthetic.Must(t, f.Write(&out, r, false))
	}
	took := time.Since(began)
	t.Logf("the report took %v", took)
	if took > 10*time.Second {
		t.Errorf("the report took %v, more than 10 s", took)
	}
	synthetic.Must(t, os.RemoveAll(os.Getenv("SECURA_LARGE_REPORT")))
	synthetic.Must(t, os.CopyFS(os.Getenv("SECURA_LARGE_REPORT"), os.DirFS(run.Path)))
}
