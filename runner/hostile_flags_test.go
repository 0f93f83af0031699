package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"secura/experiments/launch"
	"secura/experiments/rundir"
)

// hostileWords are values of flags. Nothing of the system is among them: some flags name files to
// write.
var hostileWords = []string{"", " ", ",", "-1", "0", "0.5", "1000000000", "9223372036854775808", "1e300", "nan", "a b", "..", ".", "x/y", "a\nb", "\x00", "-x",
	"<script>alert(1)</script>", "{{", "%s%n", "seq", "a,b,a", "seq,seq", strings.Repeat("n", 300), strings.Repeat("x,", 10_000), "=", "a=b", "training.steps=", "training={}"}

// longFlags are executed at values that they refuse alone: the others would serve, compute for
// minutes, or install.
var longFlags = []string{"setup", "pretrain", "watch", "data build", "data fetch"}

// quickWords are tried where not all are asked for.
var quickWords = []string{"", "-1", "nan", "9223372036854775808", "a\nb", strings.Repeat("x,", 10_000)}

// TestHostileFlags gives every flag of every command absurd values: the command ends soon, without
// a panic; an error is short and names the flag or the value.
func TestHostileFlags(t *testing.T) {
	h := newHostile(t)
	run := h.finishedRun(t)
	if err := os.MkdirAll("a/b/c", 0o755); err != nil { // so that .. stays within
		t.Fatal(err)
	}
	t.Chdir("a/b/c")
	backbone := filepath.Join(h.dir, "backbone")
	base := map[string][]string{ // without data a command ends before it starts workers, which are this program
		"run":          {"-suite", h.file, "-backbone", backbone, "-data", "absent", "-backend", "go"},
		"tune":         {h.file, "-backbone", backbone, "-data", "absent", "-backend", "go"},
		"eval":         {h.file, "-backbone", backbone, "-data", "absent", "-backend", "go"},
		"bench":        {"-suite", h.file, "-backbone", backbone, "-data", "absent", "-backend", "go"},
		"validate":     {h.file, "-backbone", backbone, "-data", "absent"},
		"show":         {h.file},
		"list":         {"metrics"},
		"status":       {run.Path},
		"cancel":       {run.Path},
		"report":       {run.Path, "-format", "json"},
		"compare":      {run.Path, "-methods", "seq,er"},
		"verify":       {run.Path, "-backend", "go", "-data", "absent"},
		"export":       {filepath.Join(run.Path, "cells", "seq-s0-o0"), "-backend", "go"},
		"worker":       {"-run", run.Path, "-backend", "go", "-data", h.dir},
		"data inspect": {filepath.Join(h.dir, "next", "test.parquet")},
		"data convert": {filepath.Join(h.dir, "next", "test.parquet")},
		"data preview": {h.file, "-backbone", backbone, "-data", h.dir},
		"version":      {},
	}
	words, least := hostileWords, 3000
	if os.Getenv(hostileVariable) == "" {
		words, least = quickWords, 500
		delete(base, "report") // it draws figures
	}
	tried := 0
	for _, c := range commands() {
		arguments, known := base[c.name]
		if !known && !slices.Contains(longFlags, c.name) && c.name != "report" {
			t.Errorf("the command %s has no arguments here", c.name)
		}
		c.flags.VisitAll(func(f *flag.Flag) {
			for _, word := range words {
				tried++
				h.tryFlag(t, c.name, known, append(append(strings.Fields(c.name), "-"+f.Name+"="+word), arguments...), f.Name, word)
			}
		})
	}
	if tried < least {
		t.Errorf("%d flags were tried", tried)
	}
}

// tryFlag executes a command, or where that would take long only reads its flags.
func (h hostile) tryFlag(t *testing.T, name string, whole bool, words []string, flagName, word string) {
	t.Helper()
	said := fmt.Sprintf("%s -%s=%.60q", name, flagName, word)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				buf := make([]byte, 4<<10)
				t.Errorf("%s: panics: %v\n%s", said, r, buf[:runtime.Stack(buf, false)])
				done <- errors.New(flagName)
			}
		}()
		if whole {
			done <- execute(ctx, words, io.Discard, io.Discard)
			return
		}
		c, rest, err := choose(commands(), words)
		if err == nil {
			_, err = c.parse(rest)
		}
		done <- err
	}()
	err := soon(t, said, done)
	if err == nil {
		return
	}
	var printed bytes.Buffer
	exitCode(ctx, err, &printed)
	if printed.Len() > hostileText {
		t.Errorf("%s: the error has %d bytes: %.300s", said, printed.Len(), printed.String())
	}
}

// finishedRun is a run of the toy's two methods, one cell each.
func (h hostile) finishedRun(t *testing.T) rundir.Run {
	t.Helper()
	s, prepared, err := h.prepare(nil, attempt{"orders", "1"})
	if err != nil {
		t.Fatal(err)
	}
	run := rundir.Run{Path: filepath.Join(h.dir, "finished")}
	manifest, err := launch.Manifest(s, prepared)
	manifest.Backend = "go"
	if err == nil {
		err = os.Mkdir(run.Path, 0o755)
	}
	if err == nil {
		err = launch.Begin(run, manifest, prepared.Data)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"seq", "er"} {
		if end, err := h.runCell(t.Context(), run, s, method); err != nil || end != "done" {
			t.Fatalf("%s: %s (%v)", method, end, err)
		}
	}
	return run
}
