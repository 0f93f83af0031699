// Package launch is the life of a run: it is begun or continued, what is missing of it is run by
// workers of this machine or handed to Slurm, and it is followed from any terminal. In come a suite
// that was found to be good and the folder of the run; out come the cells' files, which the workers
// write, and the errors of those that did not end well. Read Launch.Missing first.
package launch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"secura/experiments"
	"secura/experiments/engine"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// Launch is a run that is to be begun or continued.
type Launch struct {
	Run   rundir.Run
	Suite suite.Suite
	// Prepared is what the suite's cells will read.
	Prepared *experiments.Prepared
	DataDir  string
	// Jobs is how many cells run at the same time, a core each; 0 is one for each core, or of a
	// GPU's plugin for each GPU.
	Jobs int
	// RetryParts is in how many parts the batches of a cell are computed, from its start, after its
	// worker was killed; 0 lets such a cell fail.
	RetryParts int
	// NoDownload forbids to install a plugin.
	NoDownload bool
	// AllowBackendChange goes on with a run that another backend began.
	AllowBackendChange bool
	// Log gets what a user should know: warnings, what is downloaded.
	Log io.Writer
	// View makes what shows how far the workers are, before the first of them starts.
	View func(workers, cells int) View
}

// View shows how far the cells of a run are. Update is called by one goroutine at a time, and not
// after Close.
type View interface {
	Update(worker int, p engine.Progress)
	Close()
}

// Missing runs the cells that are not finished in the run, whose lock the caller holds. failures
// joins what became of cells that did not end well, now or earlier. The error is ctx's cause where
// ctx ended it, and a *ChangedError where the run has other settings.
func (l Launch) Missing(ctx context.Context) (failures, err error) {
	manifest, err := l.manifest()
	if err != nil {
		return nil, err
	}
	// The settings are held against the old run's before anything is installed.
	settled, _, err := continued(l.Run, manifest)
	if err != nil {
		return nil, err
	}
	cells, err := suite.Plan(l.Suite)
	if err != nil {
		return nil, err
	}
	if err := l.sameSettings(cells); err != nil {
		return nil, err
	}
	missing, diverged, err := unfinished(l.Run, suite.LongestFirst(cells, experiments.KnownPresets()))
	if err != nil {
		return nil, fmt.Errorf("continue run: %w", err)
	}
	if len(missing) == 0 {
		return errors.Join(diverged...), l.say(settled)
	}
	if len(missing) < len(cells) {
		fmt.Fprintf(l.Log, "%d of %d cells are finished already\n", len(cells)-len(missing), len(cells))
	}
	backend, err := OpenBackend(ctx, l.Suite.Backend, l.NoDownload, &manifest, l.Log)
	if err != nil {
		return nil, err
	}
	merged, err := l.merge(manifest)
	if err != nil {
		return nil, err
	}
	if err := Begin(l.Run, merged, l.Prepared.Data); err != nil {
		return nil, err
	}
	failed := l.work(ctx, backend, missing, GraphKeys(cells))
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return errors.Join(append(diverged, failed)...), nil
}

// sameSettings is a *ChangedError if a cell that is finished, or would go on, was computed with
// other settings than its method has now. The manifest does not tell of a method that was taken out
// of it, or of a cell that came from another run.
func (l Launch) sameSettings(cells []suite.Cell) error {
	var others []string
	for _, c := range cells {
		folder := l.Run.Cell(c.ID)
		other, err := experiments.OtherSettings(l.Suite, c, folder)
		if err != nil {
			return fmt.Errorf("continue run: %w", err)
		}
		if other != "" {
			others = append(others, fmt.Sprintf("%s: %s", folder.Path, other))
		}
	}
	if others == nil {
		return nil
	}
	return &ChangedError{fmt.Errorf("continue run: cells were computed with other settings of their method; go back to these, or take the cells' folders away to run them again:\n  %s", strings.Join(others, "\n  "))}
}

// unfinished are the ids of the cells that must run, in their order, and the errors of those that
// diverged. err joins those of cells whose records or steps were changed after they had ended.
func unfinished(run rundir.Run, cells []suite.Cell) (missing []string, diverged []error, err error) {
	var changed []error
	for _, c := range cells {
		ended, err := experiments.Ended(run.Cell(c.ID))
		switch {
		case ended && err != nil:
			diverged = append(diverged, fmt.Errorf("cell %s diverged: %w", c.ID, err))
		case err != nil:
			changed = append(changed, err)
		case !ended:
			missing = append(missing, c.ID)
		}
	}
	return missing, diverged, errors.Join(changed...)
}

// GraphKeys names the backbone and the compiled graphs of each cell, by its id.
func GraphKeys(cells []suite.Cell) func(cell string) string {
	keys, presets := map[string]string{}, experiments.KnownPresets()
	for _, c := range cells {
		keys[c.ID] = presets.GraphKey(c.Method) + " " + c.Backbone
	}
	return func(cell string) string { return keys[cell] }
}
