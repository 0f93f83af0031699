package reports

import (
	"slices"
	"strconv"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/metric"
	"secura/reports/report"
)

// CostKeys are numbers of a cell beside its metrics, as results.json names them.
var CostKeys = []string{"trained_parameters", "state_bytes", "train_tokens", "eval_tokens", "seconds"}

var costFormulas = map[string]string{
	"trained_parameters": "what the cell's start says, the mean over the done cells",
	"state_bytes":        "what the cell's start says, the mean over the done cells",
	"train_tokens":       "the sum over the ends of tasks of the tokens that carried a loss, the mean over the done cells",
	"eval_tokens":        "the sum over the evaluations of their tokens, the mean over the done cells",
	"seconds": "the larger of the total that was written and the sum of its phases, each over all processes that worked at the cell; " +
		"the mean over the done cells. It is measured, and may differ between two equal runs",
}

// costOf is a number of CostKeys.
func costOf(c report.Cell, key string) float64 {
	switch key {
	case "trained_parameters":
		return float64(c.TrainedParameters)
	case "state_bytes":
		return float64(c.StateBytes)
	case "train_tokens":
		return float64(c.TrainTokens)
	case "eval_tokens":
		return float64(c.EvalTokens)
	}
	return c.Seconds.Total
}

// cost traces one of CostKeys.
func (e *explanation) cost(c report.Cell, key string) error {
	if c.State != record.Done {
		e.line("  ", "not counted: %s", c.Standing())
		return nil
	}
	folder := e.r.Run.Cell(c.ID)
	if key == "seconds" {
		return e.seconds(c, folder)
	}
	events, _, err := record.ReadEvents(folder.Records())
	if err != nil {
		return err
	}
	var sum []string
	for i, event := range events {
		var x int64
		switch {
		case key == "trained_parameters" && event.Kind == record.CellStart:
			x, sum = event.TrainedParameters, nil // of a cell that was continued the last start counts
		case key == "state_bytes" && event.Kind == record.CellStart:
			x, sum = event.StateBytes, nil
		case key == "train_tokens" && event.Kind == record.TaskEnd:
			x = event.TrainTokens
		case key == "eval_tokens" && slices.Contains([]record.Kind{record.Boundary, record.Curve, record.Recovery}, event.Kind):
			x = event.EvalTokens
		default:
			continue
		}
		e.line("  ", "%s line %d (%s): %d", e.file(folder.Records()), i+1, event.Kind, x)
		sum = append(sum, strconv.FormatInt(x, 10))
	}
	e.line("  ", "%s = %s = %s", key, metric.Added(sum), metric.Precise(costOf(c, key)))
	return nil
}

func (e *explanation) seconds(c report.Cell, folder rundir.Cell) error {
	timings, _, err := report.Optional[record.Timing](folder.Timing())
	if err != nil {
		return err
	}
	phases, total := []string{}, []string{}
	for i, t := range timings {
		e.line("  ", "%s line %d (%s): %s", e.file(folder.Timing()), i+1, t.Phase, metric.Precise(t.Seconds))
		if t.Phase == record.Total {
			total = append(total, metric.Precise(t.Seconds))
		} else {
			phases = append(phases, metric.Precise(t.Seconds))
		}
	}
	e.line("  ", "seconds = max(%s, %s) = %s", metric.Added(total), metric.Added(phases), metric.Precise(c.Seconds.Total))
	return nil
}

// overCells goes from the cells to a cost in the tables.
func (e *explanation) overCells(method, key string) {
	v := e.r.MeanDone(method, func(c report.Cell) float64 { return costOf(c, key) })
	if !v.Defined() {
		e.line("", "%s of %s is undefined: %s", key, method, v.Undefined)
		return
	}
	var sum []string
	for _, c := range e.r.Cells {
		if c.Method.Name == method && c.State == record.Done {
			sum = append(sum, metric.Precise(costOf(c, key)))
		}
	}
	e.line("", "mean = %s / %d = %s", metric.Added(sum), len(sum), metric.Precise(v.Number))
	switch key {
	case "trained_parameters":
		e.line("", "in tables: %s / 1000 = %s", metric.Precise(v.Number), strconv.FormatFloat(v.Number/1000, 'f', 1, 64))
	case "seconds":
		e.line("", "in tables: %s", strconv.FormatFloat(v.Number, 'f', 0, 64))
	case "state_bytes":
		e.line("", "in tables: %s / 1024 = %s KiB", metric.Precise(v.Number), strconv.FormatFloat(v.Number/1024, 'f', 1, 64))
	}
}
