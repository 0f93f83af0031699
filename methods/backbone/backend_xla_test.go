//go:build cgo && linux && amd64

package backbone

import (
	"archive/tar"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/go-xla/installer"
)

func TestExtractRelease(t *testing.T) {
	dir := t.TempDir()
	archive, library := filepath.Join(dir, "archive.tar.gz"), filepath.Join(dir, "library")
	for name, want := range map[string]bool{"README": false, "pjrt_c_api_cpu_v0.114.0_plugin.so": true} {
		f, err := os.Create(archive)
		if err != nil {
			t.Fatal(err)
		}
		z := gzip.NewWriter(f)
		w := tar.NewWriter(z)
		w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: 4})
		w.Write([]byte("text"))
		w.Close()
		z.Close()
		f.Close()
		err = extractRelease(archive, library)
		if got, _ := os.ReadFile(library); (err == nil) != want || (want && string(got) != "text") {
			t.Errorf("%s: %v, library %q", name, err, got)
		}
		os.Remove(library)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
}

// TestGoXLAFoldersAgree holds the folder of installed plugins to go-xla's own.
func TestGoXLAFoldersAgree(t *testing.T) {
	t.Setenv("HOME", "/home/someone")
	lib, err := installer.DefaultHomeLibPath()
	if err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(lib, "go-xla")
	if got, _ := pluginHome(); got != want {
		t.Errorf("got %s, go-xla uses %s", got, want)
	}
}
