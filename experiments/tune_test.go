package experiments

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/methods"
	"secura/methods/backbone"
)

var tuneOptions = TuneOptions{Trials: 8, Tasks: 6, Examples: 16, Objective: "acc"}

func loadSuite(t *testing.T, name string) Suite {
	t.Helper()
	suite, err := LoadSuite(name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return suite
}

// tuneWith runs a tuning whose trials score what score says, NaN-free; false is a trial without a score.
func tuneWith(t *testing.T, suite Suite, o TuneOptions, score func(spec MethodSpec) (float64, bool)) (*Tuner, record.Tuning) {
	t.Helper()
	tuner, err := NewTuner(suite, o)
	if err != nil {
		t.Fatal(err)
	}
	outcome := func(trial string) (Outcome, error) {
		spec, ok := tuner.Suite().Method(trial)
		if !ok {
			t.Fatalf("asked for trial %s, which is not planned", trial)
		}
		x, ok := score(spec)
		if !ok {
			return Outcome{Reason: "diverged"}, nil
		}
		return Outcome{Score: &x}, nil
	}
	if err := tuner.Score(outcome); err != nil {
		t.Fatal(err)
	}
	tuner.Refine()
	if err := tuner.Score(outcome); err != nil {
		t.Fatal(err)
	}
	tuning, err := tuner.Tuning()
	if err != nil {
		t.Fatal(err)
	}
	return tuner, tuning
}

// TestEveryMethodHasAGrid plans the largest and small budgets for all methods: rates are distinct and in the declared
// bounds, parameters are the method's own, and all have the same number of trials.
func TestEveryMethodHasAGrid(t *testing.T) {
	suite := loadSuite(t, "continual16")
	suite.Methods = nil
	for _, name := range methods.Names() {
		suite.Methods = append(suite.Methods, MethodSpec{Preset: name, Name: name})
	}
	for _, trials := range []int{1, 2, 3, 8, maxTrials} {
		o := tuneOptions
		o.Trials = trials
		tuner, tuning := tuneWith(t, suite, o, func(m MethodSpec) (float64, bool) { return m.LearningRate, true })
		if err := CheckParams(tuner.Suite()); err != nil {
			t.Error(err)
		}
		if err := tuner.Suite().Validate(methods.Names()); err != nil {
			t.Error(err)
		}
		if got := len(tuning.Methods); got != len(methods.Names())-1 {
			t.Errorf("%d methods were tuned, expected all %d but frozen", got, len(methods.Names()))
		}
		for _, m := range tuning.Methods {
			if len(m.Trials) != trials {
				t.Errorf("%s has %d trials, expected %d", m.Name, len(m.Trials), trials)
			}
			seen := map[string]bool{}
			for _, trial := range m.Trials {
				key, err := json.Marshal([]any{trial.LearningRate, trial.Value})
				if err != nil {
					t.Fatal(err)
				}
				if seen[string(key)] {
					t.Errorf("%s of %d trials tries %s twice", m.Name, trials, key)
				}
				seen[string(key)] = true
				if trial.LearningRate < 0.99*m.Least || trial.LearningRate > 1.01*m.Largest {
					t.Errorf("%s tries the rate %g outside of %g to %g", trial.Name, trial.LearningRate, m.Least, m.Largest)
				}
			}
		}
	}
}

func TestRatesAreLogSpaced(t *testing.T) {
	for _, c := range []struct {
		least, largest float64
		n              int
		want           []float64
	}{
		{3e-4, 3e-2, 5, []float64{3e-4, 9.5e-4, 3e-3, 9.5e-3, 3e-2}},
		{1e-3, 1, 4, []float64{1e-3, 1e-2, 0.1, 1}},
		{1e-4, 1e-2, 1, []float64{1e-3}},
	} {
		if d := cmp.Diff(c.want, rates(c.least, c.largest, c.n)); d != "" {
			t.Errorf("%d rates from %g to %g:\n%s", c.n, c.least, c.largest, d)
		}
	}
}

// TestFinerRates looks at both sides of the best rate, the better neighbour's first, and at the edge at the one side.
func TestFinerRates(t *testing.T) {
	trials := func(scores ...float64) (list []record.Trial) {
		for i, rate := range []float64{1e-3, 1e-2, 0.1} {
			trial := record.Trial{LearningRate: rate}
			if scores[i] >= 0 {
				trial.Score = &scores[i]
			}
			list = append(list, trial)
		}
		return list
	}
	for _, c := range []struct {
		name   string
		trials []record.Trial
		best   int
		want   []float64
	}{
		{"the larger neighbour is better", trials(.1, .5, .2), 1, []float64{0.032, 0.0032, 0.018}},
		{"the lower neighbour is better", trials(.3, .5, .2), 1, []float64{0.0032, 0.032, 0.0056}},
		{"equal neighbours", trials(.2, .5, .2), 1, []float64{0.0032, 0.032, 0.0056}},
		{"a diverged neighbour is the worse one", trials(-1, .5, 0), 1, []float64{0.032, 0.0032, 0.018}},
		{"the lowest", trials(.5, .2, .1), 0, []float64{0.0032, 0.0018, 0.0056}},
		{"the largest", trials(.1, .2, .5), 2, []float64{0.032, 0.056, 0.018}},
	} {
		if d := cmp.Diff(c.want, finer(c.trials, c.best, 3)); d != "" {
			t.Errorf("%s:\n%s", c.name, d)
		}
	}
}

// TestATuningChoosesTheBestTrial gives scores with one peak: the coefficient's is found at the best rate, a trial that
// diverged is never chosen, not even by a 0, and the first of equals wins.
func TestATuningChoosesTheBestTrial(t *testing.T) {
	suite := loadSuite(t, "continual16")
	_, tuning := tuneWith(t, suite, tuneOptions, func(m MethodSpec) (float64, bool) {
		switch {
		case m.LearningRate > 9e-3 && m.Preset != "secura" && m.Preset != "cur-lora":
			return 0, false
		case m.Preset == "ewc" && m.Params["lambda"] == 100.:
			return 0.9, true
		case m.Preset == "i-lora":
			return 0, true // equal
		case m.Preset == "er":
			return 0, m.LearningRate == 3e-3
		}
		return 0.5 - m.LearningRate/10, true
	})
	want := map[string]struct {
		choice int
		rate   float64
	}{"seq": {0, 3e-4}, "er": {2, 3e-3}, "ewc": {5, 3e-4}, "i-lora": {0, 3e-4}, "cur-lora": {0, 1e-3}, "secura": {0, 1e-3}}
	for _, m := range tuning.Methods {
		chosen, ok := m.Chosen()
		if w := want[m.Name]; !ok || m.Choice != w.choice || chosen.LearningRate != w.rate {
			t.Errorf("%s: trial %d at rate %g was chosen, expected %d at %g", m.Name, m.Choice, chosen.LearningRate, w.choice, w.rate)
		}
		if m.Name == "ewc" && (chosen.Value != 100. || chosen.Params["lambda"] != 100. || chosen.Params["fisher_examples"] == nil) {
			t.Errorf("ewc: value %v, params %v; expected lambda 100 beside the suite's own params", chosen.Value, chosen.Params)
		}
	}

	_, tuning = tuneWith(t, suite, tuneOptions, func(MethodSpec) (float64, bool) { return 0, false })
	for _, m := range tuning.Methods {
		if _, ok := m.Chosen(); ok || len(m.Trials) != tuneOptions.Trials {
			t.Errorf("%s: of %d trials without any score %d was chosen", m.Name, len(m.Trials), m.Choice)
		}
	}
}

// TestATuningIsDeterministic plans the same suite twice, and loads the suite that is made of the choices.
func TestATuningIsDeterministic(t *testing.T) {
	suite := loadSuite(t, "continual16")
	score := func(m MethodSpec) (float64, bool) { return 1 - m.LearningRate, true }
	first, one := tuneWith(t, suite, tuneOptions, score)
	second, two := tuneWith(t, suite, tuneOptions, score)
	if d := cmp.Diff(one, two) + cmp.Diff(first.Suite(), second.Suite()); d != "" {
		t.Errorf("two equal tunings differ:\n%s", d)
	}
	text, err := first.TunedSuite("continual16", "A comment.")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tuned.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	tuned, err := LoadSuite(path, Options{Methods: methods.Names()})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if d := cmp.Diff(Tuning{8, one.Stream, "validation", 16, "acc"}, tuned.Tuning); d != "" {
		t.Errorf("the tuned suite's budget:\n%s", d)
	}
	for i, m := range tuned.Methods {
		chosen, _ := one.Methods[i].Chosen()
		if m.LearningRate != chosen.LearningRate || !strings.Contains(m.Reason, "best of 8 trials") {
			t.Errorf("%s: rate %g for the reason %q, expected %g", m.Name, m.LearningRate, m.Reason, chosen.LearningRate)
		}
	}
	if tuned.Name != "continual16-tuned" || len(tuned.Tasks) != 16 {
		t.Errorf("the tuned suite is %s with %d tasks", tuned.Name, len(tuned.Tasks))
	}
}

// TestTheCalibrationStreamIsNotTheReportedOne compares tasks, order and random numbers.
func TestTheCalibrationStreamIsNotTheReportedOne(t *testing.T) {
	suite := loadSuite(t, "continual16")
	tuner, err := NewTuner(suite, tuneOptions)
	if err != nil {
		t.Fatal(err)
	}
	s := tuner.Suite()
	families := map[string]int{}
	var positions []int
	for _, task := range s.Tasks {
		families[task.Family]++
		positions = append(positions, slices.Index(suite.TaskNames(), task.Name))
	}
	if len(s.Tasks) != 6 || len(families) != 4 || slices.IsSorted(positions) || slices.Contains(positions, -1) {
		t.Errorf("the stream is %v of families %v, at the suite's positions %v", s.TaskNames(), families, positions)
	}
	if s.Evaluation.Split != "validation" || len(s.Knowledge) != 0 {
		t.Errorf("split %s, battery of %d", s.Evaluation.Split, len(s.Knowledge))
	}
	theirs, _, err := Plan(suite)
	if err != nil {
		t.Fatal(err)
	}
	ours, _, err := Plan(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range ours {
		if cell.PairingKey != ours[0].PairingKey || cell.PairingKey == theirs[0].PairingKey {
			t.Errorf("cell %s draws by the key %s, the reported ones by %s", cell.ID, cell.PairingKey, theirs[0].PairingKey)
		}
	}
}

// TestATuningRefusesTheTestSplit plants reads of the test split, whose files are there, into everything that opens data,
// and sees each refused.
func TestATuningRefusesTheTestSplit(t *testing.T) {
	y := newToy(t)
	for _, task := range []string{"next", "same", "choose"} {
		data, err := os.ReadFile(filepath.Join(y.dir, task, "test.parquet"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(y.dir, task, "validation.parquet"), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tuner, err := NewTuner(y.with(MethodSpec{Preset: "seq"}), tuneOptions)
	if err != nil {
		t.Fatal(err)
	}
	sound := tuner.Suite()
	if files, err := Prepare(sound, y.dir); err != nil || slices.ContainsFunc(files, func(f rundir.File) bool { return strings.Contains(f.Path, "/test/") }) {
		t.Fatalf("prepared %v, %v", files, err)
	}
	y.open(t, sound, t.TempDir())

	planted := sound
	planted.Evaluation.Split = "test"
	refused := func(what string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), "split test is refused: only train and validation may be read") {
			t.Errorf("%s: error %v, expected that the test split is refused", what, err)
		}
	}
	_, err = Prepare(planted, y.dir)
	refused("Prepare", err)
	refused("WriteExamples", WriteExamples(rundir.Run{Path: t.TempDir()}, planted, y.dir))
	_, err = identifyTask(planted.Tasks[0], y.dir, "test")
	refused("prepareTask", err)
	_, err = planted.Tasks[0].Files(y.dir, "test")
	refused("Files", err)

	// A worker has the suite from the manifest, which carries the refusal.
	run := rundir.Run{Path: t.TempDir()}
	data, err := json.Marshal(planted)
	if err != nil {
		t.Fatal(err)
	}
	if err := rundir.WriteManifest(run, rundir.Manifest{Suite: data, Files: []rundir.File{}}); err != nil {
		t.Fatal(err)
	}
	_, err = OpenWorker(t.Context(), WorkerOptions{Run: run, DataDir: y.dir, Backend: backbone.BackendOptions{Name: "go"}})
	refused("OpenWorker", err)

	// The built-in tasks' rows are in the program.
	builtin, err := NewTuner(loadSuite(t, "smoke"), tuneOptions)
	if err != nil {
		t.Fatal(err)
	}
	planted = builtin.Suite()
	planted.Evaluation.Split = "test"
	_, err = Prepare(planted, y.dir)
	refused("Prepare of built-in tasks", err)
	_, err = planted.Tasks[0].Load(y.dir, "test")
	refused("Load", err)
}

// TestTrialsShareGraphs holds that keys differ with preset and parameters but for coefficients, and with nothing else.
func TestTrialsShareGraphs(t *testing.T) {
	ewc := MethodSpec{Preset: "ewc", Name: "ewc.t01", LearningRate: 1e-3, Params: map[string]any{"lambda": 10.}}
	same := MethodSpec{Preset: "ewc", Name: "ewc.t02", LearningRate: 1e-2, Params: map[string]any{"lambda": 11}}
	if a, b := GraphKey(ewc), GraphKey(same); a != b {
		t.Errorf("the keys %s and %s of two learning rates and coefficients differ", a, b)
	}
	for _, other := range []MethodSpec{{Preset: "ewc", Name: "ewc.t01", Params: map[string]any{"rank": 4}},
		{Preset: "ewc", Name: "ewc.t01", Params: map[string]any{"gamma": 0.5}}, {Preset: "ewc-separate", Name: "ewc.t01"}, {Preset: "seq", Name: "ewc.t01"}} {
		if GraphKey(ewc) == GraphKey(other) {
			t.Errorf("%v and %v have one key", ewc, other)
		}
	}
}

// TestAChoiceLearns: a trial that learns nothing keeps everything; it is chosen only where none learns, by its gain.
func TestAChoiceLearns(t *testing.T) {
	trial := func(score, gain float64) record.Trial { return record.Trial{Score: &score, Gain: &gain} }
	for _, c := range []struct {
		what   string
		trials []record.Trial
		want   int
	}{
		{"the best that learns", []record.Trial{trial(0.9, 0.01), trial(0.3, 0.08), trial(0.4, 0.2), trial(0.1, 0.5)}, 2},
		{"the first of equals", []record.Trial{trial(0.4, 0.2), trial(0.4, 0.3)}, 0},
		{"none learns", []record.Trial{trial(0.9, 0.01), trial(0.3, 0.05), {Reason: "diverged"}, trial(0.8, 0.03)}, 1},
		{"gains unknown", []record.Trial{{Score: new(0.1)}, {Score: new(0.2)}}, 1},
		{"none has a score", []record.Trial{{Reason: "diverged"}}, -1},
	} {
		m := record.TunedMethod{Trials: c.trials}
		if m.Choose(); m.Choice != c.want {
			t.Errorf("%s: trial %d is chosen, expected %d", c.what, m.Choice, c.want)
		}
	}
}
