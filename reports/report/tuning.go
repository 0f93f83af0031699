package report

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/table"
)

// loadTrials reads tune.json, where there is one.
func (r *Report) loadTrials() error {
	var trials record.Tuning
	err := rundir.ReadJSON(r.Run.Tuning(), &trials)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r.Trials = &trials
	return nil
}

// TunedTable says how the settings of a run's methods were chosen; false where
// its suite came from no tuning, or is one's.
func TunedTable(r *Report) (table.Table, bool) {
	k := r.Suite.Tuning
	if k.Trials == 0 {
		return table.Table{}, false
	}
	t := table.Table{
		Title:   "Tuning",
		Caption: []string{Budget(k.Trials, k.Split, k.Examples, k.Stream, k.Objective)},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"learning", "rate"}}, {Head: []string{"parameters"}}},
	}
	for _, m := range r.Suite.Methods {
		if !strings.HasPrefix(m.Reason, record.TunedReason) {
			continue // a suite may extend a tuned one and choose rates of its own
		}
		row := []table.Entry{{Text: m.Name}, {Text: rate(m.LearningRate)}, {Text: parameters(m.Params)}}
		row[0].Notes = []int{t.Note(m.Reason)}
		t.Rows = append(t.Rows, row)
	}
	return t, len(t.Rows) > 0
}

// Budget says in a sentence what each method was given.
func Budget(trials int, split string, examples int, stream []string, objective string) string {
	count := "all examples"
	if examples > 0 {
		count = fmt.Sprintf("at most %d examples", examples)
	}
	return fmt.Sprintf("Each method had %d trials on a calibration stream of %d tasks (%s), evaluated on %s of each %s split; of the trials that learned %g points above the base row, the one with the highest %s was chosen, and where none did, the one that learned most.",
		trials, len(stream), strings.Join(stream, ", "), count, split, 100*record.LearnedGain, objective)
}

// TuningTables are a tuning's choices and all its trials.
func TuningTables(k record.Tuning) []table.Table {
	return []table.Table{choiceTable(k), trialTable(k)}
}

// trialMetrics are the columns of a trial beside the objective's, in points of
// 100.
var trialMetrics = []struct {
	key  string
	head []string
}{
	{"acc", []string{"accuracy"}},
	{"learning_accuracy", []string{"learning", "accuracy"}},
	{"forgetting", []string{"forget-", "ting"}},
}

func choiceTable(k record.Tuning) table.Table {
	t := table.Table{
		Title:   "Choices of the tuning of " + k.Suite,
		Caption: []string{Budget(k.Budget, k.Split, k.Examples, k.Stream, k.Objective)},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"chosen"}}, {Head: []string{"learning", "rate"}}, {Head: []string{"coefficient"}}},
	}
	for _, c := range trialMetrics {
		t.Columns = append(t.Columns, table.Column{Head: c.head})
	}
	t.Columns = append(t.Columns, table.Column{Head: []string{"without", "score"}})
	for _, m := range k.Methods {
		row := []table.Entry{{Text: m.Name}}
		chosen, ok := m.Chosen()
		if !ok {
			for range len(t.Columns) - 2 {
				row = append(row, t.Undefined("no trial has a score"))
			}
		} else {
			row = append(row, table.Entry{Text: trialNumber(chosen)}, table.Entry{Text: rate(chosen.LearningRate)}, coefficient(m, chosen))
			row = append(row, metricEntries(&t, chosen)...)
			if note := atEdge(m, chosen); note != "" {
				row[2].Notes = []int{t.Note(note)}
			}
		}
		without := 0
		for _, trial := range m.Trials {
			if trial.Score == nil {
				without++
			}
		}
		t.Rows = append(t.Rows, append(row, table.Count(without)))
	}
	return t
}

// atEdge says whether the chosen learning rate ends the grid.
func atEdge(m record.TunedMethod, chosen record.Trial) string {
	if chosen.LearningRate <= m.Least || chosen.LearningRate >= m.Largest {
		return "at the edge of the grid: beyond it may be better"
	}
	return ""
}

func trialTable(k record.Tuning) table.Table {
	t := table.Table{
		Title: "Trials",
		Caption: []string{"Scores are in points of 100. Stage 1 tries learning rates, stage 2 the method's own coefficient at the best of them, " +
			"or finer rates where it has none."},
		Columns:   []table.Column{{Head: []string{"trial"}}, {Head: []string{"stage"}}, {Head: []string{"learning", "rate"}}, {Head: []string{"coefficient"}}},
		MarkMeans: "chosen",
	}
	for _, c := range trialMetrics {
		t.Columns = append(t.Columns, table.Column{Head: c.head})
	}
	for _, m := range k.Methods {
		for i, trial := range m.Trials {
			row := []table.Entry{{Text: trial.Name}, table.Count(trial.Stage), {Text: rate(trial.LearningRate), Marked: i == m.Choice}, coefficient(m, trial)}
			t.Rows = append(t.Rows, append(row, metricEntries(&t, trial)...))
		}
	}
	return t
}

// metricEntries are a trial's metrics; a trial without a score has none.
func metricEntries(t *table.Table, trial record.Trial) (row []table.Entry) {
	for _, c := range trialMetrics {
		i := slices.IndexFunc(trial.Metrics, func(s record.Score) bool { return s.Name == c.key })
		switch {
		case i >= 0:
			row = append(row, table.Score(trial.Metrics[i].Value))
		case trial.Score == nil:
			row = append(row, t.Undefined(trial.Reason))
		default:
			row = append(row, t.Undefined("not defined for this method"))
		}
	}
	return row
}

// trialNumber is what tells a trial from the method's others, as in "t03".
func trialNumber(trial record.Trial) string {
	return trial.Name[strings.LastIndexByte(trial.Name, '.')+1:]
}

// coefficient is as in "lambda 10"; empty where the method has none.
func coefficient(m record.TunedMethod, trial record.Trial) table.Entry {
	if m.Coefficient == "" {
		return table.Entry{}
	}
	return table.Entry{Text: fmt.Sprintf("%s %v", m.Coefficient, trial.Value)}
}

// rate is a learning rate as suites write it; empty for none of its own.
func rate(x float64) string {
	if x == 0 {
		return ""
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}

// parameters are as in "lambda 10, rank 4", sorted by name.
func parameters(params map[string]any) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		list = append(list, fmt.Sprintf("%s %v", name, params[name]))
	}
	return strings.Join(list, ", ")
}
