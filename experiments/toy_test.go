package experiments

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"secura/datasets"
	"secura/datasets/prompt"
	"secura/experiments/rundir"
	"secura/methods/backbone"
	"secura/methods/weights"
)

// toy is a run small enough for the pure-Go backend: three tasks in files, a battery, and a random backbone of width 16.
type toy struct {
	dir   string
	suite Suite
}

type toyWritten struct {
	Question string `parquet:"question"`
	Answer   string `parquet:"answer"`
}

type toyChoice struct {
	Question string   `parquet:"question"`
	Options  []string `parquet:"options,list"`
	Gold     int32    `parquet:"gold"`
}

func newToy(t *testing.T) toy {
	t.Helper()
	y := toy{dir: t.TempDir()}
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"red", "blue", "green", "black", "white", "one", "two", "three"}
	var texts []string
	write := func(task string, row func() (any, string)) {
		for split, n := range map[string]int{"train": 24, "test": 10} {
			var written []toyWritten
			var chosen []toyChoice
			for range n {
				value, text := row()
				texts = append(texts, text)
				switch value := value.(type) {
				case toyWritten:
					written = append(written, value)
				case toyChoice:
					chosen = append(chosen, value)
				}
			}
			path := filepath.Join(y.dir, task, split+".parquet")
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			var err error
			if written != nil {
				err = parquet.WriteFile(path, written)
			} else {
				err = parquet.WriteFile(path, chosen)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	written := func(shift int) func() (any, string) {
		return func() (any, string) {
			i := r.IntN(len(words))
			v := toyWritten{words[i] + " " + words[r.IntN(len(words))], words[(i+shift)%len(words)]}
			return v, v.Question + ": " + v.Answer
		}
	}
	write("next", written(1))
	write("same", written(0))
	write("battery", written(3))
	write("choose", func() (any, string) {
		i := r.IntN(len(words))
		v := toyChoice{words[i], []string{words[(i+1)%8], words[(i+2)%8], words[i]}, 2}
		return v, v.Question + ": " + strings.Join(v.Options, " ")
	})

	tokenizerJSON, err := prompt.Train(slices.Values(texts), 280, []string{endOfText})
	if err != nil {
		t.Fatal(err)
	}
	model := backbone.Random(backbone.Config{Architecture: backbone.Qwen2Architecture, Vocabulary: 280, Width: 16, Intermediate: 24, Layers: 2,
		Heads: 2, KeyValueHeads: 1, HeadSize: 8, MaxPositions: 64, Epsilon: 1e-6, RopeTheta: 1e4, TiedEmbeddings: true, EndTokens: []int32{279}}, r)
	folder := filepath.Join(y.dir, "backbone")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := model.Save(folder, weights.F32); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "tokenizer.json"), tokenizerJSON, 0o644); err != nil {
		t.Fatal(err)
	}

	task := func(name string) datasets.Task {
		return datasets.Task{Name: name, Family: "toy", Source: name, Prompt: "{{.question}}:", Answer: " {{.answer}}", Scores: []string{"exact"}, MaxNewTokens: 3}
	}
	choose := datasets.Task{Name: "choose", Family: "toy", Source: "choose", Prompt: "{{.question}}:", OptionsColumn: "options", Option: " {{.}}",
		Gold: "{{.gold}}", Scores: []string{"accuracy"}}
	y.suite = DefaultSuite()
	y.suite.Name, y.suite.Backbone = "toy", folder
	y.suite.Tasks = []datasets.Task{task("next"), choose, task("same")}
	y.suite.Knowledge = []datasets.Task{task("battery")}
	y.suite.Training.Steps, y.suite.Training.Batch, y.suite.Training.Length, y.suite.Training.AnswerLength = 4, 4, 16, 8
	y.suite.Evaluation.Lengths, y.suite.Evaluation.Batch = []int{8, 16}, 4
	return y
}

// with is the toy's suite with these methods.
func (y toy) with(methods ...MethodSpec) Suite {
	s := y.suite
	s.Methods = nil
	for _, m := range methods {
		if m.Name == "" {
			m.Name = m.Preset
		}
		s.Methods = append(s.Methods, m)
	}
	return s
}

// open starts a worker on a fresh or an old run folder.
func (y toy) open(t *testing.T, suite Suite, folder string) *Worker {
	t.Helper()
	run := rundir.Run{Path: folder}
	data, err := json.Marshal(suite)
	if err != nil {
		t.Fatal(err)
	}
	if err := rundir.WriteManifest(run, rundir.Manifest{Suite: data, Files: []rundir.File{}}); err != nil {
		t.Fatal(err)
	}
	w, err := OpenWorker(context.Background(), WorkerOptions{Run: run, DataDir: y.dir, Backend: backbone.BackendOptions{Name: "go"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// outcome is the content of every file of a cell that equal runs write alike.
func outcome(t *testing.T, folder rundir.Cell) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder.Path, func(path string, entry os.DirEntry, err error) error {
		name := filepath.Base(path)
		if err != nil || entry.IsDir() || name == "status.json" || name == "timing.jsonl" || name == "lock" {
			return err
		}
		data, err := os.ReadFile(path)
		relative, _ := filepath.Rel(folder.Path, path)
		files[relative] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func sameOutcome(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	var differ []string
	for name := range want {
		if got[name] != want[name] {
			differ = append(differ, name)
		}
	}
	if len(got) != len(want) || len(differ) > 0 {
		slices.Sort(differ)
		t.Fatalf("%s: %d files, expected %d; these differ: %v", what, len(got), len(want), differ)
	}
}
