package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"secura/experiments/launch"
	"secura/experiments/record"
	"secura/experiments/rundir"
)

// WatchOptions are the flags of watch.
type WatchOptions struct {
	HTTP        string
	TensorBoard string
}

func (o *WatchOptions) addFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.HTTP, "http", "", "serve the run's page at `:PORT` of this machine until interrupted; the page updates itself. HOST:PORT lets other machines in")
	flags.StringVar(&o.TensorBoard, "tensorboard", "", "write TensorBoard event files with loss, scores and knowledge of each cell into `DIR`")
}

func (o *WatchOptions) check(string) error {
	if o.HTTP == "" {
		return nil
	}
	_, _, err := listenAddress(o.HTTP)
	return err
}

func newWatch() command {
	var o WatchOptions
	c := command{
		name: "watch", does: "follows a run from any terminal until it ends; with -http it serves on until interrupted",
		argument: "RUN",
		examples: []string{"watch runs/continual16", "watch runs/continual16 -http :8080", "watch runs/continual16 -tensorboard events"},
		flags:    newFlags("watch"), check: o.check,
		run: func(ctx context.Context, run string, stdout, stderr io.Writer) error {
			return runWatch(ctx, rundir.Run{Path: run}, o, stdout, stderr)
		},
	}
	o.addFlags(c.flags)
	return c
}

const (
	// watchEvery is the time between two looks at the run's files.
	watchEvery = time.Second
	// eventsEvery is the time between two updates of TensorBoard's files, which read a cell's steps
	// whole.
	eventsEvery = 10 * time.Second
)

// runWatch shows the run until it is over, and with a server until interrupted.
func runWatch(ctx context.Context, run rundir.Run, o WatchOptions, stdout, stderr io.Writer) (err error) {
	f, err := launch.Follow(run)
	if err != nil {
		return err
	}
	var failed <-chan error // of the server; without one nothing ever comes
	if o.HTTP != "" {
		var stop func() error
		if failed, stop, err = serve(run, o.HTTP, stderr); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	events := &dashboard{dir: o.TensorBoard, whole: map[string]bool{}}
	if o.TensorBoard != "" {
		if err := events.own(run); err != nil {
			return err
		}
	}
	var written time.Time
	warned := false
	view := newWatchView(stdout)
	for {
		// Whether it is over is asked first, so that what is shown last is the end.
		over := f.Over()
		if err := f.Update(ctx); err != nil {
			return err
		}
		if f.Unasked != nil && !warned && ctx.Err() == nil {
			fmt.Fprintln(stderr, "warning: Slurm does not tell of the jobs:", f.Unasked)
			warned = true
		}
		view.show(f, time.Now())
		over = over && f.Over()
		if o.TensorBoard != "" && (over || time.Since(written) >= eventsEvery) {
			if err := events.update(f); err != nil {
				return err
			}
			written = time.Now()
		}
		if over {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-failed:
			return fmt.Errorf("serve the page: %w", err)
		case <-time.After(watchEvery):
		}
	}
	if open := len(f.Cells) - f.Count(record.Done, record.CellDiverged); open > 0 {
		fmt.Fprintf(stdout, "The run has ended with %d cells not done; give its command again to go on.\n", open)
	}
	if o.HTTP != "" {
		fmt.Fprintln(stderr, "the run has ended; serving its page until Ctrl-C")
		select {
		case <-ctx.Done():
		case err := <-failed:
			return fmt.Errorf("serve the page: %w", err)
		}
	}
	return nil
}
