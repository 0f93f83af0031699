package tuning

import (
	"fmt"
	"slices"

	"secura/datasets"
	"secura/experiments/suite"
)

// calibration is the suite that a tuning's trials run in, methods left out: some of the suite's tasks in another order,
// learned from the training split and scored on validation, by a pairing key of its own, so that no drawn number is
// one of the reported cells'. Its tasks refuse to open any other split, in every process that reads the suite.
// The knowledge battery, which has a test split alone, is left out.
func calibration(s suite.Suite, o Options) suite.Suite {
	c := s
	c.Name = s.Name + "-tune"
	c.Doc = fmt.Sprintf("The trials of a tuning of %s: validation splits of a calibration stream.", s.Name)
	c.Tasks = calibrationTasks(s, c.Name, o.Tasks)
	c.Knowledge = []datasets.Task{}
	c.Methods = nil
	c.Seeds, c.Orders, c.TaskOrders = 1, 1, nil
	c.Evaluation.Split = "validation"
	c.Evaluation.TestExamples = o.Examples
	c.Evaluation.KeepCheckpoints = "last"
	// What the objectives need: each task right after it was learned, and all at the stream's end.
	c.Evaluation.Every, c.Evaluation.EverySteps = suite.EveryFinal, 0
	c.Evaluation.Diagnostics, c.Tables = false, nil // a choice is made by scores alone
	c.Tuning = suite.Tuning{Trials: o.Trials, Stream: c.TaskNames(), Split: c.Evaluation.Split, Examples: o.Examples, Objective: o.Objective}
	return c
}

// tunedSplits are the splits that a tuning may open.
var tunedSplits = []string{"train", "validation"}

// calibrationTasks chooses n of a suite's tasks, family by family in turn, so that no family is missing while another
// has two, and puts them in an order other than the suite's. It draws from a stream named after the tuning alone.
func calibrationTasks(s suite.Suite, name string, n int) []datasets.Task {
	r := suite.Streams{PairingKey: name}.Rand("calibration")
	var families []string
	members := map[string][]int{}
	for i, t := range s.Tasks {
		if members[t.Family] == nil {
			families = append(families, t.Family)
		}
		members[t.Family] = append(members[t.Family], i)
	}
	for _, f := range families {
		list := members[f]
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	r.Shuffle(len(families), func(i, j int) { families[i], families[j] = families[j], families[i] })
	var chosen []int
	for round := 0; len(chosen) < min(n, len(s.Tasks)); round++ {
		for _, f := range families {
			if round < len(members[f]) && len(chosen) < n {
				chosen = append(chosen, members[f][round])
			}
		}
	}
	if slices.IsSorted(chosen) {
		slices.Reverse(chosen)
	}
	tasks := make([]datasets.Task, len(chosen))
	for i, c := range chosen {
		tasks[i] = s.Tasks[c]
		tasks[i].Readable = tunedSplits
	}
	return tasks
}
