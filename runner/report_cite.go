package main

import (
	"io"

	"secura/methods"
	"secura/reports/citation"
)

// runCite prints a run's bibliography.
func runCite(path string, stdout io.Writer) error {
	r, err := loadAt(path)
	if err != nil {
		return err
	}
	return citation.Write(stdout, r, sourceOf)
}

// sourceOf is what the program says of where a method comes from.
func sourceOf(preset string) (string, bool) {
	m, ok := methods.Find(preset)
	return m.Source, ok
}
