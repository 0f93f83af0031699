package reports

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/figure"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/table"
	"secura/reports/tables"
)

// on is a run of eight seeds in which SEQ is always the fastest; processors names those of a cell.
func on(processors func(seed int) []string) synthetic.Run {
	s := small()
	s.Methods, s.Seeds = synthetic.Named("seq", "er", "secura"), 8
	seed := 0
	s.End = func(f *synthetic.CellFiles) {
		f.Status.Processors = processors(seed / len(s.Methods))
		seed++
	}
	return s
}

// TestSecondsOfSeveralProcessorsAreNotRanked: the fastest method is marked where one processor
// computed all, and where none is named of a run that had one. With another, or with a cell that
// names none among those that do, a note stands at each number and no figure has seconds.
func TestSecondsOfSeveralProcessorsAreNotRanked(t *testing.T) {
	for name, c := range map[string]struct {
		processors func(seed int) []string
		same       bool
	}{
		"one":      {func(int) []string { return []string{"X"} }, true},
		"none":     {func(int) []string { return nil }, true},
		"two":      {func(seed int) []string { return []string{[]string{"X", "Y"}[seed%2]} }, false},
		"in turn":  {func(int) []string { return []string{"X", "Y"} }, false},
		"some not": {func(seed int) []string { return []string{"X"}[:min(seed, 1)] }, false},
	} {
		r := load(t, on(c.processors).Make(t, nil))
		shown := tables.Summary(r)
		for _, seconds := range []struct {
			of     table.Table
			column int
		}{{shown, len(shown.Columns) - 1}, {tables.Cost(r), 6}} {
			for _, row := range seconds.of.Rows {
				e := row[seconds.column]
				if e.Number == nil {
					continue
				}
				if noted := len(e.Notes) > 0 && strings.Contains(seconds.of.Footnotes[e.Notes[0]-1], "no comparison of methods"); noted == c.same {
					t.Errorf("%s: %s: seconds of %s have the notes %v", name, seconds.of.Title, row[0].Text, e.Notes)
				}
			}
		}
		if marked := rowOf(t, shown, "seq")[len(shown.Columns)-1].Marked; marked != c.same {
			t.Errorf("%s: the fastest is marked: %v", name, marked)
		}
		figures, err := figure.Of(r)
		synthetic.Must(t, err)
		if drawn := slices.ContainsFunc(figures, func(f figure.Figure) bool { return f.Name == "cost-and-retention" }); drawn != c.same {
			t.Errorf("%s: the figure of seconds is drawn: %v", name, drawn)
		}
	}
	r := load(t, on(func(int) []string { return nil }).Make(t, nil))
	r.Manifest.Changes = []string{`continued with another processor: was "X", is "Y"`}
	if r.SameProcessor() {
		t.Error("a run that went on with another processor, whose cells name none, is said to have one")
	}
}

// TestNoAxisOfCostBeginsBelowZero: of two seeds that take 1 and 39 seconds the interval reaches far
// below 0, where there are no seconds.
func TestNoAxisOfCostBeginsBelowZero(t *testing.T) {
	s := small()
	s.Methods, s.Seeds = synthetic.Named("seq", "secura"), 2
	s.End = func(f *synthetic.CellFiles) {
		for i := range f.Timings {
			f.Timings[i].Seconds = 1
			if strings.HasSuffix(f.Id, "-s1-o0") && f.Timings[i].Phase == record.Total {
				f.Timings[i].Seconds = 39
			}
		}
	}
	r := load(t, s.Make(t, nil))
	if low := r.Over("seq", seconds).Mean.Number - r.Over("seq", seconds).CI95.Number; low >= 0 {
		t.Fatalf("the interval begins at %g", low)
	}
	figures, err := figure.Of(r)
	synthetic.Must(t, err)
	i := slices.IndexFunc(figures, func(f figure.Figure) bool { return f.Name == "cost-and-retention" })
	svg, err := figures[i].SVG()
	synthetic.Must(t, err)
	if found := regexp.MustCompile(`>[-−]\d+<`).FindAllString(string(svg), -1); found != nil {
		t.Errorf("the axes have the ticks %q", found)
	}
}

func seconds(c report.Cell) metric.Value { return metric.Number(c.Seconds.Total) }

// TestProvenanceTellsOfTF32 and only where it was used: no other entry says what products keep.
func TestProvenanceTellsOfTF32(t *testing.T) {
	for _, tf32 := range []bool{false, true} {
		r := &report.Report{Manifest: rundir.Manifest{Backend: "xla", TF32: tf32}}
		told := slices.Contains(report.Provenance(r), report.Fact{Name: "products of float32", Text: "in TF32, with 10 bits"})
		if told != tf32 {
			t.Errorf("TF32 %v: told %v", tf32, told)
		}
	}
}
