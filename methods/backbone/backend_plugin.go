package backbone

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pluginPathEnv, when set (even to nothing), replaces the standard folders, as in go-xla.
const pluginPathEnv = "PJRT_PLUGIN_LIBRARY_PATH"

// pluginHome is go-xla's default folder of the user, where plugins are installed.
func pluginHome() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "lib", "go-xla"), nil
}

// pluginFolders lists the folders that are searched, in go-xla's order.
func pluginFolders() []string {
	if paths, set := os.LookupEnv(pluginPathEnv); set {
		return slices.DeleteFunc(strings.Split(paths, ":"), func(p string) bool { return p == "" })
	}
	var folders []string
	if home, err := pluginHome(); err == nil {
		folders = append(folders, home)
	}
	return append(folders, "/usr/local/lib/go-xla", "/usr/local/lib/gomlx/pjrt")
}

// InstalledPlugin returns the path of the XLA CPU plugin that would be used, and whether there is
// one. The first folder that has one wins; in it the pinned build, then the name that sorts last.
func InstalledPlugin() (string, bool) {
	for _, folder := range pluginFolders() {
		found, _ := filepath.Glob(filepath.Join(folder, "pjrt_c_api_cpu*_plugin.so"))
		slices.Sort(found)
		for i, path := range found {
			if filepath.Base(path) == wheelFile {
				found = append(slices.Delete(found, i, i+1), path)
				break
			}
		}
		for _, path := range slices.Backward(found) {
			if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
				continue
			}
			if abs, err := filepath.Abs(path); err == nil {
				return abs, true
			}
		}
	}
	return "", false
}
