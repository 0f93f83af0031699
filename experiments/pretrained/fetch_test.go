package pretrained

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestACachedModelGetsTheSmallFilesOfItsRepository has nano in the hub's cache with the files that
// must be there, as other programs leave a model, and a hub whose repository has one more. It is
// asked once. A run that goes on, and one that may not download, take what is there.
func TestACachedModelGetsTheSmallFilesOfItsRepository(t *testing.T) {
	const commit, settings = "0123456789abcdef0123456789abcdef01234567", `{"eos_token_id": 7}`
	var requests []string
	up := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.URL.Path)
		switch {
		case !up:
			w.WriteHeader(http.StatusUnauthorized)
		case strings.HasPrefix(r.URL.Path, "/api/"):
			fmt.Fprintf(w, `{"sha": %q, "siblings": [{"rfilename": "generation_config.json"}, {"rfilename": "config.json"}]}`, commit)
		default:
			sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(settings), settings))
			w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
			w.Header().Set("Content-Length", fmt.Sprint(len(settings)))
			if r.Method != http.MethodHead {
				fmt.Fprint(w, settings)
			}
		}
	}))
	defer server.Close()
	home := t.TempDir()
	for key, value := range map[string]string{"HF_HOME": home, "HF_HUB_CACHE": "", "HUGGINGFACE_HUB_CACHE": "", "TRANSFORMERS_OFFLINE": "", "HF_ENDPOINT": server.URL, "HF_TOKEN": "", "HF_HUB_OFFLINE": "1"} {
		t.Setenv(key, value)
	}
	folder := filepath.Join(home, "hub", "models--org--model")
	snapshot := filepath.Join(folder, "snapshots", commit)
	if err := os.CopyFS(snapshot, os.DirFS("../../methods/backbone/nano/files")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(folder, "refs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "refs", "main"), []byte(commit), 0o644); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	fetch := func(goesOn bool, asked int, ends ...int32) {
		t.Helper()
		requests = nil
		if err := Fetch(t.Context(), "org/model", goesOn, &log); err != nil {
			t.Fatal(err)
		}
		b, err := OpenTexts("org/model", Options{})
		if err != nil || !slices.Equal(b.Ends, ends) || len(requests) != asked {
			t.Errorf("ends %v, expected %v; requests %q, expected %d; %v", b.Ends, ends, requests, asked, err)
		}
	}
	fetch(false, 0, 1023) // offline
	t.Setenv("HF_HUB_OFFLINE", "")
	fetch(true, 0, 1023) // a run that goes on
	up = false
	fetch(false, 1, 1023)
	if !strings.Contains(log.String(), "used as it is") {
		t.Errorf("it says %q", log.String())
	}
	up = true
	fetch(false, 3, 7) // the list, the file's size and sum, the file
	fetch(false, 0, 7) // what the repository lacks was noted
}
