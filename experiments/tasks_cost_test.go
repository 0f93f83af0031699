package experiments

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// What a cell costs grows with the tasks of its stream as it should: training with their number,
// evaluation of everything at every boundary with its square, and evaluation of the task just
// learned (every: final) with their number again.
func TestCostOfMoreTasks(t *testing.T) {
	if os.Getenv("SECURA_TASKS_COST") == "" {
		t.Skip("SECURA_TASKS_COST is not set: train on streams of 4, 8, 16 and 32 tasks, some ten minutes")
	}
	lengths := []int{4, 8, 16, 32}
	for _, every := range []string{suite.EveryTask, suite.EveryFinal} {
		fmt.Printf("\nevery: %-5s  tasks  train s  a task  evaluate s  evaluated tokens\n", every)
		var perTask, tokens []float64
		for _, n := range lengths {
			times := costOf(t, n, every)
			train, evaluate := times.Train.Processor, times.Evaluate.Processor
			fmt.Printf("%19d %8.1f %7.2f %11.1f %17d\n", n, train, train/float64(n), evaluate, times.EvaluatedTokens)
			perTask, tokens = append(perTask, train/float64(n)), append(tokens, float64(times.EvaluatedTokens))
			if every == suite.EveryTask { // of a boundary
				tokens[len(tokens)-1] /= float64(n + 1)
			}
		}
		if low, high := slices.Min(perTask), slices.Max(perTask); high > 1.5*low { // the tasks are not of one length
			t.Errorf("every %s: a task's training takes %.2f to %.2f s", every, low, high)
		}
		// Held-out text is a constant part, and batches are filled up: what twice the tasks add is
		// twice as much.
		for i := 2; i < len(lengths); i++ {
			if ratio := (tokens[i] - tokens[i-1]) / (tokens[i-1] - tokens[i-2]); ratio < 1.5 || ratio > 2.6 {
				t.Errorf("every %s: from %d to %d tasks %.2f times the tokens are added that the step before added", every, lengths[i-1], lengths[i], ratio)
			}
		}
	}
}

// costOf runs a cell of SEQ on so many tasks of the main job's stream, over again where it has
// fewer.
func costOf(t *testing.T, tasks int, every string) CellTimes {
	t.Helper()
	s, err := suite.Load("continual16", suite.Options{Set: []string{"methods=[seq]", "knowledge=[]", "evaluation.test_examples=16", "evaluation.diagnostics=false"}})
	if err != nil {
		t.Fatal(err)
	}
	stream := s.Tasks
	s.Tasks, s.Evaluation.Every = nil, every
	for i := range tasks {
		task := stream[i%len(stream)]
		if i >= len(stream) {
			task.Name += fmt.Sprint("_", i/len(stream)+1)
		}
		s.Tasks = append(s.Tasks, task)
	}
	content, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	run := rundir.Run{Path: t.TempDir()}
	if err := rundir.WriteManifest(run, rundir.Manifest{Suite: content, Files: []rundir.File{}}); err != nil {
		t.Fatal(err)
	}
	w, err := OpenWorker(context.Background(), WorkerOptions{Run: run, Backend: backbone.BackendOptions{Name: "xla"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.RunCell(context.Background(), w.cells[0], nil); err != nil {
		t.Fatal(err)
	}
	times, err := ReadCellTimes(run.Cell(w.cells[0].ID))
	if err != nil {
		t.Fatal(err)
	}
	return times
}
