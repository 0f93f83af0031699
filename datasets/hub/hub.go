// Package hub finds models and data sets in the cache of Hugging Face's hub and downloads what is
// missing, in the layout that the Python library reads and writes. In comes ORG/NAME and a
// revision; out come paths of files whose checksums were compared. Read Hub first.
package hub

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Kind is what a repository holds.
type Kind string

// The kinds of repositories.
const (
	Model   Kind = "model"
	Dataset Kind = "dataset"
)

// Repository is one revision of a repository.
type Repository struct {
	Kind Kind
	// Name is ORG/NAME.
	Name string
	// Revision is a branch, a tag, a reference such as refs/convert/parquet, or a commit; "" is
	// main.
	Revision string
}

var (
	namePattern   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)
	commitPattern = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// ValidName says whether a text could be the name of a repository, ORG/NAME.
func ValidName(name string) bool {
	return len(name) <= 200 && namePattern.MatchString(name) && !strings.Contains(name, "--") && !strings.Contains(name, "..")
}

func (r Repository) revision() string {
	if r.Revision == "" {
		return "main"
	}
	return r.Revision
}

func (r Repository) check() error {
	switch {
	case !ValidName(r.Name):
		return fmt.Errorf("%q is no repository's name; expected ORG/NAME", r.Name)
	case !localPath(r.revision()):
		return fmt.Errorf("%q is no revision", r.Revision)
	}
	return nil
}

// folder is the repository's folder in the cache.
func (r Repository) folder() string {
	return string(r.Kind) + "s--" + strings.ReplaceAll(r.Name, "/", "--")
}

// localPath says whether a path with slashes names something below the folder that it is joined to.
func localPath(path string) bool {
	return fs.ValidPath(path) && path != "." && !strings.ContainsAny(path, "\\:\x00") && filepath.IsLocal(filepath.FromSlash(path))
}

// defaultEndpoint is the hub that the protocol belongs to; HF_ENDPOINT names another.
const defaultEndpoint = "https://huggingface.co"

// Hub is the cache on this machine and the server behind it.
type Hub struct {
	cache, endpoint, token string
	offline                bool
	log                    io.Writer
	client                 *http.Client
	pause                  time.Duration // before the first repetition of a request; it doubles
}

// New reads the variables that the Python library reads: HF_HUB_CACHE or its older name
// HUGGINGFACE_HUB_CACHE, else HF_HOME, else XDG_CACHE_HOME place the cache, HF_ENDPOINT names the
// server, and HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE forbids downloads. The access token is
// HF_TOKEN, else the content of the file HF_TOKEN_PATH, which is token in HF_HOME unless it is
// given, where `hf auth login` puts it; it goes to the server alone and is never printed. A path
// may begin with ~. A line for each download goes to log, which may be nil.
func New(getenv func(string) string, log io.Writer) (*Hub, error) {
	h := &Hub{endpoint: strings.TrimRight(getenv("HF_ENDPOINT"), "/"), log: log, pause: time.Second}
	for _, name := range []string{"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"} {
		h.offline = h.offline || slices.Contains([]string{"1", "on", "yes", "true"}, strings.ToLower(getenv(name)))
	}
	if h.log == nil {
		h.log = io.Discard
	}
	if h.endpoint == "" {
		h.endpoint = defaultEndpoint
	}
	if u, err := url.Parse(h.endpoint); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("HF_ENDPOINT is not a web address such as https://HOST")
	}
	home, noHome := homeFolder(getenv)
	h.cache = expanded(cmp.Or(getenv("HF_HUB_CACHE"), getenv("HUGGINGFACE_HUB_CACHE")), getenv)
	if h.cache == "" {
		if noHome != nil {
			return nil, fmt.Errorf("find the hub's cache: %w; set HF_HOME", noHome)
		}
		h.cache = filepath.Join(home, "hub")
	}
	if h.token = strings.TrimSpace(getenv("HF_TOKEN")); h.token == "" {
		path := expanded(getenv("HF_TOKEN_PATH"), getenv)
		if path == "" && noHome == nil {
			path = filepath.Join(home, "token")
		}
		h.token = storedToken(path)
	}
	h.client = newClient()
	return h, nil
}

// homeFolder is the folder of the hub's library.
func homeFolder(getenv func(string) string) (string, error) {
	if home := getenv("HF_HOME"); home != "" {
		return expanded(home, getenv), nil
	}
	caches := expanded(getenv("XDG_CACHE_HOME"), getenv)
	if caches == "" {
		user, err := userFolder(getenv)
		if err != nil {
			return "", err
		}
		caches = filepath.Join(user, ".cache")
	}
	return filepath.Join(caches, "huggingface"), nil
}

// userFolder is what ~ stands for.
func userFolder(getenv func(string) string) (string, error) {
	if home := getenv("HOME"); home != "" {
		return home, nil
	}
	return os.UserHomeDir()
}

// expanded is a path whose ~ at its beginning is the user's folder, where that is known.
func expanded(path string, getenv func(string) string) string {
	rest, short := strings.CutPrefix(path, "~")
	if !short || rest != "" && !os.IsPathSeparator(rest[0]) {
		return path
	}
	user, err := userFolder(getenv)
	if err != nil {
		return path
	}
	return filepath.Join(user, rest)
}

// longestToken bounds an access token's file; tokens have 40 bytes.
const longestToken = 4096

// storedToken is the access token in a file; empty where there is none.
func storedToken(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, longestToken+1))
	token := strings.TrimSpace(string(content))
	if err != nil || len(content) > longestToken || strings.ContainsFunc(token, unicode.IsSpace) || strings.ContainsFunc(token, unicode.IsControl) {
		return ""
	}
	return token
}

// Cache is the cache's folder.
func (h *Hub) Cache() string { return h.cache }

// Snapshot is the folder of a revision in the cache; the error is fs.ErrNotExist where there is
// none. Whether the files that a reader needs are all in it is for the reader to say: a snapshot
// may hold some of a repository's files.
func (h *Hub) Snapshot(r Repository) (string, error) {
	if err := r.check(); err != nil {
		return "", err
	}
	folder, commit := filepath.Join(h.cache, r.folder()), r.revision()
	if !commitPattern.MatchString(commit) {
		path := filepath.Join(folder, "refs", filepath.FromSlash(r.revision()))
		content, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("find %s in the hub's cache: %w", r.Name, err)
		}
		if commit = strings.TrimSpace(string(content)); !commitPattern.MatchString(commit) {
			return "", fmt.Errorf("find %s in the hub's cache: %s does not hold a commit", r.Name, path)
		}
	}
	snapshot := filepath.Join(folder, "snapshots", commit)
	if _, err := os.Stat(snapshot); err != nil {
		return "", fmt.Errorf("find %s in the hub's cache: %w", r.Name, err)
	}
	return snapshot, nil
}
