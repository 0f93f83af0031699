package backbone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"secura/atomicfile"
)

// The two sources of the plugin. The wheel is pinned: it holds the same XLA plugin (Apache-2.0).
const (
	releaseProject = "gomlx/pjrt-cpu-binaries"
	releaseVersion = "v0.114.0" // go-xla v0.4.1's default
	wheelProject   = "lammps-jax-pjrt-cpu"
	wheelVersion   = "0.11.2"
	wheelMember    = "lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so"
	wheelSHA256    = "1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1"
	wheelLibSHA256 = "ad1309ac822b1b24d51b7f9947c7c9fa9ef5d67f390584cbc3d1fa2428fed9c2"
	wheelFile      = "pjrt_c_api_cpu_v0.11.2_plugin.so" // with v, so that go-xla's plain "cpu" finds it
)

const (
	askTimeout   = 5 * time.Second  // for an address, and again for the first byte: networks that block fail within 10 s
	stallTimeout = 20 * time.Second // without a byte
)

// pluginSource is one place the plugin can be had from.
type pluginSource struct {
	project, file            string
	archiveSHA256, libSHA256 string // empty: the project publishes none
	address                  func() (string, error)
	extract                  func(archive, library string) error
}

var pluginSources = []pluginSource{
	{releaseProject + " " + releaseVersion, "pjrt_c_api_cpu_" + releaseVersion + "_plugin.so", "", "", releaseURL, extractRelease},
	{wheelProject + " " + wheelVersion, wheelFile, wheelSHA256, wheelLibSHA256, wheelURL, extractWheel},
}

// InstallPlugin installs the XLA CPU plugin in go-xla's default folder and returns its path; where
// one is there it returns that at once. It may be called by several processes at the same time.
// Each download, and each source that cannot be reached, is one line on log.
func InstallPlugin(ctx context.Context, log io.Writer) (string, error) {
	if !xlaSupported {
		return "", fmt.Errorf("install XLA plugin: %w", errNoXLA)
	}
	if path, ok := InstalledPlugin(); ok {
		return path, nil
	}
	dir, err := pluginHome()
	if err != nil {
		return "", fmt.Errorf("install XLA plugin: %w", err)
	}
	if log == nil {
		log = io.Discard
	}
	return installFrom(ctx, pluginSources, dir, log)
}

// installFrom takes the first source that works. Only one process at a time installs into dir.
func installFrom(ctx context.Context, sources []pluginSource, dir string, log io.Writer) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("install XLA plugin: %w", err)
	}
	lock := flock.New(filepath.Join(dir, ".install.lock"))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return "", fmt.Errorf("install XLA plugin: lock %s: %w", lock.Path(), err)
	}
	defer lock.Unlock()

	for _, s := range sources { // another process may have installed one while this one waited
		path := filepath.Join(dir, s.file)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	var failures []error
	for _, s := range sources {
		path, err := s.install(ctx, dir, log)
		if err == nil {
			return path, nil
		}
		if ctx.Err() != nil {
			return "", fmt.Errorf("install XLA plugin: %w", ctx.Err())
		}
		line := oneLine(err)
		fmt.Fprintf(log, "XLA plugin: not from the project %s: %s\n", s.project, line)
		failures = append(failures, fmt.Errorf("%s: %s", s.project, line))
	}
	return "", fmt.Errorf("install XLA plugin in %s: %w", dir, errors.Join(failures...))
}

// install downloads, checks and extracts under temporary names in dir, then renames: a half plugin
// is never seen.
func (s pluginSource) install(ctx context.Context, dir string, log io.Writer) (string, error) {
	work, err := os.MkdirTemp(dir, ".install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	archive, library := filepath.Join(work, "archive.tar.gz"), filepath.Join(work, s.file)

	address, err := withTimeout(ctx, askTimeout, s.address)
	if err != nil {
		return "", fmt.Errorf("find the download: %w", err)
	}
	path := filepath.Join(dir, s.file)
	started := func(size int64) {
		fmt.Fprintf(log, "XLA plugin: downloading from the project %s, %s, into %s\n", s.project, megabytes(size), path)
	}
	if err := download(ctx, address, archive, started); err != nil {
		return "", fmt.Errorf("download: %w", err)
	}
	if err := checkSHA256("archive", archive, s.archiveSHA256); err != nil {
		return "", err
	}
	if err := s.extract(archive, library); err != nil {
		return "", fmt.Errorf("extract: %w", err)
	}
	if err := checkSHA256("library", library, s.libSHA256); err != nil {
		return "", err
	}
	if err := settle(library); err != nil {
		return "", err
	}
	return path, os.Rename(library, path)
}

// settle makes a library executable and puts it on the disk, before it gets the name under which it
// is trusted.
func settle(library string) error {
	f, err := os.Open(library)
	if err != nil {
		return err
	}
	defer f.Close()
	return cmp.Or(f.Chmod(0o755), f.Sync())
}

func checkSHA256(what, path, want string) error {
	if want == "" {
		return nil
	}
	got, _, err := atomicfile.SHA256(path)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%s has sha256 %s, expected %s", what, got, want)
	}
	return nil
}

// oneLine is an error without the addresses that its layers repeat.
func oneLine(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func megabytes(n int64) string {
	if n < 0 {
		return "size not given"
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// withTimeout bounds a call that takes no context; the call itself is left to end by itself.
func withTimeout(ctx context.Context, limit time.Duration, call func() (string, error)) (string, error) {
	type result struct {
		s   string
		err error
	}
	done := make(chan result, 1)
	go func() {
		s, err := call()
		done <- result{s, err}
	}()
	select {
	case r := <-done:
		return r.s, r.err
	case <-time.After(limit):
		return "", fmt.Errorf("no answer within %s", limit)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// download writes the address to path; started is called once, with the size or -1, when the first
// bytes come.
func download(ctx context.Context, address, path string, started func(size int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alarm := time.AfterFunc(askTimeout, func() { cancel(errors.New("the server stopped answering")) })
	defer alarm.Stop()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, response.Status)
	}
	started(response.ContentLength)
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer out.Close()
	for {
		alarm.Reset(stallTimeout)
		if _, err := io.CopyN(out, response.Body, 64<<10); err == io.EOF {
			break
		} else if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return err
		}
	}
	return out.Close()
}
