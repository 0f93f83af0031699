package rundir

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// ManifestName is the name of the file that every run's folder has.
const ManifestName = "manifest.json"

// The names of the other files and folders of a run and of a cell that are told apart by them.
const (
	examplesName    = "examples.parquet"
	resultsName     = "results.json"
	tuningName      = "tune.json"
	tunedName       = "tuned.yaml"
	claimsName      = "claims.md"
	runLockName     = "run.lock"
	cellLockName    = "lock"
	cellsName       = "cells"
	tablesName      = "tables"
	figuresName     = "figures"
	baseRowsName    = "base_rows"
	slurmName       = "slurm"
	againName       = "again"
	predictionsName = "predictions"
	checkpointsName = "checkpoint"
	// suiteName is what a bundle has beside a run's files.
	suiteName = "suite.yaml"
)

// Belongs says whether a run whose plan has these cells, by their ids, may have a file of this name
// beside its report. Names are relative to the run's folder, with slashes. A bundle has suite.yaml
// too.
func Belongs(name string, cells []string) bool {
	first, rest, below := strings.Cut(name, "/")
	switch {
	case !below:
		return slices.Contains([]string{ManifestName, examplesName, resultsName, tuningName, tunedName, claimsName, runLockName, suiteName}, name)
	case first != cellsName:
		return slices.Contains([]string{slurmName, baseRowsName, againName}, first)
	}
	id, _, _ := strings.Cut(rest, "/") // within a finished cell its seal says what belongs there
	return slices.Contains(cells, id)
}

// packedFolder says whether a folder of a run belongs into its bundle. The run below a tuning's is
// packed by the same rules: its scores stand in tune.json.
func packedFolder(name string, checkpoints bool) bool {
	if name == againName {
		return true
	}
	name = strings.TrimPrefix(name, againName+"/")
	ok, _ := path.Match(cellsName+"/*", name)
	if ok || slices.Contains([]string{".", cellsName, tablesName, figuresName}, name) {
		return !isTemporary(name)
	}
	inside, ok := strings.CutPrefix(name, cellsName+"/")
	_, inside, _ = strings.Cut(inside, "/")
	folder, _, _ := strings.Cut(inside, "/")
	return ok && (folder == predictionsName || folder == checkpointsName && checkpoints && !isTemporary(name))
}

// packedFile says whether a file of such a folder belongs into the bundle, by its own name.
func packedFile(name string) bool {
	return !isTemporary(name) && name != cellLockName && name != runLockName
}

// sealedFolder says whether a cell's seal holds files of a folder, whose name is relative to the
// cell's. What it does not hold is how the cell was claimed, not what it found.
func sealedFolder(name string) bool {
	return name == "." || name == predictionsName || isCheckpoint(name+"/")
}

// seals says whether the cell's seal holds a file of such a folder: of a checkpoint what names the
// rest of it, and nothing in which equal runs differ.
func (c Cell) seals(name string) bool {
	if isCheckpoint(name) {
		return path.Base(name) == completeName
	}
	return !slices.Contains([]string{c.Status(), c.Timing(), c.Lock(), c.Seal()}, filepath.Join(c.Path, filepath.FromSlash(name)))
}

// isCheckpoint says whether a file of a cell, by its name relative to the cell's folder, is one of
// a checkpoint's.
func isCheckpoint(name string) bool { return strings.HasPrefix(name, checkpointsName+"/") }

// isTemporary says whether a file or folder is not written whole yet.
func isTemporary(name string) bool { return strings.HasPrefix(path.Base(name), tempPrefix) }
