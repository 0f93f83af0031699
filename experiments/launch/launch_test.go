package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

func TestHowACellEnded(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	diverged := fmt.Errorf("run cell: %w", &experiments.DivergedError{Task: "t", Step: 3, Reason: "loss NaN"})
	for _, c := range []struct {
		ctx  context.Context
		err  error
		want record.State
	}{
		{context.Background(), nil, record.Done},
		{cancelled, nil, record.Done},
		{context.Background(), diverged, record.CellDiverged},
		{cancelled, context.Canceled, record.Cancelled},
		{context.Background(), errors.New("no space"), record.Failed},
	} {
		p := lastLine(c.ctx, engine.Progress{Cell: "a", TaskIndex: 2, State: "running"}, c.err)
		if p.State != c.want || !p.State.Ended() || p.TaskIndex != 2 || (p.Reason == "") != (c.err == nil) {
			t.Errorf("%v: %+v", c.err, p)
		}
	}
}

func TestOnlyCellsWithCompleteRecordsAreFinished(t *testing.T) {
	run := rundir.Run{Path: t.TempDir()}
	write := func(id string, state record.State, events ...record.Event) suite.Cell {
		cell := run.Cell(id)
		if err := cell.Make(); err != nil {
			t.Fatal(err)
		}
		w, err := record.OpenWriter(cell.Records())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if err := w.Append(e); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		if err := rundir.WriteJSON(cell.Status(), record.Status{State: state, Reason: "why"}); err != nil {
			t.Fatal(err)
		}
		return suite.Cell{ID: id}
	}
	end, bad := record.Event{Kind: record.CellEnd}, record.Event{Kind: record.Diverged, Task: "t", Step: 2, Reason: "NaN"}
	cells := []suite.Cell{
		write("done", record.Done, end),
		write("cut", record.Done, record.Event{Kind: record.TaskStart, Index: 1, Task: "t"}),
		write("empty", record.Done),
		write("failed", record.Failed, end),
		write("diverged", record.CellDiverged, bad),
		{ID: "new"},
	}
	steps := write("steps cut", record.Done, end)
	if err := rundir.WriteBytes(run.Cell(steps.ID).Steps(), []byte("{}\n{}\n")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(rundir.WriteSeal(run.Cell(steps.ID)), os.Truncate(run.Cell(steps.ID).Steps(), 3)); err != nil {
		t.Fatal(err)
	}
	cells = append(cells, steps)
	missing, diverged, err := unfinished(run, cells)
	if got := fmt.Sprint(missing); got != "[cut empty failed new steps cut]" || err != nil {
		t.Error(got, err)
	}
	if len(diverged) != 1 || diverged[0].Error() != "cell diverged diverged: NaN in task t at step 2" {
		t.Error(diverged)
	}
	for _, id := range []string{"done", "diverged"} {
		cell := run.Cell(id)
		data, err := os.ReadFile(cell.Records())
		if err := errors.Join(err, rundir.WriteSeal(cell), os.WriteFile(cell.Records(), append(data, ' '), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if missing, diverged, err := unfinished(run, cells); err == nil || strings.Count(err.Error(), "records.jsonl has changed") != 2 || len(missing) != 5 || diverged != nil {
		t.Errorf("with two cells whose records were changed: %q, %v, %v", missing, diverged, err)
	}
}

// A cell whose claim was lost, as that of a machine that slept, is another's: it does not fail.
func TestACellThatWasTakenOverIsElsewhere(t *testing.T) {
	lost := fmt.Errorf("cell a: %w: attempt 2 has begun, this was 1", rundir.ErrClaimLost)
	if p := lastLine(context.Background(), engine.Progress{Cell: "a"}, lost); p.State != engine.Elsewhere || p.Reason != lost.Error() {
		t.Errorf("%+v", p)
	}
}

func TestADeadWorkersCellIsMarked(t *testing.T) {
	run := rundir.Run{Path: t.TempDir()}
	if err := run.Cell("a").Make(); err != nil {
		t.Fatal(err)
	}
	host, _ := os.Hostname()
	if err := rundir.WriteJSON(run.Cell("a").Status(), record.Status{State: record.Running, Host: host, PID: 7}); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(&engine.CellError{Cell: "a", State: "failed", Reason: "killed", PID: 7}, &engine.CellError{Cell: "b", State: "failed", Reason: "no start"})
	if err := settle(run, err); err != nil {
		t.Fatal(err)
	}
	for id, reason := range map[string]string{"a": "killed", "b": "no start"} {
		var status record.Status
		if err := rundir.ReadJSON(run.Cell(id).Status(), &status); err != nil || status.State != record.Failed || status.Reason != reason {
			t.Errorf("%s: %+v, %v", id, status, err)
		}
	}
}
