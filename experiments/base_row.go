package experiments

import (
	"context"
	"encoding/json"
	"fmt"

	"secura/experiments/evaluation"
	"secura/experiments/machine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// baseRow is the untouched backbone's row, computed once per worker, or by an earlier worker. Where
// it is computed tell is told how much of it is done.
func (w *Worker) baseRow(ctx context.Context, log *cellLog, tell func(percent int)) (*evaluation.Row, error) {
	if row := w.untouched[w.suite.Backbone]; row != nil {
		return row, nil
	}
	path, err := w.keptRowPath()
	if err != nil {
		return nil, err
	}
	row := readKeptRow(path)
	if row == nil {
		stop := log.time(record.Eval, 0)
		if row, err = w.untouchedRow(ctx, tell); err != nil {
			stop(0)
			return nil, err
		}
		stop(row.Tokens)
		if err := writeKeptRow(path, row); err != nil {
			return nil, err
		}
	}
	w.untouched[w.suite.Backbone] = row
	return row, nil
}

// untouchedRow evaluates the backbone, and where that is asked for again with noise.
func (w *Worker) untouchedRow(ctx context.Context, tell func(percent int)) (*evaluation.Row, error) {
	if !w.suite.Evaluation.TeacherForced {
		return w.evaluator.Watched(tell).Evaluate(ctx, nil)
	}
	row, err := w.evaluator.Watched(func(percent int) { tell(percent / 2) }).Evaluate(ctx, nil)
	if err == nil {
		row.Perturbed, err = w.perturbed(ctx, func(percent int) { tell(50 + percent/2) })
	}
	return row, err
}

// keptRow is a base row as a worker leaves it for later ones.
type keptRow struct {
	// SHA256 is that of the row's JSON: a file that was changed holds another row.
	SHA256 string          `json:"sha256"`
	Row    *evaluation.Row `json:"row"`
}

// keptRowPath is where the row lies that this worker would compute, empty where none is kept. Its
// name is a hash of all that the numbers depend on: this very program, for a revision says nothing
// of a tree with changes, what computes, the suite's settings but for methods, how they were tuned,
// seeds and orders, and the hashes of the data's and backbone's files.
func (w *Worker) keptRowPath() (string, error) {
	if !w.keep || len(w.files) == 0 {
		return "", nil
	}
	program, err := machine.Program()
	if err != nil {
		return "", err
	}
	file, err := rundir.HashFile(program)
	if err != nil {
		return "", err
	}
	s := w.planned
	s.Methods, s.Seeds, s.Orders, s.Tuning = nil, 0, 0, suite.Tuning{}
	settings, err := s.Hash()
	if err != nil {
		return "", err
	}
	key, err := json.Marshal(struct {
		Program, Processor, Settings, Backbone string
		Backend                                backbone.BackendInfo
		Files                                  []rundir.File
	}{file.SHA256, ProcessorOf(w.backendInfo), settings, w.suite.Backbone, w.backendInfo, w.files})
	if err != nil {
		return "", fmt.Errorf("name the base row: %w", err)
	}
	return w.run.BaseRow(rundir.HashBytes("", key).SHA256[:16]), nil
}

// readKeptRow reads a kept row; nil where there is none, or where its file was cut or changed: it
// is computed and written again then.
func readKeptRow(path string) *evaluation.Row {
	var kept keptRow
	if path == "" || rundir.ReadJSON(path, &kept) != nil || kept.Row == nil {
		return nil
	}
	if sum, err := rowSum(kept.Row); err != nil || sum != kept.SHA256 {
		return nil
	}
	return kept.Row
}

// writeKeptRow keeps a row, unless it is one that JSON cannot hold: with an infinite number.
func writeKeptRow(path string, row *evaluation.Row) error {
	sum, err := rowSum(row)
	if path == "" || err != nil {
		return nil
	}
	return rundir.WriteJSON(path, keptRow{sum, row})
}

func rowSum(row *evaluation.Row) (string, error) {
	data, err := json.Marshal(row)
	return rundir.HashBytes("", data).SHA256, err
}

// perturbedDeviations is how much noise, in standard deviations of each weight, makes the
// reference: it destroys SmolLM2, whose nats a token go from 1.5 to 7, while the embedded backbone
// stands it.
const perturbedDeviations = 0.5

// perturbed evaluates the backbone with noise on the targeted projections, the same in every cell
// and run.
func (w *Worker) perturbed(ctx context.Context, tell func(percent int)) (*evaluation.Row, error) {
	noisy, err := w.base.Perturbed(w.suite.Training.Targets, perturbedDeviations, suite.Streams{}.Rand("perturbed"))
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, x := range noisy {
			x.FinalizeAll()
		}
	}()
	row, err := w.evaluator.Watched(tell).Evaluate(ctx, noisy)
	if err != nil {
		return nil, fmt.Errorf("the backbone with noise: %w", err)
	}
	return row, nil
}
