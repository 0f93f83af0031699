// Package page makes the page of a report: one HTML file with tables, charts and single examples,
// which needs no network. In come a report and the predictions beside it, out comes the file. Read
// Write first.
package page

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

//go:embed assets
var assets embed.FS

// Write writes the whole report as one page that needs no other file and no network: tables,
// charts, and the examples of one seed, whose predictions are read from the run. Equal records give
// equal bytes.
func Write(w io.Writer, r *report.Report) error { return writePage(w, r, "") }

// WriteLive writes the page of HTML for a server that answers "page?after=VERSION" with the newest
// page, its version in the header X-Version, or with 204 where that is the version already. The
// page then shows it. Version must not be empty. The page of one of several backbones is served
// below LABEL/.
func WriteLive(w io.Writer, r *report.Report, version string) error { return writePage(w, r, version) }

// document is what the template shows.
type document struct {
	Title, Doc string
	// Version is that of a live page, empty for one in a file.
	Version string
	// Policy is the page's Content-Security-Policy: it runs its own script and loads nothing.
	Policy string
	Facts  []fact
	// Pages are those of the run's backbones, where it has several, and Up is the page that they
	// are linked from.
	Pages []fact
	Up    string
	// Remarks concern the whole page.
	Remarks []string
	// Standing is nil where every cell is done.
	Standing *cellStanding
	Cards    []card
	// Charts are all of them, Front those two that show each method as a point: Means says what the
	// points are, and Line what the line between some of them is.
	Charts, Front bool
	Means, Line   string
	// Unlinked says why there are no courses over the stream, where there are none by design.
	Unlinked string
	// Summary are the first tables, Matrices those of R, Measures those that only the page has
	// without being asked, Tables all others.
	Summary, Tables, Matrices, Measures []pageTable
	HasExamples                         bool
	ExamplesNote                        string
	Provenance                          []fact
	Settings                            string
	Style                               template.CSS
	Script, Data, Packed                template.JS
}

type fact struct{ Name, Text string }

// cellStanding is how far a run is whose cells are not all done.
type cellStanding struct {
	Text         string
	Cells, Ended int
}

func writePage(w io.Writer, r *report.Report, version string) error {
	p, err := newPage(r, version)
	if err == nil {
		err = p.write(w)
	}
	if err != nil {
		return fmt.Errorf("write report in HTML: %w", err)
	}
	return nil
}

// write writes the page whole or not at all.
func (p *document) write(w io.Writer) error {
	t, err := template.ParseFS(assets, "assets/page.html")
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		return err
	}
	_, err = w.Write(out.Bytes())
	return err
}

func newPage(r *report.Report, version string) (*document, error) {
	p := &document{Version: version, Title: r.Suite.Name, Doc: r.Suite.Doc, Facts: facts(r), Standing: standingOf(r), Provenance: provenance(r)}
	// A tuning's trials and tasks that are learned alone are no stream; backbones have charts and
	// examples on pages of their own.
	p.Charts = r.Trials == nil && !r.Suite.Separate() && r.Backbones == nil
	p.Front, p.Means, p.Line = p.Charts, means([]*report.Report{r}), oneLine
	if r.Label != "" {
		p.Title += " on " + r.Label
	}
	p.link(r)
	if p.Charts {
		p.Cards = cards(r)
		if r.Suite.Evaluation.Every == suite.EveryFinal {
			p.Unlinked = "Within this stream only the task just learned was evaluated (evaluation.every: final), so there are no courses over the stream and no matrices."
		}
	}
	if err := p.addTables(r); err != nil {
		return nil, err
	}
	var settings bytes.Buffer
	if err := json.Indent(&settings, r.Manifest.Suite, "", "  "); err != nil {
		return nil, fmt.Errorf("read the suite in the manifest: %w", err)
	}
	p.Settings = settings.String()
	charts := NewChartData
	if r.Backbones != nil {
		charts = methodNames
	}
	data, err := json.Marshal(charts(r))
	if err != nil {
		return nil, fmt.Errorf("encode charts: %w", err)
	}
	p.Data = template.JS(data) // json.Marshal leaves no < in it
	if r.Trials == nil && r.Backbones == nil {
		packed, note, err := packExamples(r)
		if err != nil {
			return nil, err
		}
		// Base64 in quotes has nothing that could end the script.
		p.HasExamples, p.ExamplesNote, p.Packed = packed != "", note, template.JS(`"`+packed+`"`)
	}
	return p, p.addAssets()
}

// oneLine says what the line of the chart of plasticity against retention is.
const oneLine = "the line joins the methods that no other one beats in both"

// means says what a number of a method that competes is in some runs.
func means(runs []*report.Report) string {
	least, most := 2, 1
	for _, r := range runs {
		if a, b := r.SeedRange(r.Learners()); b > 0 {
			least, most = min(least, a), max(most, b)
		}
	}
	switch {
	case most == 1:
		return "of one seed, which has no interval"
	case least > 1:
		return "the mean over seeds with its 95% interval"
	}
	return "the mean over seeds with its 95% interval, which one seed has not"
}

// link adds the links between the pages of several backbones: files beside each other, or folders
// of a server, where "LABEL/page?after=VERSION" is the newest page of one.
func (p *document) link(r *report.Report) {
	for _, part := range r.Backbones {
		at := filepath.Base(Path(part))
		if p.Version != "" {
			at = part.Label + "/"
		}
		p.Pages = append(p.Pages, fact{part.Label, at})
	}
	switch {
	case r.Label == "":
	case p.Version != "":
		p.Up = "../"
	default:
		p.Up = filepath.Base(r.Run.Report("html"))
	}
}

// addAssets puts style and script into the page, and the policy that allows them alone.
func (p *document) addAssets() error {
	style, err := assets.ReadFile("assets/page.css")
	if err != nil {
		return err
	}
	p.Style = template.CSS(style)
	names := []string{"page.js", "charts.js", "charts_tasks.js", "examples.js"}
	if p.Version != "" {
		names = append(names, "live.js")
	}
	var script strings.Builder
	script.WriteString("(() => {\n'use strict';\n")
	for _, name := range names {
		file, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return err
		}
		script.Write(file)
	}
	script.WriteString("start();\n})();\n")
	p.Script = template.JS(script.String())
	sum := sha256.Sum256([]byte(p.Script))
	p.Policy = fmt.Sprintf("default-src 'none'; script-src 'sha256-%s'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
		base64.StdEncoding.EncodeToString(sum[:]))
	if p.Version != "" {
		p.Policy += "; connect-src 'self'"
	}
	return nil
}

// facts are what a reader must know to read any number.
func facts(r *report.Report) []fact {
	list := []fact{
		{"backbone", report.Backbone(r)}, {"tasks", fmt.Sprint(len(r.Suite.Tasks))}, {"methods", fmt.Sprint(len(r.Suite.Methods))},
		{"seeds", fmt.Sprint(r.Suite.Seeds)}, {"orders", fmt.Sprint(r.Suite.Orders)}, {"steps per task", fmt.Sprint(r.Suite.Training.Steps)},
		{"backend", r.Manifest.Backend}, {"plan", cmp.Or(report.ShortPlan(r), "–")},
	}
	if r.Suite.Separate() {
		list = append(list, fact{"stream", "each task is learned alone"})
	}
	return list
}

// provenance says what decided the numbers.
func provenance(r *report.Report) []fact {
	var list []fact
	for _, f := range report.Provenance(r) {
		list = append(list, fact(f))
	}
	for _, f := range r.Manifest.Files {
		list = append(list, fact{f.Path, fmt.Sprintf("%d bytes, sha256 %s", f.Bytes, f.SHA256)})
	}
	return list
}

func standingOf(r *report.Report) *cellStanding {
	states := []record.State{record.Done, record.Running, record.Queued, record.Failed, record.CellDiverged, record.Cancelled}
	counts := map[record.State]int{}
	for _, c := range r.Cells {
		counts[c.State]++
	}
	if counts[record.Done] == len(r.Cells) || r.Trials != nil {
		return nil
	}
	s := &cellStanding{Cells: len(r.Cells), Ended: len(r.Cells) - counts[record.Running] - counts[record.Queued]}
	var parts []string
	for _, state := range states {
		if counts[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[state], state))
		}
	}
	s.Text = fmt.Sprintf("Of %d cells: %s. Means are over the seeds whose cells are done.", len(r.Cells), strings.Join(parts, ", "))
	return s
}

// card answers one question with the method that did best.
type card struct {
	Question, Method, Number, Spread, Means, Next string
}

// ofSeeds says how many seeds a number is the mean of.
func ofSeeds(s metric.Summary) string { return table.Counted(s.N, "seed") }

// cards say which method learns most, keeps most and is best at the end, among those that compete,
// have a value and have learned: one that learned nothing has nothing to forget.
func cards(r *report.Report) []card {
	var list []card
	for _, q := range []struct{ question, metric, means string }{
		{"Learns most", "learning_accuracy", "mean score right after each task was learned, points of 100"},
		{"Most accurate at the end", "acc", "mean score on all tasks after the last one, points of 100"},
		{"Keeps most base knowledge", "knowledge_retention", "percent of what the base model knew, after the last task"},
	} {
		ranked := ranked(r, q.metric)
		if len(ranked) == 0 || q.metric == "acc" && !r.RanksAccuracy() {
			continue
		}
		best := ranked[0]
		c := card{Question: q.question, Method: best.method, Number: table.Points(best.summary.Mean.Number), Spread: spread(best.summary), Means: q.means + ", of " + ofSeeds(best.summary)}
		var equal []string
		for _, m := range ranked[1:] {
			if table.Points(m.summary.Mean.Number) == c.Number {
				equal = append(equal, m.method)
			}
		}
		switch {
		case equal != nil:
			c.Next = "as good: " + strings.Join(equal, ", ")
		case len(ranked) > 1:
			c.Next = behind(r, q.metric, best, ranked[1])
		}
		list = append(list, c)
	}
	return list
}

// behind tells of the second by a metric, and of the test of these two.
func behind(r *report.Report, key string, best, next rankedMethod) string {
	text := strings.TrimSpace(fmt.Sprintf("then %s, %s %s", next.method, table.Points(next.summary.Mean.Number), spread(next.summary)))
	if next.summary.N != best.summary.N {
		text += " of " + ofSeeds(next.summary)
	}
	a, b, n, _ := r.Pairs(best.method, next.method, report.MetricOf(key))
	if p := metric.SignFlipTest(a, b); n > 1 && p.Defined() {
		text += fmt.Sprintf("; p = %.3f of these two alone, by the sign-flip test over %d paired seeds", p.Number, n)
	}
	return text
}

type rankedMethod struct {
	method  string
	summary metric.Summary
}

// ranked are the methods by a metric, the best one first.
func ranked(r *report.Report, key string) (list []rankedMethod) {
	for _, m := range r.Suite.Methods {
		if s := r.Summarise(m.Name, key); s.Mean.Defined() && r.Competes(m) && r.Learned(m) {
			list = append(list, rankedMethod{m.Name, s})
		}
	}
	slices.SortStableFunc(list, func(a, b rankedMethod) int { return cmp.Compare(b.summary.Mean.Number, a.summary.Mean.Number) })
	return list
}

func spread(s metric.Summary) string {
	switch {
	case s.CI95.Defined():
	case s.N > 1:
		return "(" + s.CI95.Undefined + ")"
	default:
		return ""
	}
	return "± " + table.Points(s.CI95.Number)
}

// Path is where the page of one of several backbones lies.
func Path(r *report.Report) string { return r.Run.Report(r.Label + ".html") }
