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

// TestWhichFilesAreASplit: sets of files, and which of them the split train is, or what the error
// says.
func TestWhichFilesAreASplit(t *testing.T) {
	for name, c := range map[string]struct{ there, want, fails string }{
		"one":                   {"train.parquet test.parquet", "train.parquet", ""},
		"shards":                {"train-00001-of-00002.parquet train-00000-of-00002.parquet test-00000-of-00001.parquet", "train-00000-of-00002.parquet train-00001-of-00002.parquet", ""},
		"shards from 1":         {"train-1-of-2.parquet train-2-of-2.parquet", "train-1-of-2.parquet train-2-of-2.parquet", ""},
		"hashes":                {"data/train-00000-of-00001-0123456789abcdef.parquet", "data/train-00000-of-00001-0123456789abcdef.parquet", ""},
		"twelve in order":       {"train-10.parquet train-9.parquet train-0.parquet train-1.parquet train-2.parquet train-3.parquet train-4.parquet train-5.parquet train-6.parquet train-7.parquet train-8.parquet", "train-0.parquet train-1.parquet train-2.parquet train-3.parquet train-4.parquet train-5.parquet train-6.parquet train-7.parquet train-8.parquet train-9.parquet train-10.parquet", ""},
		"folder":                {"train/0000.parquet train/0001.parquet", "train/0000.parquet train/0001.parquet", ""},
		"spark":                 {"train/part-00000-c000.snappy.parquet train/part-00001-c000.snappy.parquet train/_SUCCESS train/.part-00000-c000.snappy.parquet.crc", "train/part-00000-c000.snappy.parquet train/part-00001-c000.snappy.parquet", ""},
		"any names in a folder": {"train/b.parquet train/a.parquet", "train/a.parquet train/b.parquet", ""},
		"macOS":                 {"train.parquet ._train.parquet", "train.parquet", ""},
		"macOS in a folder":     {"train/0.parquet train/._0.parquet", "train/0.parquet", ""},
		"another split's name":  {"train-00000-of-00001.parquet train-hard-00000-of-00002.parquet train_extra.parquet training.parquet", "train-00000-of-00001.parquet", ""},
		"pattern":               {"x/train-a.parquet x/train-b.parquet x/test-a.parquet", "x/train-a.parquet x/train-b.parquet", ""},
		"brackets":              {"a[1]/train-00000-of-00001.parquet", "a[1]/train-00000-of-00001.parquet", ""},

		"missing first":       {"train-00001-of-00002.parquet", "", "promise 2 files, but of these number 0 is missing"},
		"missing last":        {"train-00000-of-00003.parquet train-00001-of-00003.parquet", "", "number 2 is missing"},
		"missing in a folder": {"train/train-00000-of-00002.parquet", "", "number 1 is missing"},
		"missing number":      {"train/0000.parquet train/0002.parquet", "", "number 1 is missing"},
		"two generations":     {"train-00000-of-00001.parquet train-00000-of-00002.parquet train-00001-of-00002.parquet", "", "more than once"},
		"one beside shards":   {"train.parquet train-00000-of-00001.parquet", "", "more than once"},
		"root and data":       {"train-00000-of-00001.parquet data/train-00000-of-00001.parquet", "", "more than once"},
		"root and folder":     {"train.parquet train/0.parquet", "", "more than once"},
		"two hashes":          {"train-00000-of-00001-0123456789abcdef.parquet train-00000-of-00001-fedcba9876543210.parquet", "", "promise 1 files, but there are 2"},
		"two jobs of spark": {"train/part-00000-11111111-2222-3333-4444-555555555555-c000.snappy.parquet train/part-00000-99999999-2222-3333-4444-555555555555-c000.snappy.parquet",
			"", "more than once"},
		"folder of two kinds":   {"train/0.parquet train/other.parquet", "", "more than once"},
		"only another's":        {"train-hard-00000-of-00001.parquet test.parquet", "", "it has test, train-hard: say with `splits` which of them serves as train"},
		"JSON Lines":            {"train.jsonl test.jsonl", "", "runner data convert"},
		"CSV in a folder":       {"train/a.csv", "", "runner data convert"},
		"half a download":       {"train-00000-of-00002.parquet train-00001-of-00002.parquet.incomplete", "", "number 1 is missing"},
		"nothing":               {"other/x.parquet", "", "there is other/"},
		"half of each":          {"train-00000-of-00002.parquet train-00001-of-00003.parquet", "", "more than once"},
		"numbers past of":       {"train-00000-of-00002.parquet train-00005-of-00002.parquet", "", "is missing"},
		"a huge promise":        {"train-00000-of-99999999999999999999.parquet", "", "no file of split train"},
		"a promise of millions": {"train-00000-of-03000000.parquet", "", "promise 3000000 files"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "set")
			for _, file := range strings.Fields(c.there) {
				path := filepath.Join(dir, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, nil, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			source := map[string]string{"pattern": "x/{split}-*.parquet", "brackets": "a[1]"}[name]
			files, err := Task{Name: "n", Source: source}.Files(dir, "train")
			if got := strings.ReplaceAll(strings.Join(files, " "), dir+"/", ""); got != c.want {
				t.Errorf("%s", got)
			}
			if c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestHalfASplitAndTwoGenerationsAreRefused(t *testing.T) {
	for source, parts := range map[string][]string{
		"shard_missing":     {"promise 2 files", "number 1 is missing", "train-00000-of-00002.parquet"},
		"shard_generations": {"more than once", "train-00000-of-00001.parquet", "train-00000-of-00002.parquet", "train-00001-of-00002.parquet"},
		"splits_mnli":       nil,
		"jsonl":             {"runner data convert"},
		"lfs_pointer":       {"Git LFS pointer", "git lfs pull"},
	} {
		task := Task{Name: "n", Source: source, Prompt: "{{.question}}", Answer: "{{.answer}}"}
		_, err := task.Load(casesFolder(t), "train")
		expectError(t, err, parts...)
		if parts == nil && err != nil {
			t.Error(err)
		}
	}
	_, err := Task{Name: "n", Source: "splits_mnli"}.Files(casesFolder(t), "validation")
	expectError(t, err, "it has train, validation_matched, validation_mismatched: say with `splits` which of them serves as validation")
}

func TestFilesOfOtherFormatsAreRecognised(t *testing.T) {
	dir := t.TempDir()
	for content, want := range map[string]string{
		"": "is empty",
		"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n": "git lfs pull",
		"{\"a\": 1}\n{\"a\": 2}\n":     "is JSON: `runner data convert",
		"\xef\xbb\xbf[{\"a\": 1}]":     "is JSON",
		"a,b\n1,2\n":                   "CSV",
		"a\tb\n1\t2\n":                 "TSV",
		"<!DOCTYPE html><html></html>": "web page",
		"PAR1 and nothing more":        "its end is missing",
		"\x1f\x8b\x08 and so on":       "gzip",
		"PK\x03\x04 and so on":         "ZIP",
		"ARROW1\x00\x00 and so on":     "Arrow",
		"\x00\x01\x02\x03 and so on":   "not a readable Parquet file",
	} {
		path := filepath.Join(dir, "x.parquet")
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Task{Name: "n", Source: "x.parquet", Prompt: "{{.a}}", Answer: "{{.b}}"}.Load(dir, "train")
		expectError(t, err, want, path)
	}
}
