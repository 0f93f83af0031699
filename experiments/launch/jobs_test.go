package launch

import (
	"path/filepath"
	"strings"
	"testing"

	"secura/experiments/record"
)

// TestAJobThatIsNotNotedIsNamed: Slurm has it, and the run does not know of it.
func TestAJobThatIsNotNotedIsNamed(t *testing.T) {
	w, err := record.OpenWriter(filepath.Join(t.TempDir(), "jobs.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	w.Close() // a full disk, as it were
	if err := note(w, handedJob{Job: "77"}); err == nil || !strings.Contains(err.Error(), "job 77 was handed to Slurm") {
		t.Error(err)
	}
}
