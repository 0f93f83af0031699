package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"secura/experiments/launch"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/methods"
	"secura/reports"
)

// dashboard keeps TensorBoard's files of a run up to date: a folder per cell.
type dashboard struct {
	dir string
	// whole are the cells of which everything is written.
	whole map[string]bool
}

// ownerName is the file of a folder of events that names the run they are of: cells of two runs
// have equal names.
const ownerName = "run.txt"

// own takes the folder of events for a run, or says whose it is.
func (d *dashboard) own(run rundir.Run) error {
	path, err := filepath.Abs(run.Path)
	if err != nil {
		return err
	}
	file := filepath.Join(d.dir, ownerName)
	owner, err := os.ReadFile(file)
	if err == nil && strings.TrimSpace(string(owner)) != path {
		return fmt.Errorf("-tensorboard %s: it has the events of run %s, with which those of %s would mix; give a folder of its own, such as %s, which the same TensorBoard shows",
			d.dir, strings.TrimSpace(string(owner)), path, filepath.Join(filepath.Dir(filepath.Clean(d.dir)), filepath.Base(path)+"-events"))
	}
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return fmt.Errorf("-tensorboard: %w", err)
	}
	return rundir.WriteBytes(file, []byte(path+"\n"))
}

// update writes what is new of each cell.
func (d *dashboard) update(f *launch.Follower) error {
	for _, c := range f.Cells {
		if c.State == record.Queued || d.whole[c.ID] {
			continue
		}
		if err := writeEvents(filepath.Join(d.dir, c.ID), c, f.Suite.Training.Steps); err != nil {
			return err
		}
		d.whole[c.ID] = c.State == record.Done
	}
	return nil
}

// writeEvents writes a cell's steps and rows in the order in which they happened, counted in steps
// of the stream, a task having so many of them.
func writeEvents(folder string, c *launch.FollowedCell, taskSteps int) (err error) {
	// Steps are read first. Every row that lies before the newest of them has then been written;
	// one after it may have steps before it that were not read.
	steps, _, err := record.Read[record.Step](c.Folder.Steps())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	rows, _, err := record.ReadEvents(c.Folder.Records())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	out, err := reports.OpenTensorBoard(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	position := func(index, step int) int {
		if method, ok := methods.Find(c.Method.Preset); ok && method.Kind == methods.Joint {
			return step // all tasks are one lesson
		}
		return (index-1)*taskSteps + step
	}
	var first *float64
	next := 0
	for _, e := range rows {
		if e.Kind != record.Boundary && e.Kind != record.Curve {
			continue
		}
		for ; next < len(steps) && before(steps[next], e); next++ {
			if err := out.Add(position(steps[next].Index, steps[next].Step), stepScalars(steps[next])); err != nil {
				return err
			}
		}
		if e.Index > 0 && next == len(steps) && !c.State.Ended() {
			return nil
		}
		if e.Kind == record.Boundary && e.Index == 0 {
			first = e.Knowledge
		}
		at := e.Index * taskSteps
		if e.Kind == record.Curve {
			at = position(e.Index, e.Step)
		}
		if err := out.Add(at, rowScalars(e, first)); err != nil {
			return err
		}
	}
	for ; next < len(steps); next++ {
		if err := out.Add(position(steps[next].Index, steps[next].Step), stepScalars(steps[next])); err != nil {
			return err
		}
	}
	return nil
}

// before says whether a step was made before a row was evaluated.
func before(s record.Step, row record.Event) bool {
	if row.Kind == record.Curve {
		return s.Index < row.Index || s.Index == row.Index && s.Step <= row.Step
	}
	return s.Index <= row.Index
}

func stepScalars(s record.Step) []record.Measure {
	return []record.Measure{{Name: "train/loss", Value: s.Loss}, {Name: "train/gradient_norm", Value: s.GradientNorm}, {Name: "train/learning_rate", Value: s.LearningRate}}
}

// rowScalars are what was evaluated: each task's first score, and what was kept of the base model's
// knowledge, first being what that knew.
func rowScalars(e record.Event, first *float64) []record.Measure {
	var scalars []record.Measure
	add := func(name string, value float64) {
		scalars = append(scalars, record.Measure{Name: name, Value: value})
	}
	for _, task := range e.Scores {
		add("score/"+task.Task, task.Scores[0].Value)
	}
	if e.Kind == record.Boundary && e.Index > 0 && len(e.Scores) > 1 {
		sum := 0.0
		for _, task := range e.Scores[:min(e.Index, len(e.Scores))] {
			sum += task.Scores[0].Value
		}
		add("stream/accuracy_on_learned", sum/float64(min(e.Index, len(e.Scores))))
	}
	if e.Knowledge != nil {
		add("stream/knowledge", *e.Knowledge)
		if first != nil && *first != 0 {
			add("stream/knowledge_retention", *e.Knowledge / *first)
		}
	}
	if e.Perplexity != nil {
		add("stream/loss_on_held_out_text", *e.Perplexity)
	}
	return scalars
}
