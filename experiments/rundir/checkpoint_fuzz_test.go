package rundir

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzCheckCheckpoint reads any complete.json: only the one that names the files beside it passes.
func FuzzCheckCheckpoint(f *testing.F) {
	c := Run{f.TempDir()}.Cell("a")
	place := Place{Index: 2, Step: 3}
	if err := SaveCheckpoint(c, place, mine, func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "x"), []byte("x"), 0o644)
	}); err != nil {
		f.Fatal(err)
	}
	dir := c.CheckpointAt(place)
	good, err := os.ReadFile(filepath.Join(dir, completeName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"index":2,"step":3,"files":[]}`))
	f.Add([]byte(`{"index":2,"step":3,"files":[{"path":"../x","sha256":"","bytes":0}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, completeName), data, 0o644); err != nil {
			t.Fatal(err)
		}
		if CheckCheckpoint(dir, place) != nil {
			return
		}
		var complete Complete
		if err := ReadJSON(filepath.Join(dir, completeName), &complete); err != nil {
			t.Fatal(err)
		}
		for _, file := range complete.Files {
			if file.Path != filepath.Base(file.Path) {
				t.Fatalf("%q leaves the checkpoint", file.Path)
			}
		}
	})
}
