package tables

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"secura/experiments/record"
	"secura/reports/report"
	"secura/reports/table"
)

// methodLabel is a method's first entry. What is to be said about its cells is one footnote: those
// that are not done, by their standing, and each warning once, with the first place of it, except
// for the common ones.
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

// commonWarnings are the texts of warnings that all cells have which have started, if these are
// several methods'.
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

// remarksOfAll tell the common warnings. Of those that differ only in their task and their numbers
// the first is told, and then the other tasks' names.
func remarksOfAll(r *report.Report) []string {
	type kind struct {
		shape, first string
		others       []string
	}
	var kinds []kind
	for _, text := range commonWarnings(r) {
		found := ofTask.FindStringSubmatch(text)
		if found == nil {
			kinds = append(kinds, kind{first: text})
			continue
		}
		shape := number.ReplaceAllString(found[2], "0")
		if i := slices.IndexFunc(kinds, func(k kind) bool { return k.shape == shape }); i >= 0 {
			kinds[i].others = append(kinds[i].others, found[1])
		} else {
			kinds = append(kinds, kind{shape: shape, first: text})
		}
	}
	var remarks []string
	for _, k := range kinds {
		remark := "warning of every cell: " + k.first
		if len(k.others) > 0 {
			remark += "; likewise, with other numbers, " + strings.Join(k.others, ", ")
		}
		remarks = append(remarks, remark)
	}
	return remarks
}

var (
	ofTask = regexp.MustCompile(`^task (\S+): (.+)$`)
	number = regexp.MustCompile(`[0-9]+`)
)
