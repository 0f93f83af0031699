package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestAWriteThatFailsLeavesTheOldFile, and nothing beside it.
func TestAWriteThatFailsLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := WriteBytes(path, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	full := errors.New("the disk is full")
	err := Write(path, func(w io.Writer) error {
		io.WriteString(w, "half")
		return full
	})
	if err != full {
		t.Error(err)
	}
	not := errors.New("not any more")
	err = WriteIf(path, func() error { return not }, func(w io.Writer) error {
		_, err := io.WriteString(w, "whole")
		return err
	})
	if err != not {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 1 || err != nil {
		t.Error(entries, err)
	}
	sum, bytes, err := SHA256(path)
	if want := "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; sum != want || bytes != 3 || err != nil {
		t.Errorf("%s, %d bytes, %v; want %s", sum, bytes, err, want)
	}
	if _, _, err := SHA256(filepath.Join(dir, "y")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
