package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/report"
)

// tuning holds the files of a run that is a tuning to the records of its trials: what tune.json
// says of each trial, the choices, and the settings in tuned.yaml.
func (v *verification) tuning(r *report.Report) {
	if r.Trials == nil {
		return
	}
	wrong := v.trials(r)
	if len(wrong) == 0 {
		wrong = v.choices(*r.Trials)
	}
	v.found("tune.json and tuned.yaml are what the trials' records give", wrong...)
	again := v.run.Again().Path
	if _, err := os.Stat(again); err == nil {
		fmt.Fprintf(v.stdout, "a run of its own, of which only the scores were looked at: %s\n", again)
	}
}

// trials are the differences between what tune.json says of the trials and their records.
func (v *verification) trials(r *report.Report) (wrong []error) {
	differs := func(trial record.Trial, seed string, err error) {
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: trial %s%s: %w", v.run.Tuning(), trial.Name, seed, err))
		}
	}
	first := outcomesOf(r, r.Trials.Objective)
	var again *report.Report
	for _, m := range r.Trials.Methods {
		for _, trial := range m.Trials {
			differs(trial, "", sameTrial(trial, r.Suite))
			o, err := first(trial.Name, 0)
			differs(trial, "", errors.Join(err, sameOutcome(trial.Outcome, o)))
			if len(trial.Again) == 0 {
				continue
			}
			if again == nil {
				if again, err = report.Read(v.run.Again()); err != nil {
					return append(wrong, err)
				}
			}
			differs(trial, " again", sameTrial(trial, again.Suite))
			for seed, kept := range trial.Again {
				o, err := outcomesOf(again, r.Trials.Objective)(trial.Name, seed)
				differs(trial, fmt.Sprintf(" again, seed %d", seed), errors.Join(err, sameOutcome(kept, o)))
			}
		}
	}
	return wrong
}

// sameTrial says whether a trial was run with the settings that tune.json has.
func sameTrial(trial record.Trial, s suite.Suite) error {
	spec, ok := s.Method(trial.Name)
	if !ok {
		return errors.New("the run has no such method")
	}
	return sameJSON("as the run has it", suite.MethodSpec{LearningRate: spec.LearningRate, Params: spec.Params},
		suite.MethodSpec{LearningRate: trial.LearningRate, Params: trial.Params})
}

// sameOutcome compares an outcome with what the records give; they may give metrics that the
// program did not know when it was written.
func sameOutcome(kept, given record.Outcome) error {
	given.Metrics = slices.DeleteFunc(slices.Clone(given.Metrics), func(m record.Score) bool {
		return !slices.ContainsFunc(kept.Metrics, func(k record.Score) bool { return k.Name == m.Name })
	})
	return sameJSON("by its records", given, kept)
}

// sameJSON names the first difference of what was kept from what is given, and says why the latter
// is expected.
func sameJSON(why string, given, kept any) error {
	a, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	b, err := json.Marshal(given)
	if err != nil {
		return err
	}
	d, err := record.Difference(a, b, 0)
	if err == nil && d != "" {
		err = fmt.Errorf("%s %s", d, why)
	}
	return err
}

// choices are the differences between the choices and what the trials give, and between them and
// tuned.yaml.
func (v *verification) choices(k record.Tuning) (wrong []error) {
	text, err := os.ReadFile(v.run.Tuned())
	if err != nil {
		return []error{err}
	}
	tuned, err := suite.ReadExtension(text, v.run.Tuned())
	if err != nil {
		return []error{err}
	}
	share := suite.Tuning{LearnedShare: k.LearnedShare}.Share()
	for _, m := range k.Methods {
		again := m
		if again.Choose(share); again.Choice != m.Choice {
			wrong = append(wrong, fmt.Errorf("%s: the choice of %s is %d, by its trials %d", v.run.Tuning(), m.Name, m.Choice, again.Choice))
		}
		chosen, ok := m.Chosen()
		if !ok {
			continue
		}
		i := slices.IndexFunc(tuned.Methods, func(s suite.MethodSpec) bool { return s.Name == m.Name })
		if i < 0 {
			wrong = append(wrong, fmt.Errorf("%s has no method %s", v.run.Tuned(), m.Name))
			continue
		}
		err := sameJSON("by the choice", suite.MethodSpec{LearningRate: chosen.LearningRate, Params: chosen.Params},
			suite.MethodSpec{LearningRate: tuned.Methods[i].LearningRate, Params: tuned.Methods[i].Params})
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: method %s: %w", v.run.Tuned(), m.Name, err))
		}
	}
	return wrong
}
