package tables

import (
	"fmt"
	"slices"

	"secura/reports/report"
	"secura/reports/table"
)

// Battery tells the knowledge that was kept from what was won beside it, by
// report.Report.BatteryMeasures.
func Battery(r *report.Report) (table.Table, error) {
	t := table.Table{Title: "Items of the battery",
		Caption: []string{"Of the items that the untouched backbone answered right, the share that is right at the end (known kept), and of the others (unknown gained). " +
			"K[N] is made of both: training that teaches how such questions are answered may raise it although known items are lost. In points of 100" + spreadMeans(r)}}
	measures, err := r.BatteryMeasures()
	if err != nil {
		return t, fmt.Errorf("table battery: %w", err)
	}
	final := report.Measure{Head: []string{"final", "K[N]"}, Of: report.MetricOf("knowledge_final")}
	addMeasures(r, &t, r.Trained(), slices.Insert(measures, 2, final))
	if len(measures) > 3 {
		t.Remarks = append(t.Remarks, "scores take the option with the highest log-likelihood per token; by sum: the one with the highest sum")
	}
	known := r.BaseMetrics()["knowledge_final"]
	if known.Defined() {
		t.Remarks = append(t.Remarks, "K[0], the untouched backbone's own score, is "+table.Points(known.Number))
	}
	if guess := r.Chance.Knowledge; guess.Defined() {
		t.Remarks = append(t.Remarks, fmt.Sprintf("a guess among the options keeps %s of the known and gains as much of the others", table.Points(guess.Number)))
		if known.Defined() && known.Number > guess.Number {
			anew, _ := report.ItemsKept(1, known.Number, guess.Number, guess.Number)
			t.Remarks = append(t.Remarks, fmt.Sprintf("some of the known were guessed: a model that keeps all else and guesses those anew keeps %s", table.Points(anew)))
		}
	}
	return t, nil
}
