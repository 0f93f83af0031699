package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"secura/experiments/rundir"
	"secura/reports"
)

// packRun makes a run's reports and packs all but what only this machine can use into an archive.
func packRun(o ReportOptions, stdout io.Writer) error {
	run, err := runAt(o.Run)
	if err != nil {
		return err
	}
	r, unwritten, err := reports.WriteAll(run)
	if err != nil {
		return err
	}
	text, err := r.Suite.Resolved()
	if err != nil {
		return err
	}
	files := 0
	err = rundir.WriteFile(o.Bundle, func(w io.Writer) (err error) {
		files, err = rundir.Pack(run, w, o.Checkpoints, map[string][]byte{"suite.yaml": []byte(text)})
		return err
	})
	if err != nil {
		return err
	}
	info, err := os.Stat(o.Bundle)
	if err != nil {
		return fmt.Errorf("pack %s: %w", run.Path, err)
	}
	_, err = fmt.Fprintf(stdout, "packed %d files into %s, %d bytes; `runner verify %s` checks them\n", files, o.Bundle, info.Size(), o.Bundle)
	return errors.Join(err, unwritten)
}

// unpackRun is the run in a folder, or in a bundle, which is unpacked into a folder that done
// removes.
func unpackRun(path string) (run rundir.Run, done func(), err error) {
	info, err := os.Stat(path)
	if err != nil {
		return rundir.Run{}, nil, fmt.Errorf("open run: %w", err)
	}
	if info.IsDir() {
		run, err := runAt(path)
		return run, func() {}, err
	}
	file, err := os.Open(path)
	if err != nil {
		return rundir.Run{}, nil, fmt.Errorf("open run: %w", err)
	}
	defer file.Close()
	dir, err := os.MkdirTemp("", "runner-bundle-")
	if err != nil {
		return rundir.Run{}, nil, fmt.Errorf("open run: %w", err)
	}
	done = func() { os.RemoveAll(dir) }
	if err = rundir.Unpack(file, dir); err == nil {
		run, err = runAt(dir)
	}
	if err != nil {
		done()
		return rundir.Run{}, nil, fmt.Errorf("%s: %w", path, err)
	}
	return run, done, nil
}
