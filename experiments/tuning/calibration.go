package tuning

import (
	"cmp"
	"fmt"
	"slices"

	"secura/datasets"
	"secura/experiments/suite"
)

// calibration is the suite that a tuning's trials run in, methods left out: the suite's tasks in
// another order, learned from the training split and scored on validation, by a pairing of its own,
// so that no drawn number is one of the reported cells'. It has all of the tasks unless the options
// bound them, as where hours count: a learning rate that is good for six may be too high for
// sixteen. The tasks refuse to open any other split, in every process that reads the suite. The
// knowledge battery, which has a test split alone, is left out, and so is the suite's held-out
// text.
func calibration(s suite.Suite, o Options) suite.Suite {
	c := s
	c.Name, c.Pairing = SuiteName(s), s.PairingName()+tuneSuffix
	c.Doc = fmt.Sprintf("The trials of a tuning of %s: validation splits of a calibration stream.", s.Name)
	c.Tasks = calibrationTasks(s, c.Pairing, o.Tasks)
	c.Knowledge, c.HeldOut = []datasets.Task{}, datasets.Texts{}
	c.Methods = nil
	c.Seeds, c.Orders, c.TaskOrders = 1, 1, nil
	c.Evaluation.Split = "validation"
	c.Evaluation.TestExamples = o.Examples
	c.Evaluation.KeepCheckpoints = "last"
	// What the objectives need: each task right after it was learned, and all at the stream's end.
	c.Evaluation.Every, c.Evaluation.EverySteps, c.Evaluation.AtSteps = suite.EveryFinal, 0, nil
	c.Evaluation.Recovery = nil
	c.Evaluation.TeacherForced, c.Evaluation.KL, c.Evaluation.Interpolate, c.Evaluation.Diagnostics, c.Tables = false, false, nil, false, nil // a choice is made by scores alone
	c.Tuning = suite.Tuning{Trials: o.Trials, Seeds: o.Seeds, Stream: c.TaskNames(), Split: c.Evaluation.Split, Examples: o.Examples, Objective: o.Objective,
		LearnedShare: cmp.Or(o.LearnedShare, s.Tuning.LearnedShare)}
	return c
}

// tunedSplits are the splits that a tuning may open.
var tunedSplits = []string{"train", "validation"}

// calibrationTasks puts a suite's tasks in another order: that of the tuning that the suite has
// had, so that its tuning can be repeated, or else a drawn one. most bounds them; 0 does not.
func calibrationTasks(s suite.Suite, pairing string, most int) []datasets.Task {
	if most == 0 {
		most = len(s.Tasks)
	}
	tasks := tunedBefore(s, most)
	if tasks == nil {
		tasks = drawnTasks(s, pairing)[:most]
	}
	for i := range tasks {
		tasks[i].Readable = tunedSplits
	}
	return tasks
}

// tunedBefore are the suite's tasks in the order of its tuning, none where that had another number
// of tasks, or others, as where the suite extends the tuned one, or had all of them in the suite's
// own order.
func tunedBefore(s suite.Suite, n int) (tasks []datasets.Task) {
	order, known := s.InOrder(s.Tuning.Stream)
	if !known || len(order) != n || n == len(s.Tasks) && slices.IsSorted(order) {
		return nil
	}
	for _, at := range order {
		tasks = append(tasks, s.Tasks[at])
	}
	return tasks
}

// drawnTasks puts the tasks in a drawn order in which the families take turns, so that each
// boundary forgets across kinds. It draws from a stream named after the tuning's pairing alone.
func drawnTasks(s suite.Suite, pairing string) []datasets.Task {
	r := suite.Streams{PairingKey: pairing}.Rand("calibration")
	families := s.Families()
	for _, list := range families {
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	r.Shuffle(len(families), func(i, j int) { families[i], families[j] = families[j], families[i] })
	var order []int
	for round := 0; len(order) < len(s.Tasks); round++ {
		for _, list := range families {
			if round < len(list) {
				order = append(order, list[round])
			}
		}
	}
	if slices.IsSorted(order) {
		slices.Reverse(order)
	}
	tasks := make([]datasets.Task, len(order))
	for i, at := range order {
		tasks[i] = s.Tasks[at]
	}
	return tasks
}

// SuiteName is the name of the suite that a suite's trials are of.
func SuiteName(s suite.Suite) string { return s.Name + tuneSuffix }

const tuneSuffix = "-tune"
