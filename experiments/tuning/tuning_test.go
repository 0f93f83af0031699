package tuning

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"secura/experiments"
	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/methods"
)

var tuneOptions = Options{Trials: 8, Tasks: 6, Examples: 16, Objective: "acc"}

func loadSuite(t *testing.T, name string) suite.Suite {
	t.Helper()
	s, err := suite.Load(name, suite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tuneWith runs a tuning whose trials score what score says, NaN-free; false is a trial without a score.
func tuneWith(t *testing.T, s suite.Suite, o Options, score func(spec suite.MethodSpec) (float64, bool)) (*Tuner, record.Tuning) {
	t.Helper()
	tuner, err := NewTuner(s, o)
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
	s := loadSuite(t, "continual16")
	s.Methods = nil
	for _, name := range methods.Names() {
		s.Methods = append(s.Methods, suite.MethodSpec{Preset: name, Name: name})
	}
	for _, trials := range []int{1, 2, 3, 8, maxTrials} {
		o := tuneOptions
		o.Trials = trials
		tuner, tuning := tuneWith(t, s, o, func(m suite.MethodSpec) (float64, bool) { return m.LearningRate, true })
		if err := tuner.Suite().CheckParams(experiments.KnownPresets()); err != nil {
			t.Error(err)
		}
		if err := tuner.Suite().Validate(experiments.KnownPresets()); err != nil {
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
	s := loadSuite(t, "continual16")
	_, tuning := tuneWith(t, s, tuneOptions, func(m suite.MethodSpec) (float64, bool) {
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

	_, tuning = tuneWith(t, s, tuneOptions, func(suite.MethodSpec) (float64, bool) { return 0, false })
	for _, m := range tuning.Methods {
		if _, ok := m.Chosen(); ok || len(m.Trials) != tuneOptions.Trials {
			t.Errorf("%s: of %d trials without any score %d was chosen", m.Name, len(m.Trials), m.Choice)
		}
	}
}

// TestATuningIsDeterministic plans the same suite twice, and loads the suite that is made of the choices.
func TestATuningIsDeterministic(t *testing.T) {
	s := loadSuite(t, "continual16")
	score := func(m suite.MethodSpec) (float64, bool) { return 1 - m.LearningRate, true }
	first, one := tuneWith(t, s, tuneOptions, score)
	second, two := tuneWith(t, s, tuneOptions, score)
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
	tuned, err := suite.Load(path, suite.Options{Presets: experiments.KnownPresets()})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if d := cmp.Diff(suite.Tuning{Trials: 8, Stream: one.Stream, Split: "validation", Examples: 16, Objective: "acc"}, tuned.Tuning); d != "" {
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
	st := loadSuite(t, "continual16")
	tuner, err := NewTuner(st, tuneOptions)
	if err != nil {
		t.Fatal(err)
	}
	s := tuner.Suite()
	families := map[string]int{}
	var positions []int
	for _, task := range s.Tasks {
		families[task.Family]++
		positions = append(positions, slices.Index(st.TaskNames(), task.Name))
	}
	if len(s.Tasks) != 6 || len(families) != 4 || slices.IsSorted(positions) || slices.Contains(positions, -1) {
		t.Errorf("the stream is %v of families %v, at the suite's positions %v", s.TaskNames(), families, positions)
	}
	if s.Evaluation.Split != "validation" || len(s.Knowledge) != 0 {
		t.Errorf("split %s, battery of %d", s.Evaluation.Split, len(s.Knowledge))
	}
	theirs, _, err := suite.Plan(st)
	if err != nil {
		t.Fatal(err)
	}
	ours, _, err := suite.Plan(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range ours {
		if cell.PairingKey != ours[0].PairingKey || cell.PairingKey == theirs[0].PairingKey {
			t.Errorf("cell %s draws by the key %s, the reported ones by %s", cell.ID, cell.PairingKey, theirs[0].PairingKey)
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
