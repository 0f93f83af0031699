package experiments

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// TestALostCellsFilesAreLeftAlone: a worker that loses its cell while it trains, while it writes
// predictions or a checkpoint, or before it drops one leaves these files to the cell's new owner.
func TestALostCellsFilesAreLeftAlone(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "seq"})
	s.Evaluation.KeepCheckpoints = "last"
	there := func(pattern ...string) bool {
		found, err := filepath.Glob(filepath.Join(pattern...))
		return err == nil && len(found) > 0
	}
	holds := func(path, text string) bool {
		data, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(data), text)
	}
	for _, c := range []struct {
		what string
		// lost says when the cell is lost, left what must still be so.
		lost, left func(folder rundir.Cell) bool
	}{
		{"while it writes predictions",
			func(f rundir.Cell) bool { return there(f.PredictionsFolder(), ".tmp-02*") },
			func(f rundir.Cell) bool { return there(f.Predictions(1)) && !there(f.Predictions(2)) }},
		{"while it writes a checkpoint",
			func(f rundir.Cell) bool {
				return there(f.Predictions(2)) && there(f.Checkpoints(), ".tmp-*", "complete.json")
			},
			func(f rundir.Cell) bool { return there(f.Checkpoint(1)) && !there(f.Checkpoint(2)) }},
		{"before it drops checkpoints",
			func(f rundir.Cell) bool { return there(f.Checkpoint(2)) },
			func(f rundir.Cell) bool { return there(f.Checkpoint(1)) && there(f.Checkpoint(2)) }},
		{"while it trains",
			func(f rundir.Cell) bool { return holds(f.Records(), `"task_start","index":2`) },
			func(f rundir.Cell) bool { return holds(f.Timing(), `"index":1`) && !holds(f.Timing(), `"index":2`) }},
	} {
		w := y.open(t, s, t.TempDir())
		folder := w.run.Cell(w.cells[0].ID)
		if err := os.MkdirAll(folder.Path, 0o755); err != nil {
			t.Fatal(err)
		}
		p, err := w.protocol(t.Context(), w.cells[0], folder)
		if err != nil {
			t.Fatal(err)
		}
		lost := false
		p.log.mine = func() error {
			if lost = lost || c.lost(folder); lost {
				return rundir.ErrClaimLost
			}
			return nil
		}
		if err := p.run(context.Background()); !errors.Is(err, rundir.ErrClaimLost) || !c.left(folder) {
			t.Errorf("lost %s: error %v; the files of the new owner are as it left them: %v", c.what, err, c.left(folder))
		}
		p.log.close()
	}
}
