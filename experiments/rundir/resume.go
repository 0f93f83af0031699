package rundir

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"secura/atomicfile"
)

const completeName = "complete.json"

// Place is where in a cell's stream a checkpoint was made: after the task at a 1-based index (0:
// before the first one), or with a step within that task.
type Place struct {
	Index int `json:"index"`
	// Step is the last step that was made, 0 after the task.
	Step int `json:"step,omitempty"`
}

// Within says that the task at Index is not learned whole.
func (p Place) Within() bool { return p.Step > 0 }

// name is that of the checkpoint's folder.
func (p Place) name() string {
	if p.Within() {
		return fmt.Sprintf("%02d-%05d", p.Index, p.Step)
	}
	return fmt.Sprintf("%02d", p.Index)
}

// compare orders places as a cell comes by them.
func (p Place) compare(q Place) int {
	step := func(p Place) int {
		if p.Within() {
			return p.Step
		}
		return math.MaxInt
	}
	return cmp.Or(cmp.Compare(p.Index, q.Index), cmp.Compare(step(p), step(q)))
}

// Complete is the content of a checkpoint's complete.json, which is written last: a folder without
// it, or whose files differ from it, is no checkpoint.
type Complete struct {
	Place
	// Files are the files beside complete.json, their paths relative.
	Files []File `json:"files"`
}

// SaveCheckpoint makes the checkpoint of a place. write is handed an empty folder and puts its
// files (no folders) there; the checkpoint appears under its name only when all of them and
// complete.json are on the disk. may is asked then: where it fails, the cell is no longer the
// caller's and nothing appears. An older checkpoint of the same place is replaced. What was written
// is read again before SaveCheckpoint returns, so that older checkpoints may go then.
func SaveCheckpoint(c Cell, place Place, may func() error, write func(dir string) error) (err error) {
	final := c.CheckpointAt(place)
	if err := os.MkdirAll(c.Checkpoints(), 0o755); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	temp, err := os.MkdirTemp(c.Checkpoints(), tempPrefix+"*")
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(temp)
			err = fmt.Errorf("save checkpoint %s: %w", final, err)
		}
	}()
	if err = os.Chmod(temp, 0o755); err != nil {
		return err
	}
	if err = write(temp); err != nil {
		return err
	}
	entries, err := os.ReadDir(temp)
	if err != nil {
		return err
	}
	complete := Complete{Place: place, Files: []File{}}
	for _, e := range entries {
		path := filepath.Join(temp, e.Name())
		if err = syncFile(path); err != nil {
			return err
		}
		file, err := HashFile(path)
		if err != nil {
			return err
		}
		file.Path = e.Name()
		complete.Files = append(complete.Files, file)
	}
	if err = WriteJSON(filepath.Join(temp, completeName), complete); err != nil {
		return err
	}
	if err = may(); err != nil {
		return err
	}
	if err = os.RemoveAll(final); err != nil { // one that was found spoilt, or whose records are gone
		return err
	}
	if err = os.Rename(temp, final); err != nil {
		return err
	}
	if err = atomicfile.SyncDir(c.Checkpoints()); err != nil {
		return err
	}
	return CheckCheckpoint(final, place)
}

// CheckCheckpoint says whether the folder is a whole, unchanged checkpoint.
func CheckCheckpoint(dir string, place Place) error {
	var complete Complete
	if err := ReadJSON(filepath.Join(dir, completeName), &complete); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s has no %s: it was cut by a crash", dir, completeName)
		}
		return err
	}
	if complete.Place != place {
		return fmt.Errorf("%s says it is checkpoint %s", dir, complete.name())
	}
	for _, want := range complete.Files {
		if want.Path != filepath.Base(want.Path) {
			return fmt.Errorf("%s names a file outside of it: %q", dir, want.Path)
		}
		got, err := HashFile(filepath.Join(dir, want.Path))
		if err != nil {
			return err
		}
		if got.SHA256 != want.SHA256 || got.Bytes != want.Bytes {
			return fmt.Errorf("%s: file %s is not the one that was written", dir, want.Path)
		}
	}
	return nil
}

// NewestCheckpoint finds the valid checkpoint of the last place that fits: where an interrupted
// cell goes on. fits says what else speaks against a place; nil lets all pass. found is false when
// there is none, and the cell starts again from the beginning. problems tells of newer folders that
// were passed over. What cannot be read may be whole all the same: it is an error that is
// Unreadable.
func NewestCheckpoint(c Cell, fits func(place Place) error) (newest Place, found bool, problems []error, err error) {
	places, err := places(c)
	if err != nil {
		return Place{}, false, nil, err
	}
	for _, place := range slices.Backward(places) {
		dir := c.CheckpointAt(place)
		err := CheckCheckpoint(dir, place)
		if Unreadable(err) {
			return Place{}, false, nil, fmt.Errorf("check checkpoint: %w; where %s stays unreadable, remove it to go on without it", err, dir)
		}
		if err == nil && fits != nil {
			if err = fits(place); Unreadable(err) {
				return Place{}, false, nil, err
			}
		}
		if err == nil {
			return place, true, problems, nil
		}
		problems = append(problems, err)
	}
	return Place{}, false, problems, nil
}

// Unreadable says whether an error is that the system could not read what is there, as when a file
// server does not answer. Such an error says nothing of a file's content.
func Unreadable(err error) bool {
	var failed *fs.PathError
	return errors.As(err, &failed) && !errors.Is(err, fs.ErrNotExist)
}

// DropCheckpoints removes the checkpoints that keep refuses, and what crashed saves and removals
// left behind.
func DropCheckpoints(c Cell, keep func(place Place) bool) error {
	places, err := places(c)
	if err != nil {
		return err
	}
	for _, place := range places {
		if keep(place) {
			continue
		}
		if err := discard(c, place); err != nil {
			return fmt.Errorf("drop checkpoint: %w", err)
		}
	}
	return Sweep(c.Checkpoints())
}

// discard takes a checkpoint's name away, so that a crash during its removal leaves no half of it
// under that name. Sweep removes the files, and so the other name is free again.
func discard(c Cell, place Place) error {
	if err := os.Rename(c.CheckpointAt(place), filepath.Join(c.Checkpoints(), tempPrefix+place.name())); err != nil {
		return err
	}
	return atomicfile.SyncDir(c.Checkpoints())
}

// places lists those of a cell's checkpoints, whole or not, in order.
func places(c Cell) (list []Place, err error) {
	entries, err := os.ReadDir(c.Checkpoints())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	for _, e := range entries {
		var p Place
		index, step, within := strings.Cut(e.Name(), "-")
		p.Index, err = strconv.Atoi(index)
		if err == nil && within {
			p.Step, err = strconv.Atoi(step)
		}
		if err == nil && e.IsDir() && p.name() == e.Name() {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, Place.compare)
	return list, nil
}
