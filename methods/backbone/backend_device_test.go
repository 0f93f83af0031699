package backbone

import (
	"strings"
	"testing"
)

func TestAPluginsNameTakesOptions(t *testing.T) {
	for name, want := range map[string]string{
		"auto":                     "||false",
		"xla":                      "||false",
		"xla:/a/cuda.so":           "/a/cuda.so||true",
		"xla:/a/cuda.so,tf32=true": "/a/cuda.so|tf32=true|true",
		"xla:x.so,preallocate,memory_fraction=0.9": "x.so|preallocate,memory_fraction=0.9|true",
		"xla:x.so,tf23=true":                       `did you mean "tf32"?`,
		"xla:,tf32":                                `unknown backend "xla:,tf32"`,
	} {
		file, options, named := SplitPlugin(name)
		err := CheckBackendName(name)
		got := strings.Join([]string{file, options, map[bool]string{true: "true", false: "false"}[named]}, "|")
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%s: %s, expected %s", name, got, want)
		}
		if err == nil && named && PluginName(file, options) != name {
			t.Errorf("%s becomes %s", name, PluginName(file, options))
		}
	}
}

// TestAGPUsPluginIsOpenedAsOne whatever words its path has: go-xla decides by them what is not
// given.
func TestAGPUsPluginIsOpenedAsOne(t *testing.T) {
	t.Setenv(xlaFlagsEnv, "")
	const processor = "--xla_cpu_max_isa=AVX2 --xla_backend_optimization_level=1"
	for _, c := range []struct{ path, options, config, flags string }{
		{"/cuda/pjrt_c_api_cpu_v0.114.0_plugin.so", "", "/cuda/pjrt_c_api_cpu_v0.114.0_plugin.so", processor},
		{"/cpu01/xla_cuda_plugin.so", "", "/cpu01/xla_cuda_plugin.so,tf32=false,shared_buffers=false,preallocate=false", ""},
		{"/a/xla_cuda_plugin.so", "tf32=true,preallocate", "/a/xla_cuda_plugin.so,tf32=true,preallocate,shared_buffers=false", ""},
		{"/a/plugin.so", "", "/a/plugin.so,tf32=false,shared_buffers=false", ""},
	} {
		if got := pluginConfig(c.path, c.options); got != c.config {
			t.Errorf("%s is opened by %s, expected %s", c.path, got, c.config)
		}
		if got := DescribePlugin(c.path, c.options); got.Flags != c.flags || got.TF32 != strings.Contains(c.options, "tf32") || got.OnProcessor() != (c.flags != "") {
			t.Errorf("%s: %+v", c.path, got)
		}
	}
	t.Setenv(xlaFlagsEnv, "--mine")
	for _, path := range []string{"/cpu.so", "/cuda.so"} {
		if got := XLAFlags(path); got != "--mine" {
			t.Errorf("%s: the flags of the environment became %q", path, got)
		}
	}
}
