package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"secura/experiments/launch"
	"secura/experiments/record"
	"secura/experiments/rundir"
)

// watchedRun is a run of the suite smoke with two methods and one seed, of which nothing has
// happened yet.
func watchedRun(t *testing.T) (rundir.Run, *launch.Follower) {
	t.Helper()
	o := SuiteOptions{Suite: "smoke"}
	s, err := o.load()
	checkWatch(t, err)
	data, err := json.Marshal(s)
	checkWatch(t, err)
	run := rundir.Run{Path: t.TempDir()}
	checkWatch(t, rundir.WriteManifest(run, rundir.Manifest{Suite: data, Plan: "0123456789abcdef"}))
	f, err := launch.Follow(run)
	checkWatch(t, err)
	return run, f
}

func checkWatch(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write appends to a cell's records and steps and replaces its status.
func writeCell(t *testing.T, c *launch.FollowedCell, state record.State, events []record.Event, steps []record.Step) {
	t.Helper()
	checkWatch(t, c.Folder.Make())
	w, err := record.OpenWriter(c.Folder.Records())
	checkWatch(t, err)
	for _, e := range events {
		checkWatch(t, w.Append(e))
	}
	checkWatch(t, w.Close())
	w, err = record.OpenWriter(c.Folder.Steps())
	checkWatch(t, err)
	for _, s := range steps {
		checkWatch(t, w.Append(s))
	}
	checkWatch(t, w.Close())
	host, _ := os.Hostname()
	checkWatch(t, rundir.WriteJSON(c.Folder.Status(), record.Status{State: state, Host: host, PID: os.Getpid(), Started: time.Now().Add(-time.Minute)}))
}

// row is a boundary with one score for all three tasks.
func row(f *launch.Follower, c *launch.FollowedCell, index int, score, knowledge float64) record.Event {
	e := record.Event{Kind: record.Boundary, Index: index, Knowledge: &knowledge}
	for i := range c.Tasks {
		e.Scores = append(e.Scores, record.TaskScores{Task: taskName(f, c, i+1), Scores: []record.Score{{Name: "exact", Value: score}}})
	}
	return e
}

func beginning(f *launch.Follower, c *launch.FollowedCell) []record.Event {
	var names []string
	for i := range c.Tasks {
		names = append(names, taskName(f, c, i+1))
	}
	return []record.Event{{Kind: record.CellStart, Cell: c.ID, Method: c.Method.Name, Tasks: names, Backbone: "nano"}, row(f, c, 0, 0.1, 0.8)}
}

// TestWatchingFollowsARun goes from the first record to the end.
func TestWatchingFollowsARun(t *testing.T) {
	run, f := watchedRun(t)
	lock, err := rundir.TakeLock(run.Lock())
	checkWatch(t, err)
	defer lock.Release()
	var out bytes.Buffer
	view := newWatchView(&out)
	now := time.Now()
	look := func() string {
		t.Helper()
		out.Reset()
		checkWatch(t, f.Update(t.Context()))
		view.show(f, now)
		return out.String()
	}
	expect := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
	expect(look(), "smoke: 0/2 cells done, 0%\n")
	if f.Over() {
		t.Error("over before it began, while its process lives")
	}
	first, second := f.Cells[0], f.Cells[1]
	writeCell(t, first, record.Running, beginning(f, first), nil)
	expect(look(), "seq-s0-o0: base row (0/2 cells done, 1 running, 0%)\n")
	expect(look(), "")
	task := taskName(f, first, 1)
	writeCell(t, first, record.Running, []record.Event{{Kind: record.TaskStart, Index: 1, Task: task, Steps: 6}},
		[]record.Step{{Index: 1, Task: task, Step: 1, Loss: 3}, {Index: 1, Task: task, Step: 2, Loss: 2}, {Index: 1, Task: task, Step: 3, Loss: 1}})
	look()
	if got, want := first.Share(), 1.0/6; got != want {
		t.Errorf("after 3 of 6 steps of the first of 3 tasks %g is done, want %g", got, want)
	}
	if left, ok := f.Remaining(now); !ok || left < 4*time.Minute || left > 40*time.Minute {
		t.Errorf("%s left, %v", left, ok)
	}
	if got := runningLine(f, first); !strings.Contains(got, "task 1/3 "+task+"  step 3/6  loss 1.000 █▅▁") {
		t.Error(got)
	}
	writeCell(t, first, record.Running, []record.Event{{Kind: record.TaskEnd, Index: 1, Task: task, Steps: 6}, row(f, first, 1, 0.5, 0.6)}, nil)
	expect(regexp.MustCompile(`, about [0-9a-z]+ left`).ReplaceAllString(look(), ""),
		"seq-s0-o0: task 1/3 "+task+", accuracy 50.0, knowledge kept 75.0% (0/2 cells done, 1 running, 17%)\n")
	writeCell(t, first, record.Done, []record.Event{row(f, first, 2, 0.5, 0.6), row(f, first, 3, 0.25, 0.4), {Kind: record.CellEnd}}, nil)
	writeCell(t, second, record.Failed, beginning(f, second), nil)
	expect(look(), "seq-s0-o0: done, accuracy 25.0, knowledge kept 50.0% (1/2 cells done, 1 failed, 100%)\nsecura-s0-o0: failed (1/2 cells done, 1 failed, 100%)\n")
	if f.Over() {
		t.Error("over while its process lives: it may run the failed cell again")
	}
	checkWatch(t, os.WriteFile(run.Lock(), []byte("elsewhere 1\n"), 0o644))
	if !f.Over() {
		t.Error("not over, with every cell ended")
	}
}

// TestARunWithoutAProcessIsOver holds that watch does not wait for nobody.
func TestARunWithoutAProcessIsOver(t *testing.T) {
	run, f := watchedRun(t)
	checkWatch(t, f.Update(t.Context()))
	if !f.Over() {
		t.Error("a copied run is waited for")
	}
	host, _ := os.Hostname()
	checkWatch(t, os.WriteFile(run.Lock(), fmt.Appendf(nil, "%s %d\n", host, 1<<22+12345), 0o644))
	if !f.Over() {
		t.Error("a run whose process is gone is waited for")
	}
	var out, log bytes.Buffer
	checkWatch(t, runWatch(context.Background(), run, WatchOptions{}, &out, &log))
	if !strings.Contains(out.String(), "2 cells not done") {
		t.Error(out.String())
	}
	if err := runWatch(context.Background(), rundir.Run{Path: t.TempDir()}, WatchOptions{}, &out, &log); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder without a run gave %v", err)
	}
}

// TestTheBlockOfATerminalFits holds that no line is wider or higher than the terminal, and that
// what stands in records cannot steer it.
func TestTheBlockOfATerminalFits(t *testing.T) {
	_, f := watchedRun(t)
	for _, c := range f.Cells {
		c.State, c.Reason = record.Failed, "\x1b[2Jgone \x07"+strings.Repeat("long ", 60)
	}
	var out bytes.Buffer
	block := &watchBlock{w: &out, size: func() (int, int) { return 60, 8 }}
	block.show(f, time.Now())
	plain := regexp.MustCompile("\x1b\\[(2K|J|[0-9]+A)").ReplaceAllString(out.String(), "")
	if strings.ContainsAny(plain, "\x1b\x07") {
		t.Errorf("%q steers the terminal", plain)
	}
	lines := strings.Split(strings.TrimSuffix(plain, "\n"), "\n")
	if len(lines) > 7 {
		t.Errorf("%d lines in a terminal of 8", len(lines))
	}
	for _, line := range lines {
		if n := len([]rune(line)); n > 59 {
			t.Errorf("a line of %d columns in a terminal of 60", n)
		}
	}
	out.Reset()
	block.show(f, time.Now())
	if !strings.HasPrefix(out.String(), fmt.Sprintf("\x1b[%dA", len(lines))) {
		t.Error("the second block does not draw over the first")
	}
}

// TestTheBlockSaysOnlyWhatWasMeasured: a method that never trains has a base row alone, and where
// each task is learned alone a row has one task.
func TestTheBlockSaysOnlyWhatWasMeasured(t *testing.T) {
	_, f := watchedRun(t)
	first, second := f.Cells[0], f.Cells[1]
	second.Method.Name = "frozen"
	f.Suite.Methods[1].Name = "frozen"
	writeCell(t, second, record.Done, append(beginning(f, second), record.Event{Kind: record.CellEnd}), nil)
	alone := beginning(f, first)
	for i := range first.Tasks {
		e := row(f, first, i+1, 0.5, 0.6)
		e.Scores, e.Knowledge = e.Scores[i:i+1], nil
		alone = append(alone, e)
	}
	writeCell(t, first, record.Done, append(alone, record.Event{Kind: record.CellEnd}), nil)
	block := func() string {
		t.Helper()
		checkWatch(t, f.Update(t.Context()))
		return strings.Join(methodLines(f), "\n")
	}
	if got, want := block(), "seq              1/1 done\nfrozen           1/1 done"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// A second cell of the method that has measured everything counts alone.
	done := f.Cells[1]
	done.Method.Name, done.State = "seq", record.Queued
	writeCell(t, done, record.Done, []record.Event{row(f, done, 3, 0.25, 0.4)}, nil)
	if got, want := block(), "seq              2/2 done   accuracy  25.0   knowledge kept  50.0%\nfrozen           0/0 done"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSparklines(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   string
	}{{nil, ""}, {[]float64{2}, "▁"}, {[]float64{8, 4, 1}, "█▄▁"}, {[]float64{1, 1, 2, 2, 4, 4, 8, 8}, "▁▂▄█"}} {
		if got := spark(c.values, 4); got != c.want {
			t.Errorf("%v is drawn as %s, want %s", c.values, got, c.want)
		}
	}
}

func TestWhereThePageIsServed(t *testing.T) {
	for _, c := range []struct {
		flag, address string
		open          bool
	}{
		{":8080", "127.0.0.1:8080", false}, {"localhost:1", "localhost:1", false}, {"[::1]:9", "[::1]:9", false},
		{"0.0.0.0:8080", "0.0.0.0:8080", true}, {"192.168.1.2:80", "192.168.1.2:80", true}, {"host:80", "host:80", true}, {"[::]:80", "[::]:80", true},
	} {
		address, open, err := listenAddress(c.flag)
		if err != nil || address != c.address || open != c.open {
			t.Errorf("%s gave %s, %v, %v", c.flag, address, open, err)
		}
	}
	for _, wrong := range []string{"8080", "host", ":", ""} {
		if _, _, err := listenAddress(wrong); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

// TestThePageIsServedAnewWhenRecordsChange asks as the page's script does.
func TestThePageIsServedAnewWhenRecordsChange(t *testing.T) {
	run, f := watchedRun(t)
	server := httptest.NewServer(onlyNamed([]string{"127.0.0.1"}, &pageServer{run: run}))
	defer server.Close()
	get := func(path, host string) (status int, version, body string) {
		t.Helper()
		q, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
		checkWatch(t, err)
		if host != "" {
			q.Host = host
		}
		answer, err := http.DefaultClient.Do(q)
		checkWatch(t, err)
		defer answer.Body.Close()
		var out bytes.Buffer
		_, err = out.ReadFrom(answer.Body)
		checkWatch(t, err)
		return answer.StatusCode, answer.Header.Get("X-Version"), out.String()
	}
	status, version, page := get("/", "")
	if status != 200 || version == "" || !strings.Contains(page, `data-version="`+version+`"`) || !strings.Contains(page, "Of 2 cells: 2 queued") {
		t.Fatalf("%d %s %.200s", status, version, page)
	}
	if status, _, body := get("/page?after="+version, ""); status != http.StatusNoContent || body != "" {
		t.Errorf("the same version was answered with %d and %d bytes", status, len(body))
	}
	writeCell(t, f.Cells[0], record.Running, beginning(f, f.Cells[0]), nil)
	status, newer, page := get("/page?after="+version, "")
	if status != 200 || newer == version || !strings.Contains(page, "1 running") {
		t.Errorf("after a record: %d, version %s", status, newer)
	}
	if status, _, _ := get("/../manifest.json", ""); status != http.StatusNotFound {
		t.Errorf("another path was answered with %d", status)
	}
	if status, _, body := get("/", "evil.example"); status != http.StatusForbidden || strings.Contains(body, "smoke") {
		t.Errorf("another name was answered with %d", status)
	}
}

// TestThePagesOfBackbonesAreServed asks for the page of all backbones, and for that of each.
func TestThePagesOfBackbonesAreServed(t *testing.T) {
	run := rundir.Run{Path: t.TempDir()}
	suite := `{"name":"two","stream":"sequential","backbones":["nano","models/Tiny"],"tasks":[{"name":"a"},{"name":"b"}],"methods":[{"preset":"seq","name":"seq"}],"seeds":1,"orders":1}`
	checkWatch(t, rundir.WriteManifest(run, rundir.Manifest{Suite: []byte(suite), Plan: "0123456789abcdef", Files: []rundir.File{}}))
	server := httptest.NewServer(&pageServer{run: run})
	defer server.Close()
	get := func(path string) (status int, version, body string) {
		t.Helper()
		answer, err := http.Get(server.URL + path)
		checkWatch(t, err)
		defer answer.Body.Close()
		content, err := io.ReadAll(answer.Body)
		checkWatch(t, err)
		return answer.StatusCode, answer.Header.Get("X-Version"), string(content)
	}
	status, version, page := get("/")
	if status != 200 || !strings.Contains(page, `href="nano/"`) || !strings.Contains(page, `href="tiny/"`) || !strings.Contains(page, "Of 2 cells: 2 queued") {
		t.Fatalf("%d %.2000s", status, page)
	}
	for _, path := range []string{"/nano/", "/tiny/", "/tiny/page", "/tiny/page?after=old"} {
		status, same, page := get(path)
		title := "two on " + strings.Split(path, "/")[1]
		if status != 200 || same != version || !strings.Contains(page, "<h1>"+title+"</h1>") || !strings.Contains(page, `href="../"`) || !strings.Contains(page, "Of 1 cells: 1 queued") {
			t.Errorf("%s: %d, version %s of %s, without %q", path, status, same, version, title)
		}
	}
	if status, _, _ := get("/tiny/page?after=" + version); status != http.StatusNoContent {
		t.Errorf("the same version was answered with %d", status)
	}
	for _, path := range []string{"/other/", "/nano", "/nano/other", "/page/", "/nano/nano/page", "//"} {
		if status, _, _ := get(path); status != http.StatusNotFound {
			t.Errorf("%s was answered with %d", path, status)
		}
	}
}

// TestEventFilesGrowWithTheRun holds that what was written while a cell ran is the beginning of
// what is written at its end, in whatever moments it was looked at, and that writing again changes
// nothing.
func TestEventFilesGrowWithTheRun(t *testing.T) {
	_, f := watchedRun(t)
	c := f.Cells[0]
	events := t.TempDir()
	d := &dashboard{dir: events, whole: map[string]bool{}}
	var before []byte
	look := func() []byte {
		t.Helper()
		checkWatch(t, f.Update(t.Context()))
		checkWatch(t, d.update(f))
		files, err := filepath.Glob(filepath.Join(events, c.ID, "*tfevents*"))
		checkWatch(t, err)
		if len(files) != 1 {
			t.Fatalf("files %q", files)
		}
		data, err := os.ReadFile(files[0])
		checkWatch(t, err)
		if !bytes.HasPrefix(data, before) {
			t.Error("what a dashboard has read was changed")
		}
		before = data
		return data
	}
	writeCell(t, c, record.Running, beginning(f, c), nil)
	look()
	for i := 1; i <= 3; i++ {
		task := taskName(f, c, i)
		for s := 1; s <= 6; s++ {
			writeCell(t, c, record.Running, nil, []record.Step{{Index: i, Task: task, Step: s, Loss: float64(s), GradientNorm: 1}})
			look()
		}
		writeCell(t, c, record.Running, []record.Event{row(f, c, i, 0.5, 0.6)}, nil)
		look()
	}
	writeCell(t, c, record.Done, []record.Event{{Kind: record.CellEnd}}, nil)
	whole := look()
	checkWatch(t, writeEvents(filepath.Join(events, "again"), c, 6))
	again, err := os.ReadFile(filepath.Join(events, "again", "events.out.tfevents.0000000000.secura"))
	checkWatch(t, err)
	if !bytes.Equal(whole, again) {
		t.Error("the file that grew is another than the one written at once")
	}
	if n := bytes.Count(whole, []byte("train/loss")); n != 18 {
		t.Errorf("%d steps, want 18", n)
	}
	if n := bytes.Count(whole, []byte("stream/knowledge_retention")); n != 4 {
		t.Errorf("%d rows, want 4", n)
	}
}

// TestEventsOfOneRun gives a folder of events to a second run, whose cells have the names of the
// first one's.
func TestEventsOfOneRun(t *testing.T) {
	dir := t.TempDir()
	d := &dashboard{dir: filepath.Join(dir, "events")}
	first, second := rundir.Run{Path: filepath.Join(dir, "a", "run")}, rundir.Run{Path: filepath.Join(dir, "b", "run")}
	for range 2 { // the first may come again
		if err := d.own(first); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.own(second); err == nil || !strings.Contains(err.Error(), "events of run "+first.Path) {
		t.Errorf("the second run: %v, expected an error that names %s", err, first.Path)
	}
	if err := (&dashboard{dir: filepath.Join(dir, "other")}).own(second); err != nil {
		t.Error(err)
	}
}
