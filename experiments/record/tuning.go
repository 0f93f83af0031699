package record

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Tuning is the content of tune.json: what a tuning of a suite's methods tried, what each trial
// scored, and which was chosen. It is a pure function of the trials' records.
type Tuning struct {
	// Suite is the name of the suite whose methods were tuned.
	Suite string `json:"suite"`
	// Budget is the number of trials of each method, Finalists how many of them were run again, and
	// Seeds on how many seeds a finalist was run in all: of each method alike.
	Budget    int `json:"budget"`
	Finalists int `json:"finalists"`
	Seeds     int `json:"seeds"`
	// Stream names the calibration stream's tasks, in the order of learning.
	Stream []string `json:"stream"`
	// Steps are the optimiser's on each of them.
	Steps int `json:"steps"`
	// Split is the split that was evaluated, Examples how many of it per task at most (0: all).
	Split    string `json:"split"`
	Examples int    `json:"examples"`
	// Objective is the metric that was the higher the better.
	Objective string `json:"objective"`
	// LearnedShare is the share of the largest gain of a method's trials that one must have to be
	// chosen; 0, in a tuning of before there was a choice, is LearnedShare.
	LearnedShare float64       `json:"learned_share,omitempty"`
	Methods      []TunedMethod `json:"methods"`
}

// TunedMethod is one method of a tuning.
type TunedMethod struct {
	Preset string `json:"preset"`
	Name   string `json:"name"`
	// Coefficient are the parameters that were tuned beside the learning rate; none where the
	// method has no coefficient.
	Coefficient []string `json:"coefficient,omitempty"`
	// Trials are in the order in which they were planned.
	Trials []Trial `json:"trials"`
	// Choice is the index of the chosen trial, -1 where none has a score.
	Choice int `json:"choice"`
	// Remarks say of the choice how it lies in what was tried: whether beyond the first grid, or at
	// its edge.
	Remarks []string `json:"remarks,omitempty"`
}

// Trial is one run of a method through the calibration stream.
type Trial struct {
	// Name is the trial's method in the tuning's run, such as "ewc.t03".
	Name string `json:"name"`
	// Round counts from 1; the trials of a round were planned together.
	Round        int     `json:"round"`
	LearningRate float64 `json:"learning_rate"`
	// Params are all that differ from the preset's, the coefficient among them.
	Params map[string]any `json:"params,omitempty"`
	Outcome
	// Again are the outcomes on further seeds; only finalists have them.
	Again []Outcome `json:"again,omitempty"`
}

// Outcome is how a trial ended on one seed, or on several in the mean.
type Outcome struct {
	// Score is the objective; nil where the trial has none, for the Reason given: it was run, it
	// counts, and it is never chosen.
	Score  *float64 `json:"score"`
	Reason string   `json:"reason,omitempty"`
	// Gain is by how much the tasks' scores right after learning them exceed the base row's, their
	// mean; nil where that is not known.
	Gain *float64 `json:"gain_over_base,omitempty"`
	// Metrics are other metrics of the trial, those that are defined.
	Metrics []Score `json:"metrics,omitempty"`
}

// TunedReason begins the reason of every setting that a tuning chose.
const TunedReason = "tuned: "

// LearnedGain is the gain over the base row from which on a method has learned.
const LearnedGain = 0.08

// LearnedShare is the share of the largest gain of a method's trials that a trial must have to be
// chosen, unless the tuning has another: one that learns half as much also has half as much to
// forget, and final accuracy alone cannot tell it from one that learns well and forgets.
const LearnedShare = 0.8

// Learns says whether the trial learns; one of which that is not known is taken to.
func (o Outcome) Learns() bool { return o.gains(LearnedGain) }

func (o Outcome) gains(least float64) bool { return o.Gain == nil || *o.Gain >= least }

// Coefficients names parameters with their values, as in "rank 12, inner 16"; empty without any.
func Coefficients(keys []string, values []any) string {
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = fmt.Sprintf("%s %v", key, values[i])
	}
	return strings.Join(list, ", ")
}

// Coefficients are those of a trial of the method.
func (m TunedMethod) Coefficients(t Trial) string {
	values := make([]any, len(m.Coefficient))
	for i, key := range m.Coefficient {
		values[i] = t.Params[key]
	}
	return Coefficients(m.Coefficient, values)
}

// Overall is the mean over all seeds that the trial was run on. It has no score where it has none
// on one of them.
func (t Trial) Overall() Outcome {
	if len(t.Again) == 0 || t.Score == nil {
		return t.Outcome
	}
	all := append([]Outcome{t.Outcome}, t.Again...)
	for _, o := range all {
		if o.Score == nil {
			return Outcome{Reason: o.Reason}
		}
	}
	mean := Outcome{Score: meanOf(all, func(o Outcome) *float64 { return o.Score }), Gain: meanOf(all, func(o Outcome) *float64 { return o.Gain })}
	for _, m := range t.Metrics {
		x := meanOf(all, func(o Outcome) *float64 {
			i := slices.IndexFunc(o.Metrics, func(s Score) bool { return s.Name == m.Name })
			if i < 0 {
				return nil
			}
			return &o.Metrics[i].Value
		})
		if x != nil {
			mean.Metrics = append(mean.Metrics, Score{Name: m.Name, Value: *x})
		}
	}
	return mean
}

// meanOf is the mean of a number of all outcomes; nil where one lacks it.
func meanOf(all []Outcome, of func(Outcome) *float64) *float64 {
	sum := 0.0
	for _, o := range all {
		x := of(o)
		if x == nil {
			return nil
		}
		sum += *x
	}
	sum /= float64(len(all))
	return &sum
}

// Chosen is the chosen trial; false where none has a score.
func (m TunedMethod) Chosen() (Trial, bool) {
	if m.Choice < 0 || m.Choice >= len(m.Trials) {
		return Trial{}, false
	}
	return m.Trials[m.Choice], true
}

// leastGain is the gain that a trial must have to be chosen by its score: LearnedGain, and a share
// of the largest gain of the trials' first seeds.
func (m TunedMethod) leastGain(share float64) float64 {
	least := LearnedGain
	for _, t := range m.Trials {
		if t.Score != nil && t.Gain != nil {
			least = max(least, share**t.Gain)
		}
	}
	return least
}

// Enough counts the trials that gain enough to be chosen by their score.
func (m TunedMethod) Enough(share float64) (n int) {
	least := m.leastGain(share)
	for _, t := range m.Trials {
		if t.Score != nil && t.gains(least) {
			n++
		}
	}
	return n
}

// Best are the indices of the best n trials by their first seeds, the best one first. Those that
// gain enough (leastGain) come before all that do not, and are ordered by their scores; the others
// by their gains: a setting at which nothing is learned keeps everything, so that the score alone
// might choose a method that does nothing. Of equals the first comes first. A trial without a score
// is none of them.
func (m TunedMethod) Best(n int, share float64) []int {
	var list []int
	for i, t := range m.Trials {
		if t.Score != nil {
			list = append(list, i)
		}
	}
	least := m.leastGain(share)
	slices.SortStableFunc(list, func(a, b int) int { return better(m.Trials[a].Outcome, m.Trials[b].Outcome, least) })
	return list[:min(n, len(list))]
}

// Choose sets Choice to the best of the finalists by the means over all of their seeds. Where there
// are none with a score, it is the best of all trials by their first seeds; -1 where none has a
// score.
func (m *TunedMethod) Choose(share float64) {
	m.Choice = -1
	ranked, least := m.Best(len(m.Trials), share), m.leastGain(share)
	for _, i := range ranked {
		if o := m.Trials[i].Overall(); len(m.Trials[i].Again) > 0 && o.Score != nil &&
			(m.Choice < 0 || better(o, m.Trials[m.Choice].Overall(), least) < 0) {
			m.Choice = i
		}
	}
	others := slices.DeleteFunc(ranked, func(i int) bool { return len(m.Trials[i].Again) > 0 })
	if m.Choice < 0 && len(others) > 0 {
		m.Choice = others[0]
	}
}

// better orders two outcomes with scores as Best does.
func better(a, b Outcome, least float64) int {
	switch {
	case a.gains(least) && b.gains(least):
		return cmp.Compare(*b.Score, *a.Score)
	case a.gains(least):
		return -1
	case b.gains(least):
		return 1
	}
	return cmp.Compare(*b.Gain, *a.Gain)
}
