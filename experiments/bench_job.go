package experiments

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"secura/datasets/prompt"
	"secura/experiments/evaluation"
	"secura/experiments/pretrained"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone/nano"
)

// job is what another program needs to do the same as a suite's cells of the first seed and order:
// the plan, every text as ids, the rows of every step, and where the adapters start.
// experiments/bench/torch_job.py reads it.
type job struct {
	Suite suite.Suite `json:"suite"`
	// Model is the backbone's folder, and GGUF the file's name in it if it is one.
	Model string `json:"model"`
	GGUF  string `json:"gguf"`
	// Ends are the tokens that end a text; the first is what training writes.
	Ends []int32 `json:"ends"`
	// Answers is how many tokens of a held-out text are scored, its last ones.
	Answers   int       `json:"answers"`
	HeldOut   [][]int32 `json:"held_out"`
	Tasks     []jobTask `json:"tasks"`
	Knowledge []jobTask `json:"knowledge"`
	Cells     []jobCell `json:"cells"`
}

type jobTask struct {
	Name   string       `json:"name"`
	Choice bool         `json:"choice"`
	MaxNew int          `json:"max_new"`
	Train  [][2][]int32 `json:"train"` // prompt and answer
	Test   []jobExample `json:"test"`
}

type jobExample struct {
	Prompt  []int32   `json:"prompt"`
	Options [][]int32 `json:"options"`
}

type jobCell struct {
	Method string         `json:"method"`
	Preset string         `json:"preset"`
	Params map[string]any `json:"params"`
	Rate   float64        `json:"rate"`
	// Start has the trained tensors of LoRA adapters by name, row by row; what others start from
	// follows from the weights.
	Start map[string][]float32 `json:"start"`
	// Sizes have the shape of each projection's A, [rank, inner], or U, [rank, rank]: params may
	// leave them to the weight's.
	Sizes map[string][]int `json:"sizes"`
	// Steps are, for each task and each of its steps, the rows [task, example], replayed ones after
	// the current ones.
	Steps [][][][2]int `json:"steps"`
	// Fisher are the rows that the Fisher information is estimated on at each task's end.
	Fisher [][][2]int `json:"fisher"`
}

// Job is what WriteJob wrote, as far as results of both programs are held against each other.
type Job struct {
	// TrainTokens counts, for each method and task, the tokens of the texts of all steps, padding
	// left out.
	TrainTokens map[string][]int64

	groups    []stream.Task
	tokenizer *prompt.Tokenizer
}

// JobPrediction is what another program predicted for one test example: an option, or the tokens
// that it wrote.
type JobPrediction struct {
	Option *int    `json:"option"`
	IDs    []int32 `json:"ids"`
}

// Agreement is the share of a file of predictions, of all tasks in the suite's order and then the
// battery, that another program's predictions by group and example equal, as texts.
func (j Job) Agreement(path string, others [][]JobPrediction) (float64, error) {
	mine, err := record.ReadPredictions(path)
	if err != nil {
		return 0, err
	}
	equal, n := 0, 0
	for g, group := range j.groups {
		if g >= len(others) || len(others[g]) != len(group.Test) || n+len(group.Test) > len(mine) {
			return 0, fmt.Errorf("compare predictions of %s: the other program did not predict each of its %d examples", group.Task.Name, len(group.Test))
		}
		for i, other := range others[g] {
			p := evaluation.Prediction{Text: strings.TrimSpace(j.tokenizer.Decode(other.IDs)), Option: -1}
			if other.Option != nil {
				p.Option = *other.Option
			}
			if p.Answer(group.Examples[i]) == mine[n].Prediction {
				equal++
			}
			n++
		}
	}
	return float64(equal) / float64(n), nil
}

// WriteJob writes into a folder, as job.json and a copy of the embedded backbone if it is that
// one's, what another program needs to do the same job as the suite's cells of the first seed and
// order. A suite that asks for what torch_job.py does not do is refused.
func WriteJob(ctx context.Context, s suite.Suite, o WorkerOptions, folder string) (Job, error) {
	if err := torchLacks(s); err != nil {
		return Job{}, fmt.Errorf("write job: %w", err)
	}
	w, err := openSingle(ctx, s, o)
	if err != nil {
		return Job{}, err
	}
	defer w.Close()
	told := Job{TrainTokens: map[string][]int64{}, groups: w.evaluator.Groups(), tokenizer: w.tokenizer}
	if cut := w.data.CutWarnings(s.Training); len(cut) > 0 {
		return Job{}, fmt.Errorf("write job: texts would have to be cut the same way elsewhere: %s", cut[0])
	}
	j := job{Suite: s, Ends: w.ends, Answers: w.evaluator.Answers, HeldOut: append([][]int32{}, w.data.HeldOut...), Tasks: jobTasks(w.data.Tasks), Knowledge: jobTasks(w.data.Knowledge)}
	if j.Model, j.GGUF, err = backboneFolder(s.Place(), folder); err != nil {
		return Job{}, fmt.Errorf("write job: %w", err)
	}
	for _, cell := range w.cells[:len(s.Methods)] {
		c, tokens, err := w.jobCell(ctx, cell)
		if err != nil {
			return Job{}, fmt.Errorf("write job of cell %s: %w", cell.ID, err)
		}
		j.Cells = append(j.Cells, c)
		told.TrainTokens[c.Method] = tokens
	}
	data, err := json.Marshal(j)
	if err != nil {
		return Job{}, fmt.Errorf("write job: %w", err)
	}
	return told, rundir.WriteBytes(filepath.Join(folder, "job.json"), data)
}

func jobTasks(list []stream.Task) []jobTask {
	tasks := []jobTask{} // not null, where a suite has no battery
	for _, t := range list {
		task := jobTask{Name: t.Task.Name, Choice: t.Task.Choice(), MaxNew: t.Task.MaxNewTokens}
		for i := range t.Train.Len() {
			e := t.Train.At(i)
			task.Train = append(task.Train, [2][]int32{e.Prompt, e.Answer})
		}
		for _, e := range t.Test {
			task.Test = append(task.Test, jobExample{e.Prompt, e.Options})
		}
		tasks = append(tasks, task)
	}
	return tasks
}

// jobCell draws the rows of a cell's steps as training does, and counts the tokens of each task's.
func (w *Worker) jobCell(ctx context.Context, cell suite.Cell) (jobCell, []int64, error) {
	p, err := w.unrecorded(ctx, cell)
	if err != nil {
		return jobCell{}, nil, err
	}
	c := jobCell{Method: cell.Method.Name, Preset: cell.Method.Preset, Start: map[string][]float32{}, Sizes: map[string][]int{}}
	if c.Params, err = suite.ParamsByKey(p.params); err != nil {
		return jobCell{}, nil, err
	}
	session, err := p.start()
	if err != nil {
		return jobCell{}, nil, err
	}
	defer session.Close()
	for _, t := range session.Trained() {
		name := methods.Name(t.Projection, "", t.Tensor)
		if t.Tensor == "A" || t.Tensor == "U" {
			c.Sizes[strings.TrimSuffix(name, "/"+t.Tensor)] = session.Shape(name)
		}
		if t.Tensor != "A" && t.Tensor != "B" {
			continue
		}
		if c.Start[name], err = session.Value(name); err != nil {
			return jobCell{}, nil, err
		}
	}
	fisher, _ := c.Params["fisher_examples"].(int)
	var tokens []int64
	for _, l := range p.plan() {
		c.Rate = l.rate
		t := w.trainer(cell, session, nil)
		steps, n := t.rows(l)
		c.Steps, tokens = append(c.Steps, steps), append(tokens, n)
		rows := [][2]int{}
		for _, row := range t.fisherRows(l, fisher) {
			rows = append(rows, t.place(row))
		}
		c.Fisher = append(c.Fisher, rows)
	}
	return c, tokens, nil
}

// rows are what train makes its batches of, as tasks of the suite and examples, and the number of
// their tokens.
func (t *trainer) rows(l lesson) (steps [][][2]int, tokens int64) {
	for current, replayed := range t.draws(l) {
		var places [][2]int
		for _, row := range append(current, replayed...) {
			place := t.place(row)
			places, tokens = append(places, place), tokens+int64(t.text(row).Tokens())
		}
		steps = append(steps, places)
	}
	return steps, tokens
}

// place is a row's task in the suite and its example.
func (t *trainer) place(row methods.Row) [2]int { return [2]int{t.cell.Tasks[row.Task], row.Index} }

// backboneFolder is where a backbone lies for another program; the embedded one is copied into the
// folder.
func backboneFolder(name, folder string) (path, gguf string, err error) {
	if name != pretrained.Nano {
		place, err := pretrained.Find(name)
		if err != nil || place.GGUF == "" {
			return place.Folder, "", err
		}
		return filepath.Dir(place.GGUF), filepath.Base(place.GGUF), nil
	}
	path = filepath.Join(folder, pretrained.Nano)
	return path, "", os.CopyFS(path, nano.Files())
}
