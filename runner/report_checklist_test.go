package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing"

	"secura/experiments"
	"secura/experiments/suite"
	"secura/methods/backbone/nano"
)

// TestTheChecklistKnowsTheEmbeddedBackbone: the number of its parameters is written down in
// reports, which read no backbone; here it is held to that of the backbone itself.
func TestTheChecklistKnowsTheEmbeddedBackbone(t *testing.T) {
	data, err := fs.ReadFile(nano.Files(), "training.json")
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ Parameters int }
	if err := json.Unmarshal(data, &made); err != nil || made.Parameters == 0 {
		t.Fatal(made, err)
	}
	source := strings.ReplaceAll(readDocument(t, "reports/checklist/facts.go"), ",", "")
	if want := `"` + strconv.Itoa(made.Parameters) + ` (nano)"`; !strings.Contains(source, want) {
		t.Errorf("the checklist does not say %s", want)
	}
}

// TestTheChecklistHasTheSizesThatWereTrained, not the 0 that stands for them: those of the embedded
// backbone, whose width is 128, and the rule for another one.
func TestTheChecklistHasTheSizesThatWereTrained(t *testing.T) {
	sizes := func(preset, backbone string, targets ...string) string {
		t.Helper()
		s := suite.Default()
		s.Backbone, s.Training.Targets = backbone, targets
		p, _ := experiments.KnownPresets().Find(preset)
		given, err := p.Params(suite.MethodSpec{Preset: preset, Name: preset})
		if err != nil {
			t.Fatal(err)
		}
		params, err := suite.ParamsByKey(given)
		if err == nil {
			err = sizesInWords(params, s)
		}
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(params["rank"], " ", params["inner"])
	}
	for _, c := range []struct{ got, want string }{
		{sizes("secura", "nano", "q_proj", "v_proj"), "12 16"},
		{sizes("secura", "org/base", "q_proj"), "⌊150·in/1536⌋ of a weight [out, in] ⌊200·in/1536⌋ of a weight [out, in]"},
		{sizes("cur-lora", "nano", "q_proj"), "16 <nil>"},
		{sizes("seq", "nano", "q_proj"), "8 <nil>"},
	} {
		if c.got != c.want {
			t.Errorf("sizes %q, want %q", c.got, c.want)
		}
	}
}
