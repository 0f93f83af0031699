package claims

import (
	"slices"

	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// doraCommand measures the claims over DoRA.
const doraCommand = "-suite variants -seeds 8"

// dora sets the claims "+3.59% multiple choice, +2.51% question answering over DoRA" against a run
// that learns each task alone, as points of 100 and as a share of DoRA's score, for "%" allows
// both. Tasks whose answer is chosen among options are multiple choice, all others question
// answering.
func (c judge) dora() table.Table {
	t := table.Table{
		Title: "Claim: SECURA is ahead of DoRA by 3.59% (multiple choice) and 2.51% (question answering)",
		Columns: []table.Column{
			{Head: []string{"each task learned alone"}}, {Head: []string{"n"}}, {Head: []string{"secura"}}, {Head: []string{"dora"}},
			{Head: []string{"ahead by"}}, {Head: []string{"p"}}, {Head: []string{"p (Holm)"}}, {Head: []string{"verdict"}},
		},
		TextColumns: []int{7},
	}
	kinds := []struct {
		label  string
		by     float64
		choice bool
	}{{"multiple choice", 0.0359, true}, {"question answering", 0.0251, false}}
	i := slices.IndexFunc(c.runs, func(e *Evidence) bool { return e.Suite.Separate() && e.Has(report.Subject) && e.Has("dora") })
	if i < 0 {
		for _, k := range kinds {
			t.Rows = append(t.Rows, unmeasuredRow(&t, k.label, c.missing("dora and "+report.Subject+" on tasks learned alone", doraCommand)))
		}
		return t
	}
	r := c.runs[i].Report
	for _, reading := range []struct {
		suffix string
		of     func(r *report.Report, other string, of func(report.Cell) metric.Value) metric.Difference
	}{{", points", report.Difference}, {", percent", report.RelativeDifference}} {
		differences := make([]metric.Difference, len(kinds))
		for k, kind := range kinds {
			differences[k] = reading.of(r, "dora", report.AfterOwnTraining(report.OfKind(r, kind.choice)))
		}
		metric.AdjustAll(differences)
		for k, kind := range kinds {
			d, score := differences[k], report.AfterOwnTraining(report.OfKind(r, kind.choice))
			if !slices.ContainsFunc(r.Suite.TaskNames(), report.OfKind(r, kind.choice)) {
				t.Rows = append(t.Rows, unmeasuredRow(&t, kind.label+reading.suffix, c.missing("task of this kind", doraCommand)))
				continue
			}
			t.Rows = append(t.Rows, []table.Entry{{Text: kind.label + reading.suffix}, table.Count(d.N), value(&t, r.Over(report.Subject, score), false),
				value(&t, r.Over("dora", score), false), value(&t, d.Summary, true), probability(d.P), probability(d.PHolm), verdictEntry(&t, judgeAheadBy(differences, k, kind.by))})
		}
	}
	t.Caption = []string{"mean score right after each task's own training; ahead by: the mean over n paired seeds of the difference, in points of 100 or in percent of dora's score"}
	c.sayRun(&t, c.runs[i])
	return t
}
