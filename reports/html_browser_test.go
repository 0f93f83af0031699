package reports

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"secura/experiments/record"
	"secura/reports/page"
	"secura/reports/report"
	"secura/reports/synthetic"
)

// browser is a headless Chromium that remembers what went wrong in it.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	troubles []string
}

// openBrowser starts a browser, or skips the test: SECURA_BROWSER asks for it.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	if os.Getenv("SECURA_BROWSER") == "" {
		t.Skip("`just html-check` tries the page in a browser: it sets SECURA_BROWSER=1")
	}
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("no Chromium found: install chromium or google-chrome")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.WindowSize(1280, 900))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	synthetic.Must(t, chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			b.trouble("console %s: %v", e.Type, e.Args)
		case *runtime.EventExceptionThrown:
			b.trouble("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
		case *log.EventEntryAdded:
			b.trouble("log %s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
		case *network.EventRequestWillBeSent:
			for _, allowed := range []string{"file:", "data:", "blob:", "http://127.0.0.1:"} {
				if strings.HasPrefix(e.Request.URL, allowed) {
					return
				}
			}
			b.trouble("request of %s", e.Request.URL)
		}
	}))
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	b.media("light") // and without motion: a click must not miss what glides
	return b
}

func (b *browser) trouble(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.troubles = append(b.troubles, fmt.Sprintf(format, args...))
}

// get carries out an action, within a minute, and fails the test where it fails.
func get[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, time.Minute)
	defer stop()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%v; the browser told of %q", err, b.troubles)
	}
	return value
}

// do carries out actions that return nothing.
func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	get(b, chromedp.Steps(actions...))
}

// call sends a command of the browser's protocol.
func call[P, R any](b *browser, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	return get(b, func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, command, params) })
}

// media sets what the reader's system prefers.
func (b *browser) media(colours string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: colours}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// run evaluates a statement in the page.
func (b *browser) run(statement string) {
	b.t.Helper()
	get(b, chromedp.Evaluate[bool](statement+"; true"))
}

// text is what an expression is in the page.
func (b *browser) text(expression string) string {
	b.t.Helper()
	return get(b, chromedp.Evaluate[string](expression))
}

// see compares what an expression is in the page.
func see[T comparable](b *browser, expression string, want T) {
	b.t.Helper()
	got := get(b, chromedp.Evaluate[T](expression))
	if got != want {
		b.t.Errorf("%s is %v, want %v", expression, got, want)
	}
}

// await waits until an expression is true in the page.
func (b *browser) await(expression string) {
	b.t.Helper()
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		if get(b, chromedp.Evaluate[bool](expression)) {
			return
		}
	}
	b.t.Fatalf("%s did not become true within 20 seconds", expression)
}

// clean fails the test if the browser told of anything.
func (b *browser) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, trouble := range b.troubles {
		b.t.Error(trouble)
	}
}

// keep leaves a picture in the folder that SECURA_SCREENSHOTS names, if any.
func (b *browser) keep(name string, take func() []byte) {
	b.t.Helper()
	folder := os.Getenv("SECURA_SCREENSHOTS")
	if folder == "" {
		return
	}
	synthetic.Must(b.t, os.MkdirAll(folder, 0o755))
	synthetic.Must(b.t, os.WriteFile(filepath.Join(folder, name), take(), 0o644))
}

func (b *browser) picture() []byte {
	return get(b, chromedp.FullScreenshot(100))
}

// column reads a column of the summary, row by row.
func column(name string) string {
	return fmt.Sprintf(`(() => { const t = document.querySelector('[aria-labelledby=table-1] table'); const heads = [...t.tHead.rows[0].cells].map((c) => c.textContent.trim());
		const i = heads.indexOf(%q); return [...t.tBodies[0].rows].map((r) => r.cells[i].querySelector('.value').textContent).join(' '); })()`, name)
}

const sortByAccuracy = `[...document.querySelectorAll('[aria-labelledby=table-1] thead .sort')].find((b) => b.textContent.trim() === 'accuracy').click()`

// TestThePageInABrowser opens the page from its file and uses it as a reader would: nothing may go
// wrong, and nothing may be loaded.
func TestThePageInABrowser(t *testing.T) {
	b := openBrowser(t)
	s := synthetic.StreamOf16(3)
	run := rundirIn(t)
	s.MakeIn(t, run, nil)
	s.Seeds = 1
	s.AddPredictions(t, run, 24, 40)
	_, err := writeAll(run)
	synthetic.Must(t, err)

	b.do(chromedp.Navigate("file://"+run.Report("html")), chromedp.WaitReady(".examples .example:not(.head)"))
	see(b, `document.title.startsWith('synthetic')`, true)
	see(b, `[...document.querySelectorAll('figure')].every((f) => f.querySelector('svg'))`, true)
	b.keep("light.png", b.picture)

	part := func(name string, use func()) {
		t.Run(name, func(t *testing.T) {
			b.t = t
			use()
		})
		b.t = t
	}
	part("names", func() {
		see(b, `[...document.querySelectorAll('button, a, select, input')].filter((e) => !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).length`, 0)
		see(b, `[...document.querySelectorAll('svg[role=img]')].filter((e) => !e.getAttribute('aria-label')).length`, 0)
		see(b, `[...document.querySelectorAll('main th')].filter((e) => !e.scope).length`, 0)
		see(b, `(() => { const ids = [...document.querySelectorAll('[id]')].map((e) => e.id); return ids.length - new Set(ids).size; })()`, 0)
		see(b, `[...document.querySelectorAll('[aria-labelledby]')].filter((e) => !document.getElementById(e.getAttribute('aria-labelledby'))).length`, 0)
		see(b, `[...document.querySelectorAll('a[href^="#"]')].filter((e) => !document.querySelector(e.getAttribute('href'))).length`, 0)
	})
	part("sorting", func() {
		before := b.text(column("accuracy"))
		b.run(sortByAccuracy)
		down := b.text(column("accuracy"))
		see(b, `document.querySelector('[aria-labelledby=table-1] th[aria-sort]').getAttribute('aria-sort')`, "descending")
		b.run(sortByAccuracy)
		up := b.text(column("accuracy"))
		falling, rising := strings.Fields(down), strings.Fields(up)
		if !slices.IsSortedFunc(falling, func(x, y string) int { return -compareNumbers(t, x, y) }) || !slices.IsSortedFunc(rising, func(x, y string) int { return compareNumbers(t, x, y) }) || down == before {
			b.t.Errorf("sorted down %s, up %s, it was %s", down, up, before)
		}
		b.run(sortByAccuracy)
		see(b, column("accuracy"), before)
		see(b, `document.querySelector('[aria-labelledby=table-1] th[aria-sort]') === null`, true)
	})
	part("filter", func() {
		visible := `[...document.querySelectorAll('[aria-labelledby=table-1] tbody tr[data-method]')].filter((r) => r.getClientRects().length).length`
		// The base row and the chance level are no method's, and are not filtered.
		references := strings.Replace(visible, "tr[data-method]", "tr:not([data-method])", 1)
		lines := `document.querySelectorAll('[data-chart=accuracy] svg polygon').length`
		see(b, visible, 6)
		see(b, lines, 6)
		b.do(chromedp.Click(chromedp.CSS(`[data-chip="er"]`)))
		see(b, visible, 5)
		see(b, lines, 5)
		see(b, `document.querySelector('[data-chip=er]').getAttribute('aria-pressed')`, "false")
		see(b, `[...document.querySelectorAll('[data-chart=matrices] h4')].map((e) => e.textContent).includes('er')`, false)
		see(b, references, 2)
		b.do(chromedp.Click(chromedp.CSS(`#all`)))
		see(b, visible, 6)
	})
	part("values", func() {
		b.do(chromedp.Focus(chromedp.CSS(`[data-chart=knowledge] svg`)), chromedp.KeyEvent(kb.End), chromedp.KeyEvent(kb.ArrowLeft), chromedp.WaitVisible(chromedp.CSS(`#tip`)))
		see(b, `document.querySelector('#tip strong').textContent`, "after T15 number_phrases")
		see(b, `document.querySelectorAll('#tip tr').length`, 6)
		b.do(chromedp.KeyEvent(kb.Escape))
		see(b, `document.querySelector('#tip').hidden`, true)
		for _, chart := range []struct{ name, first, next string }{
			{"intervals", "right after learning", "right after learning"}, {"pareto", "seq", "er"}, {"dumbbells", "seq, T1 add_subtract_stories", "seq, T2 weather_headlines"},
		} {
			b.do(chromedp.Focus(chromedp.CSS(`[data-chart=`+chart.name+`] svg`)), chromedp.KeyEvent(kb.Home), chromedp.WaitVisible(chromedp.CSS(`#tip`)))
			see(b, `document.querySelector('#tip strong').textContent`, chart.first)
			b.do(chromedp.KeyEvent(kb.ArrowDown))
			see(b, `document.querySelector('#tip strong').textContent`, chart.next)
			b.do(chromedp.KeyEvent(kb.Escape))
		}
	})
	part("examples", func() {
		b.run(`document.querySelector('a[data-task=country_phrases]').click()`)
		see(b, `document.querySelector('[data-choose=task]').value`, "country_phrases")
		see(b, `document.querySelector('[data-count]').textContent.startsWith('24 examples of ')`, true)
		b.run(`{ const s = document.querySelector('[data-choose=kind]'); s.value = 'lost'; s.dispatchEvent(new Event('change')); }`)
		b.do(chromedp.Click(chromedp.CSS(`.examples .example:not(.head)`)), chromedp.WaitVisible(chromedp.CSS(`.opened`)))
		see(b, `document.querySelector('.example:not(.head)').getAttribute('aria-expanded')`, "true")
		see(b, `document.querySelector('.opened pre').textContent.includes('Question:')`, true)
		see(b, `document.querySelectorAll('.opened .strips tbody tr').length`, 6)
		see(b, `document.querySelectorAll('.opened .timeline tbody tr').length > 1`, true)
		b.keep("opened.png", func() []byte { return get(b, chromedp.Screenshot(chromedp.CSS(`#examples`))) })
		// A prediction that looks like markup is shown as it is.
		b.run(`document.querySelector('a[data-task=add_subtract_stories]').click()`)
		b.run(`{ const i = document.querySelector('.controls input'); i.value = 'document.title='; i.dispatchEvent(new Event('input')); }`)
		b.do(chromedp.Click(chromedp.CSS(`.examples .example:not(.head)`)))
		see(b, `document.querySelector('.opened .timeline td:nth-child(2)').textContent`, synthetic.Hostile)
		see(b, `document.title.startsWith('synthetic')`, true)
	})
	part("field of a matrix", func() {
		b.run(`document.querySelectorAll('[data-chart=matrices] svg')[5].querySelectorAll('.heat')[3].dispatchEvent(new MouseEvent('click'))`)
		see(b, `document.querySelector('[data-choose=method]').value + ' ' + document.querySelector('[data-choose=task]').value`, "secura syllogisms")
	})
	part("colours", func() {
		background := `getComputedStyle(document.body).backgroundColor`
		light := b.text(background)
		b.do(chromedp.Click(chromedp.CSS(`#theme`)))
		see(b, background+` !== `+fmt.Sprintf("%q", light), true)
		see(b, `document.querySelector('#theme').getAttribute('aria-label')`, "Light colours")
		b.keep("dark.png", b.picture)
		b.do(chromedp.Click(chromedp.CSS(`#theme`)))
		b.media("dark")
		see(b, background, light) // what the reader chose stands
	})
	part("narrow", func() {
		b.do(chromedp.EmulateViewport(375, 800))
		b.await(`document.querySelector('[data-chart=accuracy] svg').viewBox.baseVal.width < 375`)
		see(b, `document.documentElement.scrollWidth <= 375`, true)
		b.keep("narrow.png", b.picture)
	})
	part("print", func() {
		b.do(chromedp.EmulateViewport(1280, 900))
		size := true
		pdf := call(b, cdppage.PrintToPDF, cdppage.PrintToPDFParams{PreferCSSPageSize: &size}).Data
		if len(pdf) < 20_000 {
			b.t.Errorf("the printed page has only %d bytes", len(pdf))
		}
		b.keep("print.pdf", func() []byte { return pdf })
	})
	b.clean()
}

// TestARetentionAbove100IsDrawnWhole: the base knowledge may rise, and the axes reach as far as its
// intervals.
func TestARetentionAbove100IsDrawnWhole(t *testing.T) {
	b := openBrowser(t)
	s := small()
	s.Methods, s.Seeds = synthetic.Named("seq", "secura"), 2
	s.End = func(f *synthetic.CellFiles) {
		k := 0.4
		for i := range f.Events {
			if e := &f.Events[i]; e.Kind == record.Boundary {
				e.Knowledge = &k
				if e.Index > 0 {
					more := 0.5 + 0.05*float64(strings.Count(f.Id, "s1"))
					e.Knowledge = &more
				}
			}
		}
	}
	path := filepath.Join(t.TempDir(), "page.html")
	synthetic.Must(t, os.WriteFile(path, []byte(htmlOf(t, s.Make(t, nil))), 0o644))
	b.do(chromedp.Navigate("file://"+path), chromedp.WaitReady("[data-chart=pareto] polyline"))
	for _, chart := range []string{"intervals", "pareto", "knowledge"} {
		see(b, `(() => { const end = JSON.parse(document.querySelector('#data').textContent).methods[0].summary.knowledge_retention;
			const marks = [...document.querySelectorAll('[data-chart=`+chart+`] text')].map((e) => Number(e.textContent)).filter((x) => x === x);
			return end.m + end.h > 150 && Math.max(...marks) >= end.m + end.h; })()`, true)
	}
	b.clean()
}

// TestFrontsOfOtherTasksInABrowser: runs of the same tasks have one front, those of others have
// fronts of their own.
func TestFrontsOfOtherTasksInABrowser(t *testing.T) {
	b := openBrowser(t)
	first, second := load(t, small().Make(t, nil)), load(t, small().Make(t, nil))
	first.Suite.Backbone, second.Suite.Backbone = "a", "b"
	for fronts := 1; fronts <= 2; fronts++ {
		if fronts == 2 {
			second.Suite.Tasks[0].Name = "another"
		}
		var out bytes.Buffer
		synthetic.Must(t, page.WriteSideBySide(&out, []*report.Report{first, second}))
		path := filepath.Join(t.TempDir(), "both.html")
		synthetic.Must(t, os.WriteFile(path, out.Bytes(), 0o644))
		b.do(chromedp.Navigate("file://"+path), chromedp.WaitReady("[data-chart=pareto] polyline"))
		see(b, `document.querySelectorAll('[data-chart=pareto] polyline').length`, fronts)
	}
	b.clean()
}

func compareNumbers(t *testing.T, x, y string) int {
	t.Helper()
	var a, b float64
	_, err := fmt.Sscan(x+" "+y, &a, &b)
	synthetic.Must(t, err)
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// TestALivePageFollows serves a page whose run goes on: it draws itself again and keeps what the
// reader has chosen.
func TestALivePageFollows(t *testing.T) {
	b := openBrowser(t)
	s := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("seq", "secura"), Seeds: 2, Orders: 1, Knowledge: true, Score: synthetic.Fade}
	s.End = func(f *synthetic.CellFiles) {
		if f.Id == "secura-s1-o0" {
			f.Events, f.Status = nil, nil
		}
	}
	begun := s.Make(t, nil)
	s.End = nil
	ended := s.Make(t, nil)
	s.AddPredictions(t, ended, 4, 2)
	var done atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		run, version := begun, "1"
		if done.Load() {
			run, version = ended, "2"
		}
		if q.URL.Query().Get("after") == version {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("X-Version", version)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		synthetic.Must(t, page.WriteLive(w, load(t, run), version))
	}))
	defer server.Close()
	b.do(chromedp.Navigate(server.URL+"/"), chromedp.WaitVisible(chromedp.CSS(`[data-chip=secura]`)), chromedp.Click(chromedp.CSS(`[data-chip=secura]`)))
	see(b, `document.querySelector('#progress').value`, 3)
	done.Store(true)
	b.await(`document.querySelector('#progress') === null && document.querySelector('.example:not(.head)') !== null`)
	see(b, `document.querySelector('[data-chip=secura]').getAttribute('aria-pressed')`, "false")
	see(b, `[...document.querySelectorAll('nav a')].some((a) => a.textContent === 'Examples')`, true)
	b.clean()
}
