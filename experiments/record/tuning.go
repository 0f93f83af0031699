package record

// Tuning is the content of tune.json: what a tuning of a suite's methods tried, what each trial scored, and which was
// chosen. It is a pure function of the trials' records.
type Tuning struct {
	// Suite is the name of the suite whose methods were tuned.
	Suite string `json:"suite"`
	// Budget is the number of trials of each method.
	Budget int `json:"budget"`
	// Stream names the calibration stream's tasks, in the order of learning.
	Stream []string `json:"stream"`
	// Steps are the optimiser's on each of them.
	Steps int `json:"steps"`
	// Split is the split that was evaluated, Examples how many of it per task at most (0: all).
	Split    string `json:"split"`
	Examples int    `json:"examples"`
	// Objective is the metric that was the higher the better.
	Objective string        `json:"objective"`
	Methods   []TunedMethod `json:"methods"`
}

// TunedMethod is one method of a tuning.
type TunedMethod struct {
	Preset string `json:"preset"`
	Name   string `json:"name"`
	// Least and Largest bound the grid of learning rates.
	Least   float64 `json:"least_learning_rate"`
	Largest float64 `json:"largest_learning_rate"`
	// Coefficient is the parameter that was tuned beside the rate, and Values the declared values of it; empty if none.
	Coefficient string `json:"coefficient,omitempty"`
	Values      []any  `json:"values,omitempty"`
	// Trials are in the order in which they were planned.
	Trials []Trial `json:"trials"`
	// Choice is the index of the chosen trial, -1 where none has a score.
	Choice int `json:"choice"`
}

// Trial is one run of a method through the calibration stream.
type Trial struct {
	// Name is the trial's method in the tuning's run, such as "ewc.t03".
	Name string `json:"name"`
	// Stage is 1 for learning rates, 2 for what was tried at the best of them.
	Stage        int     `json:"stage"`
	LearningRate float64 `json:"learning_rate"`
	// Value is the coefficient's; nil without one.
	Value any `json:"value,omitempty"`
	// Params are all that differ from the preset's, the coefficient among them.
	Params map[string]any `json:"params,omitempty"`
	// Score is the objective; nil where the trial has none, for the Reason given: it was run, it counts, and it is
	// never chosen.
	Score  *float64 `json:"score"`
	Reason string   `json:"reason,omitempty"`
	// Gain is by how much the tasks' scores right after learning them exceed the base row's, their mean; nil where that
	// is not known.
	Gain *float64 `json:"gain_over_base,omitempty"`
	// Metrics are other metrics of the trial, those that are defined.
	Metrics []Score `json:"metrics,omitempty"`
}

// Chosen is the chosen trial; false where none has a score.
func (m TunedMethod) Chosen() (Trial, bool) {
	if m.Choice < 0 || m.Choice >= len(m.Trials) {
		return Trial{}, false
	}
	return m.Trials[m.Choice], true
}

// TunedReason begins the reason of every setting that a tuning chose.
const TunedReason = "tuned: "

// LearnedGain is the gain over the base row from which on a trial counts as one that learns.
const LearnedGain = 0.08

// Learns says whether the trial learns; one of which that is not known is taken to.
func (t Trial) Learns() bool { return t.Gain == nil || *t.Gain >= LearnedGain }

// Choose sets Choice to the trial with the highest score among those that learn, the first of equals: a rate at which
// nothing is learned keeps everything, so that the score alone might choose a method that does nothing. Where no trial
// learns, the one that gained most is chosen.
func (m *TunedMethod) Choose() {
	m.Choice = -1
	better := func(a, b Trial) bool {
		switch {
		case a.Learns() != b.Learns():
			return a.Learns()
		case a.Learns():
			return *a.Score > *b.Score
		}
		return *a.Gain > *b.Gain
	}
	for i, t := range m.Trials {
		if t.Score != nil && (m.Choice < 0 || better(t, m.Trials[m.Choice])) {
			m.Choice = i
		}
	}
}
