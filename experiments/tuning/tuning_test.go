package tuning

import (
	"encoding/json"
	"math"
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

var (
	tuneOptions = Options{Trials: 8, Seeds: 3, Examples: 16, Objective: "acc"}
	// nanoScale is that of a backbone of width 128 whose v_proj has 64 outputs.
	nanoScale = methods.Scale{TaskSteps: 48, Width: 128, Side: 64}
)

func loadSuite(t *testing.T, name string) suite.Suite {
	t.Helper()
	s, err := suite.Load(name, suite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// scores say what a trial scores on a seed, counted from 0 over the first one and the further ones;
// false is a trial without a score.
type scores func(spec suite.MethodSpec, seed int) (float64, bool)

// tuneWith runs a whole tuning whose trials score so.
func tuneWith(t *testing.T, s suite.Suite, o Options, score scores) (*Tuner, record.Tuning) {
	t.Helper()
	tuner, err := NewTuner(s, nanoScale, o)
	if err != nil {
		t.Fatal(err)
	}
	outcomes := func(of suite.Suite, first int) Outcomes {
		return func(trial string, seed int) (record.Outcome, error) {
			spec, ok := of.Method(trial)
			if !ok || seed >= of.Seeds {
				t.Fatalf("asked for trial %s on seed %d, which is not planned", trial, seed)
			}
			x, ok := score(spec, first+seed)
			if !ok {
				return record.Outcome{Reason: "diverged"}, nil
			}
			return record.Outcome{Score: &x}, nil
		}
	}
	for planned := 1; planned > 0; planned = tuner.Next() {
		if err := tuner.Score(outcomes(tuner.Suite(), 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tuner.ScoreAgain(outcomes(tuner.Again(), 1)); err != nil {
		t.Fatal(err)
	}
	tuning, err := tuner.Tuning()
	if err != nil {
		t.Fatal(err)
	}
	return tuner, tuning
}

// TestEveryMethodHasTheSameBudget plans the largest and small budgets for all methods: settings are
// distinct, parameters are the method's own, and all have the same number of trials and finalists.
func TestEveryMethodHasTheSameBudget(t *testing.T) {
	s := loadSuite(t, "continual16")
	s.Methods = nil
	for _, name := range methods.Names() {
		s.Methods = append(s.Methods, suite.MethodSpec{Preset: name, Name: name})
	}
	for _, trials := range []int{1, 2, 3, 8, maxTrials} {
		o := tuneOptions
		o.Trials = trials
		tuner, tuning := tuneWith(t, s, o, func(m suite.MethodSpec, _ int) (float64, bool) { return 1 / (1 + m.LearningRate), true })
		for _, planned := range []suite.Suite{tuner.Suite(), tuner.Again()} {
			if err := planned.CheckParams(experiments.KnownPresets()); err != nil {
				t.Error(err)
			}
			if err := planned.Validate(experiments.KnownPresets()); err != nil {
				t.Error(err)
			}
		}
		if got := len(tuning.Methods); got != len(methods.Names())-1 {
			t.Errorf("%d methods were tuned, expected all %d but frozen", got, len(methods.Names()))
		}
		for _, m := range tuning.Methods {
			seen := map[string]bool{}
			again := 0
			for _, trial := range m.Trials {
				key, err := json.Marshal([]any{trial.LearningRate, m.Coefficients(trial)})
				if err != nil {
					t.Fatal(err)
				}
				if seen[string(key)] {
					t.Errorf("%s of %d trials tries %s twice", m.Name, trials, key)
				}
				seen[string(key)] = true
				again += len(trial.Again)
			}
			if len(m.Trials) != trials || again != (tuneOptions.Seeds-1)*min(trials, Finalists) {
				t.Errorf("%s has %d trials and %d runs on further seeds, expected %d and %d", m.Name, len(m.Trials), again, trials, (tuneOptions.Seeds-1)*min(trials, Finalists))
			}
		}
	}
}

// TestATuningChoosesByTheMean: the two best of one seed are run on two more, and the mean of the
// three decides; one that diverges on any of them is not chosen while the other stands.
func TestATuningChoosesByTheMean(t *testing.T) {
	s := loadSuite(t, "continual16")
	_, tuning := tuneWith(t, s, tuneOptions, func(m suite.MethodSpec, seed int) (float64, bool) {
		switch {
		case m.Preset == "seq" && m.Name == "seq.t03":
			return []float64{0.9, 0.1, 0.1}[seed], true // lucky once
		case m.Preset == "seq" && m.Name == "seq.t02":
			return []float64{0.8, 0.7, 0.6}[seed], true
		case m.Preset == "er" && m.Name == "er.t02":
			return 0.9, seed < 2
		case m.Preset == "er" && m.Name == "er.t03":
			return 0.8, true
		case m.Preset == "ewc" && (m.Name == "ewc.t02" || m.Name == "ewc.t03"):
			return 0.9, seed == 0
		case m.Preset == "i-lora":
			return 0.5, true // equal
		case m.Preset == "cur-lora":
			return 0, false
		}
		return 0.1, true
	})
	for name, want := range map[string]struct {
		choice int
		mean   float64
		remark string
	}{
		"seq": {1, 0.7, ""}, "er": {2, 0.8, ""}, "i-lora": {0, 0.5, "were extended"}, "ewc": {0, 0.1, "diverged on another"}, "cur-lora": {-1, 0, ""},
	} {
		m := tuning.Methods[slices.IndexFunc(tuning.Methods, func(m record.TunedMethod) bool { return m.Name == name })]
		chosen, ok := m.Chosen()
		if m.Choice != want.choice || ok != (want.choice >= 0) {
			t.Errorf("%s: trial %d is chosen, expected %d", name, m.Choice, want.choice)
			continue
		}
		if o := chosen.Overall(); ok && (*o.Score < want.mean-1e-9 || *o.Score > want.mean+1e-9) {
			t.Errorf("%s: the choice has a mean of %g, expected %g", name, *o.Score, want.mean)
		}
		if !strings.Contains(strings.Join(m.Remarks, "; "), want.remark) {
			t.Errorf("%s: remarks %q lack %q", name, m.Remarks, want.remark)
		}
	}
}

// TestACoefficientIsTunedWithItsParams: SECURA's two sizes go together, the suite's own params
// stay, and what a suite holds fixed is left alone, with as many trials of learning rates instead.
func TestACoefficientIsTunedWithItsParams(t *testing.T) {
	s := loadSuite(t, "continual16")
	s.Methods = []suite.MethodSpec{
		{Preset: "secura", Name: "secura"},
		{Preset: "secura", Name: "secura-published-sizes", Fixed: []string{"rank", "inner"}},
		{Preset: "ewc", Name: "ewc", Params: map[string]any{"fisher_examples": 128, "lambda": 3.}},
	}
	_, tuning := tuneWith(t, s, tuneOptions, func(m suite.MethodSpec, _ int) (float64, bool) {
		score := 1 - 0.1*max(m.LearningRate/0.1, 0.1/m.LearningRate)
		if rank, ok := m.Params["rank"].(int); ok {
			score += float64(rank) / 1000
		}
		if m.Params["lambda"] == 100. {
			score += 0.01
		}
		return score, true
	})
	secura, published, ewc := tuning.Methods[0], tuning.Methods[1], tuning.Methods[2]
	chosen, _ := secura.Chosen()
	if d := cmp.Diff(map[string]any{"rank": 64, "inner": 85}, chosen.Params); d != "" {
		t.Errorf("secura's sizes:\n%s", d)
	}
	if got := secura.Coefficients(chosen); got != "rank 64, inner 85" {
		t.Errorf("secura's coefficient is %q", got)
	}
	if !slices.Contains(secura.Remarks, "rank 64, inner 85 is the largest there is to try") {
		t.Errorf("secura's remarks: %q", secura.Remarks)
	}
	for _, trial := range published.Trials {
		if len(trial.Params) > 0 || published.Coefficient != nil {
			t.Errorf("%s has params %v, expected learning rates alone", trial.Name, trial.Params)
		}
	}
	chosen, _ = ewc.Chosen()
	if d := cmp.Diff(map[string]any{"fisher_examples": 128, "lambda": 100.}, chosen.Params); d != "" {
		t.Errorf("ewc:\n%s", d)
	}
}

// TestASuiteBoundsTheLearningRates: the first round covers the suite's bounds, and the others
// follow from it as they do from the method's own.
func TestASuiteBoundsTheLearningRates(t *testing.T) {
	s := loadSuite(t, "continual16")
	s.Methods = []suite.MethodSpec{{Preset: "secura", Name: "secura", LearningRates: []float64{1e-5, 1e-3}}, {Preset: "seq", Name: "seq"}}
	_, tuning := tuneWith(t, s, tuneOptions, func(m suite.MethodSpec, _ int) (float64, bool) {
		return 1 - 0.1*max(m.LearningRate/1e-4, 1e-4/m.LearningRate), true
	})
	for i, want := range [][2]float64{{1e-5, 1e-3}, {3e-4, 0.03}} {
		least, largest := 1.0, 0.0
		for _, trial := range tuning.Methods[i].Trials {
			if trial.Round == 1 {
				least, largest = min(least, trial.LearningRate), max(largest, trial.LearningRate)
			}
		}
		if least != want[0] || largest != want[1] {
			t.Errorf("%s: the first round has rates from %g to %g, want %v", tuning.Methods[i].Name, least, largest, want)
		}
	}
	if chosen, _ := tuning.Methods[0].Chosen(); chosen.LearningRate != 1e-4 {
		t.Errorf("the rate %g was chosen", chosen.LearningRate)
	}
}

// TestATuningIsDeterministic plans the same suite twice, and loads the suite that is made of the
// choices.
func TestATuningIsDeterministic(t *testing.T) {
	s := loadSuite(t, "continual16")
	score := func(m suite.MethodSpec, seed int) (float64, bool) {
		return 1 - m.LearningRate + float64(seed)/100, true
	}
	first, one := tuneWith(t, s, tuneOptions, score)
	second, two := tuneWith(t, s, tuneOptions, score)
	if d := cmp.Diff(one, two) + cmp.Diff(first.Suite(), second.Suite()) + cmp.Diff(first.Again(), second.Again()); d != "" {
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
	if d := cmp.Diff(suite.Tuning{Trials: 8, Seeds: 3, Stream: one.Stream, Split: "validation", Examples: 16, Objective: "acc"}, tuned.Tuning); d != "" {
		t.Errorf("the tuned suite's budget:\n%s", d)
	}
	for i, m := range tuned.Methods {
		chosen, _ := one.Methods[i].Chosen()
		if m.LearningRate != chosen.LearningRate || !strings.Contains(m.Reason, "best of 8 trials (16 tasks, validation split, 3 seeds)") {
			t.Errorf("%s: rate %g for the reason %q, expected %g", m.Name, m.LearningRate, m.Reason, chosen.LearningRate)
		}
	}
	if tuned.Name != "continual16-tuned" || len(tuned.Tasks) != 16 {
		t.Errorf("the tuned suite is %s with %d tasks", tuned.Name, len(tuned.Tasks))
	}
}

// TestTheCalibrationStreamIsNotTheReportedOne compares tasks, order and random numbers: all tasks,
// in another order in which the families take turns.
func TestTheCalibrationStreamIsNotTheReportedOne(t *testing.T) {
	st := loadSuite(t, "continual16")
	tuner, err := NewTuner(st, nanoScale, tuneOptions)
	if err != nil {
		t.Fatal(err)
	}
	if got := tuner.Suite().TaskNames(); !slices.Equal(got, st.Tuning.Stream) {
		t.Errorf("the stream is %v, that of the tuning before %v", got, st.Tuning.Stream)
	}
	st.Tuning.Stream = st.TaskNames() // no other order: one is drawn
	if tuner, err = NewTuner(st, nanoScale, tuneOptions); err != nil {
		t.Fatal(err)
	}
	s := tuner.Suite()
	if slices.Equal(s.TaskNames(), st.TaskNames()) || !slices.Equal(slices.Sorted(slices.Values(s.TaskNames())), slices.Sorted(slices.Values(st.TaskNames()))) {
		t.Errorf("the stream is %v, the suite's is %v", s.TaskNames(), st.TaskNames())
	}
	for i := range s.Tasks {
		if i > 0 && s.Tasks[i].Family == s.Tasks[i-1].Family {
			t.Errorf("%s and %s, of family %s, follow each other", s.Tasks[i-1].Name, s.Tasks[i].Name, s.Tasks[i].Family)
		}
	}
	if s.Evaluation.Split != "validation" || len(s.Knowledge) != 0 {
		t.Errorf("split %s, battery of %d", s.Evaluation.Split, len(s.Knowledge))
	}
	key := func(s suite.Suite) string {
		t.Helper()
		cells, err := suite.Plan(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cells {
			if c.PairingKey != cells[0].PairingKey {
				t.Errorf("cell %s draws by the key %s, others by %s", c.ID, c.PairingKey, cells[0].PairingKey)
			}
		}
		return cells[0].PairingKey
	}
	if err := tuner.Score(func(string, int) (record.Outcome, error) { return record.Outcome{Score: new(0.5)}, nil }); err != nil {
		t.Fatal(err)
	}
	keys := []string{key(st), key(s), key(tuner.Again())}
	if slices.Sort(keys); len(slices.Compact(keys)) != 3 {
		t.Errorf("the reported cells, the trials and the trials that are run again draw by the keys %v", keys)
	}
}

// TestATuningMayHaveFewerTasksAndOneSeed: the drawn stream is a part of the suite's, whose order a
// suite that names it keeps; with one seed nothing is run again, and nothing says that it was not.
func TestATuningMayHaveFewerTasksAndOneSeed(t *testing.T) {
	s := loadSuite(t, "continual16")
	o := tuneOptions
	o.Tasks, o.Seeds = 4, 1
	tuner, tuned := tuneWith(t, s, o, func(m suite.MethodSpec, _ int) (float64, bool) { return -math.Abs(m.LearningRate - 0.003), true })
	if _, known := s.InOrder(tuned.Stream); !known || len(tuned.Stream) != 4 || tuned.Seeds != 1 {
		t.Errorf("the stream is %v, of %d seeds", tuned.Stream, tuned.Seeds)
	}
	families := map[string]bool{}
	for _, task := range tuner.Suite().Tasks {
		families[task.Family] = true
	}
	if len(families) != 4 {
		t.Errorf("four tasks of %d families", len(families))
	}
	if again := tuner.Again(); len(again.Methods) > 0 {
		t.Errorf("%d trials are run again", len(again.Methods))
	}
	text, err := tuner.TunedSuite("continual16")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, "(4 tasks, validation split, 1 seed)") || strings.Contains(text, "run again") {
		t.Errorf("the tuned suite says:\n%s", text)
	}
	slices.Reverse(tuned.Stream)
	s.Tuning.Stream = tuned.Stream
	if tuner, err = NewTuner(s, nanoScale, o); err != nil {
		t.Fatal(err)
	}
	if got := tuner.Suite().TaskNames(); !slices.Equal(got, tuned.Stream) {
		t.Errorf("the stream is %v, that of the tuning before %v", got, tuned.Stream)
	}
	o.Tasks = 17
	if _, err := NewTuner(s, nanoScale, o); err == nil || !strings.Contains(err.Error(), "17 tasks, the suite has 16") {
		t.Errorf("17 of 16 tasks: %v", err)
	}
}

// TestAnObjectiveIsOneThatTheTrialsHave: a stream without an end has no final accuracy, and a
// method that learns all tasks at once none right after a task.
func TestAnObjectiveIsOneThatTheTrialsHave(t *testing.T) {
	for _, c := range []struct{ suite, method, asked, want, wrong string }{
		{"continual16", "seq", "", "acc", ""},
		{"continual16", "joint", "", "acc", ""},
		{"continual16", "seq", "learning_accuracy", "learning_accuracy", ""},
		{"continual16", "joint", "learning_accuracy", "", "method joint learns all at once; give acc"},
		{"variants", "seq", "", "learning_accuracy", ""},
		{"variants", "seq", "learning_accuracy", "learning_accuracy", ""},
		{"variants", "seq", "acc", "", "which stream: separate does not have; give learning_accuracy"},
	} {
		s, o := loadSuite(t, c.suite), tuneOptions
		s.Methods, o.Objective = []suite.MethodSpec{{Preset: c.method, Name: c.method}}, c.asked
		tuner, err := NewTuner(s, nanoScale, o)
		if c.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s of %s by %s: error %v, expected %q", c.method, c.suite, c.asked, err, c.wrong)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s of %s by %s: %v", c.method, c.suite, c.asked, err)
			continue
		}
		if got, says := tuner.Objective(), tuner.Suite().Tuning.Objective; got != c.want || says != c.want {
			t.Errorf("%s of %s by %q is compared by %s, and the suite says %s, expected %s", c.method, c.suite, c.asked, got, says, c.want)
		}
	}
}

// TestSuitesOfOnePairingAreTunedAlike: methods of the one and of the other had the same trials.
func TestSuitesOfOnePairingAreTunedAlike(t *testing.T) {
	var plans [][]suite.Cell
	for _, name := range []string{"continual16", "rivals"} {
		s := loadSuite(t, name)
		s.Methods = []suite.MethodSpec{{Preset: "er-ball", Name: "er-ball"}}
		tuner, err := NewTuner(s, nanoScale, tuneOptions)
		if err != nil {
			t.Fatal(err)
		}
		cells, err := suite.Plan(tuner.Suite())
		if err != nil {
			t.Fatal(err)
		}
		plans = append(plans, cells)
	}
	if d := cmp.Diff(plans[0], plans[1]); d != "" {
		t.Error(d)
	}
}

// TestAChoiceLearns: a trial that learns nothing keeps everything, and one that learns little keeps
// more than one that learns well; such a trial is chosen only where none learns, by its gain.
func TestAChoiceLearns(t *testing.T) {
	trial := func(score, gain float64) record.Trial {
		return record.Trial{Outcome: record.Outcome{Score: &score, Gain: &gain}}
	}
	diverged := record.Trial{Outcome: record.Outcome{Reason: "diverged"}}
	for _, c := range []struct {
		what   string
		trials []record.Trial
		want   []int
	}{
		{"the best that learns", []record.Trial{trial(0.9, 0.01), trial(0.3, 0.08), trial(0.4, 0.09), trial(0.1, 0.095)}, []int{2, 1, 3, 0}},
		{"four fifths of the best learner", []record.Trial{trial(0.9, 0.39), trial(0.3, 0.4), trial(0.2, 0.5), trial(0.8, 0.2)}, []int{1, 2, 0, 3}},
		{"half of it", []record.Trial{trial(0.9, 0.24), trial(0.3, 0.4), trial(0.2, 0.5), trial(0.8, 0.26)}, []int{3, 1, 2, 0}},
		{"the first of equals", []record.Trial{trial(0.4, 0.25), trial(0.4, 0.3)}, []int{0, 1}},
		{"none learns", []record.Trial{trial(0.9, 0.01), trial(0.3, 0.05), diverged, trial(0.8, 0.03)}, []int{1, 3, 0}},
		{"gains unknown", []record.Trial{{Outcome: record.Outcome{Score: new(0.1)}}, {Outcome: record.Outcome{Score: new(0.2)}}}, []int{1, 0}},
		{"none has a score", []record.Trial{diverged}, nil},
	} {
		m, share := record.TunedMethod{Trials: c.trials}, record.LearnedShare
		if c.what == "half of it" {
			share = 0.5
		}
		if got := m.Best(9, share); !slices.Equal(got, c.want) {
			t.Errorf("%s: the best are %v, expected %v", c.what, got, c.want)
		}
		want := -1
		if len(c.want) > 0 {
			want = c.want[0]
		}
		if m.Choose(share); m.Choice != want {
			t.Errorf("%s: trial %d is chosen, expected %d", c.what, m.Choice, want)
		}
	}
}

// TestWhatIsMissingIsNotScored: a tuning that is interrupted gives the error of the trial that is
// not done, and goes on from there with the same trials.
func TestWhatIsMissingIsNotScored(t *testing.T) {
	s := loadSuite(t, "continual16")
	tuner, err := NewTuner(s, nanoScale, tuneOptions)
	if err != nil {
		t.Fatal(err)
	}
	before := tuner.Suite()
	for _, reason := range []string{"", "queued"} {
		err := tuner.Score(func(trial string, _ int) (record.Outcome, error) {
			if trial == "er.t02" && reason == "" {
				return record.Outcome{}, nil
			} else if trial == "er.t02" {
				return record.Outcome{}, os.ErrNotExist
			}
			return record.Outcome{Score: new(0.5)}, nil
		})
		if err == nil || !strings.Contains(err.Error(), "tune suite continual16: ") {
			t.Errorf("error %v, expected that a trial is missing", err)
		}
	}
	if d := cmp.Diff(before, tuner.Suite()); d != "" {
		t.Errorf("the trials changed:\n%s", d)
	}
	if _, err := tuner.Tuning(); err == nil {
		t.Error("a tuning of which trials are missing has a result")
	}
}
