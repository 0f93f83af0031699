package tables

import (
	"fmt"
	"slices"
	"strconv"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// scoreColumns are the metrics of the summary's columns, in points of 100.
var scoreColumns = definitionsOf("acc", "learning_accuracy", "knowledge_retention", "knowledge_final", "bwt", "forgetting")

// definitionsOf are the definitions of some keys.
func definitionsOf(keys ...string) []metric.Definition {
	list := make([]metric.Definition, len(keys))
	for i, key := range keys {
		list[i], _ = metric.Find(key)
	}
	return list
}

// Labels of the rows that no method has.
const (
	baseLabel   = "base row"
	chanceLabel = "chance"
)

// Summary has the references first, which are the base row, the chance level and joint training,
// and then a row per method, in the suite's order. The base row stands for frozen. A method that
// did not learn is marked below its name.
func Summary(r *report.Report) table.Table {
	base := r.BaseMetrics()
	t := table.Table{
		Title:   "Summary",
		Caption: summaryCaption(r),
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"n"}}},
		Remarks: slices.Clone(r.Warnings),
	}
	report.SaysMarks(&t, "column")
	common := commonWarnings(r)
	t.Remarks = append(t.Remarks, remarksOfAll(r)...)
	for _, c := range scoreColumns {
		t.Columns = append(t.Columns, table.Column{Head: c.Head})
	}
	t.Columns = append(t.Columns, table.Column{Head: []string{"params", "(1000s)"}}, table.Column{Head: []string{"seconds"}})
	t.Rows = append(t.Rows, baseEntries(r, &t, base, common), chanceEntries(r, &t))
	for _, reference := range []bool{true, false} {
		for _, m := range r.Suite.Methods {
			if m.Preset != suite.Frozen && m.Reference() == reference {
				t.Rows = append(t.Rows, methodEntries(r, &t, m, common))
			}
		}
	}
	ranks := r.RanksAccuracy()
	if !ranks {
		t.Caption = append(t.Caption, "No method "+noneRises(base["acc"])+": this table cannot rank the methods by accuracy.")
	}
	for k, c := range scoreColumns {
		if c.Key != "acc" || ranks {
			rankColumn(r, &t, k+2, c.Better, report.MetricOf(c.Key))
		}
	}
	if r.SameProcessor() {
		rankColumn(r, &t, len(t.Columns)-1, -1, func(c report.Cell) metric.Value { return metric.Number(allSeconds(c)) })
	}
	if remark := fewSeeds(r); remark != "" {
		t.Remarks = append(t.Remarks, remark)
	}
	return t
}

// fewSeeds says what a run has too few seeds for; empty where it has enough for a test that can
// find anything. Of a run that is not finished it counts the methods that have a finished seed, and
// the pairs of the two that have most. References are not marked, and are not counted.
func fewSeeds(r *report.Report) string {
	seeds, pairs, others := r.Tested()
	few := pairs < metric.SeedsNeeded(others)
	switch {
	case seeds == 1 && few && r.Suite.Seeds > 1: // the others may have intervals
		return "a method has one seed: no interval and no test of it; " + seedsNeeded(others)
	case seeds == 1 && pairs > 1:
		return "a method has one seed: no interval and no test of it"
	case seeds == 1 && few:
		return "one seed: no interval and no test; " + seedsNeeded(others)
	case seeds == 1:
		return "one seed: no interval and no test"
	case few:
		return fmt.Sprintf("%d seeds: %s", pairs, seedsNeeded(others))
	}
	return ""
}

// rankColumn ranks the rows of a table that begin with a method's name.
func rankColumn(r *report.Report, t *table.Table, column int, sign float64, of func(report.Cell) metric.Value) {
	var field []report.Contender
	for _, row := range t.Rows {
		if m, ok := r.Suite.Method(row[0].Text); ok {
			field = append(field, r.Contends(m, &row[column], of))
		}
	}
	report.Rank(field, sign)
}

// methodEntries are the row of a method.
func methodEntries(r *report.Report, t *table.Table, m suite.MethodSpec, common []string) []table.Entry {
	label := methodLabel(r, t, m.Name, common)
	if !r.Learned(m) {
		label.Below = "did not learn"
	}
	row := []table.Entry{label, table.Count(r.Summarise(m.Name, "acc").N)}
	for _, c := range scoreColumns {
		row = append(row, report.ScoreEntry(t, r.Summarise(m.Name, c.Key)))
	}
	return append(row, costEntry(t, r.MeanDone(m.Name, trainedParameters), 1000, 1), secondsEntry(r, t, m.Name, allSeconds, 0))
}

// baseEntries are the row of the base row. Where the suite has frozen, its cells and what they cost
// are told there.
func baseEntries(r *report.Report, t *table.Table, base map[string]metric.Value, common []string) []table.Entry {
	row := []table.Entry{{Text: baseLabel}, {}}
	for _, c := range scoreColumns {
		row = append(row, valueEntry(t, base[c.Key]))
	}
	for _, m := range r.Suite.Methods {
		if m.Preset != suite.Frozen {
			continue
		}
		row[0].Notes = methodLabel(r, t, m.Name, common).Notes
		row[1] = table.Count(r.Summarise(m.Name, "acc").N)
		return append(row, costEntry(t, r.MeanDone(m.Name, trainedParameters), 1000, 1), secondsEntry(r, t, m.Name, allSeconds, 0))
	}
	return append(row, table.Entry{}, table.Entry{})
}

// chanceEntries are the row of the chance level: what a guess among the options scores, now and
// after any training.
func chanceEntries(r *report.Report, t *table.Table) []table.Entry {
	row := []table.Entry{{Text: chanceLabel}, {}}
	for _, c := range scoreColumns {
		row = append(row, chanceEntry(r, t, c.Key))
	}
	return append(row, table.Entry{}, table.Entry{})
}

// chanceEntry is a metric of the chance level.
func chanceEntry(r *report.Report, t *table.Table, key string) table.Entry {
	v, ok := r.ChanceMetrics()[key]
	if !ok {
		v = metric.Undefined("no training")
	}
	e := valueEntry(t, v)
	if _, guessed := r.Chance.Accuracy(r.Suite.TaskNames()); key == "acc" && guessed > 0 && guessed < len(r.Suite.Tasks) {
		e.Notes = append(e.Notes, t.Note(fmt.Sprintf("a guess among the options of %d of %d tasks; written answers have no chance level and count 0 here", guessed, len(r.Suite.Tasks))))
	}
	return e
}

// valueEntry is the entry of a score, or of the reason why there is none.
func valueEntry(t *table.Table, v metric.Value) table.Entry {
	if !v.Defined() {
		return t.Undefined(v.Undefined)
	}
	return table.Score(v.Number)
}

// noneRises says of every method that it does not, as report.RanksAccuracy judges it.
func noneRises(base metric.Value) string {
	return fmt.Sprintf("is shown to end above the base row, %s, by its interval or, of one seed, by %s points",
		table.Points(base.Number), table.Points(metric.LearnedBar))
}

func summaryCaption(r *report.Report) []string {
	return []string{
		Source(r),
		"Scores are in points of 100; n counts seeds" + spreadMeans(r) + ". K is base knowledge, retention is K[N]/K[0] in percent; params are the trained parameters.",
		referencesMean,
	}
}

// referencesMean says what the rows of references are, and which method did not learn.
var referencesMean = "References: the base row is the untouched backbone, chance a guess among the options, joint training on all tasks at once. A method that was less than " +
	strconv.FormatFloat(100*metric.LearnedBar, 'g', 3, 64) + " points above the base row right after learning did not learn."

func spreadMeans(r *report.Report) string {
	if r.Suite.Seeds == 1 {
		return ""
	}
	return ", ± is the half-width of the mean's 95% interval"
}

// costEntry prints v in the unit, with so many decimals.
func costEntry(t *table.Table, v metric.Value, unit float64, decimals int) table.Entry {
	if !v.Defined() {
		return t.Undefined(v.Undefined)
	}
	return table.Numeric(strconv.FormatFloat(v.Number/unit, 'f', decimals, 64), v.Number/unit)
}
