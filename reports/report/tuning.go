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
	"secura/experiments/suite"
	"secura/reports/table"
)

// loadTrials reads tune.json, where there is one.
func (r *Report) loadTrials() error {
	var trials record.Tuning
	err := rundir.ReadJSON(r.Run.Tuning(), &trials)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil { // most likely of another revision of this program
		return fmt.Errorf("%w; remove the file, and the command of the tuning, given again, writes it anew from its finished trials", err)
	}
	r.Trials = &trials
	return nil
}

// TunedTable says how the settings of a run's methods were chosen; false where its suite came from
// no tuning, or is one's.
func TunedTable(r *Report) (table.Table, bool) {
	k := r.Suite.Tuning
	if k.Trials == 0 {
		return table.Table{}, false
	}
	t := table.Table{
		Title:   "Tuning",
		Caption: []string{Budget(k)},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"learning", "rate"}}, {Head: []string{"parameters"}}},
	}
	for _, m := range r.Suite.Methods {
		if !strings.HasPrefix(m.Reason, record.TunedReason) {
			continue // a suite may extend a tuned one and choose rates of its own
		}
		row := []table.Entry{{Text: m.Name}, {Text: rate(m.LearningRate)}, {Text: Parameters(m.Params)}}
		row[0].Notes = []int{t.Note(m.Reason)}
		t.Rows = append(t.Rows, row)
	}
	return t, len(t.Rows) > 0
}

// Budget says in sentences what each method was given.
func Budget(k suite.Tuning) string {
	count := "all examples"
	if k.Examples > 0 {
		count = fmt.Sprintf("at most %d examples", k.Examples)
	}
	best := "the one"
	again := ""
	if k.Seeds > 1 {
		best = "the one of the two best"
		again = fmt.Sprintf(" over %d seeds", k.Seeds)
	}
	return fmt.Sprintf("Each method had %d trials on a calibration stream of %d tasks (%s), evaluated on %s of each %s split; of the trials that learned %g points above the base row and %g%% of what the best learner of the method did, %s with the highest %s%s was chosen, and where none did, the one that learned most.",
		k.Trials, len(k.Stream), strings.Join(k.Stream, ", "), count, k.Split, 100*record.LearnedGain, 100*k.Share(), best, k.Objective, again)
}

// TuningTables are the choices and the trials of a run that is a tuning. They say which methods
// have trials in the run, but no choice yet.
func TuningTables(r *Report) []table.Table {
	choices := choiceTable(*r.Trials)
	if text := r.unchosen(); text != "" {
		choices.Remarks = append(choices.Remarks, text)
	}
	return []table.Table{choices, trialTable(*r.Trials)}
}

// unchosen tells of the trials that the run has beside those of its choices; empty if there are
// none. A tuning goes on with further methods, and chooses when all have had their trials.
func (r *Report) unchosen() string {
	told := map[string]bool{}
	for _, m := range r.Trials.Methods {
		for _, trial := range m.Trials {
			told[trial.Name] = true
		}
	}
	done, open := 0, 0
	var methods []string
	for _, c := range r.Cells {
		if told[c.Method.Name] {
			continue
		}
		if c.State.Finished() {
			done++
		} else {
			open++
		}
		name := strings.TrimSuffix(c.Method.Name, "."+trialNumber(c.Method.Name))
		if !slices.Contains(methods, name) {
			methods = append(methods, name)
		}
	}
	if methods == nil {
		return ""
	}
	return fmt.Sprintf("methods without a choice yet, which are left out: %s; of their trials %d done, %d open", strings.Join(methods, ", "), done, open)
}

// trialColumns are the columns of an outcome's scores.
var trialColumns = []table.Column{{Head: []string{"accuracy"}}, {Head: []string{"learning", "accuracy"}}, {Head: []string{"above", "base row"}}}

func choiceTable(k record.Tuning) table.Table {
	t := table.Table{
		Title: "Choices of the tuning of " + k.Suite,
		Caption: []string{Budget(suite.Tuning{Trials: k.Budget, Seeds: k.Seeds, Stream: k.Stream, Split: k.Split, Examples: k.Examples, Objective: k.Objective, LearnedShare: k.LearnedShare}),
			"Scores are in points of 100, means over the seeds that the chosen trial was run on."},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"chosen"}}, {Head: []string{"learning", "rate"}}, {Head: []string{"coefficient"}}, {Head: []string{"seeds"}}},
	}
	t.Columns = append(append(t.Columns, trialColumns...), table.Column{Head: []string{"without", "score"}})
	for _, m := range k.Methods {
		row := []table.Entry{{Text: m.Name}}
		chosen, ok := m.Chosen()
		if !ok {
			for range len(t.Columns) - 2 {
				row = append(row, t.Undefined("no trial has a score"))
			}
		} else {
			row = append(row, table.Entry{Text: trialNumber(chosen.Name)}, table.Entry{Text: rate(chosen.LearningRate)}, table.Entry{Text: m.Coefficients(chosen)}, table.Count(1+len(chosen.Again)))
			row = append(row, outcomeEntries(&t, chosen.Overall())...)
			for _, remark := range m.Remarks {
				row[0].Notes = append(row[0].Notes, t.Note(remark))
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

func trialTable(k record.Tuning) table.Table {
	t := table.Table{
		Title: "Trials",
		Caption: []string{"Scores are in points of 100, of one seed. Round 1 tries learning rates; each further round tries what lies next to the best trial " +
			"so far, in learning rate or coefficient."},
		Columns:   []table.Column{{Head: []string{"trial"}}, {Head: []string{"round"}}, {Head: []string{"learning", "rate"}}, {Head: []string{"coefficient"}}},
		MarkMeans: "chosen",
	}
	t.Columns = append(t.Columns, trialColumns...)
	if k.Seeds > 1 {
		t.Caption[0] += " The last column has the means of the best, which were run again."
		t.Columns = append(t.Columns, table.Column{Head: []string{k.Objective + ", mean", fmt.Sprintf("of %d seeds", k.Seeds)}})
	}
	for _, m := range k.Methods {
		for i, trial := range m.Trials {
			row := []table.Entry{{Text: trial.Name}, table.Count(trial.Round), {Text: rate(trial.LearningRate), Marked: i == m.Choice}, {Text: m.Coefficients(trial)}}
			row = append(row, outcomeEntries(&t, trial.Outcome)...)
			switch {
			case k.Seeds < 2:
			case len(trial.Again) > 0:
				row = append(row, scoreOr(&t, trial.Overall().Score, trial.Overall().Reason))
			default:
				row = append(row, table.Entry{})
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// outcomeEntries are the entries of trialColumns; a trial without a score has none.
func outcomeEntries(t *table.Table, o record.Outcome) (row []table.Entry) {
	reason := o.Reason
	if o.Score != nil {
		reason = "not defined for this method"
	}
	for _, key := range []string{"acc", "learning_accuracy"} {
		var x *float64
		if i := slices.IndexFunc(o.Metrics, func(s record.Score) bool { return s.Name == key }); i >= 0 {
			x = &o.Metrics[i].Value
		}
		row = append(row, scoreOr(t, x, reason))
	}
	return append(row, scoreOr(t, o.Gain, reason))
}

// scoreOr is the entry of a score, or that there is none, for a reason.
func scoreOr(t *table.Table, x *float64, reason string) table.Entry {
	if x == nil {
		return t.Undefined(reason)
	}
	return table.Score(*x)
}

// trialNumber is what tells a trial from the method's others by its name: t03 of ewc.t03.
func trialNumber(name string) string {
	return name[strings.LastIndexByte(name, '.')+1:]
}

// rate is a learning rate as suites write it; empty for none of its own.
func rate(x float64) string {
	if x == 0 {
		return ""
	}
	return strconv.FormatFloat(x, 'g', 4, 64)
}

// Parameters are a method's as in "lambda 10, rank 4", sorted by name.
func Parameters(params map[string]any) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		list = append(list, fmt.Sprintf("%s %v", name, params[name]))
	}
	return strings.Join(list, ", ")
}
