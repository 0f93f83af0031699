package hub

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
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
			"test": {at("test-00000-of-00001.parquet")}}; !reflect.DeepEqual(written.Files, want) || written.Folder != filepath.Join(dir, "set") {
			t.Errorf("written %v, expected %v", written, want)
		}
		if !slices.Equal(written.LeftOut, []string{"other/extra.parquet"}) {
			t.Errorf("left out %v", written.LeftOut)
		}
		checkFiles(t, filepath.Join(dir, "set"), map[string]string{"train-00000-of-00002.parquet": "first",
			"train-00001-of-00002.parquet": "second", "test-00000-of-00001.parquet": "tested"})
	}
	// A second configuration goes beside the first, whose files stay what they are.
	for range 2 {
		if written, err := h.FetchDataset(context.Background(), r, "other", dir); err != nil || written.Folder != filepath.Join(dir, "set", "other") {
			t.Errorf("%v, %v", written, err)
		}
		checkFiles(t, filepath.Join(dir, "set"), map[string]string{"test-00000-of-00001.parquet": "tested", "other/test-00000-of-00001.parquet": "converted"})
	}
	other := t.TempDir()
	if _, err := h.FetchDataset(context.Background(), r, "other", other); err != nil {
		t.Error(err)
	}
	checkFiles(t, filepath.Join(other, "set"), map[string]string{"test-00000-of-00001.parquet": "converted"})
	s.files["main/test-00000-of-00001.parquet"] = "another revision"
	if _, err := testHub(t, s, nil).FetchDataset(context.Background(), r, "main", other); err != nil {
		t.Error(err)
	}
	checkFiles(t, filepath.Join(other, "set"), map[string]string{"test-00000-of-00001.parquet": "converted", "main/test-00000-of-00001.parquet": "another revision"})
	if left, err := os.ReadDir(filepath.Join(dir, "set")); err != nil || len(left) != 6 {
		t.Errorf("%d entries (%v), expected 6", len(left), err)
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
		{[]string{"testing.parquet", "train.csv"}, map[string]map[string][]string{}},
		{[]string{"a/partial-train/0000.parquet", "a/test/0000.parquet"}, map[string]map[string][]string{"a": {"partial-train": {"a/partial-train/0000.parquet"}, "test": {"a/test/0000.parquet"}}}},
		{[]string{"data/validation_matched-00000-of-00001.parquet", "data/test.hard-00000-of-00001-0123456789abcdef.parquet"},
			map[string]map[string][]string{"": {"validation_matched": {"data/validation_matched-00000-of-00001.parquet"}, "test.hard": {"data/test.hard-00000-of-00001-0123456789abcdef.parquet"}}}},
		{[]string{"c/unsupervised/0000.parquet"}, map[string]map[string][]string{"c": {"unsupervised": {"c/unsupervised/0000.parquet"}}}},
	} {
		if got, _ := splits(c.files); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %v, expected %v", c.files, got, c.want)
		}
	}
	if _, _, err := chooseSplits(listing{files: []string{"a.csv"}}, ""); err == nil || !strings.Contains(err.Error(), "refs/convert/parquet") {
		t.Error(err)
	}
}

// TestTheReadmeSaysWhichFilesAreASplit: configs of the README's metadata in each form that the hub
// knows.
func TestTheReadmeSaysWhichFilesAreASplit(t *testing.T) {
	files := []string{"README.md", "a/one.parquet", "a/two.parquet", "b/four.parquet", "b/x/three.parquet", "c.csv", "train-00000-of-00001.parquet"}
	for _, c := range []struct{ configs, configuration, want, leftOut, fails string }{
		{`[{"config_name": "default", "data_files": [{"split": "train", "path": "a/*"}, {"split": "dev", "path": ["b/**", "c.csv"]}]}]`, "",
			"map[dev:[b/four.parquet b/x/three.parquet] train:[a/one.parquet a/two.parquet]]", "[c.csv]", ""},
		{`[{"config_name": "x", "data_files": "a/one.parquet"}, {"config_name": "y", "data_files": {"test": "b/*.parquet"}}]`, "y", "map[test:[b/four.parquet]]", "[]", ""},
		{`[{"config_name": "x", "data_files": ["a/[!o]*"]}]`, "", "map[train:[a/two.parquet]]", "[]", ""},
		{`[{"config_name": "x", "data_dir": "a", "data_files": "*.parquet"}]`, "", "map[train:[a/one.parquet a/two.parquet]]", "[]", ""},
		{`[{"config_name": "x", "data_files": "a/*"}, {"config_name": "y", "data_files": "b/**", "default": true}]`, "", "map[train:[b/four.parquet b/x/three.parquet]]", "[]", ""},
		{`[{"config_name": "x", "data_files": "a/*"}, {"config_name": "y", "data_files": "b/**"}]`, "", "", "", "name one with -config: x, y"},
		{`[{"config_name": "x"}]`, "", "map[train:[train-00000-of-00001.parquet]]", "[a/one.parquet a/two.parquet b/four.parquet b/x/three.parquet]", ""},
		{`[{"config_name": "x", "data_files": 3}]`, "", "", "", "cannot be read"},
		{`[{"config_name": "x", "data_files": [{"split": "a"}]}]`, "", "", "", "cannot be read"},
		{`[{"config_name": "x", "data_files": "a/[o"}]`, "", "", "", "has no ]"},
	} {
		chosen, leftOut, err := chooseSplits(listing{files: files, configs: []byte(c.configs)}, c.configuration)
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v", c.configs, err)
			}
		} else if err != nil || fmt.Sprint(chosen) != c.want || fmt.Sprint(leftOut) != c.leftOut {
			t.Errorf("%s: %v, left out %v, %v; expected %s", c.configs, chosen, leftOut, err, c.want)
		}
	}
	_, _, err := chooseSplits(listing{files: []string{"c.csv"}, configs: []byte(`[{"config_name": "x", "data_files": "*.csv"}]`)}, "")
	if err == nil || !strings.Contains(err.Error(), "other formats alone, such as c.csv") {
		t.Error(err)
	}
	s := start(t, &server{files: map[string]string{"odd/name.parquet": "rows"}, configs: `[{"config_name": "default", "data_files": [{"split": "test", "path": "odd/*"}]}]`})
	fetched, err := testHub(t, s, nil).FetchDataset(context.Background(), Repository{Kind: Dataset, Name: "org/set"}, "", t.TempDir())
	if err != nil || len(fetched.Files["test"]) != 1 {
		t.Errorf("%v, %v", fetched, err)
	}
}
