package hub

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

var repository = Repository{Kind: Model, Name: "org/model"}

func all(files []string) ([]string, error) { return files, nil }

func model() map[string]string {
	return map[string]string{"config.json": `{"a": 1}`, "sub dir/model.safetensors": strings.Repeat("weights ", 5000)}
}

func checkFiles(t *testing.T, snapshot string, want map[string]string) {
	t.Helper()
	for name, content := range want {
		if got, err := os.ReadFile(filepath.Join(snapshot, name)); err != nil || string(got) != content {
			t.Errorf("%s: %d bytes (%v), expected %d", name, len(got), err, len(content))
		}
	}
}

func TestDownload(t *testing.T) {
	for _, kind := range []Kind{Model, Dataset} {
		var log bytes.Buffer
		s := start(t, &server{files: model(), token: "hf_secret", cut: 2, busy: 2})
		h := testHub(t, s, &log, "HF_TOKEN", "hf_secret")
		r := Repository{Kind: kind, Name: "org/model"}
		if _, err := h.Snapshot(r); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("an empty cache: %v", err)
		}
		snapshot, err := h.Download(context.Background(), r, all)
		if err != nil {
			t.Fatal(err)
		}
		checkFiles(t, snapshot, model())
		if found, err := h.Snapshot(r); err != nil || found != snapshot {
			t.Errorf("found %s (%v), expected %s", found, err, snapshot)
		}
		want := filepath.Join(h.Cache(), string(kind)+"s--org--model", "snapshots", testCommit)
		if snapshot != want {
			t.Errorf("the snapshot is %s, expected %s", snapshot, want)
		}
		if ranges := s.ranges; !slices.Equal(ranges, []string{"model.safetensors ", "model.safetensors bytes=20000-", "model.safetensors bytes=20000-"}) {
			t.Errorf("ranges %q: the second request did not go on where the first was cut off", ranges)
		}
		if strings.Contains(log.String(), "hf_secret") || strings.Contains(log.String(), "signature") || !strings.Contains(log.String(), "attempt 2 of 5") {
			t.Errorf("log %q", log.String())
		}
		s.requests, s.ranges = nil, nil
		if _, err := h.Download(context.Background(), r, all); err != nil || len(s.requests) != 1 || len(s.ranges) != 0 {
			t.Errorf("%v; a second download asks for %q", err, s.requests)
		}
	}
}

// TestACutOffDownloadGoesOn leaves a part of a file in the cache.
func TestACutOffDownloadGoesOn(t *testing.T) {
	for _, whole := range []bool{false, true} {
		s := start(t, &server{files: model(), cut: attempts, whole: whole})
		h := testHub(t, s, nil)
		if _, err := h.Download(context.Background(), repository, all); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
			t.Fatalf("got %v", err)
		}
		if _, err := h.Snapshot(repository); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a download that failed is found: %v", err)
		}
		s.ranges = nil
		snapshot, err := h.Download(context.Background(), repository, all)
		if err != nil {
			t.Fatal(err)
		}
		checkFiles(t, snapshot, model())
		if len(s.ranges) != 1 || !strings.HasPrefix(s.ranges[0], "model.safetensors bytes=") {
			t.Errorf("ranges %q", s.ranges)
		}
	}
}

func TestDownloadRefuses(t *testing.T) {
	for _, c := range []struct {
		server    *server
		variables []string
		want      string
	}{
		{&server{damaged: true}, nil, "sub dir/model.safetensors: the checksum of what came is"},
		{&server{token: "x"}, nil, "401 Unauthorized: there is no such repository, or it wants a token: run `hf auth login`, or give one in HF_TOKEN"},
		{&server{token: "x"}, []string{"HF_TOKEN", "hf_secret"}, "the token in HF_TOKEN, or that `hf auth login` has stored, is not valid"},
		{&server{status: 403}, nil, "accept the terms on the repository's page"},
		{&server{status: 404}, nil, "there is no such repository, revision or file"},
		{&server{busy: 99}, nil, "503 Service Unavailable"},
		{&server{listed: []string{"../../outside"}}, nil, `the path "../../outside" could lie outside`},
		{&server{listed: []string{"/etc/passwd"}}, nil, `the path "/etc/passwd" could lie outside`},
		{&server{listed: []string{`..\outside`}}, nil, `could lie outside`},
		{&server{listed: []string{"absent.json"}}, nil, "absent.json: the hub answers 404"},
		{&server{}, []string{"HF_HUB_OFFLINE", "1"}, "HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE forbids"},
		{&server{}, []string{"TRANSFORMERS_OFFLINE", "yes"}, "TRANSFORMERS_OFFLINE forbids"},
	} {
		c.server.files = model()
		s := start(t, c.server)
		var log bytes.Buffer
		h := testHub(t, s, &log, c.variables...)
		_, err := h.Download(context.Background(), repository, func(files []string) ([]string, error) {
			slices.Sort(files)
			return files, nil
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "org/model") {
			t.Errorf("got %v, want %q", err, c.want)
		}
		if strings.Contains(err.Error()+log.String(), "hf_secret") {
			t.Errorf("the token is printed: %v %s", err, log.String())
		}
		left, _ := filepath.Glob(filepath.Join(h.Cache(), "*", "blobs", "*.incomplete"))
		if c.server.damaged && len(left) > 0 {
			t.Errorf("what has the wrong checksum is left: %v", left)
		}
	}
}

func TestServersThatTellTooLittle(t *testing.T) {
	s := start(t, &server{files: model()})
	h := testHub(t, s, nil)
	for _, name := range []string{"org", "org/..", "../x", "a/b/c", "org/a--b", "org/a b", ""} {
		if _, err := h.Download(context.Background(), Repository{Kind: Model, Name: name}, all); err == nil || ValidName(name) {
			t.Errorf("%q passes for a repository", name)
		}
	}
	if _, err := h.Download(context.Background(), Repository{Model, "org/model", "../../x"}, all); err == nil {
		t.Error("a revision outside passes")
	}
	if _, err := h.Download(context.Background(), repository, func([]string) ([]string, error) { return []string{"other"}, nil }); err == nil {
		t.Error("a file outside the listing passes")
	}
	if _, err := New(func(string) string { return "ftp:/x" }, nil); err == nil || !strings.Contains(err.Error(), "HF_ENDPOINT") {
		t.Error(err)
	}
}

// TestOneOfSeveralDownloads starts the same download several times at once.
func TestOneOfSeveralDownloads(t *testing.T) {
	s := start(t, &server{files: model()})
	h := testHub(t, s, nil)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			snapshot, err := h.Download(context.Background(), repository, all)
			if err != nil {
				t.Error(err)
				return
			}
			checkFiles(t, snapshot, model())
		})
	}
	group.Wait()
	if len(s.ranges) != 1 {
		t.Errorf("%d downloads of one file", len(s.ranges))
	}
}

func TestCachePlaces(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Skip(err)
	}
	values := map[string]string{}
	for _, step := range []struct{ key, value, want string }{
		{"", "", filepath.Join(home, ".cache", "huggingface", "hub")},
		{"XDG_CACHE_HOME", "/x", filepath.Join("/x", "huggingface", "hub")},
		{"HOME", "/user", filepath.Join("/x", "huggingface", "hub")},
		{"HF_HOME", "~/h", filepath.Join("/user", "h", "hub")},
		{"HF_HOME", "~h", filepath.Join("~h", "hub")},
		{"HF_HOME", "/h", filepath.Join("/h", "hub")},
		{"HUGGINGFACE_HUB_CACHE", "~", "/user"},
		{"HF_HUB_CACHE", "/c", "/c"},
	} {
		values[step.key] = step.value
		h, err := New(func(key string) string { return values[key] }, nil)
		if err != nil || h.Cache() != step.want {
			t.Errorf("with %v the cache is %s (%v), expected %s", slices.Sorted(maps.Keys(values)), h.Cache(), err, step.want)
		}
	}
}

// TestStoredToken takes the token that hf auth login stores, unless a variable has one.
func TestStoredToken(t *testing.T) {
	home, other := t.TempDir(), filepath.Join(t.TempDir(), "mine")
	for path, content := range map[string]string{filepath.Join(home, "token"): "hf_stored\n", other: " hf_other "} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		variables map[string]string
		want      string
	}{
		{map[string]string{"HF_HOME": t.TempDir()}, ""},
		{map[string]string{"HF_HOME": home}, "hf_stored"},
		{map[string]string{"HF_HOME": home, "HF_TOKEN_PATH": other}, "hf_other"},
		{map[string]string{"HF_HOME": home, "HF_TOKEN_PATH": "~/mine", "HOME": filepath.Dir(other)}, "hf_other"},
		{map[string]string{"HF_HOME": home, "HF_TOKEN_PATH": home}, ""}, // a folder
		{map[string]string{"HF_HOME": home, "HF_TOKEN": "hf_given"}, "hf_given"},
	} {
		h, err := New(func(key string) string { return c.variables[key] }, nil)
		if err != nil || h.token != c.want {
			t.Errorf("%v: the token is %q, expected %q (%v)", c.variables, h.token, c.want, err)
		}
	}
	if err := os.WriteFile(other, []byte("two words"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := storedToken(other); got != "" {
		t.Errorf("%q is no token", got)
	}
}
