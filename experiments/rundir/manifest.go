package rundir

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// Manifest is the content of manifest.json: everything that decides a run's numbers.
type Manifest struct {
	// Suite is the resolved suite, every default written out.
	Suite json.RawMessage `json:"suite"`
	// Plan is the hash of the suite.
	Plan string `json:"plan"`
	// Modules maps each Go module, and "go" itself, to its version.
	Modules map[string]string `json:"modules"`
	// Revision is the code's; "-dirty" is appended to one with changes, and it is empty where the
	// build recorded none, as that of `go run` (see report.NoRevision).
	Revision     string `json:"revision"`
	Backend      string `json:"backend"`
	PluginSHA256 string `json:"plugin_sha256,omitempty"`
	XLAFlags     string `json:"xla_flags,omitempty"`
	// TF32 is true where a GPU computed products of float32 with the 10 bits of TF32.
	TF32 bool `json:"tf32,omitempty"`
	// Processor is that of the machine, and before it the GPU where one computed.
	Processor string `json:"processor"`
	// Platform is the operating system and the instruction set that the program was built for, such
	// as "linux/amd64".
	Platform string `json:"platform,omitempty"`
	// Files are the data files and the backbone's files.
	Files []File `json:"files"`
	// Sources tell where data sets and backbones come from, and under which licenses.
	Sources []Source `json:"sources,omitempty"`
	// Changes tell of each time that the run went on with another program or backend: its numbers
	// may not be those of one that did not.
	Changes []string `json:"changes,omitempty"`
	// AllowBackendChange lets Merge go on with another backend.
	AllowBackendChange bool `json:"-"`
}

// OtherNumbers lists what makes the numbers of two programs differ in their last bits: another
// backend, plugin, or instruction set. The processor counts for XLA even where a flag pins what it
// compiles for, because its matrix kernels are chosen by the processor when it runs; it never
// counts for pure Go.
func (m Manifest) OtherNumbers(other Manifest) (reasons []string) {
	reasons = m.otherBackend(other)
	if m.Platform != "" && other.Platform != "" {
		reasons = appendChange(reasons, "platform", m.Platform, other.Platform)
	}
	if m.Backend == "xla" {
		reasons = appendChange(reasons, "processor", m.Processor, other.Processor)
	}
	return reasons
}

// processorChange begins the entry of Changes that tells of another processor.
const processorChange = "continued with another processor: "

// UnknownProcessor stands for the one of a cell that names none.
const UnknownProcessor = "a processor that is not recorded"

// ComputedBy names what computed a cell, of the processors in its status: where that names none,
// for an older program wrote it, the run's, unless the run went on with another one since.
func (m Manifest) ComputedBy(processors []string) string {
	switch {
	case len(processors) > 0:
		return strings.Join(processors, ", then ")
	case slices.ContainsFunc(m.Changes, func(change string) bool { return strings.HasPrefix(change, processorChange) }):
		return UnknownProcessor
	}
	return m.Processor
}

// revisionChange is the entry of Changes that tells of another code revision.
const revisionChange = "continued with another code revision: was %q, is %q"

// Revisions are the code revisions of the programs that worked at the run, in turn, each once: ""
// is one that was not recorded.
func (m Manifest) Revisions() []string {
	var list, once []string
	for _, change := range m.Changes {
		var was, is string
		if n, _ := fmt.Sscanf(change, revisionChange, &was, &is); n == 2 {
			list = append(list, was, is)
		}
	}
	for _, revision := range append(list, m.Revision) {
		if !slices.Contains(once, revision) {
			once = append(once, revision)
		}
	}
	return once
}

// otherBackend lists what of the backend differs.
func (m Manifest) otherBackend(other Manifest) (reasons []string) {
	reasons = appendChange(reasons, "backend", m.Backend, other.Backend)
	reasons = appendChange(reasons, "plugin sha256", m.PluginSHA256, other.PluginSHA256)
	reasons = appendChange(reasons, "precision of products", m.products(), other.products())
	return appendChange(reasons, "XLA flags", m.XLAFlags, other.XLAFlags)
}

// products names the precision that the suite leaves to the backend's options.
func (m Manifest) products() string {
	if m.TF32 {
		return "tf32"
	}
	return "f32"
}

// CheckBackend is an error if the backend of other is another one than this, with what differs: the
// numbers of both would be mixed.
func (m Manifest) CheckBackend(other Manifest) error {
	reasons := m.otherBackend(other)
	if len(reasons) == 0 {
		return nil
	}
	return fmt.Errorf("with %s; numbers of the two differ: use the old one, give `run` -allow-backend-change, which marks the results, or another -out",
		strings.Join(reasons, ", "))
}

// appendChange tells of a value that is not what it was.
func appendChange(list []string, what, was, is string) []string {
	if was == is {
		return list
	}
	return append(list, fmt.Sprintf("another %s: was %q, is %q", what, was, is))
}

// Build fills in what the running program knows of itself: module versions and code revision.
func (m *Manifest) Build() {
	m.Platform = runtime.GOOS + "/" + runtime.GOARCH
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

// ReadManifest reads manifest.json. A run that has none gives an error that is os.ErrNotExist.
func ReadManifest(r Run) (Manifest, error) {
	var m Manifest
	if err := ReadJSON(r.Manifest(), &m); errors.Is(err, os.ErrNotExist) {
		return Manifest{}, fmt.Errorf("read manifest: %w; a run's folder has a %s", err, ManifestName)
	} else if err != nil {
		return Manifest{}, fmt.Errorf("read manifest: %w", err)
	}
	return m, nil
}

// WriteManifest writes manifest.json.
func WriteManifest(r Run, m Manifest) error { return WriteJSON(r.Manifest(), m) }

// FileChanges lists the files that were not there when a run began, that have another content now,
// and that are gone.
func FileChanges(old, new []File) (changes []error) {
	was := map[string]File{}
	for _, f := range old {
		was[f.Path] = f
	}
	for _, f := range new {
		o, ok := was[f.Path]
		if !ok {
			changes = append(changes, fmt.Errorf("file %s was not there when the run began", f.Path))
		} else if o.SHA256 != f.SHA256 {
			changes = append(changes, fmt.Errorf("file %s has changed: sha256 was %s, is %s", f.Path, o.SHA256, f.SHA256))
		}
		delete(was, f.Path)
	}
	for _, f := range old {
		if _, gone := was[f.Path]; gone {
			changes = append(changes, fmt.Errorf("file %s is not there any more", f.Path))
		}
	}
	return changes
}

// Merge checks whether the run of old may be continued as new, whose suite is that of both (see
// suite.Merge), and returns the manifest of both. A file that changed is an error that names each
// difference, and so is another backend unless new allows it. What may shift numbers without being
// a setting, such as another code revision, comes back as warnings, which stay in the manifest as
// Changes.
func Merge(old, new Manifest) (merged Manifest, warnings []string, err error) {
	if changes := FileChanges(old.Files, new.Files); len(changes) > 0 {
		return Manifest{}, nil, fmt.Errorf("continue run: %w; give another -out", errors.Join(changes...))
	}
	if new.Backend != "" && !new.AllowBackendChange {
		if err := old.CheckBackend(new); err != nil {
			return Manifest{}, nil, fmt.Errorf("continue run: %w", err)
		}
	}
	merged = new
	changes := appendChange(nil, "code revision", old.Revision, new.Revision)
	changes = append(changes, old.otherBackend(new)...)
	changes = appendChange(changes, "processor", old.Processor, new.Processor)
	for _, path := range slices.Sorted(maps.Keys(old.Modules)) {
		if new.Modules[path] != "" {
			changes = appendChange(changes, "version of "+path, old.Modules[path], new.Modules[path])
		}
	}
	for _, change := range changes {
		warnings = append(warnings, "continued with "+change)
	}
	merged.Changes = slices.Clone(old.Changes)
	for _, w := range warnings {
		if !slices.Contains(merged.Changes, w) {
			merged.Changes = append(merged.Changes, w)
		}
	}
	return merged, warnings, nil
}
