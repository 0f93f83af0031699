package experiments

import (
	"errors"

	"secura/datasets"
	"secura/experiments/pretrained"
	"secura/experiments/stream"
	"secura/experiments/suite"
)

// Mistakes are those that the data, the backbones and the methods show of a suite that has others, so that all are told at
// once. s is what is left of it (see suite.Faulty).
func Mistakes(s suite.Suite, dataDir string) error {
	mistakes := []error{checkBackbones(s)}
	if s.Evaluation.Split != "validation" {
		s.Evaluation.Split = "test"
	}
	texts := stream.NewTexts(dataDir)
	for _, r := range reads(s) {
		if !readable(r.task) {
			continue
		}
		for _, split := range r.splits {
			_, err := texts.Load(r.task, split)
			mistakes = append(mistakes, err)
		}
	}
	return suite.Told(append(mistakes, startable(s))...)
}

// readable says whether a task has what it needs to be read. Where it has not, its own mistake was told, and what follows
// from that is none.
func readable(t datasets.Task) bool {
	t.Scores, t.Limits, t.Stop, t.Shots = []string{"exact"}, datasets.Limits{}, nil, 0
	if t.Original = ""; t.Choice() {
		t.Scores = []string{"accuracy"}
	} else {
		t.MaxNewTokens = max(t.MaxNewTokens, 1)
	}
	return t.Validate() == nil
}

// startable says which methods cannot be started on the suite's backbones; a backbone that cannot be opened was told.
func startable(s suite.Suite) error {
	const examples = 512 // how many there are is not known
	var mistakes []error
	for _, name := range s.BackboneNames() {
		if pretrained.Check(name) != nil {
			continue
		}
		b, err := pretrained.OpenTexts(name, backboneOptions(s))
		if err == nil {
			err = checkMethods(s.RunOn(name), b.Config, examples)
		}
		mistakes = append(mistakes, err)
	}
	return errors.Join(mistakes...)
}
