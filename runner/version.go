package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"

	"secura/experiments/rundir"
	"secura/methods/backbone"
)

// numberModules are the modules whose version decides numbers.
var numberModules = []string{"github.com/gomlx/gomlx", "github.com/gomlx/compute", "github.com/gomlx/go-xla", "github.com/parquet-go/parquet-go"}

func newVersion() command {
	return command{
		name: "version", does: "prints the code's revision, the versions it was built with, and the installed XLA plugin",
		examples: []string{"version"},
		flags:    newFlags("version"),
		run:      func(_ context.Context, _ string, stdout, _ io.Writer) error { return runVersion(stdout) },
	}
}

func runVersion(stdout io.Writer) error {
	var m rundir.Manifest
	m.Build()
	fmt.Fprintf(stdout, "revision   %s\ngo         %s %s/%s\n", cmp.Or(m.Revision, "unknown"), cmp.Or(m.Modules["go"], runtime.Version()), runtime.GOOS, runtime.GOARCH)
	for _, module := range slices.Sorted(slices.Values(numberModules)) {
		if version := m.Modules[module]; version != "" {
			fmt.Fprintf(stdout, "module     %s %s\n", module, version)
		}
	}
	path, ok := backbone.InstalledPlugin()
	if !ok {
		path = "none installed; `runner setup` installs one"
	}
	fmt.Fprintf(stdout, "XLA plugin %s\n", path)
	return nil
}
