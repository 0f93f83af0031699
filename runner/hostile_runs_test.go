package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"secura/datasets/prepared"
	"secura/experiments"
	"secura/experiments/launch"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
	"secura/reports"
)

// hostileRun is how long a run of a taken setting may train; it must stop soon after.
const hostileRun = 10 * time.Second

// TestHostileRuns runs a cell with each setting and parameter that was taken: it ends, or trains
// until it is stopped, or diverges and says so; the report of what was learned by then can be made.
// The variable has the beginnings of keys, separated by commas, or 1 for all.
func TestHostileRuns(t *testing.T) {
	asked := os.Getenv(hostileVariable)
	if asked == "" {
		t.Skip("takes half an hour; set " + hostileVariable + "=1, or `just hostile`")
	}
	h := newHostile(t)
	s, err := h.validate(nil, attempt{"seeds", "1"})
	if err != nil {
		t.Fatal(err)
	}
	tried := newAttempts()
	list := tried.of(reflect.ValueOf(s), "")
	for _, m := range methods.All {
		if params := m.NewParams(); params != nil {
			list = append(list, tried.of(reflect.ValueOf(params).Elem(), "methods."+m.Name+".params")...)
		}
	}
	ends := map[string]int{}
	for _, a := range list {
		wanted := asked == "1"
		for _, prefix := range strings.Split(asked, ",") {
			wanted = wanted || strings.HasPrefix(a.key, prefix)
		}
		if !wanted {
			continue
		}
		method := "seq"
		if of, ok := strings.CutPrefix(a.key, "methods."); ok {
			method, _, _ = strings.Cut(of, ".")
		}
		var further []string
		if _, ok := methods.Find(method); ok {
			further = []string{method}
		}
		s, prepared, err := h.prepare(further, a)
		if err != nil {
			continue
		}
		end, err := h.run(t, s, prepared, method)
		if ends[end]++; err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	t.Log(ends)
}

// run runs the first cell of a method, and makes the report.
func (h hostile) run(t *testing.T, s suite.Suite, prepared *experiments.Prepared, method string) (end string, err error) {
	dir, err := os.MkdirTemp(h.dir, "run-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	run := rundir.Run{Path: filepath.Join(dir, "runs", s.Name)}
	manifest, err := launch.Manifest(s, prepared)
	if err == nil {
		err = os.MkdirAll(run.Path, 0o755)
	}
	if err == nil {
		err = launch.Begin(run, manifest, prepared.Data)
	}
	if err != nil {
		return "not begun", err
	}
	ctx, stop := context.WithTimeout(context.Background(), hostileRun)
	defer stop()
	done := make(chan error, 1)
	go func() {
		var err error
		end, err = h.runCell(ctx, run, s, method)
		done <- err
	}()
	if err := soon(t, run.Path, done); err != nil {
		return end, err
	}
	if _, unwritten, err := reports.WriteAll(run); err != nil || unwritten != nil {
		return "no report", errors.Join(err, unwritten)
	}
	page, err := os.ReadFile(filepath.Join(run.Path, "report.html"))
	if err == nil && strings.Contains(string(page), "<script>alert(1)") {
		err = errors.New("the page has the setting's script")
	}
	return end, err
}

func (h hostile) runCell(ctx context.Context, run rundir.Run, s suite.Suite, method string) (end string, err error) {
	w, err := experiments.OpenWorker(ctx, experiments.WorkerOptions{Run: run, Store: &prepared.Store{DataDir: h.dir}, Backend: backbone.BackendOptions{Name: "go"}})
	if err != nil {
		return "not opened", err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	cells, err := suite.Plan(s)
	if err != nil {
		return "not planned", err
	}
	for _, c := range cells {
		if c.Method.Preset != method {
			continue
		}
		err := w.RunCell(ctx, c, nil)
		var diverged *experiments.DivergedError
		switch {
		case err == nil:
			return "done", nil
		case errors.As(err, &diverged):
			return "diverged", nil
		case ctx.Err() != nil && errors.Is(err, ctx.Err()):
			return "stopped", nil
		}
		return "failed", err
	}
	return "no cell", nil
}
