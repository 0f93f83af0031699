package tables

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// ComparisonTable shows secura against every other method: the mean difference over paired seeds in
// points of 100, and the p of the sign-flip test with Holm's adjustment. ok is false where there is
// nothing to compare: without a method called secura, without another one, or with a single seed.
func ComparisonTable(r *report.Report) (t table.Table, ok bool) {
	comparisons := r.Compare()
	others := len(comparisons) / len(report.Compared)
	if others == 0 || r.Suite.Seeds < 2 {
		return table.Table{}, false
	}
	t = table.Table{
		Title: "Comparison with " + report.Subject,
		Caption: []string{
			report.Subject + " minus the method of the row, in points of 100, the mean over n paired seeds with the half-width of its 95% interval; below zero, the other one is higher",
			testsMean + " over the methods, references by themselves",
		},
		Columns:   []table.Column{{Head: []string{"method"}}, {Head: []string{"n"}}},
		MarkMeans: "p below 0.05",
	}
	for _, head := range [][]string{{"knowledge", "retention"}, {"", "accuracy"}, {"backward", "transfer"}} {
		t.Columns = append(t.Columns, table.Column{Head: head}, table.Column{Head: []string{"", "g"}}, table.Column{Head: []string{"", "p"}})
	}
	families := make([]family, len(report.Compared))
	for key, name := range report.Compared {
		families[key].metric = name
	}
	for i := range others {
		row := []table.Entry{{Text: comparisons[i].B}, {Text: "–"}}
		for key := range report.Compared {
			c := comparisons[key*others+i]
			if !r.IsReference(c.B) {
				families[key].add(c.P, c.N)
			}
			if c.P.Defined() {
				row[1] = table.Count(c.N)
			}
			row = append(row, testEntries(&t, metric.Difference{Summary: metric.Summary{Mean: c.Difference, CI95: c.CI95, N: c.N}, Effect: c.Effect, P: c.P, PHolm: c.PHolm}, table.Score)...)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Remarks = tooFewPairs(families)
	return t, true
}

// testsMean explains the columns of testEntries.
var testsMean = fmt.Sprintf("g: Hedges' g of the paired values (d_z corrected for small samples); p: two-sided sign-flip test, exact up to %d seeds, adjusted after Holm", metric.ExactPairs)

// testEntries are a difference, shown as its metric's numbers are, its effect size and its p.
func testEntries(t *table.Table, d metric.Difference, shown func(float64) table.Entry) []table.Entry {
	if !d.P.Defined() {
		return []table.Entry{t.Undefined(d.P.Undefined), {Text: "–"}, {Text: "–"}}
	}
	difference, effect := report.MeanEntry(t, d.Summary, shown), table.Entry{Text: "–"}
	if d.Effect.Defined() {
		effect = table.Numeric(strconv.FormatFloat(d.Effect.Number, 'f', 2, 64), d.Effect.Number)
	} else {
		effect.Notes = []int{t.Note(d.Effect.Undefined)}
	}
	p := table.Probability(d.PHolm.Number)
	p.Marked = d.PHolm.Number < report.Level
	return []table.Entry{difference, effect, p}
}

// family is the comparisons of one metric, over which Holm's adjustment goes: how many there are,
// and the most pairs of seeds that one of them has.
type family struct {
	metric             string
	comparisons, pairs int
}

// add counts a comparison, unless it has no p.
func (f *family) add(p metric.Value, pairs int) {
	if p.Defined() {
		f.comparisons, f.pairs = f.comparisons+1, max(f.pairs, pairs)
	}
}

// tooFewPairs says where no p can fall below 0.05, whatever the seeds say: of which metrics, unless
// it is true of all.
func tooFewPairs(families []family) (remarks []string) {
	names := map[int][]string{}
	compared := 0
	for _, f := range families {
		if f.comparisons > 0 {
			compared++
		}
		if f.pairs < metric.SeedsNeeded(f.comparisons) {
			names[f.comparisons] = append(names[f.comparisons], f.metric)
		}
	}
	for _, comparisons := range slices.Backward(slices.Sorted(maps.Keys(names))) {
		remark := seedsNeeded(comparisons)
		if of := names[comparisons]; len(of) < compared {
			remark = strings.Join(of, ", ") + ": " + remark
		}
		remarks = append(remarks, remark)
	}
	return remarks
}

// seedsNeeded says how many seeds a comparison with so many methods takes.
func seedsNeeded(methods int) string {
	return fmt.Sprintf("with fewer than %d paired seeds no p of %s can fall below 0.05", metric.SeedsNeeded(methods), table.Counted(methods, "comparison"))
}
