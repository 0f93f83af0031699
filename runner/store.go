package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"secura/datasets/prepared"
	"secura/experiments"
	"secura/experiments/suite"
)

// cacheVariable names the folder for what can be made again; without it, it is the user's cache
// folder.
const cacheVariable = "SECURA_CACHE"

// cacheFolder is where prepared examples are kept; empty where there is no such place.
func cacheFolder() string {
	if folder := os.Getenv(cacheVariable); folder != "" {
		return filepath.Join(folder, "examples")
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(folder, "secura", "examples")
}

// newStore is the store of prepared examples, which tells on stderr what it does for longer than a
// second, until done.
func newStore(dataDir string, stderr io.Writer) (store *prepared.Store, done func()) {
	var at phase
	t := newTellerEvery(stderr, at.String, time.Second, 5*time.Second)
	return &prepared.Store{
		DataDir: dataDir, Folder: cacheFolder(), Doing: at.is,
		Warn: func(text string) { fmt.Fprintln(t, "warning:", text) },
	}, t.Close
}

// prepare checks everything that a suite's cells will read.
func prepare(ctx context.Context, s suite.Suite, dataDir string, stderr io.Writer) (*experiments.Prepared, error) {
	store, done := newStore(dataDir, stderr)
	defer done()
	return experiments.Prepare(ctx, s, store)
}
