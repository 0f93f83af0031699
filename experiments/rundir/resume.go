package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

const completeName = "complete.json"

// Complete is the content of a checkpoint's complete.json, which is written
// last: a folder without it, or whose files differ from it, is no checkpoint.
type Complete struct {
	Index int `json:"index"`
	// Files are the files beside complete.json, their paths relative.
	Files []File `json:"files"`
}

// SaveCheckpoint makes the checkpoint of boundary index. write is handed an
// empty folder and puts its files (no folders) there; the checkpoint appears
// under its name only when all of them and complete.json are on the disk. An
// older checkpoint of the same index is replaced.
func SaveCheckpoint(c Cell, index int, write func(dir string) error) (err error) {
	final := c.Checkpoint(index)
	if err := os.MkdirAll(c.Checkpoints(), 0o755); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	temp, err := os.MkdirTemp(c.Checkpoints(), ".tmp-*")
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
	complete := Complete{Index: index, Files: []File{}}
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
	if err = os.RemoveAll(final); err != nil {
		return err
	}
	if err = os.Rename(temp, final); err != nil {
		return err
	}
	return syncDir(c.Checkpoints())
}

// CheckCheckpoint says whether the folder is a whole, unchanged checkpoint.
func CheckCheckpoint(dir string, index int) error {
	var complete Complete
	if err := ReadJSON(filepath.Join(dir, completeName), &complete); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s has no %s: it was cut by a crash", dir, completeName)
		}
		return err
	}
	if complete.Index != index {
		return fmt.Errorf("%s says it is checkpoint %d", dir, complete.Index)
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

// NewestCheckpoint finds the valid checkpoint of the highest index: where an
// interrupted cell goes on. found is false when there is none, and the cell
// starts anew. problems tells of newer folders that were passed over.
func NewestCheckpoint(c Cell) (index int, found bool, problems []error, err error) {
	indices, err := checkpointIndices(c)
	if err != nil {
		return 0, false, nil, err
	}
	for i := len(indices) - 1; i >= 0; i-- {
		if err := CheckCheckpoint(c.Checkpoint(indices[i]), indices[i]); err != nil {
			problems = append(problems, err)
			continue
		}
		return indices[i], true, problems, nil
	}
	return 0, false, problems, nil
}

// DropCheckpoints removes the checkpoints that keep refuses, and what crashed
// saves left behind.
func DropCheckpoints(c Cell, keep func(index int) bool) error {
	indices, err := checkpointIndices(c)
	if err != nil {
		return err
	}
	leftover, _ := filepath.Glob(filepath.Join(c.Checkpoints(), ".tmp-*"))
	for _, i := range indices {
		if !keep(i) {
			leftover = append(leftover, c.Checkpoint(i))
		}
	}
	for _, dir := range leftover {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("drop checkpoint: %w", err)
		}
	}
	return nil
}

func checkpointIndices(c Cell) ([]int, error) {
	entries, err := os.ReadDir(c.Checkpoints())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	var indices []int
	for _, e := range entries {
		i, err := strconv.Atoi(strings.TrimSpace(e.Name()))
		if err == nil && e.IsDir() && filepath.Base(c.Checkpoint(i)) == e.Name() {
			indices = append(indices, i)
		}
	}
	sort.Ints(indices)
	return indices, nil
}
