package reports

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/page"
	"secura/reports/synthetic"
)

func htmlOf(t testing.TB, run rundir.Run) string {
	t.Helper()
	var out bytes.Buffer
	synthetic.Must(t, page.Write(&out, load(t, run)))
	return out.String()
}

func smallStream(t testing.TB) rundir.Run {
	t.Helper()
	s := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("seq", "secura", "frozen", "joint"), Seeds: 2, Orders: 1, Knowledge: true}
	s.Score = func(method, seed, i, j int) float64 { // a task gains before it loses
		if i == j && i > 0 && i < 3 {
			return synthetic.Fade(method, seed, i, j) - 0.05
		}
		return synthetic.Fade(method, seed, i, j)
	}
	run := s.Make(t, nil)
	s.AddPredictions(t, run, 6, 4)
	return run
}

// unpackExamples takes the packed examples out of a page.
func unpackExamples(t testing.TB, r string) page.ExampleData {
	t.Helper()
	_, rest, ok := strings.Cut(r, `id="packed">"`)
	packed, _, end := strings.Cut(rest, `"</script>`)
	if !ok || !end {
		t.Fatal("the page has no packed examples")
	}
	raw, err := base64.StdEncoding.DecodeString(packed)
	synthetic.Must(t, err)
	z, err := gzip.NewReader(bytes.NewReader(raw))
	synthetic.Must(t, err)
	var data page.ExampleData
	synthetic.Must(t, json.NewDecoder(z).Decode(&data))
	return data
}

// rundirIn is an empty folder for a run: that of SECURA_KEEP, to look at it later, or one that goes
// away.
func rundirIn(t testing.TB) rundir.Run {
	t.Helper()
	if folder := os.Getenv("SECURA_KEEP"); folder != "" {
		return rundir.Run{Path: filepath.Join(folder, t.Name())}
	}
	return rundir.Run{Path: t.TempDir()}
}

// TestThePageNeedsNothingElse holds that nothing is loaded from elsewhere, and that the same
// records give the same bytes.
func TestThePageNeedsNothingElse(t *testing.T) {
	run := smallStream(t)
	r := htmlOf(t, run)
	for _, pattern := range []string{`<script[^>]+src=`, `<link[^>]+stylesheet`, `@import`, `url\(`, `https?://[^w]`, `https?://www\.[^w]`, `fetch\(`} {
		if found := regexp.MustCompile(pattern).FindString(r); found != "" {
			t.Errorf("the page has %q", found)
		}
	}
	if again := htmlOf(t, run); again != r {
		t.Error("the same records gave another page")
	}
	for _, want := range []string{"<h1>synthetic</h1>", "Keeps most base knowledge", `data-method="secura"`, "0123456789abcdef", "go1.26.8"} {
		if !strings.Contains(r, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// TestPredictionsAreNeverMarkup holds that a model's output cannot end a script or begin an
// element.
func TestPredictionsAreNeverMarkup(t *testing.T) {
	s := synthetic.Run{Tasks: []string{synthetic.Hostile, "b"}, Methods: []suite.MethodSpec{{Preset: "seq", Name: "seq"}}, Seeds: 1, Orders: 1, Score: synthetic.Fade}
	s.End = func(f *synthetic.CellFiles) { f.Events[1].Text = synthetic.Hostile }
	run := s.Make(t, nil)
	s.AddPredictions(t, run, 2, 0)
	r := htmlOf(t, run)
	if strings.Contains(r, `document.title="broken"`) {
		t.Error("a text stands in the page as it is")
	}
	if got, want := strings.Count(r, "<script"), strings.Count(r, "</script>"); got != 3 || want != 3 {
		t.Errorf("the page has %d scripts and %d ends, want 3", got, want)
	}
	data := unpackExamples(t, r)
	if data.Texts[int(data.Methods[0].Tracks[0][0][1])] != synthetic.Hostile {
		t.Error("the prediction did not come through whole")
	}
}

// TestTracksHoldEveryChange replays the page's tracks against the files.
func TestTracksHoldEveryChange(t *testing.T) {
	run := smallStream(t)
	r := load(t, run)
	data := unpackExamples(t, htmlOf(t, run))
	if len(data.Methods) != 4 || len(data.Groups) != 5 || data.Groups[3].Index != 0 {
		t.Fatalf("%d methods, %d groups", len(data.Methods), len(data.Groups))
	}
	checked := 0
	for _, m := range data.Methods {
		c := cellOf(t, r, m.Name+"-s0-o0")
		for i, row := range c.R {
			if row == nil {
				continue
			}
			for _, p := range predictionsOf(t, run, c.ID, i) {
				for g, group := range data.Groups {
					if group.Name != p.Task {
						continue
					}
					text, score := "", -1.0
					track := m.Tracks[g][p.ID]
					for k := 0; k < len(track) && int(track[k]) <= i; k += 3 {
						text, score = data.Texts[int(track[k+1])], track[k+2]
					}
					if text != p.Prediction || score != p.Score {
						t.Fatalf("%s, boundary %d, %s %d: the page has %q (%g), the file %q (%g)", m.Name, i, p.Task, p.ID, text, score, p.Prediction, p.Score)
					}
					checked++
				}
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d predictions were compared", checked)
	}
}

// TestExamplesThatDoNotFitAreLeftOut halves until the rest fits, and keeps tracks and texts in
// step.
func TestExamplesThatDoNotFitAreLeftOut(t *testing.T) {
	data := unpackExamples(t, htmlOf(t, smallStream(t)))
	want := data.Texts[int(data.Methods[1].Tracks[2][2][1])]
	before := len(data.Texts)
	if kept := data.Halve(); kept != 3 {
		t.Errorf("%d examples are left of 6", kept)
	}
	if len(data.Texts) >= before {
		t.Error("no text was dropped")
	}
	if got := data.Texts[int(data.Methods[1].Tracks[2][2][1])]; got != want {
		t.Errorf("a prediction was %q, is %q", want, got)
	}
}

// TestChartsAreTheTablesNumbers compares the charts' data with the metrics.
func TestChartsAreTheTablesNumbers(t *testing.T) {
	r := load(t, smallStream(t))
	data := page.NewChartData(r)
	for k, m := range data.Methods {
		s := r.Summarise(m.Name, "knowledge_retention")
		if !s.Mean.Defined() {
			continue
		}
		if got := m.Knowledge[3]; got == nil || got.Mean != page.Hundredths(s.Mean.Number) || *got.Half != page.Hundredths(s.CI95.Number) || got.N != 2 {
			t.Errorf("%s: knowledge at the end is %+v, want %v", m.Name, got, s)
		}
		if k > 0 {
			continue
		}
		sum := 0.0
		for _, f := range m.Lost[:2] {
			sum += f.Mean
		}
		if want := -page.Hundredths(r.Summarise(m.Name, "bwt").Mean.Number); sum/2-want > 0.01 || want-sum/2 > 0.01 {
			t.Errorf("what each task lost since it was learned averages to %g, by backward transfer it is %g", sum/2, want)
		}
		if m.Lost[2] != nil {
			t.Error("the last task cannot be forgotten")
		}
	}
	frozen := data.Methods[2]
	if frozen.Accuracy[3] != nil || len(frozen.Matrix) != 1 || !frozen.Reference {
		t.Errorf("frozen has %+v", frozen)
	}
}

// TestAPageOfARunThatHasJustBegun has no numbers and says how far the run is.
func TestAPageOfARunThatHasJustBegun(t *testing.T) {
	s := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("seq", "secura"), Seeds: 2, Orders: 1, Score: synthetic.Fade}
	s.End = func(f *synthetic.CellFiles) { f.Events, f.Status = nil, nil }
	r := htmlOf(t, s.Make(t, nil))
	if !strings.Contains(r, "Of 4 cells: 4 queued") {
		t.Error("the page does not say how far the run is")
	}
	if strings.Contains(r, `id="examples"`) {
		t.Error("the page promises examples")
	}
}

// TestTheMainJobsPageIsSmallAndQuick makes the page of 6 methods, 16 tasks and 8 seeds.
func TestTheMainJobsPageIsSmallAndQuick(t *testing.T) {
	if testing.Short() {
		t.Skip("a large run takes seconds to write")
	}
	s := synthetic.StreamOf16(8)
	run := rundirIn(t)
	s.MakeIn(t, run, nil)
	s.Seeds = 1 // the page shows the examples of one seed
	s.AddPredictions(t, run, 64, 160)
	start := time.Now()
	r := htmlOf(t, run)
	t.Logf("%d bytes in %.1f s", len(r), time.Since(start).Seconds())
	if len(r) > 5<<20 {
		t.Errorf("the page has %d bytes, more than 5 MB", len(r))
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the page took %s, more than 10 s", took)
	}
	if data := unpackExamples(t, r); len(data.Groups[0].Examples) != 64 {
		t.Errorf("%d examples of the first task, want all 64", len(data.Groups[0].Examples))
	}
}
