package backbone

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pluginOptions are the options that may follow a plugin's file, as in
// "xla:FILE,tf32=true,memory_fraction=0.9". They are go-xla's.
var pluginOptions = []string{"tf32", "shared_buffers", "preallocate", "memory_fraction", "allocator", "visible_devices", "use_tfrt_gpu_client"}

// SplitPlugin takes a backend's name "xla:FILE,OPTION=VALUE,..." apart. Named is false for the
// other names, such as "auto".
func SplitPlugin(name string) (file, options string, named bool) {
	rest, named := strings.CutPrefix(name, "xla:")
	if !named {
		return "", "", false
	}
	file, options, _ = strings.Cut(rest, ",")
	return file, options, true
}

// PluginName is SplitPlugin's other way.
func PluginName(file, options string) string {
	if options != "" {
		file += "," + options
	}
	return "xla:" + file
}

// optionsOf are the values of the options that are given, by name; one without a value is "true".
func optionsOf(options string) map[string]string {
	values := map[string]string{}
	for option := range strings.SplitSeq(options, ",") {
		name, value, found := strings.Cut(option, "=")
		if !found {
			value = "true"
		}
		if name != "" {
			values[name] = value
		}
	}
	return values
}

// OnProcessor says whether a plugin computes on the machine's processor: one of a GPU has no "cpu"
// in its file's name. Pure Go, which has no plugin, does so.
func OnProcessor(plugin string) bool {
	return plugin == "" || strings.Contains(strings.ToLower(filepath.Base(plugin)), "cpu")
}

// OnProcessor says whether the backend computes on the machine's processor.
func (i BackendInfo) OnProcessor() bool { return OnProcessor(i.Plugin) }

// allocatingPlugins are in the file names of plugins that have the option preallocate.
var allocatingPlugins = []string{"cuda", "nvidia", "rocm", "gpu"}

// pluginConfig is the plugin with its options as go-xla takes them. go-xla sets what is not given
// by words anywhere in the path, a folder "cpu" among them. So of a GPU's plugin all is given:
// products of float32 as float32, not as TF32 with its 10 bits, buffers of the device's own, and
// memory as it is needed, for several workers may share a GPU.
func pluginConfig(path, options string) string {
	config := PluginName(path, options)[len("xla:"):]
	if OnProcessor(path) {
		return config
	}
	defaults := []string{"tf32=false", "shared_buffers=false"}
	base := strings.ToLower(filepath.Base(path))
	if slices.ContainsFunc(allocatingPlugins, func(kind string) bool { return strings.Contains(base, kind) }) {
		defaults = append(defaults, "preallocate=false")
	}
	given := optionsOf(options)
	for _, d := range defaults {
		name, _, _ := strings.Cut(d, "=")
		if _, ok := given[name]; !ok {
			config += "," + d
		}
	}
	return config
}

const (
	// xlaFlagsEnv is where a plugin reads its flags.
	xlaFlagsEnv = "XLA_FLAGS"
	// processorFlags pin the instruction set that is compiled for, so that results differ little
	// across x86-64 processors from AVX2 on, and compile with fewer passes: a fifth sooner, to
	// graphs that were measured to be no slower.
	processorFlags = "--xla_cpu_max_isa=AVX2 --xla_backend_optimization_level=1"
)

// XLAFlags are the flags that a plugin is opened with: XLA_FLAGS, or where that is empty those of
// this program, which has some for the processor alone.
func XLAFlags(plugin string) string {
	if !OnProcessor(plugin) {
		return os.Getenv(xlaFlagsEnv)
	}
	return cmp.Or(os.Getenv(xlaFlagsEnv), processorFlags)
}
