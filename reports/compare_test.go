package reports

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/table"
	"secura/reports/tables"
)

// twoRuns are runs of one suite that differ in their scores and methods.
func twoRuns(t *testing.T) (first, second *report.Report) {
	t.Helper()
	s := eight()
	first = load(t, s.Make(t, nil))
	s.Methods = synthetic.Named("seq", "ewc", "secura")
	s.Score = func(m, seed, i, j int) float64 { return synthetic.Fade(m, seed, i, j) - 0.1 + 0.001*float64(seed*seed) }
	second = load(t, s.Make(t, nil))
	return first, second
}

func TestMethodsOfARunAreComparedInPairs(t *testing.T) {
	r, _ := twoRuns(t)
	rep := tables.CompareMethods(r, []string{"secura", "seq", "er"})
	if len(rep) != 2 || rep[1].Title != "secura against er" || len(rep[0].Rows) != len(metric.Keys) {
		t.Fatalf("%d tables, %q", len(rep), rep[1].Title)
	}
	row := rowOf(t, rep[0], "acc")
	a, b, _, _ := r.Pairs("secura", "seq", report.MetricOf("acc"))
	near(t, "difference", metric.Number(*row[4].Number/100), metric.MeanSDCI(metric.Minus(a, b)).Mean.Number)
	near(t, "half-width", metric.Number(*row[4].HalfWidth/100), metric.MeanSDCI(metric.Minus(a, b)).CI95.Number)
	// Eight seeds of one sign: 2/256, of two comparisons.
	near(t, "p", metric.Number(*row[6].Number), 2*2.0/256)
	if row := rowOf(t, rep[0], "perplexity_drift"); row[2].Text != "0.3000" || row[4].Text != "0.0000" {
		t.Errorf("a drift of 0.3 nats that both have alike is %s, and differs by %s", row[2].Text, row[4].Text)
	}
	if len(rep[0].Remarks) != 0 {
		t.Errorf("eight seeds are too few: %q", rep[0].Remarks)
	}
}

// TestAnUndefinedMetricHasNoPairs: of a metric that no cell has the table has no number of seeds,
// and the comparison counts the seeds that both have.
func TestAnUndefinedMetricHasNoPairs(t *testing.T) {
	r, _ := twoRuns(t)
	shown := tables.CompareMethods(r, []string{"secura", "seq"})[0]
	for _, c := range shown.Rows {
		if want := map[bool]string{true: "8", false: "–"}[c[2].Text != "–"]; c[1].Text != want {
			t.Errorf("%s: n is %s, want %s", c[0].Text, c[1].Text, want)
		}
	}
	s := eight()
	s.Knowledge = false
	for _, c := range load(t, s.Make(t, nil)).Compare() {
		if c.B == "seq" && c.N != 8 {
			t.Errorf("%s: n is %d, want 8", c.Metric, c.N)
		}
	}
	if row := rowOf(t, shown, "intransigence"); row[1].Text != "8" {
		t.Errorf("intransigence: %+v", row)
	}
}

func TestRunsAreComparedMethodByMethod(t *testing.T) {
	first, second := twoRuns(t)
	if got := tables.CommonMethods([]*report.Report{first, second}); !slices.Equal(got, []string{"seq", "secura"}) {
		t.Fatalf("methods of both: %q", got)
	}
	second.Manifest.Suite = []byte(strings.Replace(string(second.Manifest.Suite), `"steps": 4`, `"steps": 9`, 1))
	r := tables.CompareRuns(first, second, []string{"seq", "secura"})
	row := rowOf(t, r[0], "acc")
	if len(r) != 2 || row[1].Text != "8" || row[2].Text != "68.5" || row[3].Text != "66.3" || row[4].Text != "2.2" || !row[6].Marked {
		t.Errorf("%d tables, row %+v", len(r), row)
	}
	if !slices.Contains(r[0].Remarks, "the suites differ in training") {
		t.Errorf("remarks %q", r[0].Remarks)
	}
	second.Suite.Name, second.Suite.Pairing = "other", first.Suite.Name
	if remarks := strings.Join(tables.CompareRuns(first, second, []string{"seq"})[0].Remarks, " "); strings.Contains(remarks, "drew different numbers") {
		t.Errorf("remarks of two suites of one pairing %q", remarks)
	}
	second.Suite.Pairing = ""
	if remarks := strings.Join(tables.CompareRuns(first, second, []string{"seq"})[0].Remarks, " "); !strings.Contains(remarks, "drew different numbers") {
		t.Errorf("remarks %q", remarks)
	}
}

func TestRunsAreNamedByWhatTellsThemApart(t *testing.T) {
	run := func(path, backbone string) *report.Report {
		return &report.Report{Run: rundir.Run{Path: path}, Suite: suite.Suite{Backbone: backbone}}
	}
	for _, c := range []struct {
		runs []*report.Report
		want string
	}{
		{[]*report.Report{run("runs/a", "qwen"), run("runs/b", "llama")}, "qwen, llama"},
		{[]*report.Report{run("runs/a", "nano"), run("runs/b", "nano")}, "a, b"},
		{[]*report.Report{run("x/a", "nano"), run("y/a", "nano")}, "1: a, 2: a"},
	} {
		if got := strings.Join(tables.RunLabels(c.runs), ", "); got != c.want {
			t.Errorf("labels %s, want %s", got, c.want)
		}
	}
}

func TestRunsSideBySide(t *testing.T) {
	first, second := twoRuns(t)
	first.Suite.Backbone, second.Suite.Backbone = "qwen", "llama"
	runs := []*report.Report{first, second}
	r := [][]table.Table{{tables.Summary(first), tables.Tasks(first)}, {tables.Summary(second), tables.Tasks(second)}}
	var shown []table.Table
	for _, name := range []string{"summary", "cost", "per-task"} {
		list, err := tables.NamedSideBySide(runs, name)
		synthetic.Must(t, err)
		shown = append(shown, list...)
	}
	var out bytes.Buffer
	synthetic.Must(t, table.Text(&out, shown, false))
	synthetic.CompareGolden(t, "side_by_side.txt", out.Bytes())

	joined := tables.SideBySide(runs, r)[0]
	for _, row := range joined.Rows {
		if len(row) != len(joined.Columns) {
			t.Errorf("row %s has %d entries for %d columns", row[0].Text, len(row), len(joined.Columns))
		}
	}
	if e := rowOf(t, joined, "ewc"); e[2].Text != "·" || e[len(e)-1].Text == "·" {
		t.Errorf("a method that one run has: %+v", e)
	}
	own := rowOf(t, tables.Summary(second), "secura")
	if e := rowOf(t, joined, "secura"); e[len(e)-8].Text != own[2].Text {
		t.Errorf("accuracy %s, in its own table %s", e[len(e)-8].Text, own[2].Text)
	}
	// Equal labels of one table are rows of their own.
	twice := table.Table{Title: "T", Columns: []table.Column{{Head: []string{"x"}}, {Head: []string{"y"}}}, Rows: [][]table.Entry{{{Text: "mean"}, {Text: "1"}}, {{Text: "mean"}, {Text: "2"}}}}
	both := tables.SideBySide(runs, [][]table.Table{{twice}, {twice}})[0]
	if len(both.Rows) != 2 || both.Rows[1][1].Text != "2" || both.Rows[1][2].Text != "2" {
		t.Errorf("rows of equal labels: %+v", both.Rows)
	}
}

// TestWhatIsTrueOfOneRunStandsInItsColumns: a method of a second run did not learn and has a
// warning, and the second run has one seed and lacks a method.
func TestWhatIsTrueOfOneRunStandsInItsColumns(t *testing.T) {
	first, _ := twoRuns(t)
	s := pressed(1, 0.05)
	s.End = func(f *synthetic.CellFiles) {
		if f.Id == "secura-s0-o0" {
			f.Events = append(f.Events[:2:2], append([]record.Event{{Kind: record.Warning, Text: "a row was cut"}}, f.Events[2:]...)...)
		}
	}
	second := load(t, s.Make(t, nil))
	first.Suite.Backbone, second.Suite.Backbone = "qwen", "llama"
	for of, summary := range map[string]table.Table{
		"runs":   tables.Runs([]*report.Report{first, second}),
		"joined": tables.SideBySide([]*report.Report{first, second}, [][]table.Table{{tables.Summary(first)}, {tables.Summary(second)}})[0],
	} {
		row := rowOf(t, summary, "secura")
		var noted []string
		for i, e := range row {
			for _, n := range e.Notes {
				noted = append(noted, strings.Join(summary.Columns[i].Head, " ")+": "+summary.Footnotes[n-1])
			}
		}
		said := strings.Join(noted, "\n")
		if len(row[0].Notes) > 0 || !strings.Contains(said, "did not learn") || !strings.Contains(said, "a row was cut") || strings.Contains(said, "qwen") {
			t.Errorf("%s: notes of secura %q", of, noted)
		}
		remarks := strings.Join(summary.Remarks, "\n")
		for _, want := range []string{"llama: one seed: no interval and no test; with fewer than 6 paired seeds no p of 1 comparison can fall below 0.05", "·"} {
			if !strings.Contains(remarks, want) {
				t.Errorf("%s: remarks %q have no %q", of, remarks, want)
			}
		}
	}
	runs := tables.Runs([]*report.Report{first, second})
	if remarks := strings.Join(runs.Remarks, "\n"); !strings.Contains(remarks, "llama: no method is shown to end above the base row, 5.0,") || strings.Contains(remarks, "qwen: ") {
		t.Errorf("remarks %q", remarks)
	}
	// Notes are numbered as the rows are read.
	last := 0
	for _, row := range runs.Rows {
		for _, e := range row {
			for _, n := range e.Notes {
				if n > last+1 {
					t.Errorf("note %d comes after %d", n, last)
				}
				last = max(last, n)
			}
		}
	}
	if alike := tables.Runs([]*report.Report{second, second}).Remarks; strings.Contains(strings.Join(alike, " "), "·") {
		t.Errorf("remarks of runs of the same methods %q", alike)
	}
}

// TestRunsOfOtherTasks sets runs of different tasks side by side, which their tables say, and of
// equal tasks in another order, of which there is nothing to say.
func TestRunsOfOtherTasks(t *testing.T) {
	first, second := twoRuns(t)
	const says = "other tasks than"
	said := func(runs []*report.Report) (n int) {
		one := table.Table{Title: "x"}
		for _, tab := range append(tables.SideBySide(runs, [][]table.Table{{one}, {one}}), tables.Runs(runs)) {
			if strings.Contains(strings.Join(tab.Remarks, " "), says) {
				n++
			}
		}
		return n
	}
	second.Suite.Tasks = slices.Clone(first.Suite.Tasks)
	slices.Reverse(second.Suite.Tasks)
	if n := said([]*report.Report{first, second}); n != 0 {
		t.Errorf("%d tables say that equal tasks differ", n)
	}
	third := *second
	if groups := tables.TaskGroups([]*report.Report{first, second}); !slices.Equal(groups, []int{0, 0}) {
		t.Errorf("groups of equal tasks %v", groups)
	}
	second.Suite.Tasks = slices.Clone(second.Suite.Tasks)
	second.Suite.Tasks[0].Name = "another"
	if groups := tables.TaskGroups([]*report.Report{first, second, &third, second}); !slices.Equal(groups, []int{0, 1, 0, 1}) {
		t.Errorf("groups %v", groups)
	}
	if n := said([]*report.Report{first, second}); n != 2 {
		t.Errorf("%d tables of 2 say that the tasks differ", n)
	}
}
