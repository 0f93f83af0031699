package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// largestAnswer bounds a listing, in bytes.
const largestAnswer = 64 << 20

// newClient follows redirects, as large files are served by another host, without the token and
// never from https to http.
func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 30 * time.Second
	transport.DialContext = (&net.Dialer{Timeout: 15 * time.Second}).DialContext
	return &http.Client{Transport: transport, CheckRedirect: func(request *http.Request, before []*http.Request) error {
		switch first := before[0].URL; {
		case len(before) >= 10:
			return errors.New("more than 10 redirects")
		case first.Scheme == "https" && request.URL.Scheme != "https":
			return errors.New("a redirect from https to " + request.URL.Scheme)
		case first.Host != request.URL.Host && request.Method == http.MethodHead:
			return http.ErrUseLastResponse // the hub's own answer has the checksum
		case first.Host != request.URL.Host:
			request.Header.Del("Authorization")
		}
		return nil
	}}
}

// statusError is an answer that is not a success.
type statusError struct {
	code  int
	token bool // one was sent
}

func (e *statusError) Error() string {
	advice := ""
	switch {
	case e.code == http.StatusUnauthorized && e.token:
		advice = ": the token in HF_TOKEN, or that `hf auth login` has stored, is not valid"
	case e.code == http.StatusUnauthorized:
		advice = ": there is no such repository, or it wants a token: run `hf auth login`, or give one in HF_TOKEN"
	case e.code == http.StatusForbidden:
		advice = ": access is not granted; accept the terms on the repository's page and give a token of that account by `hf auth login` or in HF_TOKEN"
	case e.code == http.StatusNotFound:
		advice = ": there is no such repository, revision or file, or it is private to others than the token's account"
	}
	return fmt.Sprintf("the hub answers %d %s%s", e.code, http.StatusText(e.code), advice)
}

// passing says whether the same request may succeed later.
func passing(err error) bool {
	var status *statusError
	if errors.As(err, &status) {
		return status.code >= 500 || status.code == http.StatusTooManyRequests || status.code == http.StatusRequestTimeout
	}
	var name *net.DNSError
	if errors.As(err, &name) && name.IsNotFound { // no network, or another one
		return false
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errStalled)
}

// request sends one request; the caller closes the body.
func (h *Hub) request(ctx context.Context, method, path string, offset int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, h.endpoint+path, nil)
	if err != nil {
		return nil, errors.New("HF_ENDPOINT does not make a web address")
	}
	request.Header.Set("User-Agent", "secura")
	request.Header.Set("Accept-Encoding", "identity") // lengths and checksums are those of the file
	if h.token != "" {
		request.Header.Set("Authorization", "Bearer "+h.token)
	}
	if offset > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	response, err := h.client.Do(request)
	var failed *url.Error
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("reach the hub: %w", failed.Err) // the address of a redirect may hold a signature
	}
	if err != nil {
		return nil, err
	}
	redirected := method == http.MethodHead && response.StatusCode >= 300 && response.StatusCode < 400
	if response.StatusCode >= 300 && !redirected {
		response.Body.Close()
		return nil, &statusError{response.StatusCode, h.token != ""}
	}
	return response, nil
}

// escape writes a path into a web address.
func escape(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// list asks for the commit of a revision and the files in it.
func (h *Hub) list(ctx context.Context, r Repository) (found listing, err error) {
	response, err := h.request(ctx, http.MethodGet, fmt.Sprintf("/api/%ss/%s/revision/%s", r.Kind, r.Name, url.PathEscape(r.revision())), 0)
	if err != nil {
		return listing{}, err
	}
	defer response.Body.Close()
	var answer struct {
		SHA      string
		Siblings []struct {
			Path string `json:"rfilename"`
		}
		Card struct {
			Configs json.RawMessage `json:"configs"`
		} `json:"cardData"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, largestAnswer)).Decode(&answer); err != nil {
		return listing{}, fmt.Errorf("read the list of files: %w", err)
	}
	if !commitPattern.MatchString(answer.SHA) {
		return listing{}, fmt.Errorf("read the list of files: %.60q is not a commit", answer.SHA)
	}
	for _, s := range answer.Siblings {
		if !localPath(s.Path) {
			return listing{}, fmt.Errorf("read the list of files: the path %.200q could lie outside the repository's folder", s.Path)
		}
		found.files = append(found.files, s.Path)
	}
	slices.Sort(found.files)
	found.commit, found.files, found.configs = answer.SHA, slices.Compact(found.files), answer.Card.Configs
	return found, nil
}

// listing is what the hub tells of a revision: its commit, its files, and the configs of its
// README's metadata as JSON.
type listing struct {
	commit  string
	files   []string
	configs []byte
}

// remote is what the hub tells of a file: its size, and its SHA-256 for a large file or its git
// object's SHA-1.
type remote struct {
	path, checksum string
	size           int64
}

var checksumPattern = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// inspect asks for a file's size and checksum. path is that of the file's address.
func (h *Hub) inspect(ctx context.Context, path string) (remote, error) {
	response, err := h.request(ctx, http.MethodHead, path, 0)
	if err != nil {
		return remote{}, err
	}
	response.Body.Close()
	first := func(keys ...string) string {
		for _, key := range keys {
			if value := response.Header.Get(key); value != "" {
				return value
			}
		}
		return ""
	}
	tag := strings.Trim(strings.TrimPrefix(first("X-Linked-Etag", "ETag"), "W/"), `"`)
	if !checksumPattern.MatchString(tag) {
		return remote{}, fmt.Errorf("the hub gives no checksum; its tag is %.80q", tag)
	}
	size, err := strconv.ParseInt(first("X-Linked-Size", "Content-Length"), 10, 64)
	if err != nil || size < 0 {
		return remote{}, errors.New("the hub gives no size")
	}
	return remote{path, tag, size}, nil
}
