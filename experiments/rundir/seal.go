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

// SealHolds says whether the cell's records and steps are what they were when it ended: whole is
// false where one of them is gone or was cut off since, and the error names one that was changed
// otherwise, and what to do. Of a cell without a seal nothing else is known.
func SealHolds(c Cell) (whole bool, err error) {
	var seal Seal
	if err := ReadJSON(c.Seal(), &seal); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return true, nil
		}
		return false, notAsSealed(c, err)
	}
	whole = true
	for _, path := range []string{c.Records(), c.Steps()} {
		name := filepath.Base(path)
		i := slices.IndexFunc(seal.Files, func(f File) bool { return f.Path == name })
		is, err := HashFile(path)
		switch is.Path = name; {
		case errors.Is(err, os.ErrNotExist):
			whole = whole && i < 0
		case err != nil:
			return false, fmt.Errorf("cell %s: %w", c.ID, err)
		case i < 0:
			return false, notAsSealed(c, fmt.Errorf("%s was not there when the cell ended", path))
		case is.Bytes < seal.Files[i].Bytes:
			whole = false
		case is != seal.Files[i]:
			return false, notAsSealed(c, fmt.Errorf("%s has changed since the cell ended: sha256 was %s, is %s", path, seal.Files[i].SHA256, is.SHA256))
		}
	}
	return whole, nil
}

// notAsSealed is the error of a cell that nobody goes on with: what was changed must not get a
// seal, and is not this program's to throw away.
func notAsSealed(c Cell, err error) error {
	return fmt.Errorf("cell %s: %w; put the file back as it was, or take the folder %s away to run the cell again", c.ID, err, c.Path)
}

// StartAgain removes the checkpoints of a cell whose sealed records or steps were cut off: those
// lines that are left may be others than were sealed, so that nothing goes on from them. It says
// whether it is such a cell. The caller owns the cell.
func StartAgain(c Cell) (again bool, err error) {
	whole, err := SealHolds(c)
	if err != nil || whole {
		return false, err
	}
	return true, DropCheckpoints(c, func(Place) bool { return false })
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
