package launch

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"secura/experiments/engine"
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

// TestAwaitAsksAgainWhereSlurmDoesNotAnswer: a controller that is away for a while ends no wait,
// one that stays away does, and each time that it goes away is told once.
func TestAwaitAsksAgainWhereSlurmDoesNotAnswer(t *testing.T) {
	away := errors.New("squeue: unable to contact slurm controller")
	running := []engine.Element{{ID: "77_0", State: "RUNNING"}}
	for name, c := range map[string]struct {
		answers  func(minute int) ([]engine.Element, error)
		warnings int
		err      error
		took     time.Duration
	}{
		"twice away": {func(minute int) ([]engine.Element, error) {
			switch {
			case minute >= 60:
				return []engine.Element{{ID: "77_0", State: "COMPLETED"}}, nil
			case minute < 29 || minute > 30 && minute < 59:
				return nil, away
			}
			return running, nil
		}, 2, nil, time.Hour},
		"away for good": {func(minute int) ([]engine.Element, error) {
			if minute < 5 {
				return running, nil
			}
			return nil, away
		}, 1, away, 35 * time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			var log strings.Builder
			start := time.Now()
			err := await(t.Context(), &log, func() ([]engine.Element, error) { return c.answers(int(time.Since(start).Minutes())) })
			if !errors.Is(err, c.err) || strings.Count(log.String(), "warning: Slurm does not tell of the job") != c.warnings {
				t.Errorf("%s: %v, expected %v; said:\n%s", name, err, c.err, &log)
			}
			if took := time.Since(start); took < c.took || took > c.took+10*time.Second {
				t.Errorf("%s: it took %s, expected %s", name, took, c.took)
			}
		})
	}
}
