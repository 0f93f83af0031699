package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Seal is the content of a cell's seal.json, which is written when the cell has ended: what each of
// its files held then.
type Seal struct {
	// Files are those that equal runs write alike, their paths relative to the cell's folder, in
	// order. A checkpoint is named by its complete.json, which names the rest of it.
	Files []File `json:"files"`
}

// WriteSeal seals the cell's files as they are.
func WriteSeal(c Cell) error {
	files, err := sealed(c)
	if err != nil {
		return fmt.Errorf("seal cell %s: %w", c.ID, err)
	}
	return WriteJSON(c.Seal(), Seal{files})
}

// BreakSeal says that the cell's files are being written again.
func BreakSeal(c Cell) error {
	if err := os.Remove(c.Seal()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("break the seal of cell %s: %w", c.ID, err)
	}
	return nil
}

// CheckSeal lists what has become of the cell's files since it ended. checkpoints says whether the
// checkpoints must be there; those that are there are checked in any case.
func CheckSeal(c Cell, checkpoints bool) []error {
	var seal Seal
	if err := ReadJSON(c.Seal(), &seal); errors.Is(err, os.ErrNotExist) {
		return []error{fmt.Errorf("cell %s has no seal.json: it was removed, or the cell ended under a program that wrote none", c.ID)}
	} else if err != nil {
		return []error{fmt.Errorf("cell %s: %w", c.ID, err)}
	}
	files, err := sealed(c)
	if err != nil {
		return []error{fmt.Errorf("cell %s: %w", c.ID, err)}
	}
	found := map[string]File{}
	for _, f := range files {
		found[f.Path] = f
	}
	var changes []error
	for _, was := range seal.Files {
		is, ok := found[was.Path]
		delete(found, was.Path)
		switch {
		case !ok && !checkpoints && isCheckpoint(was.Path):
		case !ok:
			changes = append(changes, fmt.Errorf("cell %s: %s is missing", c.ID, was.Path))
		case is != was:
			changes = append(changes, fmt.Errorf("cell %s: %s has changed since the cell ended: sha256 was %s, is %s", c.ID, was.Path, was.SHA256, is.SHA256))
		}
	}
	for _, f := range files {
		if _, more := found[f.Path]; more {
			changes = append(changes, fmt.Errorf("cell %s: %s was not there when the cell ended", c.ID, f.Path))
		}
	}
	return append(changes, checkpointChanges(c)...)
}

// LacksCheckpoints says whether a cell that was sealed with checkpoints has lost the whole folder
// of them, as in a clone of a repository that holds the records alone.
func LacksCheckpoints(c Cell) bool {
	var seal Seal
	if err := ReadJSON(c.Seal(), &seal); err != nil {
		return false
	}
	_, err := os.Stat(c.Checkpoints())
	return errors.Is(err, os.ErrNotExist) && slices.ContainsFunc(seal.Files, func(f File) bool { return isCheckpoint(f.Path) })
}

// SealHolds says whether one of the cell's files is what it was when the cell ended. Of a cell
// without a seal nothing else is known.
func SealHolds(c Cell, path string) bool {
	var seal Seal
	if err := ReadJSON(c.Seal(), &seal); err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	name, err := filepath.Rel(c.Path, path)
	if err != nil {
		return false
	}
	is, err := HashFile(path)
	is.Path = filepath.ToSlash(name)
	return err == nil && slices.Contains(seal.Files, is)
}

// checkpointChanges lists the checkpoints that are there and not whole.
func checkpointChanges(c Cell) (changes []error) {
	list, err := places(c)
	if err != nil {
		return []error{err}
	}
	for _, place := range list {
		if err := CheckCheckpoint(c.CheckpointAt(place), place); err != nil {
			changes = append(changes, fmt.Errorf("cell %s: %w", c.ID, err))
		}
	}
	return changes
}

// sealed lists the files that a seal holds.
func sealed(c Cell) (files []File, err error) {
	err = filepath.WalkDir(c.Path, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(c.Path, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		if e.IsDir() {
			if !sealedFolder(name) {
				return filepath.SkipDir
			}
			return nil
		}
		if !c.seals(name) {
			return nil
		}
		f, err := HashFile(path)
		f.Path = name
		files = append(files, f)
		return err
	})
	return files, err
}
