package tables

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"secura/experiments/record"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// scoreColumns are the metrics of the summary's columns, in points of 100.
var scoreColumns = definitionsOf("acc", "learning_accuracy", "bwt", "forgetting", "knowledge_retention", "knowledge_final")

// definitionsOf are the definitions of some keys.
func definitionsOf(keys ...string) []metric.Definition {
	list := make([]metric.Definition, len(keys))
	for i, key := range keys {
		list[i], _ = metric.Find(key)
	}
	return list
}

// Summary has a row per method, in the suite's order.
func Summary(r *report.Report) table.Table {
	t := table.Table{
		Title:   "Summary",
		Caption: summaryCaption(r),
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"n"}}},
		Remarks: slices.Clone(r.Warnings),
	}
	report.SaysMarks(&t, "column")
	common := commonWarnings(r)
	for _, text := range common {
		t.Remarks = append(t.Remarks, "warning of every cell: "+text)
	}
	for _, c := range scoreColumns {
		t.Columns = append(t.Columns, table.Column{Head: c.Head})
	}
	t.Columns = append(t.Columns, table.Column{Head: []string{"params", "(1000s)"}}, table.Column{Head: []string{"seconds"}})
	for _, m := range r.Suite.Methods {
		row := []table.Entry{methodLabel(r, &t, m.Name, common), table.Count(r.Summarise(m.Name, "acc").N)}
		for _, c := range scoreColumns {
			row = append(row, report.ScoreEntry(&t, r.Summarise(m.Name, c.Key)))
		}
		t.Rows = append(t.Rows, append(row, costEntry(&t, MeanDone(r, m.Name, trainedParameters), 1000, 1), costEntry(&t, MeanDone(r, m.Name, allSeconds), 1, 0)))
	}
	for k, c := range scoreColumns {
		rankColumn(r, &t, k+2, c.Better, report.MetricOf(c.Key))
	}
	rankColumn(r, &t, len(t.Columns)-2, -1, func(c report.Cell) metric.Value { return metric.Number(trainedParameters(c)) })
	rankColumn(r, &t, len(t.Columns)-1, -1, func(c report.Cell) metric.Value { return metric.Number(allSeconds(c)) })
	if others := len(r.Suite.Methods) - 1; r.Suite.Seeds < metric.SeedsNeeded(others) && r.Has(report.Subject) {
		remark := fmt.Sprintf("%d seeds: %s", r.Suite.Seeds, seedsNeeded(others))
		if r.Suite.Seeds == 1 {
			remark = "one seed: no interval and no test; " + seedsNeeded(others)
		}
		t.Remarks = append(t.Remarks, remark)
	}
	return t
}

// rankColumn ranks a table of which each row is a method of the suite.
func rankColumn(r *report.Report, t *table.Table, column int, sign float64, of func(report.Cell) metric.Value) {
	var field []report.Contender
	for i, m := range r.Suite.Methods {
		field = append(field, r.Contends(m, &t.Rows[i][column], of))
	}
	report.Rank(field, sign)
}

// Source says what a report's numbers are of.
func Source(r *report.Report) string {
	return fmt.Sprintf("suite %s · backbone %s · backend %s · %d tasks · seeds %d, orders %d · plan %s",
		r.Suite.Name, report.Backbone(r), r.Manifest.Backend, len(r.Suite.Tasks), r.Suite.Seeds, r.Suite.Orders, report.ShortPlan(r))
}

// Sourced puts the source into tables that have none.
func Sourced(r *report.Report, tables []table.Table) []table.Table {
	for i := range tables {
		if tables[i].Source == "" {
			tables[i].Source = Source(r)
		}
	}
	return tables
}

func summaryCaption(r *report.Report) []string {
	lines := []string{
		Source(r),
		"Scores are in points of 100; n counts seeds" + spreadMeans(r) + ". K is base knowledge, retention is K[N]/K[0] in percent; params are the trained parameters.",
	}
	c, ok := r.Base()
	if !ok {
		return append(lines, "Base row: not measured yet.")
	}
	base := metric.Compute(metric.Matrix{R: c.R[:1], K: c.K})["acc"]
	knowledge := "no knowledge battery"
	if len(c.K) > 0 && !math.IsNaN(c.K[0]) {
		knowledge = "K[0] " + table.Points(c.K[0])
	}
	return append(lines, fmt.Sprintf("Base row, the untouched backbone: accuracy %s, %s.", table.Points(base.Number), knowledge))
}

func spreadMeans(r *report.Report) string {
	if r.Suite.Seeds == 1 {
		return ""
	}
	return ", ± is the half-width of the mean's 95% interval"
}

// methodLabel is a method's first entry. What is to be said about its cells is
// one footnote: those that are not done, by their standing, and each warning
// once, with the first place of it, except for the common ones.
func methodLabel(r *report.Report, t *table.Table, method string, common []string) table.Entry {
	type said struct {
		text   string
		Places []string
	}
	var standings, warnings []said
	add := func(list *[]said, text, place string) {
		i := slices.IndexFunc(*list, func(s said) bool { return s.text == text })
		if i < 0 {
			i = len(*list)
			*list = append(*list, said{text: text})
		}
		(*list)[i].Places = append((*list)[i].Places, place)
	}
	for _, c := range r.Cells {
		if c.Method.Name != method {
			continue
		}
		if c.State != record.Done {
			add(&standings, c.Standing(), c.ID)
		}
		for _, w := range c.Warnings {
			if slices.Contains(common, w.Text) {
				continue
			}
			place := c.ID
			if w.Where != "" {
				place += ", " + w.Where
			}
			add(&warnings, w.Text, place)
		}
	}
	var parts []string
	for _, s := range standings {
		parts = append(parts, strings.Join(s.Places, ", ")+" "+s.text)
	}
	for _, w := range warnings {
		place := w.Places[0]
		if n := len(w.Places) - 1; n > 0 {
			place += fmt.Sprintf(", and %d more", n)
		}
		parts = append(parts, fmt.Sprintf("warning: %s (%s)", w.text, place))
	}
	if len(parts) == 0 {
		return table.Entry{Text: method}
	}
	return table.Entry{Text: method, Notes: []int{t.Note(strings.Join(parts, "; "))}}
}

// commonWarnings are the texts of warnings that all cells have which have
// started, if these are several methods'.
func commonWarnings(r *report.Report) []string {
	var started []report.Cell
	several := false
	for _, c := range r.Cells {
		if c.State != record.Queued {
			started = append(started, c)
			several = several || c.Method.Name != started[0].Method.Name
		}
	}
	if !several {
		return nil
	}
	var common []string
	for _, w := range started[0].Warnings {
		everywhere := !slices.ContainsFunc(started, func(c report.Cell) bool {
			return !slices.ContainsFunc(c.Warnings, func(other report.Warning) bool { return other.Text == w.Text })
		})
		if everywhere && !slices.Contains(common, w.Text) {
			common = append(common, w.Text)
		}
	}
	return common
}

// costEntry prints v in the unit, with so many decimals.
func costEntry(t *table.Table, v metric.Value, unit float64, decimals int) table.Entry {
	if !v.Defined() {
		return t.Undefined(v.Undefined)
	}
	return table.Numeric(strconv.FormatFloat(v.Number/unit, 'f', decimals, 64), v.Number/unit)
}
