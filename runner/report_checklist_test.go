package main

import (
	"encoding/json"
	"io/fs"
	"strconv"
	"strings"
	"testing"

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
