package main

import (
	"context"
	"fmt"
	"io"

	"secura/methods/backbone"
)

func newSetup() command {
	return command{
		name: "setup", does: "installs the XLA plugin if there is none, and checks that it computes correctly",
		examples: []string{"setup"},
		flags:    newFlags("setup"),
		run: func(ctx context.Context, _ string, stdout, stderr io.Writer) error {
			return runSetup(ctx, stdout, stderr)
		},
	}
}

func runSetup(ctx context.Context, stdout, stderr io.Writer) error {
	path, err := backbone.InstallPlugin(ctx, stderr)
	if err != nil {
		return err
	}
	b, info, err := backbone.OpenBackend(ctx, backbone.BackendOptions{Name: "xla:" + path, Log: stderr})
	if err != nil {
		return err
	}
	b.Finalize()
	fmt.Fprintf(stdout, "plugin   %s\nversion  %s\nsha256   %s\nchecked  loss and gradients of a training step are correct\n", path, info.Version, info.PluginSHA256)
	return nil
}
