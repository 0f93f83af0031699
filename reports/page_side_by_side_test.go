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
