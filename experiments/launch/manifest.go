package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"

	"secura/experiments"
	"secura/experiments/machine"
	"secura/experiments/rundir"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// Manifest describes a run of a suite on this machine, but for the backend.
func Manifest(s suite.Suite, prepared *experiments.Prepared) (m rundir.Manifest, err error) {
	if s.LeavesLengths() {
		return m, fmt.Errorf("begin suite %s: the lengths of its rows were not chosen: they are where its data are read (experiments.Prepare)", s.Name)
	}
	m = rundir.Manifest{Files: prepared.Files, Sources: prepared.Sources, Processor: machine.Processor()}
	if m.Suite, err = json.Marshal(s); err != nil {
		return rundir.Manifest{}, fmt.Errorf("encode suite %s: %w", s.Name, err)
	}
	if m.Plan, err = s.Hash(); err != nil {
		return rundir.Manifest{}, err
	}
	m.Build()
	return m, nil
}

func (l Launch) manifest() (rundir.Manifest, error) {
	m, err := Manifest(l.Suite, l.Prepared)
	m.AllowBackendChange = l.AllowBackendChange
	return m, err
}

// OpenBackend opens a backend once, which installs the plugin where that is needed and allowed,
// tells of a slower one and refuses one that computes wrong gradients. It describes the backend in
// the manifest and returns what the workers open.
func OpenBackend(ctx context.Context, name string, noDownload bool, m *rundir.Manifest, log io.Writer) (backbone.BackendInfo, error) {
	b, info, err := backbone.OpenBackend(ctx, backbone.BackendOptions{Name: name, NoDownload: noDownload, Log: log})
	if err != nil {
		return info, err
	}
	b.Finalize()
	experiments.DescribeBackend(m, info)
	return info, nil
}

// ChangedError says that a run has other settings than those with which it is to be continued.
type ChangedError struct{ err error }

func (e *ChangedError) Error() string { return e.err.Error() }
func (e *ChangedError) Unwrap() error { return e.err }

// continued merges a manifest with that of an earlier run in the same place, and warns of
// differences that stop nothing. A changed setting is a *ChangedError.
func continued(run rundir.Run, manifest rundir.Manifest) (merged rundir.Manifest, warnings []string, err error) {
	old, err := rundir.ReadManifest(run)
	if errors.Is(err, os.ErrNotExist) {
		return manifest, nil, nil
	}
	if err != nil {
		return rundir.Manifest{}, nil, err
	}
	if manifest.Suite, err = suite.Merge(old.Suite, manifest.Suite, manifest.AllowBackendChange); err != nil {
		return rundir.Manifest{}, nil, &ChangedError{err}
	}
	if merged, warnings, err = rundir.Merge(old, manifest); err != nil {
		return rundir.Manifest{}, nil, &ChangedError{err}
	}
	s, err := suite.OfManifest(run.Manifest(), merged.Suite)
	if err != nil {
		return rundir.Manifest{}, nil, err
	}
	if merged.Plan, err = s.Hash(); err != nil {
		return rundir.Manifest{}, nil, err
	}
	return merged, warnings, nil
}

// merge is continued. It tells of the warnings, and once of those of the data, for cells are about
// to run.
func (l Launch) merge(manifest rundir.Manifest) (rundir.Manifest, error) {
	merged, warnings, err := continued(l.Run, manifest)
	if err != nil {
		return rundir.Manifest{}, err
	}
	if l.Prepared.Chosen != "" {
		fmt.Fprintln(l.Log, l.Prepared.Chosen)
	}
	Warn(l.Log, slices.Concat(l.Prepared.Warnings, warnings))
	l.Prepared.Warnings, l.Prepared.Chosen = nil, ""
	return merged, nil
}

// say puts into the manifest of a run of which nothing is left to run what its suite says now, such
// as its tables: merged is continued's. What tells how the run was computed stays.
func (l Launch) say(merged rundir.Manifest) error {
	old, err := rundir.ReadManifest(l.Run)
	if err != nil || l.AllowBackendChange { // the suite of merged may ask for a backend that computed nothing
		return err
	}
	was, err := suite.OfManifest(l.Run.Manifest(), old.Suite)
	if err != nil {
		return err
	}
	is, err := suite.OfManifest(l.Run.Manifest(), merged.Suite)
	if err != nil || reflect.DeepEqual(was, is) {
		return err
	}
	old.Suite, old.Plan = merged.Suite, merged.Plan
	return rundir.WriteManifest(l.Run, old)
}

// WithLengths is a suite that is to be run with the lengths of rows with which an earlier run in
// the same place began, where it leaves them to the data.
func WithLengths(run rundir.Run, s suite.Suite) (suite.Suite, error) {
	if !s.LeavesLengths() {
		return s, nil
	}
	old, begun, err := begunWith(run)
	if err != nil || !begun {
		return s, err
	}
	return s.WithLengthsOf(old), nil
}

// Warn writes each warning on a line.
func Warn(log io.Writer, warnings []string) {
	for _, text := range warnings {
		fmt.Fprintln(log, "warning:", text)
	}
}

// KeepRevisions gives a suite the revisions of the hub's backbones that the run in its place began
// with, if there is one: a run goes on with the files that it has read, although the hub has newer
// ones.
func KeepRevisions(run rundir.Run, s suite.Suite) (suite.Suite, error) {
	old, begun, err := begunWith(run)
	if err != nil || !begun {
		return s, err
	}
	s.Revisions = map[string]string{}
	for _, name := range s.BackboneNames() {
		if commit, ok := old.Revisions[name]; ok {
			s.Revisions[name] = commit
		}
	}
	return s, nil
}

// begunWith is the suite that the run in a place began with; begun is false where there is none.
func begunWith(run rundir.Run) (s suite.Suite, begun bool, err error) {
	manifest, err := rundir.ReadManifest(run)
	if errors.Is(err, os.ErrNotExist) {
		return suite.Suite{}, false, nil
	}
	if err != nil {
		return suite.Suite{}, false, err
	}
	s, err = suite.OfManifest(run.Manifest(), manifest.Suite)
	return s, true, err
}

// Begin writes what a run has before its first cell: the manifest, and the examples that its
// predictions are of, which no later command changes.
func Begin(run rundir.Run, manifest rundir.Manifest, data *stream.Data) error {
	if err := rundir.WriteManifest(run, manifest); err != nil {
		return err
	}
	if _, err := os.Stat(run.Examples()); err == nil {
		return nil
	}
	return experiments.WriteExamples(run, data)
}

// Planned are the suite and the cells of a run, from its manifest.
func Planned(run rundir.Run) (suite.Suite, []suite.Cell, error) {
	manifest, err := rundir.ReadManifest(run)
	if err != nil {
		return suite.Suite{}, nil, err
	}
	return planned(run, manifest)
}

// planned are the suite and the cells of a run's manifest.
func planned(run rundir.Run, manifest rundir.Manifest) (suite.Suite, []suite.Cell, error) {
	s, err := suite.OfManifest(run.Manifest(), manifest.Suite)
	if err != nil {
		return suite.Suite{}, nil, err
	}
	cells, err := suite.Plan(s)
	return s, cells, err
}
