package page

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"secura/experiments/record"
	"secura/reports/report"
)

// packedBytes bounds the packed examples, so that the page stays below 5 MB.
const packedBytes = 4 << 20

// ExampleData is what the page shows of single examples: those of one seed in order 0, and of every
// method the predictions that changed.
type ExampleData struct {
	Tasks  []string       `json:"tasks"` // in the order of learning
	Groups []exampleGroup `json:"groups"`
	// Texts are the predictions, which tracks name by their position.
	Texts   []string        `json:"texts"`
	Methods []exampleMethod `json:"methods"`
}

// exampleGroup are the examples of a task, or of a part of the knowledge battery.
type exampleGroup struct {
	Name string `json:"name"`
	// Index is the task's position in the stream from 1; 0 is the battery.
	Index    int           `json:"index"`
	Examples []exampleText `json:"examples"`
}

type exampleText struct {
	ID      int32    `json:"id"`
	Prompt  string   `json:"prompt"`
	Gold    string   `json:"gold"`
	Options []string `json:"options"`
}

type exampleMethod struct {
	Name string `json:"name"`
	// Seen are, by group, the boundaries at which it was evaluated.
	Seen [][]int `json:"seen"`
	// Tracks are, by group and example, boundary, text and score of each prediction that differs
	// from the one before, in one flat list.
	Tracks [][][]float64 `json:"tracks"`
}

// packExamples makes the page's examples as base64 of gzip of JSON, with a note that says what they
// are. It is empty for a run that has no examples or no predictions. Where they would not fit, the
// last examples of each task are left out, and the note says so.
func packExamples(r *report.Report) (packed, note string, err error) {
	if r.Evaluated == nil {
		return "", "", nil
	}
	data := &ExampleData{Tasks: r.Suite.TaskNames(), Groups: groupsOf(r)}
	seed, missing, err := data.addMethods(r)
	if err != nil || len(data.Methods) == 0 {
		return "", "", err
	}
	note = fmt.Sprintf("Every example of seed %d, order 0: what the model answered before the stream, and after each task where its answer changed. "+
		"“Lost” is an example that scores less at the end than right after its task was learned; base knowledge counts from the base model.", seed)
	if missing > 0 {
		note += fmt.Sprintf(" %d files of predictions are missing from the run.", missing)
	}
	if packed, err = data.pack(); err != nil || len(packed) <= packedBytes {
		return packed, note, err
	}
	for kept := data.Halve(); kept > 0; kept = data.Halve() {
		if packed, err = data.pack(); err != nil || len(packed) <= packedBytes {
			note += fmt.Sprintf(" To keep the page small, at most %d examples of each task are here; all are in the run's predictions.", kept)
			return packed, note, err
		}
	}
	return "", "", nil
}

// groupsOf sorts the run's examples into the tasks, in the order of the stream, and after them the
// parts of the battery.
func groupsOf(r *report.Report) []exampleGroup {
	var groups []exampleGroup
	for i, name := range r.Suite.TaskNames() {
		groups = append(groups, exampleGroup{Name: name, Index: i + 1, Examples: []exampleText{}})
	}
	for _, e := range r.Evaluated {
		g := slices.IndexFunc(groups, func(g exampleGroup) bool { return g.Name == e.Task })
		if g < 0 {
			g, groups = len(groups), append(groups, exampleGroup{Name: e.Task})
		}
		options := e.Options
		if options == nil {
			options = []string{}
		}
		groups[g].Examples = append(groups[g].Examples, exampleText{e.ID, e.Prompt, e.Gold, options})
	}
	return groups
}

// addMethods reads the predictions of the first seed that has any, and counts the files that are
// missing of boundaries that the records have.
func (d *ExampleData) addMethods(r *report.Report) (seed, missing int, err error) {
	texts := map[string]int{}
	for seed := range r.Suite.Seeds {
		missing := 0
		for _, c := range r.Cells {
			if c.Seed != seed || c.Order != 0 || len(c.R) == 0 {
				continue
			}
			m, absent, err := d.method(r, c, texts)
			if err != nil {
				return 0, 0, fmt.Errorf("cell %s: %w", c.ID, err)
			}
			if missing += absent; m != nil {
				d.Methods = append(d.Methods, *m)
			}
		}
		if len(d.Methods) > 0 {
			return seed, missing, nil
		}
	}
	return 0, 0, nil
}

// method follows the predictions of one cell; nil if it has none.
func (d *ExampleData) method(r *report.Report, c report.Cell, texts map[string]int) (m *exampleMethod, missing int, err error) {
	m = &exampleMethod{Name: c.Method.Name}
	type place struct{ group, example int }
	type key struct {
		task string
		id   int32
	}
	places := map[key]place{}
	for g, group := range d.Groups {
		m.Seen = append(m.Seen, []int{})
		m.Tracks = append(m.Tracks, make([][]float64, len(group.Examples)))
		for e, text := range group.Examples {
			m.Tracks[g][e] = []float64{}
			places[key{group.Name, text.ID}] = place{g, e}
		}
	}
	for i, row := range c.R {
		if row == nil {
			continue
		}
		rows, err := record.ReadPredictions(r.Run.Cell(c.ID).Predictions(i))
		if errors.Is(err, os.ErrNotExist) {
			missing++
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		for _, p := range rows {
			at, ok := places[key{p.Task, p.ID}]
			if !ok {
				return nil, 0, fmt.Errorf("boundary %d has a prediction for %s %d, which is not among the run's examples", i, p.Task, p.ID)
			}
			if seen := &m.Seen[at.group]; len(*seen) == 0 || (*seen)[len(*seen)-1] != i {
				*seen = append(*seen, i)
			}
			text, ok := texts[p.Prediction]
			if !ok {
				text = len(d.Texts)
				texts[p.Prediction], d.Texts = text, append(d.Texts, p.Prediction)
			}
			track, score := &m.Tracks[at.group][at.example], math.Round(1000*p.Score)/1000
			if n := len(*track); n == 0 || (*track)[n-2] != float64(text) || (*track)[n-1] != score {
				*track = append(*track, float64(i), float64(text), score)
			}
		}
	}
	if missing > 0 && !slices.ContainsFunc(m.Seen, func(seen []int) bool { return len(seen) > 0 }) {
		return nil, missing, nil
	}
	return m, missing, nil
}

// pack is the data as base64 of gzip of JSON.
func (d *ExampleData) pack() (string, error) {
	data, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("encode examples: %w", err)
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return "", fmt.Errorf("pack examples: %w", err)
	}
	if _, err := z.Write(data); err != nil {
		return "", fmt.Errorf("pack examples: %w", err)
	}
	if err := z.Close(); err != nil {
		return "", fmt.Errorf("pack examples: %w", err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// Halve leaves out the second half of each group's examples and returns how many the largest group
// has left.
func (d *ExampleData) Halve() (kept int) {
	for g := range d.Groups {
		n := len(d.Groups[g].Examples) / 2
		d.Groups[g].Examples = d.Groups[g].Examples[:n]
		for m := range d.Methods {
			d.Methods[m].Tracks[g] = d.Methods[m].Tracks[g][:n]
		}
		kept = max(kept, n)
	}
	d.dropTexts()
	return kept
}

// dropTexts leaves out the predictions that no track names any more.
func (d *ExampleData) dropTexts() {
	renamed, texts := map[float64]float64{}, []string{}
	for _, m := range d.Methods {
		for _, group := range m.Tracks {
			for _, track := range group {
				for k := 1; k < len(track); k += 3 {
					to, ok := renamed[track[k]]
					if !ok {
						to = float64(len(texts))
						renamed[track[k]], texts = to, append(texts, d.Texts[int(track[k])])
					}
					track[k] = to
				}
			}
		}
	}
	d.Texts = texts
}
