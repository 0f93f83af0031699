package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"secura/experiments/engine"
	"secura/experiments/launch"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/standing"
	"secura/reports/table"
)

// manyCells is from how many cells on status lists only those that somebody may have to look at.
const manyCells = 60

func newStatus() command {
	all := false
	c := command{
		name: "status", does: "tells where each cell of a run stands, and its jobs in Slurm",
		argument: "RUN",
		examples: []string{"status runs/continual16", "status -all runs/large"},
		flags:    newFlags("status"),
		run: func(ctx context.Context, run string, stdout, stderr io.Writer) error {
			return runStatus(ctx, rundir.Run{Path: run}, all, stdout, stderr)
		},
	}
	c.flags.BoolVar(&all, "all", false, fmt.Sprintf("list every cell; of %d and more only those that run or did not end well are listed", manyCells))
	return c
}

func runStatus(ctx context.Context, run rundir.Run, all bool, stdout, stderr io.Writer) error {
	_, cells, err := launch.Planned(run)
	if err != nil {
		return fmt.Errorf("status %s: %w", run.Path, err)
	}
	queue, err := launch.Queued(ctx, run)
	if err != nil {
		fmt.Fprintln(stderr, "warning: Slurm does not tell of the jobs:", err)
	}
	jobs := queue.Jobs()
	all = all || len(cells) < manyCells
	counts := map[record.State]int{}
	t := table.New("cell", "state", "tasks\nlearned", "attempt", "where", "reason")
	t.TextColumns, t.Prose = []int{1, 4, 5}, 5
	for _, c := range cells {
		at, err := standing.Read(run.Cell(c.ID))
		if err != nil {
			return err
		}
		at = at.Living(jobs)
		counts[at.State]++
		if !all && (at.State == record.Done || at.State == record.Queued) {
			continue
		}
		learned := len(c.Tasks)
		if at.State != record.Done {
			if learned, err = tasksLearned(run.Cell(c.ID)); err != nil {
				return err
			}
		}
		where := at.Status.Host
		if at.Status.Job != "" {
			where += " job " + at.Status.Job
		}
		t.AddRow(c.ID, string(at.State), fmt.Sprintf("%d/%d", learned, len(c.Tasks)), strconv.Itoa(at.Status.Attempt), where, at.Reason)
	}
	if err := t.Print(stdout); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\n%d cells:", len(cells))
	for _, state := range []record.State{record.Done, record.Running, record.Queued, record.Failed, record.CellDiverged, record.Cancelled} {
		if counts[state] > 0 {
			fmt.Fprintf(stdout, " %d %s", counts[state], state)
		}
	}
	fmt.Fprintln(stdout)
	if err := writeElements(queue.Elements, stdout); err != nil || counts[record.Done] == len(cells) {
		return err
	}
	rounds, err := launch.Rounds(run)
	for _, r := range rounds {
		fmt.Fprintln(stdout, r)
	}
	return err
}

// writeElements counts the elements of job arrays by what Slurm says of them.
func writeElements(elements map[string]engine.Element, stdout io.Writer) error {
	if len(elements) == 0 {
		return nil
	}
	counts := map[string]int{}
	for _, e := range elements {
		text := strings.ToLower(e.State)
		if e.State == "PENDING" && e.Reason != "" {
			text += " " + e.Reason
		}
		counts[text]++
	}
	fmt.Fprintf(stdout, "%d elements in Slurm:", len(elements))
	for _, text := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(stdout, " %d %s", counts[text], text)
	}
	_, err := fmt.Fprintln(stdout)
	return err
}

// tasksLearned is the index of the cell's newest boundary.
func tasksLearned(cell rundir.Cell) (int, error) {
	events, _, err := record.ReadEvents(cell.Records())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	learned := 0
	for _, e := range events {
		if e.Kind == record.Boundary {
			learned = max(learned, e.Index)
		}
	}
	return learned, nil
}
