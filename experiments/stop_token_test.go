package experiments

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/experiments/evaluation"
	"secura/experiments/suite"
	"secura/methods/backbone"
	"secura/methods/weights"
)

// talkative multiplies a backbone's projections, so that it does not write its last token again and
// again.
func talkative(t *testing.T, folder string) {
	t.Helper()
	model, err := backbone.LoadModel(folder, backbone.Precision{})
	if err != nil {
		t.Fatal(err)
	}
	for name, weight := range model.Weights {
		if strings.HasSuffix(name, "_proj.weight") {
			values, err := tensors.CopyFlatData[float32](weight)
			if err != nil {
				t.Fatal(err)
			}
			for i := range values {
				values[i] *= 20
			}
			model.Weights[name] = tensors.FromFlatDataAndDimensions(values, weight.Shape().Dimensions...)
		}
	}
	if err := model.Save(folder, weights.F32); err != nil {
		t.Fatal(err)
	}
}

// TestAWrittenAnswerEndsAtASpecialToken makes tokens that the backbone writes special ones, which
// no text shows, and gives the text of one as a stop text: answers end there, and some become
// shorter.
func TestAWrittenAnswerEndsAtASpecialToken(t *testing.T) {
	y := newToy(t)
	talkative(t, y.suite.Backbone)
	s := y.with(suite.MethodSpec{Preset: "frozen"})
	s.Tasks = slices.Clone(s.Tasks[:1])
	s.Tasks[0].MaxNewTokens = 10
	write := func(stop ...string) ([]string, *Worker) {
		s.Tasks[0].Stop = stop
		w := y.open(t, s, t.TempDir())
		row, err := w.evaluator.Evaluate(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, p := range row.Groups[0] {
			texts = append(texts, p.Text)
		}
		return texts, w
	}
	plain, w := write()
	written := map[string]int32{}
	for _, text := range plain {
		ids, err := w.tokenizer.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if token, _ := w.tokenizer.Token(id); !strings.HasPrefix(token, "<") {
				written[token] = id
			}
		}
	}
	path := filepath.Join(s.Backbone, "tokenizer.json")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	shorter, special := 0, ""
	for _, token := range slices.Sorted(maps.Keys(written)) {
		var file map[string]any
		if err := json.Unmarshal(content, &file); err != nil {
			t.Fatal(err)
		}
		file["added_tokens"] = append(file["added_tokens"].([]any), map[string]any{"id": written[token], "content": token, "special": true})
		changed, err := json.Marshal(file)
		if err == nil {
			err = os.WriteFile(path, changed, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		special = token
		unstopped, _ := write()
		var stopped []string
		stopped, w = write(token)
		for i, text := range stopped {
			if !strings.HasPrefix(unstopped[i], text) {
				t.Errorf("%q with the stop text %q, without it %q", text, token, unstopped[i])
			}
			if text != unstopped[i] {
				shorter++
			}
		}
		if shorter > 0 {
			break
		}
	}
	if shorter == 0 {
		t.Errorf("none of %q ends at a special token", plain)
	}
	data := *w.data
	data.Tasks = slices.Clone(data.Tasks)
	data.Tasks[0].Task.Stop = []string{special + "\n"}
	if _, err := evaluation.New(nil, &data, w.tokenizer, w.ends, s.Evaluation); err == nil || !strings.Contains(err.Error(), "task next: stop") {
		t.Error(err)
	}
}
