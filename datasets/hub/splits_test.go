package hub

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestFetchDataset(t *testing.T) {
	s := start(t, &server{files: map[string]string{
		"README.md": "x", "main/train-00001-of-00002.parquet": "second", "main/train-00000-of-00002.parquet": "first",
		"main/test-00000-of-00001.parquet": "tested", "other/test/0000.parquet": "converted", "other/extra.parquet": "x",
	}})
	h, dir := testHub(t, s, nil), t.TempDir()
	r := Repository{Kind: Dataset, Name: "org/set"}
	for range 2 { // the second time the files are there
		written, err := h.FetchDataset(context.Background(), r, "main", dir)
		if err != nil {
			t.Fatal(err)
		}
		at := func(name string) string { return filepath.Join(dir, "set", name) }
		if want := map[string][]string{"train": {at("train-00000-of-00002.parquet"), at("train-00001-of-00002.parquet")},
			"test": {at("test-00000-of-00001.parquet")}}; !reflect.DeepEqual(written, want) {
			t.Errorf("written %v, expected %v", written, want)
		}
		checkFiles(t, filepath.Join(dir, "set"), map[string]string{"train-00000-of-00002.parquet": "first",
			"train-00001-of-00002.parquet": "second", "test-00000-of-00001.parquet": "tested"})
	}
	if _, err := h.FetchDataset(context.Background(), r, "other", dir); err == nil || !strings.Contains(err.Error(), "train-00000-of-00002.parquet is not of this revision and configuration") {
		t.Errorf("two configurations in one folder: %v", err)
	}
	other := t.TempDir()
	if _, err := h.FetchDataset(context.Background(), r, "other", other); err != nil {
		t.Error(err)
	}
	checkFiles(t, filepath.Join(other, "set"), map[string]string{"test-00000-of-00001.parquet": "converted"})
	if left, err := os.ReadDir(filepath.Join(dir, "set")); err != nil || len(left) != 3 {
		t.Errorf("%d entries (%v), expected 3", len(left), err)
	}
	for configuration, want := range map[string]string{
		"":   "it has several configurations; name one with -config: main, other",
		"no": `it has no configuration "no"; it has main, other`,
	} {
		if _, err := h.FetchDataset(context.Background(), r, configuration, dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestSplits(t *testing.T) {
	for _, c := range []struct {
		files []string
		want  map[string]map[string][]string
	}{
		{[]string{"data/train-0.parquet", "data/validation-0.parquet"}, map[string]map[string][]string{"": {"train": {"data/train-0.parquet"}, "validation": {"data/validation-0.parquet"}}}},
		{[]string{"test.parquet"}, map[string]map[string][]string{"": {"test": {"test.parquet"}}}},
		{[]string{"a/test/0000.parquet", "a/test/0001.parquet"}, map[string]map[string][]string{"a": {"test": {"a/test/0000.parquet", "a/test/0001.parquet"}}}},
		{[]string{"testing.parquet", "train.csv", "a/partial-train/0.parquet"}, map[string]map[string][]string{}},
	} {
		if got := splits(c.files); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %v, expected %v", c.files, got, c.want)
		}
	}
	if _, err := chooseSplits([]string{"a.csv"}, ""); err == nil || !strings.Contains(err.Error(), "refs/convert/parquet") {
		t.Error(err)
	}
}
