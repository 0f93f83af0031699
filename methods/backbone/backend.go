// Package backbone computes language models as GoMLX graphs and opens the backend that they run on.
// In come a config.json or a GGUF file and the weights; out come hidden states [batch, length,
// width], logits [batch, slots, vocabulary] and greedily written text. A family of models is a
// value, such as qwen2. Read Model and the decoder's blocks first.
package backbone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"

	"secura/atomicfile"
	"secura/spelling"
)

// BackendOptions says which backend to open and what may be done to get it.
type BackendOptions struct {
	// Name is "auto" (or empty), "xla", "go" or "xla:FILE" with the path of a PJRT plugin, after
	// which options may follow (see SplitPlugin).
	Name string
	// NoDownload forbids to download a plugin: auto then takes an installed one or pure Go.
	NoDownload bool
	// Log receives one line for each thing a user should know (a download, a slower backend); nil
	// drops them.
	Log io.Writer
}

// BackendInfo describes an opened backend completely enough to say whether two runs can be compared
// bit for bit.
type BackendInfo struct {
	// Name is "xla" or "go".
	Name string `json:"name"`
	// Plugin is the path of the XLA plugin, empty for pure Go.
	Plugin string `json:"plugin,omitempty"`
	// PluginSHA256 is the hash of that file: another build gives other last bits.
	PluginSHA256 string `json:"plugin_sha256,omitempty"`
	// Version is the version in the plugin's file name, or the configuration of the pure-Go
	// backend.
	Version string `json:"version"`
	// Flags is XLA_FLAGS as the plugin saw it; it pins the instruction set that XLA compiles for.
	Flags string `json:"flags,omitempty"`
	// TF32 is true where products of float32 are computed with the 10 bits of TF32, which the
	// option of that name asks a GPU's plugin for.
	TF32 bool `json:"tf32,omitempty"`
	// Device names what computes where that is not the machine's processor, such as "NVIDIA H200".
	Device string `json:"device,omitempty"`
	// Options are those of a plugin that was named with some.
	Options string `json:"-"`
	// Devices is how many devices a plugin has.
	Devices int `json:"-"`
	// Slower is true where the backend is several times slower than XLA.
	Slower bool `json:"slower"`
}

// Opens is the name by which another process opens the same backend.
func (i BackendInfo) Opens() string {
	if i.Plugin == "" {
		return i.Name
	}
	return PluginName(i.Plugin, i.Options)
}

const (
	// SlowerBy is how many times slower than XLA pure Go was measured to be.
	SlowerBy = "5 to 8"
	// goConfig avoids the pure-Go backend's default mode, which deadlocks on two processors.
	goConfig = "ops_sequential"
)

// BackendNames lists the names that OpenBackend takes.
var BackendNames = []string{"auto", "xla", "go", "xla:FILE"}

var errNoXLA = errors.New("this build has no XLA (it needs cgo, linux and amd64)")

// CheckBackendName returns nil for a name that OpenBackend takes, otherwise an error with those
// that it takes. It opens nothing.
func CheckBackendName(name string) error {
	switch {
	case name == "", name == "auto", name == "xla", name == "go":
		return nil
	}
	file, options, _ := SplitPlugin(name)
	if file == "" {
		return errors.New(spelling.Unknown("backend", name, BackendNames))
	}
	for _, option := range slices.Sorted(maps.Keys(optionsOf(options))) {
		if !slices.Contains(pluginOptions, option) {
			return fmt.Errorf("backend %s: %s", name, spelling.Unknown("option of a plugin", option, pluginOptions))
		}
	}
	return nil
}

// OpenBackend opens the backend that o names and runs Probe on it; a backend that computes wrong
// gradients is refused. The caller owns the backend and finalizes it. Only Name "auto" may download
// anything.
func OpenBackend(ctx context.Context, o BackendOptions) (compute.Backend, BackendInfo, error) {
	if err := CheckBackendName(o.Name); err != nil {
		return nil, BackendInfo{}, err
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	file, options, named := SplitPlugin(o.Name)
	switch {
	case o.Name == "go":
		return openGo()
	case named:
		path, err := namedPlugin(file)
		if err != nil {
			return nil, BackendInfo{}, err
		}
		return openPlugin(path, options)
	case o.Name == "xla":
		path, err := installedPlugin()
		if err != nil {
			return nil, BackendInfo{}, err
		}
		return openPlugin(path, "")
	}
	return openAuto(ctx, o)
}

// FindBackend names what OpenBackend would open, and opens and downloads nothing: "go", "xla:FILE"
// with an absolute path and the options given, or "auto" where a plugin would have to be installed
// first.
func FindBackend(o BackendOptions) (string, error) {
	if err := CheckBackendName(o.Name); err != nil {
		return "", err
	}
	file, options, named := SplitPlugin(o.Name)
	if o.Name == "go" {
		return "go", nil
	}
	find := installedPlugin
	if named {
		find = func() (string, error) { return namedPlugin(file) }
	}
	path, err := find()
	switch {
	case err == nil:
		return PluginName(path, options), nil
	case named || o.Name == "xla":
		return "", err
	case xlaSupported && !o.NoDownload:
		return "auto", nil
	}
	return "go", nil
}

// namedPlugin is the absolute path of a plugin that the user named.
func namedPlugin(file string) (string, error) {
	path, err := filepath.Abs(file)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		return "", fmt.Errorf("open backend xla:%s: %w; give the path of a PJRT plugin, or use -backend go", file, err)
	}
	return path, nil
}

// installedPlugin is the path of the plugin that is used where none is named.
func installedPlugin() (string, error) {
	if !xlaSupported {
		return "", fmt.Errorf("open backend xla: %w; use -backend go", errNoXLA)
	}
	path, ok := InstalledPlugin()
	if !ok {
		return "", fmt.Errorf("open backend xla: no plugin pjrt_c_api_cpu_*_plugin.so in %s; "+
			"`runner setup` installs one, -backend xla:FILE names one", strings.Join(pluginFolders(), ", "))
	}
	return path, nil
}

func openAuto(ctx context.Context, o BackendOptions) (compute.Backend, BackendInfo, error) {
	path, reason := "", errNoXLA
	if xlaSupported {
		var ok bool
		if path, ok = InstalledPlugin(); ok {
			reason = nil
		} else if o.NoDownload {
			reason = errors.New("no XLA plugin is installed and -no-download forbids to fetch one")
		} else {
			path, reason = InstallPlugin(ctx, o.Log)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, BackendInfo{}, fmt.Errorf("open backend: %w", err)
	}
	if reason == nil {
		b, info, err := openPlugin(path, "")
		if err == nil || errors.Is(err, ErrProbe) {
			return b, info, err
		}
		reason = err
	}
	fmt.Fprintf(o.Log, "warning: using the pure-Go backend, about %s times slower than XLA: %v\n", SlowerBy, reason)
	return openGo()
}

func openGo() (compute.Backend, BackendInfo, error) {
	info := BackendInfo{Name: "go", Version: goConfig, Slower: true}
	b, err := gobackend.New(goConfig)
	if err != nil {
		return nil, info, fmt.Errorf("open backend go: %w", err)
	}
	return probed(b, info)
}

// DescribePlugin tells of a plugin, which is not opened, what is known without its hash.
func DescribePlugin(path, options string) BackendInfo {
	info := BackendInfo{Name: "xla", Plugin: path, Version: pluginVersion(path), Flags: XLAFlags(path), Options: options}
	info.TF32, _ = strconv.ParseBool(optionsOf(options)["tf32"]) // go-xla refuses what is no such value
	return info
}

func openPlugin(path, options string) (compute.Backend, BackendInfo, error) {
	info := DescribePlugin(path, options)
	if !xlaSupported {
		return nil, info, fmt.Errorf("open backend xla:%s: %w; use -backend go", path, errNoXLA)
	}
	os.Setenv(xlaFlagsEnv, info.Flags)

	type hash struct {
		sum string
		err error
	}
	hashed := make(chan hash, 1) // 0.2 s of hashing beside the compilation of the probe
	go func() {
		sum, _, err := atomicfile.SHA256(path)
		hashed <- hash{sum, err}
	}()
	b, err := openXLA(pluginConfig(path, options))
	if err != nil {
		return nil, info, fmt.Errorf("open backend xla: load plugin %s: %w; `runner setup` installs one that works", path, err)
	}
	if _, _, err := probed(b, info); err != nil {
		return nil, info, err
	}
	// go-xla adds where CUDA lies, and the plugin has read it by now. A worker, which inherits the
	// flags, is held to those of its run.
	os.Setenv(xlaFlagsEnv, info.Flags)
	info.Devices = b.NumDevices()
	if !OnProcessor(path) {
		info.Device = b.DeviceDescription(0)
	}
	h := <-hashed
	if h.err != nil {
		b.Finalize()
		return nil, info, fmt.Errorf("open backend xla: hash plugin %s: %w", path, h.err)
	}
	info.PluginSHA256 = h.sum
	return b, info, nil
}

// probed runs Probe on b, and finalizes b if it is refused.
func probed(b compute.Backend, info BackendInfo) (compute.Backend, BackendInfo, error) {
	if err := Probe(b, info.TF32); err != nil {
		b.Finalize()
		where := info.Name
		if info.Plugin != "" {
			where += ":" + info.Plugin
		}
		return nil, info, fmt.Errorf("backend %s is refused: %w", where, err)
	}
	return b, info, nil
}

var pluginName = regexp.MustCompile(`^pjrt_c_api_cpu_(.+)_plugin\.so$`)

// pluginVersion is the version in a plugin's file name, links followed, or "unknown".
func pluginVersion(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if m := pluginName.FindStringSubmatch(filepath.Base(path)); m != nil {
		return m[1]
	}
	return "unknown"
}
