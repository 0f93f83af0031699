package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Processor names the machine's processor as well as the system tells, with what tells it from
// others of its name, as in "AMD EPYC (family 25, model 1, AVX2)": clouds name those of several
// generations alike, and matrix kernels are chosen by what a processor can do.
func Processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if name := processorOf(string(data)); err == nil && name != "" {
		return name
	}
	return runtime.GOOS + "/" + runtime.GOARCH
}

// processorOf is the name of the first processor of /proc/cpuinfo; empty where it has none.
func processorOf(cpuinfo string) string {
	first, _, _ := strings.Cut(cpuinfo, "\n\n")
	about := map[string]string{}
	for line := range strings.Lines(first) {
		key, value, _ := strings.Cut(line, ":")
		about[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	var details []string
	if family, ok := about["cpu family"]; ok {
		details = append(details, "family "+family, "model "+about["model"])
	}
	flags := strings.Fields(about["flags"])
	switch {
	case slices.Contains(flags, "avx512f"):
		details = append(details, "AVX-512")
	case slices.Contains(flags, "avx2"):
		details = append(details, "AVX2")
	}
	name := about["model name"]
	if name != "" && details != nil {
		name += " (" + strings.Join(details, ", ") + ")"
	}
	return name
}

// GPUs names the models of the machine's GPUs, each once, as NVIDIA's driver tells; empty where
// there is no such driver.
func GPUs() string { return gpusBelow("/proc/driver/nvidia/gpus") }

// gpusBelow reads the file "information" of each GPU's folder.
func gpusBelow(folder string) string {
	files, _ := filepath.Glob(filepath.Join(folder, "*", "information"))
	var models []string
	for _, file := range files {
		data, _ := os.ReadFile(file)
		for line := range strings.Lines(string(data)) {
			if key, value, _ := strings.Cut(line, ":"); key == "Model" {
				models = append(models, strings.TrimSpace(value))
			}
		}
	}
	slices.Sort(models)
	return strings.Join(slices.Compact(models), " and ")
}

// PeakMemory is the largest resident memory of this process so far, in bytes; 0 where the system
// does not tell.
func PeakMemory() int64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}

// BootID names the running system; empty where it does not tell, and then host names alone tell
// machines apart.
func BootID() string {
	data, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(data))
}

// Program is a path that leads to this very program, to start or to read it. On Linux it is none of
// the program's own name, which may be a newer build's by now.
func Program() (string, error) {
	const running = "/proc/self/exe"
	if _, err := os.Stat(running); runtime.GOOS == "linux" && err == nil {
		return running, nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program's file: %w", err)
	}
	return path, nil
}

// Gone says whether a process of this machine is known to have ended. One that nobody has waited
// for, as in a container whose first process does not, has ended too.
func Gone(pid int) bool {
	if pid <= 0 {
		return false
	}
	if fields := statOf(strconv.Itoa(pid)); len(fields) > 0 && fields[0] == "Z" {
		return true
	}
	process, err := os.FindProcess(pid)
	if err != nil { // only Windows looks here already, and another user's process it does not open
		return !errors.Is(err, os.ErrPermission)
	}
	return errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// HasOpen says whether a process of this machine has a file open. known is false where the system
// does not tell.
func HasOpen(pid int, path string) (open, known bool) {
	file, err := os.Stat(path)
	if err != nil {
		return false, false
	}
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return false, false
	}
	for _, e := range entries {
		if its, err := os.Stat(filepath.Join(folder, e.Name())); err == nil && os.SameFile(its, file) {
			return true, true
		}
	}
	return false, true
}
