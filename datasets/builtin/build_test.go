package builtin

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// update rewrites the embedded files: go test ./datasets/builtin -run TestBuild -update
var update = flag.Bool("update", false, "write the embedded Parquet files again")

func TestBuildMakesTheEmbeddedFiles(t *testing.T) {
	dir := t.TempDir()
	if *update {
		dir = "data"
	}
	if err := Build(dir); err != nil {
		t.Fatal(err)
	}
	if *update {
		return
	}
	built := 0
	for _, name := range Names() {
		for _, split := range Splits {
			want, err := os.ReadFile(filepath.Join(dir, name, split+".parquet"))
			if os.IsNotExist(err) {
				if _, err := File(name, split); err == nil {
					t.Errorf("%s: split %s is embedded but not built", name, split)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := File(name, split)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: split %s differs from the embedded file; rebuild with -update", name, split)
			}
			built++
		}
	}
	if want := 16*3 + 2; built != want {
		t.Errorf("%d files were built, expected %d", built, want)
	}
}

func TestFileRefusesWhatIsNotThere(t *testing.T) {
	for _, c := range [][2]string{{"syllogism", "test"}, {"knowledge_choice", "train"}, {"syllogisms", "dev"}} {
		if _, err := File(c[0], c[1]); err == nil {
			t.Errorf("File(%q, %q) gave no error", c[0], c[1])
		}
	}
}
