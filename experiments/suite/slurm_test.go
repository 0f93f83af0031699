package suite

import (
	"strings"
	"testing"
)

// TestSlurmTimeExceedsTheWarning tries each of Slurm's forms of a time on both sides of the
// signal's lead.
func TestSlurmTimeExceedsTheWarning(t *testing.T) {
	for _, test := range []struct {
		time    string
		warning int
		ok      bool
	}{
		{"", 0, true}, {"0", 0, true}, // no limit
		{"1", 0, false}, {"2", 0, false}, {"3", 0, true}, {"2", 60, true}, {"1", 60, false},
		{"2:00", 0, false}, {"2:01", 0, true}, {"0:02:00", 0, false}, {"0:02:01", 0, true}, {"1:00:00", 3600, false},
		{"0-0:02", 0, false}, {"0-0:03", 0, true}, {"0-1", 0, true}, {"0-1", 3600, false}, {"1-0", 86399, true},
		{"1-00:00:00", 86400, false}, {"1-00:00:01", 86400, true},
	} {
		err := Slurm{Time: test.time, Warning: test.warning}.Check()
		if (err == nil) != test.ok {
			t.Errorf("time %q with warning %d: %v, expected ok = %v", test.time, test.warning, err, test.ok)
		}
		if err != nil && !strings.Contains(err.Error(), "slurm.time is") {
			t.Errorf("time %q: %v does not name slurm.time", test.time, err)
		}
	}
}

// TestGresThatAsksForGPUs holds the forms in which Slurm's users ask for GPUs against their number.
func TestGresThatAsksForGPUs(t *testing.T) {
	for gres, expected := range map[string]int{
		"": 0, "license:3": 0, "gpu": 1, "gpu:2": 2, "gpu:a100": 1, "gpu:a100:4": 4, "gpu:nvidia_a100-sxm4-80gb:2": 2, "gpu:1g.10gb:2": 0,
		"lustre:1,gpu:2": 2, "gpu:a100:1,gpu:v100:2": 3, "gpu:0": 0, "mygpu:3": 0,
	} {
		if got := (Slurm{Gres: gres}).gpus(); got != expected {
			t.Errorf("%q: %d, expected %d", gres, got, expected)
		}
	}
}
