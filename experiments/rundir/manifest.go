package rundir

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sort"
)

// Manifest is the content of manifest.json: everything that decides a run's
// numbers.
type Manifest struct {
	// Suite is the resolved suite, every default written out.
	Suite json.RawMessage `json:"suite"`
	// Plan is the hash of the suite.
	Plan string `json:"plan"`
	// Modules maps each Go module, and "go" itself, to its version.
	Modules map[string]string `json:"modules"`
	// Revision is the code's; "-dirty" is appended to one with changes, and it
	// is empty where the build had no repository.
	Revision     string `json:"revision"`
	Backend      string `json:"backend"`
	PluginSHA256 string `json:"plugin_sha256,omitempty"`
	XLAFlags     string `json:"xla_flags,omitempty"`
	Processor    string `json:"processor"`
	// Files are the data files and the backbone's files.
	Files []File `json:"files"`
}

// Build fills in what the running program knows of itself: module versions
// and code revision.
func (m *Manifest) Build() {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return
	}
	m.Modules = map[string]string{"go": info.GoVersion}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		m.Modules[d.Path] = d.Version
	}
	dirty := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			m.Revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-dirty"
		}
	}
	if m.Revision != "" {
		m.Revision += dirty
	}
}

// ReadManifest reads manifest.json. A run that has none gives an error that
// is os.ErrNotExist.
func ReadManifest(r Run) (Manifest, error) {
	var m Manifest
	if err := ReadJSON(r.Manifest(), &m); err != nil {
		return Manifest{}, fmt.Errorf("read manifest: %w", err)
	}
	return m, nil
}

// WriteManifest writes manifest.json.
func WriteManifest(r Run, m Manifest) error { return WriteJSON(r.Manifest(), m) }

// Merge checks whether the run of old may be continued as new, and returns
// the manifest of both: the suite holds the methods of both and the larger
// numbers of seeds and orders (its Plan is new's; the caller hashes again
// where that matters). A setting or a file that changed is an error that
// names each difference. What may shift numbers without being a setting,
// such as another code revision or backend, comes back as warnings.
func Merge(old, new Manifest) (merged Manifest, warnings []string, err error) {
	suite, err := mergeSuites(old.Suite, new.Suite)
	if err != nil {
		return Manifest{}, nil, err
	}
	was := map[string]File{}
	for _, f := range old.Files {
		was[f.Path] = f
	}
	for _, f := range new.Files {
		o, ok := was[f.Path]
		if !ok {
			return Manifest{}, nil, fmt.Errorf("continue run: file %s was not there when the run began; give another -out", f.Path)
		}
		if o.SHA256 != f.SHA256 {
			return Manifest{}, nil, fmt.Errorf("continue run: file %s has changed: sha256 was %s, is %s; give another -out", f.Path, o.SHA256, f.SHA256)
		}
		delete(was, f.Path)
	}
	for _, f := range old.Files {
		if _, gone := was[f.Path]; gone {
			return Manifest{}, nil, fmt.Errorf("continue run: file %s is not there any more; give another -out", f.Path)
		}
	}
	merged = new
	merged.Suite = suite
	differ := func(what, a, b string) {
		if a != b {
			warnings = append(warnings, fmt.Sprintf("continued with another %s: was %q, is %q", what, a, b))
		}
	}
	differ("code revision", old.Revision, new.Revision)
	differ("backend", old.Backend, new.Backend)
	differ("plugin sha256", old.PluginSHA256, new.PluginSHA256)
	differ("XLA flags", old.XLAFlags, new.XLAFlags)
	differ("processor", old.Processor, new.Processor)
	var paths []string
	for path := range old.Modules {
		if new.Modules[path] != "" {
			paths = append(paths, path)
		}
	}
	sort.Strings(paths)
	for _, path := range paths {
		differ("version of "+path, old.Modules[path], new.Modules[path])
	}
	return merged, warnings, nil
}
