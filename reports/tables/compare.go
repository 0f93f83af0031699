package tables

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// CompareMethods compares the first of some methods of a run with each of the others, metric by
// metric: a table per pair.
func CompareMethods(r *report.Report, methods []string) []table.Table {
	return labelled(r, comparedTables(MethodPairs(r, methods), []*report.Report{r}))
}

// MethodPairs pair the first of some methods of a run with each of the others.
func MethodPairs(r *report.Report, methods []string) (pairs [][2]report.Side) {
	side := func(method string) report.Side { return report.Side{Report: r, Method: method, Name: method} }
	for _, other := range methods[1:] {
		pairs = append(pairs, [2]report.Side{side(methods[0]), side(other)})
	}
	return pairs
}

// CompareRuns compares methods of one run with those of the same names in another: a table per
// method. What differs between the runs' suites is told, for it is what the differences are due to.
func CompareRuns(first, second *report.Report, methods []string) []table.Table {
	labels := RunLabels([]*report.Report{first, second})
	tables := comparedTables(RunPairs(first, second, methods), []*report.Report{first, second})
	for i := range tables {
		if remark := otherSettings(first, second, methods[i], labels); remark != "" {
			tables[i].Remarks = append(tables[i].Remarks, remark)
		}
		tables[i].Remarks = append(tables[i].Remarks, differences(first, second, labels)...)
	}
	return tables
}

// RunPairs pair methods of one run with those of the same names in another.
func RunPairs(first, second *report.Report, methods []string) (pairs [][2]report.Side) {
	labels := RunLabels([]*report.Report{first, second})
	for _, m := range methods {
		pairs = append(pairs, [2]report.Side{{Report: first, Method: m, Name: m + " in " + labels[0]}, {Report: second, Method: m, Name: m + " in " + labels[1]}})
	}
	return pairs
}

// notDone names the cells of a method that are missing in its numbers, as they are not finished;
// empty where there are none. Cells that diverged are told by the numbers.
func notDone(side report.Side) string {
	list := report.Standings(side.Report.Cells, 3, func(c report.Cell) bool { return c.Method.Name == side.Method && !c.State.Finished() })
	if list == nil {
		return ""
	}
	return side.Name + " lacks cells: " + strings.Join(list, "; ")
}

// comparedTables makes a table of each pair; Holm's adjustment is over the pairs, for each metric
// by itself, those with a reference apart.
func comparedTables(pairs [][2]report.Side, of []*report.Report) []table.Table {
	adjusted := testsMean + ", metric by metric over the methods compared here, references by themselves"
	apart := func(i int) bool { return isReference(pairs[i][0]) || isReference(pairs[i][1]) }
	tables := make([]table.Table, len(pairs))
	for i, pair := range pairs {
		tables[i] = table.Table{
			Title: pair[0].Name + " against " + pair[1].Name,
			Caption: []string{
				"the mean of each over the n paired seeds and their difference with the half-width of its 95% interval, in points of 100; perplexity_drift in nats per token",
				adjusted,
			},
			Columns:   []table.Column{{Head: []string{"metric"}}, {Head: []string{"n"}}, {Head: []string{pair[0].Name}}, {Head: []string{pair[1].Name}}, {Head: []string{"difference"}}, {Head: []string{"g"}}, {Head: []string{"p"}}},
			MarkMeans: "p below 0.05",
		}
		for _, r := range of {
			tables[i].Caption = append(tables[i].Caption, Source(r))
		}
		tables[i].Source = tables[i].Caption[len(tables[i].Caption)-1]
	}
	families := make([]family, len(metric.Keys))
	for k, definition := range metric.Definitions {
		key, shown := definition.Key, report.Shown(definition)
		families[k].metric = key
		group := make([]metric.Difference, len(pairs))
		means := make([][2]float64, len(pairs))
		for i, pair := range pairs {
			a, b, n, reason := report.PairUp(pair[0], pair[1], report.MetricOf(key))
			if group[i] = metric.NoDifference(reason, n); reason == "" {
				group[i] = metric.DifferenceOf(a, b)
				means[i] = [2]float64{metric.MeanSDCI(a).Mean.Number, metric.MeanSDCI(b).Mean.Number}
			}
			if !apart(i) {
				families[k].add(group[i].P, n)
			}
		}
		metric.Adjust(group, apart)
		for i, d := range group {
			row := []table.Entry{{Text: key}, {Text: "–"}, {Text: "–"}, {Text: "–"}}
			if d.P.Defined() {
				row = append(row[:1], table.Count(d.N), shown(means[i][0]), shown(means[i][1]))
			}
			tables[i].Rows = append(tables[i].Rows, append(row, testEntries(&tables[i], d, shown)...))
		}
	}
	few := tooFewPairs(families)
	for i := range tables {
		tables[i].Remarks = append(tables[i].Remarks, few...)
		for _, side := range pairs[i] {
			if said := notDone(side); said != "" {
				tables[i].Remarks = append(tables[i].Remarks, said)
			}
		}
	}
	return tables
}

// RunLabels tell runs, or the backbones of one, apart: by their backbones, by their folders where
// these are not all different, and by their places where the folders' names are not either.
func RunLabels(list []*report.Report) []string {
	for _, of := range []func(r *report.Report) string{
		func(r *report.Report) string { return cmp.Or(r.Label, r.Suite.Backbone) },
		folderLabel,
	} {
		var labels []string
		for _, r := range list {
			if label := of(r); !slices.Contains(labels, label) {
				labels = append(labels, label)
			}
		}
		if len(labels) == len(list) {
			return labels
		}
	}
	var labels []string
	for i, r := range list {
		labels = append(labels, fmt.Sprintf("%d: %s", i+1, folderLabel(r)))
	}
	return labels
}

// folderLabel is the name of the run's folder, with the backbone where the run has several.
func folderLabel(r *report.Report) string { return strings.TrimSpace(r.Run.Name() + " " + r.Label) }

// unlike are settings of a suite that may differ without a word: its name, how it was tuned, and
// what only says how much of it was run. Orders are averaged, so that others make other numbers.
// How the methods that are compared are set is told beside.
var unlike = []string{"name", "pairing", "tuning", "methods", "seeds", "backbones"}

// otherSettings says how a method is set in each of two runs where that is not the same, as in "the
// settings differ: learning_rate 0.001 in tuned, 0.002 in first"; else it is empty.
func otherSettings(first, second *report.Report, method string, labels []string) string {
	var set [2]map[string]any
	both := map[string]any{}
	for i, r := range []*report.Report{first, second} {
		m, _ := r.Suite.Method(method)
		set[i] = m.Overrides()
		set[i]["preset"] = m.Preset
		maps.Copy(both, set[i])
	}
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(both)) {
		var shown [2]string
		for i := range set {
			shown[i] = "the preset's"
			if value, ok := set[i][key]; ok {
				shown[i] = fmt.Sprint(value)
			}
		}
		if shown[0] != shown[1] {
			parts = append(parts, fmt.Sprintf("%s %s in %s, %s in %s", key, shown[0], labels[0], shown[1], labels[1]))
		}
	}
	if parts == nil {
		return ""
	}
	return "the settings differ: " + strings.Join(parts, "; ")
}

// differences names the settings in which two runs differ.
func differences(first, second *report.Report, labels []string) (remarks []string) {
	keys, err := suite.Differ(first.Manifest.Suite, second.Manifest.Suite, unlike...)
	if err != nil {
		return []string{"the runs' suites cannot be compared: " + err.Error()}
	}
	if len(keys) > 0 {
		remarks = append(remarks, "the suites differ in "+strings.Join(keys, ", "))
	}
	if first.Suite.PairingName() != second.Suite.PairingName() || !slices.Equal(first.Suite.TaskNames(), second.Suite.TaskNames()) {
		remarks = append(remarks, "equal seeds of the two suites drew different numbers: the pairs are independent draws, and nothing more than their count is gained by pairing")
	}
	for i, r := range []*report.Report{first, second} {
		if r.Manifest.Revision != "" && r.Manifest.Revision != []*report.Report{second, first}[i].Manifest.Revision {
			remarks = append(remarks, fmt.Sprintf("%s was made by code revision %s", labels[i], r.Manifest.Revision))
		}
	}
	return remarks
}
