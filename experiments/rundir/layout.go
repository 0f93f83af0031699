// Package rundir is the folder of a run. It knows where each file lies, writes files so that a
// crash leaves the old or the new one, gives each cell one owner at a time, and finds out what of
// an interrupted cell can go on. It knows nothing of what the files mean. Read Run and Cell in
// layout.go first.
package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Run is the directory of one run.
type Run struct {
	// Path is the directory; it need not exist yet.
	Path string
}

// Name is the folder's own name.
func (r Run) Name() string {
	if whole, err := filepath.Abs(r.Path); err == nil {
		return filepath.Base(whole)
	}
	return filepath.Base(r.Path)
}

// Manifest is the path of manifest.json.
func (r Run) Manifest() string { return filepath.Join(r.Path, ManifestName) }

// Examples is the path of the run's examples, written once per run.
func (r Run) Examples() string { return filepath.Join(r.Path, examplesName) }

// Results is the path of results.json.
func (r Run) Results() string { return filepath.Join(r.Path, resultsName) }

// Tuning is the path of tune.json: what a tuning tried and chose.
func (r Run) Tuning() string { return filepath.Join(r.Path, tuningName) }

// Tuned is the path of the suite that a tuning makes of its choices.
func (r Run) Tuned() string { return filepath.Join(r.Path, tunedName) }

// Again is the run below a tuning's in which its best trials are run on further seeds.
func (r Run) Again() Run { return Run{Path: filepath.Join(r.Path, againName)} }

// Report is the path of report.EXT; ext has no dot.
func (r Run) Report(ext string) string { return filepath.Join(r.Path, "report."+ext) }

// Claims is the path of claims.md, the reproducibility report.
func (r Run) Claims() string { return filepath.Join(r.Path, claimsName) }

// Table is the path of tables/NAME, extension included in name.
func (r Run) Table(name string) string { return filepath.Join(r.Path, tablesName, name) }

// Figure is the path of figures/NAME, extension included in name.
func (r Run) Figure(name string) string { return filepath.Join(r.Path, figuresName, name) }

// BaseRow is the path of an untouched backbone's row that a worker leaves for later ones; key says
// what it was computed from.
func (r Run) BaseRow(key string) string { return filepath.Join(r.Path, baseRowsName, key+".json") }

// Sweep removes what writes that a crash cut off left in the run's own folders; the caller holds
// the run's lock. Base rows are not swept: workers write them, who hold locks of cells alone.
func (r Run) Sweep() error {
	return errors.Join(Sweep(r.Path), Sweep(filepath.Join(r.Path, tablesName)), Sweep(filepath.Join(r.Path, figuresName)))
}

// Slurm is the folder of what was handed to Slurm: the program, scripts, logs and the list of jobs.
func (r Run) Slurm() string { return filepath.Join(r.Path, slurmName) }

// Lock is the path of the lock that the process which drives the run holds.
func (r Run) Lock() string { return filepath.Join(r.Path, runLockName) }

// Cell is the folder of one cell.
func (r Run) Cell(id string) Cell { return Cell{ID: id, Path: filepath.Join(r.Path, cellsName, id)} }

// Cells lists the cells that have a folder, sorted by id.
func (r Run) Cells() ([]Cell, error) {
	entries, err := os.ReadDir(filepath.Join(r.Path, cellsName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list cells: %w", err)
	}
	var cells []Cell
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			cells = append(cells, r.Cell(e.Name()))
		}
	}
	sort.Slice(cells, func(i, j int) bool { return cells[i].ID < cells[j].ID })
	return cells, nil
}

// Cell is the folder of one cell.
type Cell struct {
	ID   string
	Path string
}

// Make creates the cell's folder and those above it.
func (c Cell) Make() error {
	if err := os.MkdirAll(c.Path, 0o755); err != nil {
		return fmt.Errorf("make cell %s: %w", c.ID, err)
	}
	return nil
}

// Sweep removes what writes that a crash cut off left in the cell's folders; the caller holds the
// cell's lock.
func (c Cell) Sweep() error {
	return errors.Join(Sweep(c.Path), Sweep(c.PredictionsFolder()), Sweep(c.Checkpoints()))
}

// Status is the path of status.json.
func (c Cell) Status() string { return filepath.Join(c.Path, "status.json") }

// Steps is the path of steps.jsonl.
func (c Cell) Steps() string { return filepath.Join(c.Path, "steps.jsonl") }

// Records is the path of records.jsonl.
func (c Cell) Records() string { return filepath.Join(c.Path, "records.jsonl") }

// Timing is the path of timing.jsonl.
func (c Cell) Timing() string { return filepath.Join(c.Path, "timing.jsonl") }

// Seal is the path of seal.json: the hashes of the cell's files when it ended.
func (c Cell) Seal() string { return filepath.Join(c.Path, "seal.json") }

// Parts is the path of parts.json, which says that the cell's batches are computed in parts after
// its worker was killed.
func (c Cell) Parts() string { return filepath.Join(c.Path, "parts.json") }

// Lock is the path of the cell's lock.
func (c Cell) Lock() string { return filepath.Join(c.Path, cellLockName) }

// Claims is the folder of the cell's claims: who has owned it.
func (c Cell) Claims() string { return filepath.Join(c.Path, "claims") }

// PredictionsFolder is the folder of the cell's predictions.
func (c Cell) PredictionsFolder() string { return filepath.Join(c.Path, predictionsName) }

// Predictions is the path of the predictions made at boundary index.
func (c Cell) Predictions(index int) string {
	return filepath.Join(c.PredictionsFolder(), fmt.Sprintf("%02d.parquet", index))
}

// PredictionsAt is the path of the predictions made at a step of the task with that index.
func (c Cell) PredictionsAt(index, step int) string {
	return filepath.Join(c.PredictionsFolder(), fmt.Sprintf("%02d-%05d.parquet", index, step))
}

// Checkpoints is the folder of the cell's checkpoints.
func (c Cell) Checkpoints() string { return filepath.Join(c.Path, checkpointsName) }

// Checkpoint is the folder of the checkpoint at boundary index.
func (c Cell) Checkpoint(index int) string { return c.CheckpointAt(Place{Index: index}) }

// CheckpointAt is the folder of the checkpoint of a place.
func (c Cell) CheckpointAt(place Place) string { return filepath.Join(c.Checkpoints(), place.name()) }
