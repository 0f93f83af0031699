package main

import (
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// TestImportsFollowTheLayout holds who may import whom: the rooms of the
// program depend on each other in one direction only.
func TestImportsFollowTheLayout(t *testing.T) {
	leaves := []string{"experiments/record", "experiments/rundir", "datasets/score", "datasets/prompt", "datasets/hub", "methods/weights", "methods/replay"}
	external := map[string]string{ // a library and the only room that may import it
		"gopkg.in/yaml.v3":                  "experiments",
		"github.com/olekukonko/tablewriter": "reports",
		"gonum.org/v1/plot":                 "reports",
		"github.com/nikolalohinski/gonja":   "datasets/prompt/chat",
		"github.com/vbauerster/mpb/v8":      "runner",
	}
	within := func(path, room string) bool { return path == room || strings.HasPrefix(path, room+"/") }

	command := exec.Command("go", "list", "-json=ImportPath,Imports", "secura/...")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; seen++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		from := strings.TrimPrefix(p.ImportPath, "secura/")
		for _, imported := range p.Imports {
			for library, room := range external {
				if within(imported, library) && !within(from, room) {
					t.Errorf("%s imports %s, which only %s may", from, imported, room)
				}
			}
			if within(from, "reports") && strings.HasPrefix(imported, "github.com/gomlx/") {
				t.Errorf("%s imports %s: a report is made from records alone", from, imported)
			}
			to, ours := strings.CutPrefix(imported, "secura/")
			if !ours {
				continue
			}
			allowed := true
			switch {
			case within(to, "runner"):
				allowed = false
			case within(from, "methods") && within(to, "datasets"), within(from, "datasets") && within(to, "methods"):
				allowed = false
			case within(from, "experiments"):
				allowed = !within(to, "reports")
			case from == "reports/metric", from == "reports/table":
				// Leaves: a metric is a function of numbers and a table one of
				// texts, so that either can be tried without a run, and neither
				// can depend on how the other, or a report, is made.
				allowed = false
			case within(from, "reports"):
				// A report is made of records and runs' files; of its rooms it
				// takes the numbers from metric and shows them by table.
				allowed = within(to, "reports") || to == "experiments/record" || to == "experiments/rundir" || to == "datasets/score"
			case within(from, "methods"), within(from, "datasets"):
				allowed = !within(to, "experiments") && !within(to, "reports")
			}
			for _, leaf := range leaves {
				if from == leaf {
					allowed = false
				}
			}
			if !allowed {
				t.Errorf("%s imports %s, against the layout", from, to)
			}
		}
	}
	if seen < 10 {
		t.Fatalf("only %d packages were listed", seen)
	}
}
