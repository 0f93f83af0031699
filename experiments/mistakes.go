package experiments

import (
	"context"
	"errors"

	"secura/datasets"
	"secura/datasets/prepared"
	"secura/experiments/pretrained"
	"secura/experiments/suite"
)

// Mistakes are those that the data, the backbones and the methods show of a suite that has others,
// so that all are told at once. s is what is left of it (see suite.Faulty).
func Mistakes(ctx context.Context, s suite.Suite, store *prepared.Store) error {
	mistakes := []error{checkBackbones(s)}
	if s.Evaluation.Split != "validation" {
		s.Evaluation.Split = "test"
	}
	for _, r := range reads(s) {
		if !readable(r.task) {
			continue
		}
		for _, split := range r.splits {
			mistakes = append(mistakes, store.Check(ctx, r.task, split))
		}
	}
	return suite.Told(append(mistakes, startable(s))...)
}

// readable says whether a task has what it needs to be read. Where it has not, its own mistake was
// told, and what follows from that is none.
func readable(t datasets.Task) bool {
	t.Scores, t.Limits, t.Stop, t.Shots = []string{"exact"}, datasets.Limits{}, nil, 0
	if t.Original = ""; t.Choice() {
		t.Scores = []string{"accuracy"}
	} else {
		t.MaxNewTokens = max(t.MaxNewTokens, 1)
	}
	return t.Validate() == nil
}

// unknownExamples stands for the number of a stream's examples where they could not be read.
const unknownExamples = 512

// startable says which methods cannot be started on the suite's backbones; a backbone that cannot
// be opened was told.
func startable(s suite.Suite) error {
	var mistakes []error
	for _, name := range s.BackboneNames() {
		if pretrained.Check(name) != nil {
			continue
		}
		b, err := pretrained.OpenTexts(name, backboneOptions(s))
		if err == nil {
			err = checkMethods(s.RunOn(name), b.Config, unknownExamples)
		}
		mistakes = append(mistakes, err)
	}
	return errors.Join(mistakes...)
}
