package hub

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writeFiles writes files below a folder.
func writeFiles(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCardsTellLicensesInEachForm(t *testing.T) {
	for readme, want := range map[string][]string{
		"---\nlicense: mit\n---\n# Set\n": {"mit"},
		"---\r\nlicense:\r\n- cc-by-sa-3.0\r\n- gfdl\r\ntags: {a: [1]}\r\n---\r\n# Set\r\n": {"cc-by-sa-3.0", "gfdl"},
		"\ufeff---\nlicense: other\nlicense_name: tongyi\nlicense_link: LICENSE\n---\n":     {"other: tongyi LICENSE"},
		"---\nlicense: other\n---\n":          {"other"},
		"---\ntags: [x]\n---\nlicense: mit\n": nil,
		"# license: mit\n":                    nil,
		"":                                    nil,
	} {
		folder := t.TempDir()
		writeFiles(t, folder, map[string]string{"README.md": readme})
		card, found, err := ReadCard(folder)
		if err != nil || !found || !slices.Equal(card.Licenses, want) || strings.Contains(card.Text, "license_name") {
			t.Errorf("%q: %+v, %v, %v", readme, card, found, err)
		}
	}
	for readme, want := range map[string]string{
		"---\nlicense: mit\n":                "no line of three dashes ends it",
		"---\nlicense: {a: b}\n---\n":        "license: ",
		"---\n\tlicense: mit\n---\n":         "yaml: ",
		strings.Repeat("x", largestCard+100): "more than 4194304 bytes",
	} {
		folder := t.TempDir()
		writeFiles(t, folder, map[string]string{"README.md": readme, "origin.json": `{"name": "org/set", "revision": "a"}`})
		card, found, err := ReadCard(folder)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "README.md") || !found || card.Name != "org/set" {
			t.Errorf("%.30q: %+v, %v, %v; want %q", readme, card, found, err, want)
		}
	}
	if _, found, err := ReadCard(t.TempDir()); found || err != nil {
		t.Errorf("of an empty folder: %v, %v", found, err)
	}
	folder := t.TempDir()
	writeFiles(t, folder, map[string]string{"origin.json": "[]"})
	if _, _, err := ReadCard(folder); err == nil || !strings.Contains(err.Error(), "origin.json") {
		t.Errorf("of a broken origin.json: %v", err)
	}
}

func TestASnapshotTellsItsName(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "models--org--a-model", "snapshots", testCommit)
	writeFiles(t, folder, map[string]string{"README.md": "---\nlicense: apache-2.0\n---\n"})
	card, found, err := ReadCard(folder)
	if err != nil || !found || card.Name != "org/a-model" || card.Revision != testCommit || !slices.Equal(card.Licenses, []string{"apache-2.0"}) {
		t.Errorf("%+v, %v, %v", card, found, err)
	}
}

func TestAFetchedDataSetHasItsCard(t *testing.T) {
	s := start(t, &server{files: map[string]string{"README.md": "---\nlicense: [mit]\n---\n@article{a,}\n", "data/train-00000-of-00001.parquet": "x"}})
	h, dir := testHub(t, s, nil), t.TempDir()
	for range 2 { // the second time the files are there
		if _, err := h.FetchDataset(context.Background(), Repository{Kind: Dataset, Name: "org/set"}, "", dir); err != nil {
			t.Fatal(err)
		}
		card, found, err := ReadCard(filepath.Join(dir, "set"))
		if err != nil || !found || card.Name != "org/set" || card.Revision != testCommit || !slices.Equal(card.Licenses, []string{"mit"}) || card.Text != "@article{a,}\n" {
			t.Errorf("%+v, %v, %v", card, found, err)
		}
	}
}

func FuzzReadCard(f *testing.F) {
	f.Add("---\nlicense: mit\n---\n# Set\n")
	f.Add("---\nlicense: [mit, &a b, *a]\n---\n")
	f.Add("---\nlicense: !!binary x\nlicense_name: [\n---\n")
	f.Fuzz(func(t *testing.T, readme string) {
		var card Card
		if err := card.read([]byte(readme)); err == nil && len(card.Text) > len(readme) {
			t.Errorf("%q has the text %q", readme, card.Text)
		}
	})
}
