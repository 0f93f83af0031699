package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"secura/experiments"
	"secura/experiments/rundir"
	"secura/methods"
	"secura/methods/backbone"
	"secura/reports/card"
	"secura/reports/report"
)

// ExportOptions are the flags of export.
type ExportOptions struct {
	Out     string
	Format  string
	Backend string
	// Backbone is where the run's backbone lies here, or its backbones, separated by commas.
	Backbone string
}

func (o *ExportOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Out, "out", "", "`DIR` to write to; it must be new or empty")
	flags.StringVar(&o.Format, "format", "auto", "`"+strings.Join(experiments.ExportFormats, "|")+"`: merged is a whole model for transformers, peft an adapter (if the update has few ranks), auto the adapter if possible")
	flags.StringVar(&o.Backbone, "backbone", "", "`DIR` of the run's backbone, if it lies elsewhere than where the run read it; of several one each, in the run's order, separated by commas")
	flags.StringVar(&o.Backend, "backend", "auto", "`auto|xla|go|xla:FILE`: what computes the learned weights; nothing is downloaded")
}

func (o *ExportOptions) check(string) error {
	if o.Out == "" {
		return errors.New("export needs -out DIR")
	}
	return errors.Join(experiments.CheckExport(o.Format), backbone.CheckBackendName(o.Backend))
}

func newExport() command {
	var o ExportOptions
	c := command{
		name: "export", does: "writes what a cell has learned, with its card, as an adapter for peft or a model for transformers",
		argument: "CELL",
		examples: []string{
			"export runs/continual16/cells/cur-lora-s0-o0 -out adapter",
			"export runs/continual16/cells/secura-s0-o0 -format merged -out model",
		},
		flags: newFlags("export"), check: o.check,
		run: func(ctx context.Context, cell string, stdout, stderr io.Writer) error {
			return runExport(ctx, o, cell, stdout, stderr)
		},
	}
	o.addFlags(c.flags)
	return c
}

// runExport takes a cell by its folder, RUN/cells/ID.
func runExport(ctx context.Context, o ExportOptions, cell string, stdout, stderr io.Writer) error {
	folder := filepath.Clean(cell)
	if filepath.Base(filepath.Dir(folder)) != "cells" {
		return usagef("%s is no cell's folder: expected RUN/cells/ID", cell)
	}
	run := rundir.Run{Path: filepath.Dir(filepath.Dir(folder))}
	done, err := experiments.Export(ctx, experiments.ExportOptions{
		WorkerOptions: experiments.WorkerOptions{
			Run: run, Backbone: o.Backbone,
			Backend: backbone.BackendOptions{Name: o.Backend, NoDownload: true, Log: stderr},
		},
		Cell: filepath.Base(folder), Dir: o.Out, Format: o.Format,
		Describe: func(dir string, done experiments.Exported) error {
			return writeCard(run, filepath.Base(folder), dir, done)
		},
	})
	if err != nil {
		return err
	}
	what := "a merged model"
	if done.Format == "peft" {
		what = fmt.Sprintf("an adapter of rank %d", done.Rank)
	}
	_, err = fmt.Fprintf(stdout, "%s, after %d tasks: %s\n", o.Out, done.Tasks, what)
	return err
}

// writeCard writes the README of what was exported, as the hub reads it.
func writeCard(run rundir.Run, cell, dir string, done experiments.Exported) error {
	r, err := report.Read(run)
	if err != nil {
		return err
	}
	m := card.Model{Cell: cell, Format: done.Format, Rank: done.Rank, Tasks: done.Tasks, Date: done.Date}
	for _, c := range r.Cells {
		if preset, ok := methods.Find(c.Method.Preset); ok && c.ID == cell {
			m.Doc, m.Source, m.Rate = preset.Doc, preset.Source, r.Suite.MethodRate(c.Method, preset.LearningRate)
		}
	}
	return rundir.WriteFile(filepath.Join(dir, "README.md"), func(w io.Writer) error { return card.Write(w, r, m) })
}
