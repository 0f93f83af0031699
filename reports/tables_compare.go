package reports

import (
	"fmt"
	"strconv"
)

// ComparisonTable shows secura against every other method: the mean difference
// over paired seeds in points of 100, and the p of the sign-flip test with
// Holm's adjustment. ok is false where there is nothing to compare: without a
// method called secura, without another one, or with a single seed.
func ComparisonTable(r *Report) (t Table, ok bool) {
	comparisons := r.Compare()
	others := len(comparisons) / len(compared)
	if others == 0 || r.Suite.Seeds < 2 {
		return Table{}, false
	}
	t = Table{
		Title: "Comparison with " + subject,
		Caption: []string{
			subject + " minus the method of the row, in points of 100, the mean over n paired seeds; below zero, the other one is higher",
			fmt.Sprintf("p: two-sided sign-flip test, exact up to %d seeds, adjusted after Holm over the methods", exactPairs),
		},
		Columns: []Column{
			{[]string{"method"}}, {[]string{"n"}},
			{[]string{"knowledge", "retention"}}, {[]string{"", "p"}},
			{[]string{"", "accuracy"}}, {[]string{"", "p"}},
			{[]string{"backward", "transfer"}}, {[]string{"", "p"}},
		},
		MarkMeans: "p below 0.05",
	}
	least := r.Suite.Seeds
	for i := range others {
		row := []Entry{{Text: comparisons[i].B}, {Text: strconv.Itoa(comparisons[i].N)}}
		least = min(least, comparisons[i].N)
		for metric := range compared {
			c := comparisons[metric*others+i]
			if !c.P.Defined() {
				row = append(row, t.Undefined(c.P.Undefined), Entry{Text: "–"})
				continue
			}
			row = append(row, Entry{Text: points(c.Difference.Number)}, Entry{
				Text: strconv.FormatFloat(c.PHolm.Number, 'f', 3, 64), Marked: c.PHolm.Number < 0.05,
			})
		}
		t.Rows = append(t.Rows, row)
	}
	if least < SeedsNeeded(others) {
		t.Remarks = []string{seedsNeeded(others)}
	}
	return t, true
}

// seedsNeeded says how many seeds a comparison with so many methods takes.
func seedsNeeded(methods int) string {
	return fmt.Sprintf("with fewer than %d paired seeds no p of %d comparisons can fall below 0.05", SeedsNeeded(methods), methods)
}
