package hub

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const testCommit = "0123456789abcdef0123456789abcdef01234567"

// server imitates the hub: large files are redirected to a second server, small ones come at once.
// Its fields say what goes wrong; the first cut answers end after half of what was asked for.
type server struct {
	t              *testing.T
	files          map[string]string // by path
	listed         []string          // what the listing names beyond them
	configs        string            // of the README's metadata, as JSON
	token          string            // wanted, "" for none
	status         int               // of each answer but 200
	damaged, whole bool              // content differs from its checksum; ranges are not served
	cut, busy      int               // how many answers are cut off, are 503

	lock             sync.Mutex
	endpoint         string
	content          *httptest.Server
	requests, ranges []string
}

func start(t *testing.T, s *server) *server {
	s.t = t
	main := httptest.NewServer(http.HandlerFunc(s.serve))
	s.content = httptest.NewServer(http.HandlerFunc(s.serveContent))
	t.Cleanup(main.Close)
	t.Cleanup(s.content.Close)
	s.endpoint = main.URL
	return s
}

func large(path string) bool {
	return strings.HasSuffix(path, ".safetensors") || strings.HasSuffix(path, ".parquet")
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	switch {
	case s.busy > 0:
		s.busy--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token:
		w.WriteHeader(http.StatusUnauthorized)
		return
	case s.status != 0:
		w.WriteHeader(s.status)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		var answer struct {
			SHA      string              `json:"sha"`
			Siblings []map[string]string `json:"siblings"`
			Card     map[string]any      `json:"cardData"`
		}
		if s.configs != "" {
			answer.Card = map[string]any{"configs": json.RawMessage(s.configs)}
		}
		answer.SHA = testCommit
		for _, name := range slices.AppendSeq(slices.Clone(s.listed), maps.Keys(s.files)) {
			answer.Siblings = append(answer.Siblings, map[string]string{"rfilename": name})
		}
		json.NewEncoder(w).Encode(answer)
		return
	}
	_, name, _ := strings.Cut(r.URL.Path, "/resolve/"+testCommit+"/")
	content, ok := s.files[name]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if !large(name) {
		sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
		return
	}
	sum := sha256.Sum256([]byte(content))
	w.Header().Set("X-Linked-Etag", `"`+hex.EncodeToString(sum[:])+`"`)
	w.Header().Set("X-Linked-Size", fmt.Sprint(len(content)))
	http.Redirect(w, r, s.content.URL+"/"+name+"?signature=secret", http.StatusFound)
}

// serveContent is the other host, which must not see the token.
func (s *server) serveContent(w http.ResponseWriter, r *http.Request) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if r.Header.Get("Authorization") != "" {
		s.t.Error("the token went to another host")
	}
	s.ranges = append(s.ranges, path.Base(r.URL.Path)+" "+r.Header.Get("Range"))
	content := []byte(s.files[strings.TrimPrefix(r.URL.Path, "/")])
	if s.damaged {
		content = bytes.ToUpper(content)
	}
	if s.whole {
		r.Header.Del("Range")
	}
	if s.cut > 0 {
		s.cut--
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:len(content)/2])
		panic(http.ErrAbortHandler)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func testHub(t *testing.T, s *server, log io.Writer, variables ...string) *Hub {
	t.Helper()
	values := map[string]string{"HF_HOME": t.TempDir(), "HF_ENDPOINT": s.endpoint + "/"}
	for i := 0; i < len(variables); i += 2 {
		values[variables[i]] = variables[i+1]
	}
	h, err := New(func(key string) string { return values[key] }, log)
	if err != nil {
		t.Fatal(err)
	}
	h.pause = time.Millisecond
	return h
}
