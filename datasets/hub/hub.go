// Package hub finds models and data sets in the cache of Hugging Face's hub and downloads what is
// missing, in the layout that the Python library reads and writes. In comes ORG/NAME and a
// revision; out come paths of files whose checksums were compared. Read Hub first.
package hub

import (
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

// New reads the variables that the Python library reads: HF_HUB_CACHE, else HF_HOME, else
// XDG_CACHE_HOME place the cache, HF_ENDPOINT names the server, HF_TOKEN the access token, which
// goes to that server alone and is never printed, and HF_HUB_OFFLINE forbids downloads. A line for
// each download goes to log, which may be nil.
func New(getenv func(string) string, log io.Writer) (*Hub, error) {
	h := &Hub{cache: getenv("HF_HUB_CACHE"), endpoint: strings.TrimRight(getenv("HF_ENDPOINT"), "/"), token: getenv("HF_TOKEN"),
		offline: slices.Contains([]string{"1", "on", "yes", "true"}, strings.ToLower(getenv("HF_HUB_OFFLINE"))),
		log:     log, pause: time.Second}
	if h.log == nil {
		h.log = io.Discard
	}
	if h.endpoint == "" {
		h.endpoint = defaultEndpoint
	}
	if u, err := url.Parse(h.endpoint); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("HF_ENDPOINT is not a web address such as https://HOST")
	}
	if h.cache == "" {
		home := getenv("HF_HOME")
		if home == "" {
			caches := getenv("XDG_CACHE_HOME")
			if caches == "" {
				user, err := os.UserHomeDir()
				if err != nil {
					return nil, fmt.Errorf("find the hub's cache: %w; set HF_HOME", err)
				}
				caches = filepath.Join(user, ".cache")
			}
			home = filepath.Join(caches, "huggingface")
		}
		h.cache = filepath.Join(home, "hub")
	}
	h.client = newClient()
	return h, nil
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
