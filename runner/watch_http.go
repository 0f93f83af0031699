package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"secura/experiments/rundir"
	"secura/reports"
	"secura/reports/page"
	"secura/reports/report"
)

// pageServer serves a run's page, made again when its records have changed: at /, and of each of
// several backbones at /LABEL/, with the newest state at page below either.
type pageServer struct {
	run rundir.Run

	mu      sync.Mutex
	version string
	report  *report.Report
	pages   map[string][]byte // by label, those that were asked for in this version
}

// newest is the page of what the run's files say now, of the backbone with a label, or with "" of
// all. ok is false where there is no such backbone.
func (s *pageServer) newest(label string) (version string, content []byte, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if version, err = versionOf(s.run); err != nil {
		return "", nil, false, err
	}
	if version != s.version {
		r, err := reports.Load(s.run)
		if err != nil {
			return "", nil, false, err
		}
		s.version, s.report, s.pages = version, r, map[string][]byte{}
	}
	if s.pages[label] != nil {
		return version, s.pages[label], true, nil
	}
	shown := s.report
	if label != "" {
		i := slices.IndexFunc(s.report.Backbones, func(part *report.Report) bool { return part.Label == label })
		if i < 0 {
			return version, nil, false, nil
		}
		shown = s.report.Backbones[i]
	}
	var out bytes.Buffer
	if err := page.WriteLive(&out, shown, version); err != nil {
		return "", nil, false, err
	}
	s.pages[label] = out.Bytes()
	return version, s.pages[label], true, nil
}

// labelOf takes the path of a page apart: /, /page, /LABEL/ or /LABEL/page.
func labelOf(path string) (label string, ok bool) {
	path, ok = strings.CutPrefix(path, "/")
	if path = strings.TrimSuffix(path, "page"); path == "" {
		return "", ok
	}
	label, ended := strings.CutSuffix(path, "/")
	return label, ok && ended && label != "" && !strings.Contains(label, "/")
}

// versionOf names the state of a run by the sizes of the files that its page is made of.
func versionOf(run rundir.Run) (string, error) {
	cells, err := run.Cells()
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	paths := []string{run.Manifest()}
	for _, c := range cells {
		paths = append(paths, c.Records(), c.Status())
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
	}
	return hex.EncodeToString(hash.Sum(nil)[:8]), nil
}

func (s *pageServer) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	label, ok := labelOf(q.URL.Path)
	if !ok {
		http.NotFound(w, q)
		return
	}
	if q.Method != http.MethodGet && q.Method != http.MethodHead {
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	version, content, ok, err := s.newest(label)
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	case !ok:
		http.NotFound(w, q)
		return
	}
	header := w.Header()
	header.Set("X-Version", version)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Referrer-Policy", "no-referrer")
	if q.URL.Query().Get("after") == version {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	w.Write(content)
}

// onlyNamed refuses requests under another name than the machine's own: a page of the web could
// otherwise have its name point here and read the run.
func onlyNamed(names []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		host, _, err := net.SplitHostPort(q.Host)
		if err != nil {
			host = q.Host
		}
		if !slices.Contains(names, strings.Trim(host, "[]")) {
			http.Error(w, "this server answers under "+strings.Join(names, ", ")+" only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, q)
	})
}

// listenAddress is where -http listens: a port alone is one of this machine's loopback. open says
// that others can reach it.
func listenAddress(flag string) (address string, open bool, err error) {
	host, port, err := net.SplitHostPort(flag)
	if err != nil || port == "" {
		return "", false, fmt.Errorf("-http %q is no address: expected :PORT or HOST:PORT, such as :8080", flag)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	ip := net.ParseIP(host)
	open = host != "localhost" && (ip == nil || !ip.IsLoopback())
	return net.JoinHostPort(host, port), open, nil
}

// serve begins to serve a run's page. failed tells once why it cannot go on; stop stops it.
func serve(run rundir.Run, flag string, stderr io.Writer) (failed <-chan error, stop func() error, err error) {
	address, open, err := listenAddress(flag)
	if err != nil {
		return nil, nil, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, nil, fmt.Errorf("serve the page: %w", err)
	}
	var handler http.Handler = &pageServer{run: run}
	if open {
		fmt.Fprintf(stderr, "warning: anyone who can reach %s can read this run: prompts, answers, settings\n", address)
	} else {
		handler = onlyNamed([]string{"localhost", "127.0.0.1", "::1"}, handler)
	}
	fmt.Fprintf(stderr, "the page of the run: http://%s/\n", listener.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() {
		defer close(ended)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			ended <- err
		}
	}()
	return ended, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return errors.Join(server.Shutdown(ctx), <-ended)
	}, nil
}
