package rundir

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestARunIsPackedAndUnpacked(t *testing.T) {
	r := Run{t.TempDir()}
	c, again := r.Cell("a-s0-o0"), r.Again().Cell("a-s0-o0")
	for _, path := range []string{r.Again().Manifest(), again.Records(), again.Predictions(1), again.Lock(),
		filepath.Join(again.Checkpoint(1), "complete.json"), filepath.Join(again.Path, "claims", "0001.json"), r.Again().Again().Manifest(),
		r.Manifest(), r.Examples(), r.Table("t.csv"), c.Status(), c.Records(), c.Predictions(1), c.Seal(),
		c.Lock(), r.Lock(), filepath.Join(c.Checkpoint(1), "complete.json"), filepath.Join(c.Path, "claims", "0001.json"), filepath.Join(r.Path, "other", "x")} {
		if err := WriteBytes(path, []byte(path)); err != nil {
			t.Fatal(err)
		}
	}
	list := func(checkpoints bool) (names []string, packed []byte) {
		t.Helper()
		var out, again bytes.Buffer
		n, err := Pack(r, &out, checkpoints, map[string][]byte{"suite.yaml": []byte("name: x\n")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Pack(r, &again, checkpoints, map[string][]byte{"suite.yaml": []byte("name: x\n")}); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
			t.Fatal("equal files are packed otherwise", err)
		}
		dir := t.TempDir()
		if err := Unpack(bytes.NewReader(out.Bytes()), dir); err != nil {
			t.Fatal(err)
		}
		filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				name, _ := filepath.Rel(dir, path)
				names = append(names, name)
			}
			return err
		})
		if len(names) != n {
			t.Errorf("%d files were packed, %d unpacked", n, len(names))
		}
		return names, out.Bytes()
	}
	want := []string{"again/cells/a-s0-o0/predictions/01.parquet", "again/cells/a-s0-o0/records.jsonl", "again/manifest.json",
		"cells/a-s0-o0/predictions/01.parquet", "cells/a-s0-o0/records.jsonl", "cells/a-s0-o0/seal.json", "cells/a-s0-o0/status.json",
		"examples.parquet", "manifest.json", "suite.yaml", "tables/t.csv"}
	names, packed := list(false)
	if !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	if names, _ := list(true); len(names) != len(want)+2 || names[0] != "again/cells/a-s0-o0/checkpoint/01/complete.json" || !slices.Contains(names, "cells/a-s0-o0/checkpoint/01/complete.json") {
		t.Errorf("%q", names)
	}
	for _, cut := range []int{0, 10, len(packed) / 2, len(packed) - 1} {
		if err := Unpack(bytes.NewReader(packed[:cut]), t.TempDir()); err == nil {
			t.Errorf("a bundle of %d of %d bytes was unpacked", cut, len(packed))
		}
	}
}

func TestUnpackRefusesWhatLeavesTheFolder(t *testing.T) {
	for name, header := range map[string]tar.Header{
		"up":       {Name: "../x", Typeflag: tar.TypeReg},
		"deep up":  {Name: "a/../../x", Typeflag: tar.TypeReg},
		"absolute": {Name: "/tmp/x", Typeflag: tar.TypeReg},
		"inside":   {Name: "a/../x", Typeflag: tar.TypeReg},
		"link":     {Name: "x", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		"hard":     {Name: "x", Typeflag: tar.TypeLink, Linkname: "y"},
		"folder":   {Name: "x/", Typeflag: tar.TypeDir},
		"device":   {Name: "x", Typeflag: tar.TypeChar},
		"reverse":  {Name: `..\x`, Typeflag: tar.TypeReg},
		"empty":    {Name: "", Typeflag: tar.TypeReg},
	} {
		var out bytes.Buffer
		compressed, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		archive := tar.NewWriter(compressed)
		if err := archive.WriteHeader(&header); err != nil {
			t.Fatal(name, err)
		}
		archive.Close()
		compressed.Close()
		outside := t.TempDir()
		dir := filepath.Join(outside, "in")
		os.Mkdir(dir, 0o755)
		err = Unpack(&out, dir)
		if err == nil || !strings.Contains(err.Error(), "unpack bundle") {
			t.Errorf("%s: %v", name, err)
		}
		if entries, _ := os.ReadDir(outside); len(entries) != 1 {
			t.Errorf("%s: wrote %v", name, entries)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 0 {
			t.Errorf("%s: wrote %v", name, entries)
		}
	}
	if err := checkEntry(&tar.Header{Name: "x", Typeflag: tar.TypeReg, Size: 11}, 0, 10); err == nil {
		t.Error("more than what is left was taken")
	}
	if err := checkEntry(&tar.Header{Name: "x", Typeflag: tar.TypeReg}, mostUnpackedFiles, 10); err == nil {
		t.Error("more files than any run has were taken")
	}
}
