package experiments

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// Part is what of a cell is executed again.
type Part struct {
	Cell suite.Cell
	// From is the boundary whose checkpoint it starts at, −1 for the cell's start.
	From int
	// Until is the boundary at which it ends; EndOfCell for the end.
	Until int
}

// EndOfCell is the Until of a part that ends where its cell does.
const EndOfCell = -1

// String says what the part is.
func (p Part) String() string {
	from, until := "the start", fmt.Sprintf("boundary %d", p.Until)
	if p.From >= 0 {
		from = fmt.Sprintf("boundary %d", p.From)
	}
	if p.Until == EndOfCell {
		until = "the end"
	}
	return fmt.Sprintf("%s from %s to %s", p.Cell.ID, from, until)
}

// Whole is all of a cell.
func Whole(c suite.Cell) Part { return Part{c, -1, EndOfCell} }

// Sample draws one task of one of the cells of each method on each backbone, by a seed. A task
// whose checkpoint before it was not kept is replaced by the first of the cell.
func (w *Worker) Sample(ctx context.Context, cells []suite.Cell, seed uint64) ([]Part, error) {
	r := suite.Streams{RunSeed: seed, PairingKey: w.suite.Name}.Rand("verify")
	var fields [][]suite.Cell
	for _, name := range w.planned.BackboneNames() {
		for _, m := range w.suite.Methods {
			var mine []suite.Cell
			for _, c := range cells {
				if c.Backbone == name && c.Method.Name == m.Name {
					mine = append(mine, c)
				}
			}
			if len(mine) > 0 {
				fields = append(fields, mine)
			}
		}
	}
	var parts []Part
	for _, mine := range fields {
		cell := mine[r.IntN(len(mine))]
		p, err := w.protocol(ctx, cell, w.run.Cell(cell.ID))
		if err != nil {
			return nil, err
		}
		lessons := p.plan()
		if len(lessons) == 0 {
			parts = append(parts, Whole(cell))
			continue
		}
		part := Part{cell, -1, lessons[0].index}
		k, before := r.IntN(len(lessons)), 0
		if k > 0 {
			before = lessons[k-1].index
		}
		if rundir.CheckCheckpoint(p.folder.Checkpoint(before), rundir.Place{Index: before}) == nil {
			part = Part{cell, before, lessons[k].index}
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// Again executes a part of a cell in a run folder of its own, and names the first difference from
// what is on record. With a tolerance, which is for other backends and processors, only what these
// have in common is compared: of each step its learning rate and tokens, the first step's loss, and
// scores. Those after the first task of the part may be further apart: their last bits differ from
// the first step on, and training makes more of it. drift says how far; empty if they are not.
// tell, which may be nil, is told how far the part is.
func (w *Worker) Again(ctx context.Context, part Part, scratch rundir.Run, tolerance float64, tell func(engine.Progress)) (drift string, err error) {
	kept, again := w.run.Cell(part.Cell.ID), scratch.Cell(part.Cell.ID)
	if err := again.Make(); err != nil {
		return "", err
	}
	if part.From >= 0 {
		if err := copyCheckpoint(kept, again, part.From); err != nil {
			return "", fmt.Errorf("execute %s again: %w", part, err)
		}
	}
	p, err := w.protocol(ctx, part.Cell, again)
	if err != nil {
		return "", err
	}
	defer func() { p.log.close() }()
	p.until = part.Until
	if tell != nil {
		p.progress = tell
	}
	w.shareGraphs(part.Cell)
	var diverged *DivergedError
	if err := p.run(ctx); err != nil && !errors.As(err, &diverged) {
		return "", fmt.Errorf("execute %s again: %w", part, err)
	}
	if tolerance > 0 {
		if err = sameSteps(again, kept, part); err == nil {
			drift, err = sameScores(again, kept, part, tolerance)
		}
	} else {
		err = sameCell(again, kept, part)
	}
	if err != nil {
		return "", fmt.Errorf("%s, executed again, differs: %w", part, err)
	}
	return drift, nil
}

// copyCheckpoint puts a cell's records and the checkpoint of a boundary into another folder.
func copyCheckpoint(from, to rundir.Cell, index int) error {
	for _, path := range [][2]string{{from.Records(), to.Records()}, {from.Steps(), to.Steps()}} {
		data, err := os.ReadFile(path[0])
		if err == nil {
			err = rundir.WriteBytes(path[1], data)
		}
		if err != nil {
			return err
		}
	}
	return os.CopyFS(to.Checkpoint(index), os.DirFS(from.Checkpoint(index)))
}

// sameCell holds what a part left to what its cell has on record, byte for byte.
func sameCell(again, kept rundir.Cell, part Part) error {
	for _, paths := range [][2]string{{again.Records(), kept.Records()}, {again.Steps(), kept.Steps()}} {
		if err := sameLines(paths[0], paths[1], part.Until == EndOfCell); err != nil {
			return err
		}
	}
	files, err := filepath.Glob(filepath.Join(again.PredictionsFolder(), "*"))
	if err != nil {
		return err
	}
	for _, path := range files {
		other := filepath.Join(kept.PredictionsFolder(), filepath.Base(path))
		if err := sameFile(path, other); err != nil {
			return err
		}
	}
	checkpoints, err := filepath.Glob(filepath.Join(again.Checkpoints(), "*", "complete.json"))
	if err != nil {
		return err
	}
	for _, path := range checkpoints {
		other := filepath.Join(kept.Checkpoints(), filepath.Base(filepath.Dir(path)), filepath.Base(path))
		if _, err := os.Stat(other); errors.Is(err, os.ErrNotExist) {
			continue // only the last one was kept, or none was packed
		}
		if err := sameFile(path, other); err != nil {
			return err
		}
	}
	return nil
}

func sameFile(got, want string) error {
	a, err := rundir.HashFile(got)
	if err != nil {
		return err
	}
	b, err := rundir.HashFile(want)
	if err != nil {
		return err
	}
	if a.SHA256 != b.SHA256 {
		return fmt.Errorf("%s has sha256 %s, expected %s", want, b.SHA256, a.SHA256)
	}
	return nil
}

// lossApart is how far the first step's loss may be from the one on record, as a share of it, where
// another backend or processor computed that: both are of the same weights and rows.
const lossApart = 0.01

// sameSteps compares what steps have in common wherever they are computed: the learning rate, the
// tokens and, of the part's first step, whose weights are the same, the loss.
func sameSteps(again, kept rundir.Cell, part Part) error {
	got, _, err := record.Read[record.Step](again.Steps())
	if errors.Is(err, os.ErrNotExist) {
		return nil // nothing is trained
	}
	if err != nil {
		return err
	}
	want, _, err := record.Read[record.Step](kept.Steps())
	if err != nil {
		return err
	}
	if len(got) > len(want) {
		return fmt.Errorf("%s has %d steps, and %d were made", kept.Steps(), len(want), len(got))
	}
	first := true
	for i, s := range got {
		w := want[i]
		where := fmt.Sprintf("%s: step %d of task %s", kept.Steps(), s.Step, s.Task)
		switch {
		case w.Index != s.Index || w.Step != s.Step || w.Tokens != s.Tokens:
			return fmt.Errorf("%s has %d tokens that carry a loss, on record is step %d of task %s with %d", where, s.Tokens, w.Step, w.Task, w.Tokens)
		case math.Abs(w.LearningRate-s.LearningRate) > sameRate*s.LearningRate:
			return fmt.Errorf("%s has learning rate %g, expected %g", where, w.LearningRate, s.LearningRate)
		case first && s.Index > part.From && math.Abs(w.Loss-s.Loss) > lossApart*s.Loss:
			return fmt.Errorf("%s has loss %g, expected %g", where, w.Loss, s.Loss)
		}
		first = first && s.Index <= part.From
	}
	return nil
}

// sameScores compares the scores of a part's results, up to the boundary of the first task. Of
// later ones it says how far they are apart, if further than the tolerance.
func sameScores(again, kept rundir.Cell, part Part, tolerance float64) (drift string, err error) {
	first := max(part.From, 0) + 1
	got, _, err := record.ReadEvents(again.Records())
	if err != nil {
		return "", err
	}
	want, _, err := record.ReadEvents(kept.Records())
	if err != nil {
		return "", err
	}
	scored := func(e record.Event) bool { return e.Kind == record.Boundary || e.Kind == record.Curve }
	alike := func(e record.Event) func(record.Event) bool {
		return func(o record.Event) bool { return o.Kind == e.Kind && o.Index == e.Index && o.Step == e.Step }
	}
	for _, e := range want {
		within := part.Until == EndOfCell || e.Index <= part.Until
		if scored(e) && within && !slices.ContainsFunc(got, alike(e)) {
			return "", fmt.Errorf("%s: %s %d was not reached", kept.Records(), e.Kind, e.Index)
		}
	}
	furthest := tolerance
	for _, e := range got {
		if !scored(e) {
			continue
		}
		i := slices.IndexFunc(want, alike(e))
		if i < 0 {
			return "", fmt.Errorf("%s has no %s %d", kept.Records(), e.Kind, e.Index)
		}
		within := tolerance
		if e.Index > first {
			within = math.Inf(1) // what was scored must be the same nevertheless
		}
		if d := scoresApart(want[i], e, within); d != "" {
			return "", fmt.Errorf("%s: %s %d: %s", kept.Records(), e.Kind, e.Index, d)
		}
		for j, task := range e.Scores {
			was, is := want[i].Scores[j].Scores[0].Value, task.Scores[0].Value
			if d := math.Abs(is - was); d > furthest {
				furthest = d
				drift = fmt.Sprintf("%s after task %d was %.1f, is %.1f", task.Task, e.Index, 100*was, 100*is)
			}
		}
	}
	return drift, nil
}
