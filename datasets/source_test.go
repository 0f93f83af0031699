package datasets

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilesOfASplitAreFound(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/train-00001.parquet", "a/train-00000.parquet", "a/test.parquet", "b/x.validation.parquet"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ source, split, want string }{
		{"a", "train", "a/train-00000.parquet a/train-00001.parquet"},
		{"a", "test", "a/test.parquet"},
		{"b/x.{split}.parquet", "validation", "b/x.validation.parquet"},
		{filepath.Join(dir, "a", "{split}.parquet"), "test", "a/test.parquet"},
	} {
		files, err := Task{Name: "n", Source: c.source}.Files(dir, c.split)
		got := strings.ReplaceAll(strings.Join(files, " "), dir+"/", "")
		if err != nil || got != c.want {
			t.Errorf("%v: %s, %v", c, got, err)
		}
	}
	if _, err := (Task{Name: "n", Source: "a"}).Files(dir, "validation"); err == nil || !strings.Contains(err.Error(), "a/validation.parquet") ||
		!strings.Contains(err.Error(), "the source a is relative to the data folder "+dir+", which -data names") {
		t.Error(err)
	}
	if _, err := (Task{Name: "n", Source: "builtin:n"}).Files(dir, "test"); err == nil {
		t.Error("a built-in task has files")
	}
}
