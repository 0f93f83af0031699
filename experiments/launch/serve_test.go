package launch

import (
	"context"
	"fmt"
	"testing"

	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// asked answers for cells, by their ids: the errors of one ask after the other, and then none.
type asked struct {
	answers map[string][]error
	order   []string
}

func (a *asked) RunCell(_ context.Context, cell suite.Cell, _ func(engine.Progress)) error {
	a.order = append(a.order, cell.ID)
	answers := a.answers[cell.ID]
	if len(answers) == 0 {
		return nil
	}
	a.answers[cell.ID] = answers[1:]
	return answers[0]
}

// TestAnElementAsksOnceMoreForWhatOthersHad has an element whose first cell a dead process left,
// and whose second one another element works on: the first is done after the others.
func TestAnElementAsksOnceMoreForWhatOthersHad(t *testing.T) {
	locked := fmt.Errorf("claim: %w by job 7_0 on another node", rundir.ErrLocked)
	w := &asked{answers: map[string][]error{"left": {locked}, "held": {locked, locked}}}
	cells := []suite.Cell{{ID: "left"}, {ID: "held"}, {ID: "free"}}
	ends := map[string]record.State{}
	err := ServeShard(t.Context(), w, rundir.Run{Path: t.TempDir()}, cells, 1, func() func(engine.Progress) {
		return func(p engine.Progress) { ends[p.Cell] = p.State }
	})
	if err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(w.order); got != "[left held free left held]" {
		t.Errorf("cells were asked for as %s", got)
	}
	if got := fmt.Sprint(ends); got != "map[free:done held:elsewhere left:done]" {
		t.Errorf("they ended as %s", got)
	}
}

// TestAFailedCellIsNotTriedByEachElement: an element leaves those alone that failed in its array,
// unless they are of its own part. What failed in an earlier array is tried again.
func TestAFailedCellIsNotTriedByEachElement(t *testing.T) {
	t.Setenv("SLURM_ARRAY_JOB_ID", "77")
	run := rundir.Run{Path: t.TempDir()}
	cells := []suite.Cell{{ID: "own"}, {ID: "failed"}, {ID: "earlier"}, {ID: "alone"}, {ID: "stopped"}, {ID: "held"}}
	for id, status := range map[string]record.Status{
		"own": {State: record.Failed, Job: "77_3"}, "failed": {State: record.Failed, Job: "77_0"}, "earlier": {State: record.Failed, Job: "76_0"},
		"alone": {State: record.Failed}, "stopped": {State: record.Cancelled, Job: "77_0"},
	} {
		if err := rundir.WriteJSON(run.Cell(id).Status(), status); err != nil {
			t.Fatal(err)
		}
	}
	w := &asked{answers: map[string][]error{"held": {fmt.Errorf("claim: %w by job 77_0", rundir.ErrLocked)}}}
	err := ServeShard(t.Context(), w, run, cells, 1, func() func(engine.Progress) {
		return func(p engine.Progress) {
			if p.Cell == "held" { // it fails there, meanwhile
				if err := rundir.WriteJSON(run.Cell("held").Status(), record.Status{State: record.Failed, Job: "77_0"}); err != nil {
					t.Error(err)
				}
			}
		}
	})
	if got := fmt.Sprint(w.order); got != "[own earlier alone stopped held]" || err != nil {
		t.Errorf("cells were asked for as %s, %v", got, err)
	}
}
