package reports

import (
	"bytes"
	"strings"
	"testing"

	"secura/reports/page"
	"secura/reports/report"
	"secura/reports/synthetic"
)

func TestAPageOfSeveralRunsHasTheirFront(t *testing.T) {
	first, second := twoRuns(t)
	first.Suite.Backbone, second.Suite.Backbone = "qwen", "llama"
	write := func() string {
		var out bytes.Buffer
		synthetic.Must(t, page.WriteSideBySide(&out, []*report.Report{first, second}))
		return out.String()
	}
	got := write()
	if again := write(); again != got {
		t.Error("the same runs give other bytes")
	}
	for _, want := range []string{
		"<h1>qwen, llama side by side</h1>", `data-chart="pareto"`, `data-chart="intervals"`, `"name":"secura in qwen"`, `"name":"secura in llama"`, `"name":"er in qwen"`,
		"Runs side by side", "Content-Security-Policy", `<dt>qwen: plan</dt>`, `<dt>llama: plan</dt>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, wrong := range []string{`data-chart="dumbbells"`, `data-chart="matrices"`, `data-chart="accuracy"`, `"name":"er in llama"`, `href="#examples"`, `id="packed"`} {
		if strings.Contains(got, wrong) {
			t.Errorf("the page has %q", wrong)
		}
	}
	// The points are those of each run's own page.
	own := page.NewChartData(second)
	both := func(name string) bool { return strings.Contains(got, `"name":"`+name+` in llama"`) }
	for _, m := range own.Methods {
		if !both(m.Name) {
			t.Errorf("%s in llama is not shown", m.Name)
		}
	}
}

// TestAPageSaysWhatItsPointsAre: of one seed there is no interval, and scores of different tasks
// have no common front.
func TestAPageSaysWhatItsPointsAre(t *testing.T) {
	made := func(seeds int, folder string) *report.Report {
		s := small()
		s.Seeds = seeds
		r := load(t, s.Make(t, nil))
		r.Suite.Backbone = folder
		return r
	}
	one, two := made(1, "one"), made(2, "two")
	other := made(1, "other")
	other.Suite.Tasks[0].Name = "another"
	const group = `"reference":false,"group":1`
	for _, c := range []struct {
		runs        []*report.Report
		has, hasNot []string
	}{
		{[]*report.Report{one}, []string{"of one seed, which has no interval", "the line joins", `"group":0`}, []string{"95% interval</figcaption>", group}},
		{[]*report.Report{two}, []string{"the mean over seeds with its 95% interval</figcaption>"}, nil},
		{[]*report.Report{one, two}, []string{"which one seed has not", "the line joins"}, []string{group}},
		{[]*report.Report{one, other}, []string{"of one seed, which has no interval", "a line joins", "scores of different tasks cannot be compared</span>", group}, nil},
	} {
		var out bytes.Buffer
		if len(c.runs) == 1 {
			synthetic.Must(t, page.Write(&out, c.runs[0]))
		} else {
			synthetic.Must(t, page.WriteSideBySide(&out, c.runs))
		}
		for _, want := range c.has {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the page of %d runs, the first of %d seeds, has no %q", len(c.runs), c.runs[0].Suite.Seeds, want)
			}
		}
		for _, wrong := range c.hasNot {
			if strings.Contains(out.String(), wrong) {
				t.Errorf("the page of %d runs, the first of %d seeds, has %q", len(c.runs), c.runs[0].Suite.Seeds, wrong)
			}
		}
	}
}

// TestPagesOfBackbonesLeadToEachOther follows the links of the files, and those of a server.
func TestPagesOfBackbonesLeadToEachOther(t *testing.T) {
	run, _ := twoBackbones(t)
	r := load(t, run)
	shown := func(part *report.Report, version string) string {
		var out bytes.Buffer
		if version == "" {
			synthetic.Must(t, page.Write(&out, part))
		} else {
			synthetic.Must(t, page.WriteLive(&out, part, version))
		}
		return out.String()
	}
	for _, c := range []struct {
		of            *report.Report
		version, link string
	}{
		{r, "", `href="report.nano.html"`}, {r.Backbones[0], "", `href="report.html"`},
		{r, "1", `href="nano/"`}, {r.Backbones[0], "1", `href="../"`},
	} {
		if got := shown(c.of, c.version); !strings.Contains(got, c.link) {
			t.Errorf("the page of %q in version %q has no %s", c.of.Label, c.version, c.link)
		}
	}
	if !strings.Contains(shown(r.Backbones[0], "1"), `data-chart="pareto"`) {
		t.Error("the live page of a backbone has no charts")
	}
}
