package synthetic

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
)

// Hostile is a prediction that would end the page's script, were it not escaped.
const Hostile = `</script><script>document.title="broken"</script><!--<b>&amp;` + "\u2028`${1}`\\"

// StreamOf16 is a run as large as the main job's with 8 seeds.
func StreamOf16(seeds int) Run {
	names := []string{"add_subtract_stories", "weather_headlines", "country_phrases", "syllogisms", "two_step_purchases", "match_headlines",
		"language_phrases", "object_ordering", "unit_conversion", "market_headlines", "date_phrases", "directions", "number_sequences",
		"country_headlines", "number_phrases", "odd_one_out"}
	return Run{
		Tasks: names, Methods: Named("seq", "er", "ewc", "i-lora", "cur-lora", "secura"), Seeds: seeds, Orders: 1, Knowledge: true, Choices: 4,
		Score: func(method, seed, i, j int) float64 {
			noise := rand.New(rand.NewPCG(uint64(seed*1000+method), uint64(100*i+j))).Float64()*0.06 - 0.03
			if i < j {
				return 0.08 + noise/2
			}
			// Methods learn less the better they keep.
			learned := 0.45 + 0.4*float64((7*j)%16)/16 - 0.07*float64(method)
			kept := []float64{0.80, 0.96, 0.86, 0.90, 0.97, 0.995}[method]
			for range i - j {
				learned *= kept
			}
			return max(0, min(1, learned+noise))
		},
	}
}

// AddPredictions writes examples and, for every boundary of every cell, predictions that are as
// often right as the scores say.
func (s Run) AddPredictions(t testing.TB, run rundir.Run, perTask, battery int) {
	t.Helper()
	var examples []record.Example
	add := func(task string, n int) {
		for id := range n {
			r := rand.New(rand.NewPCG(uint64(len(task)), uint64(id)))
			e := record.Example{Task: task, ID: int32(id), Prompt: fmt.Sprintf("%s\nQuestion: %s?\nAnswer:", words(r, 14), words(r, 6)), Gold: words(r, 2)}
			if id%2 == 0 {
				e.Options = []string{e.Gold, words(r, 2), words(r, 1), words(r, 2)}
			}
			examples = append(examples, e)
		}
	}
	for _, task := range s.Tasks {
		add(task, perTask)
	}
	add("knowledge_choice", battery)
	add("knowledge_completion", battery)
	data, err := record.EncodeExamples(examples)
	Must(t, err)
	Must(t, os.WriteFile(run.Examples(), data, 0o644))
	for _, f := range s.Cells() {
		for _, e := range f.Events {
			if e.Kind != record.Boundary {
				continue
			}
			scores := map[string]float64{}
			for _, task := range e.Scores {
				scores[task.Task] = task.Scores[0].Value
			}
			var rows []record.Prediction
			for k, x := range examples {
				score, ok := scores[x.Task]
				if !ok {
					score = *e.Knowledge
				}
				p := record.Prediction{Task: x.Task, ID: x.ID, Gold: x.Gold, Prediction: x.Gold}
				r := rand.New(rand.NewPCG(uint64(k), uint64(len(f.Id))))
				if threshold := r.Float64(); threshold > score {
					p.Prediction = words(rand.New(rand.NewPCG(uint64(k+e.Index/3), uint64(len(f.Id)))), 3)
				}
				if x.Task == s.Tasks[0] && x.ID == 0 {
					p.Prediction = Hostile
				}
				if p.Correct = p.Prediction == p.Gold; p.Correct {
					p.Score = 1
				}
				rows = append(rows, p)
			}
			WritePredictions(t, run.Cell(f.Id), e.Index, rows)
		}
	}
}

// WritePredictions writes what a cell predicted at a boundary.
func WritePredictions(t testing.TB, folder rundir.Cell, boundary int, rows []record.Prediction) {
	t.Helper()
	data, err := record.EncodePredictions(rows)
	Must(t, err)
	path := folder.Predictions(boundary)
	Must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	Must(t, os.WriteFile(path, data, 0o644))
}

// BatteryPredictions are predictions of a battery's items, counted from first: one for each byte,
// right where it is an x.
func BatteryPredictions(battery string, first int32, right string) (rows []record.Prediction) {
	for i, c := range right {
		rows = append(rows, record.Prediction{Task: battery, ID: first + int32(i), Correct: c == 'x'})
	}
	return rows
}

// words are as long and as varied as the answers of a small model.
func words(r *rand.Rand, n int) string {
	text := ""
	for i := range n {
		if i > 0 {
			text += " "
		}
		for range 1 + r.IntN(3) {
			text += []string{"ka", "lo", "mi", "ter", "an", "schu", "vo", "ré", "ing", "pel", "do", "x"}[r.IntN(12)]
		}
	}
	return text
}
