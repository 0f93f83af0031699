package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"secura/experiments/record"
)

// scoreColumns are the summary's columns of scores, in points of 100.
var scoreColumns = []struct {
	metric string
	head   []string
	// sign is -1 where less is better.
	sign float64
}{
	{"acc", []string{"accuracy"}, 1},
	{"learning_accuracy", []string{"learning", "accuracy"}, 1},
	{"bwt", []string{"backward", "transfer"}, 1},
	{"forgetting", []string{"forget-", "ting"}, -1},
	{"knowledge_retention", []string{"knowledge", "retention"}, 1},
	{"knowledge_final", []string{"final", "K[N]"}, 1},
}

// competitors ends what Table.MarkMeans says of a best entry.
const competitors = "; frozen and joint are references and never best, nor is a method of which a cell diverged"

// SummaryTable has a row per method, in the suite's order.
func SummaryTable(r *Report) Table {
	t := Table{
		Title:     "Summary",
		Caption:   summaryCaption(r),
		Columns:   []Column{{[]string{"method"}}, {[]string{"n"}}},
		MarkMeans: "best of its column" + competitors,
		Remarks:   slices.Clone(r.Warnings),
	}
	common := r.commonWarnings()
	for _, text := range common {
		t.Remarks = append(t.Remarks, "warning of every cell: "+text)
	}
	for _, c := range scoreColumns {
		t.Columns = append(t.Columns, Column{c.head})
	}
	t.Columns = append(t.Columns, Column{[]string{"params", "(1000s)"}}, Column{[]string{"seconds"}})
	worth := make([][]Value, len(t.Columns))
	for _, m := range r.Suite.Methods {
		row := []Entry{methodLabel(r, &t, m.Name, common), {Text: strconv.Itoa(r.Summarise(m.Name, "acc").N)}}
		add := func(e Entry, v Value, sign float64) {
			if !r.competes(m) {
				v = Undefined("does not compete")
			}
			v.Number *= sign
			worth[len(row)] = append(worth[len(row)], v)
			row = append(row, e)
		}
		for _, c := range scoreColumns {
			s := r.Summarise(m.Name, c.metric)
			add(scoreEntry(&t, s), s.Mean, c.sign)
		}
		parameters, seconds := r.cost(m.Name)
		add(costEntry(&t, parameters, 1000, 1), parameters, -1)
		add(costEntry(&t, seconds, 1, 0), seconds, -1)
		t.Rows = append(t.Rows, row)
	}
	for column := 2; column < len(t.Columns); column++ {
		entries := make([]*Entry, len(t.Rows))
		for i := range t.Rows {
			entries[i] = &t.Rows[i][column]
		}
		mark(entries, worth[column])
	}
	if r.Suite.Seeds == 1 && r.has(subject) && len(r.Suite.Methods) > 1 {
		t.Remarks = append(t.Remarks, fmt.Sprintf("one seed: no interval and no test; %s", seedsNeeded(len(r.Suite.Methods)-1)))
	}
	return t
}

func summaryCaption(r *Report) []string {
	plan := r.Manifest.Plan
	if len(plan) > 12 {
		plan = plan[:12]
	}
	lines := []string{
		fmt.Sprintf("suite %s · backbone %s · backend %s · %d tasks · seeds %d, orders %d · plan %s",
			r.Suite.Name, r.Suite.Backbone, r.Manifest.Backend, len(r.Suite.Tasks), r.Suite.Seeds, r.Suite.Orders, plan),
		"Scores are in points of 100; n counts seeds" + spreadMeans(r) + ". K is base knowledge, retention is K[N]/K[0] in percent; params are the trained parameters.",
	}
	c, ok := r.base()
	if !ok {
		return append(lines, "Base row: not measured yet.")
	}
	base := Metrics(Matrix{R: c.R[:1], K: c.K})["acc"]
	knowledge := "no knowledge battery"
	if len(c.K) > 0 && !math.IsNaN(c.K[0]) {
		knowledge = "K[0] " + points(c.K[0])
	}
	return append(lines, fmt.Sprintf("Base row, the untouched backbone: accuracy %s, %s.", points(base.Number), knowledge))
}

func spreadMeans(r *Report) string {
	if r.Suite.Seeds == 1 {
		return ""
	}
	return ", ± is the half-width of the mean's 95% interval"
}

// methodLabel is a method's first entry. What is to be said about its cells is
// one footnote: those that are not done, by their standing, and each warning
// once, with the first place of it, except for the common ones.
func methodLabel(r *Report, t *Table, method string, common []string) Entry {
	type said struct {
		text   string
		places []string
	}
	var standings, warnings []said
	add := func(list *[]said, text, place string) {
		i := slices.IndexFunc(*list, func(s said) bool { return s.text == text })
		if i < 0 {
			i = len(*list)
			*list = append(*list, said{text: text})
		}
		(*list)[i].places = append((*list)[i].places, place)
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
		parts = append(parts, strings.Join(s.places, ", ")+" "+s.text)
	}
	for _, w := range warnings {
		place := w.places[0]
		if n := len(w.places) - 1; n > 0 {
			place += fmt.Sprintf(", and %d more", n)
		}
		parts = append(parts, fmt.Sprintf("warning: %s (%s)", w.text, place))
	}
	if len(parts) == 0 {
		return Entry{Text: method}
	}
	return Entry{Text: method, Notes: []int{t.Note(strings.Join(parts, "; "))}}
}

// commonWarnings are the texts of warnings that all cells have which have
// started, if these are several methods'.
func (r *Report) commonWarnings() []string {
	var started []Cell
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
		everywhere := !slices.ContainsFunc(started, func(c Cell) bool {
			return !slices.ContainsFunc(c.Warnings, func(other Warning) bool { return other.Text == w.Text })
		})
		if everywhere && !slices.Contains(common, w.Text) {
			common = append(common, w.Text)
		}
	}
	return common
}

func scoreEntry(t *Table, s Summary) Entry {
	if !s.Mean.Defined() {
		return t.Undefined(s.Mean.Undefined)
	}
	e := Entry{Text: points(s.Mean.Number)}
	if s.CI95.Defined() {
		e.Spread = "±" + points(s.CI95.Number)
	}
	return e
}

// costEntry prints v in the unit, with so many decimals.
func costEntry(t *Table, v Value, unit float64, decimals int) Entry {
	if !v.Defined() {
		return t.Undefined(v.Undefined)
	}
	return Entry{Text: strconv.FormatFloat(v.Number/unit, 'f', decimals, 64)}
}

// points prints a score in points of 100 with one decimal.
func points(score float64) string {
	s := strconv.FormatFloat(100*score, 'f', 1, 64)
	if s == "-0.0" {
		return "0.0"
	}
	return s
}

// cost averages the trained parameters and the seconds of a method's done cells.
func (r *Report) cost(method string) (parameters, seconds Value) {
	n, p, s, reason := 0, 0.0, 0.0, ""
	for _, c := range r.Cells {
		switch {
		case c.Method.Name != method:
		case c.State == record.Done:
			n++
			p += float64(c.TrainedParameters)
			s += c.Seconds.Total
		case reason == "":
			reason = c.Standing()
		}
	}
	if n == 0 {
		return Undefined(reason), Undefined(reason)
	}
	return Number(p / float64(n)), Number(s / float64(n))
}

// competes says whether a method can be the best one.
func (r *Report) competes(m Method) bool {
	for _, c := range r.Cells {
		if c.Method.Name == m.Name && c.State == record.CellDiverged {
			return false
		}
	}
	return !m.Reference()
}
