package reports

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"secura/experiments/rundir"
	"secura/reports/metric"
	"secura/reports/table"
)

// twoRuns are runs of one suite that differ in their scores and methods.
func twoRuns(t *testing.T) (first, second *Report) {
	t.Helper()
	s := eight()
	first = load(t, s.make(t, nil))
	s.methods = named("seq", "ewc", "secura")
	s.score = func(m, seed, i, j int) float64 { return fade(m, seed, i, j) - 0.1 + 0.001*float64(seed*seed) }
	second = load(t, s.make(t, nil))
	return first, second
}

func TestMethodsOfARunAreComparedInPairs(t *testing.T) {
	r, _ := twoRuns(t)
	tables := CompareMethods(r, []string{"secura", "seq", "er"})
	if len(tables) != 2 || tables[1].Title != "secura against er" || len(tables[0].Rows) != len(metric.Keys) {
		t.Fatalf("%d tables, %q", len(tables), tables[1].Title)
	}
	row := rowOf(t, tables[0], "acc")
	a, b, _, _ := r.pairs("secura", "seq", metricOf("acc"))
	near(t, "difference", metric.Number(*row[4].Number/100), metric.MeanSDCI(metric.Minus(a, b)).Mean.Number)
	near(t, "half-width", metric.Number(*row[4].HalfWidth/100), metric.MeanSDCI(metric.Minus(a, b)).CI95.Number)
	// Eight seeds of one sign: 2/256, of two comparisons.
	near(t, "p", metric.Number(*row[6].Number), 2*2.0/256)
	if row := rowOf(t, tables[0], "perplexity_drift"); row[4].Text != "0.0" {
		t.Errorf("a number that both have alike differs by %s", row[4].Text)
	}
	if len(tables[0].Remarks) != 0 {
		t.Errorf("eight seeds are too few: %q", tables[0].Remarks)
	}
}

func TestRunsAreComparedMethodByMethod(t *testing.T) {
	first, second := twoRuns(t)
	if got := CommonMethods([]*Report{first, second}); !slices.Equal(got, []string{"seq", "secura"}) {
		t.Fatalf("methods of both: %q", got)
	}
	second.Manifest.Suite = []byte(strings.Replace(string(compact(second.Manifest.Suite)), `"steps":4`, `"steps":9`, 1))
	tables := CompareRuns(first, second, []string{"seq", "secura"})
	row := rowOf(t, tables[0], "acc")
	if len(tables) != 2 || row[1].Text != "8" || row[2].Text != "68.5" || row[3].Text != "66.3" || row[4].Text != "2.2" || !row[6].Marked {
		t.Errorf("%d tables, row %+v", len(tables), row)
	}
	if !slices.Contains(tables[0].Remarks, "the suites differ in training") {
		t.Errorf("remarks %q", tables[0].Remarks)
	}
	second.Suite.Name = "other"
	if remarks := strings.Join(CompareRuns(first, second, []string{"seq"})[0].Remarks, " "); !strings.Contains(remarks, "drew different numbers") {
		t.Errorf("remarks %q", remarks)
	}
}

func TestRunsAreNamedByWhatTellsThemApart(t *testing.T) {
	run := func(path, backbone string) *Report {
		return &Report{Run: rundir.Run{Path: path}, Suite: Suite{Backbone: backbone}}
	}
	for _, c := range []struct {
		runs []*Report
		want string
	}{
		{[]*Report{run("runs/a", "qwen"), run("runs/b", "llama")}, "qwen, llama"},
		{[]*Report{run("runs/a", "nano"), run("runs/b", "nano")}, "a, b"},
		{[]*Report{run("x/a", "nano"), run("y/a", "nano")}, "1: a, 2: a"},
	} {
		if got := strings.Join(RunLabels(c.runs), ", "); got != c.want {
			t.Errorf("labels %s, want %s", got, c.want)
		}
	}
}

func TestRunsSideBySide(t *testing.T) {
	first, second := twoRuns(t)
	first.Suite.Backbone, second.Suite.Backbone = "qwen", "llama"
	runs := []*Report{first, second}
	tables := [][]table.Table{{SummaryTable(first), TaskTable(first)}, {SummaryTable(second), TaskTable(second)}}
	var out bytes.Buffer
	check(t, table.Text(&out, append([]table.Table{RunsTable(runs)}, SideBySide(runs, tables)...), false))
	compareGolden(t, "side_by_side.txt", out.Bytes())

	joined := SideBySide(runs, tables)[0]
	for _, row := range joined.Rows {
		if len(row) != len(joined.Columns) {
			t.Errorf("row %s has %d entries for %d columns", row[0].Text, len(row), len(joined.Columns))
		}
	}
	if e := rowOf(t, joined, "ewc"); e[2].Text != "·" || e[len(e)-1].Text == "·" {
		t.Errorf("a method that one run has: %+v", e)
	}
	own := rowOf(t, SummaryTable(second), "secura")
	if e := rowOf(t, joined, "secura"); e[len(e)-8].Text != own[2].Text {
		t.Errorf("accuracy %s, in its own table %s", e[len(e)-8].Text, own[2].Text)
	}
	// Equal labels of one table are rows of their own.
	twice := table.Table{Title: "T", Columns: []table.Column{{Head: []string{"x"}}, {Head: []string{"y"}}}, Rows: [][]table.Entry{{{Text: "mean"}, {Text: "1"}}, {{Text: "mean"}, {Text: "2"}}}}
	both := SideBySide(runs, [][]table.Table{{twice}, {twice}})[0]
	if len(both.Rows) != 2 || both.Rows[1][1].Text != "2" || both.Rows[1][2].Text != "2" {
		t.Errorf("rows of equal labels: %+v", both.Rows)
	}
}
