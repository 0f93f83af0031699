package main

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// room is a package, or with a trailing /... all below it too, and what of the program it may
// import. Rooms stand above those that they import, so that the arrows run in one direction.
type room struct {
	path string
	may  []string
	why  string
}

// rooms are looked through in order: the first that a package lies in counts.
var rooms = []room{
	{"runner", []string{"..."}, "the command line puts everything together"},

	{"experiments/launch", []string{"experiments", "experiments/...", "datasets", "methods/backbone", "spelling"},
		"a run's life needs workers, engines and files; the backend is opened once before the workers open it"},
	{"experiments/pretraining", []string{"experiments", "experiments/pretrained", "experiments/rundir", "experiments/suite", "datasets/builtin", "datasets/prompt", "methods", "methods/..."},
		"a backbone is made of generated text, and scored as any other"},
	{"experiments", []string{"experiments/engine", "experiments/evaluation", "experiments/machine", "experiments/packing", "experiments/pretrained", "experiments/record",
		"experiments/rundir", "experiments/standing", "experiments/stream", "experiments/suite", "datasets", "datasets/...", "methods", "methods/...", "spelling"},
		"a cell is a method on a backbone and a stream of data"},
	{"experiments/evaluation", []string{"experiments/record", "experiments/stream", "experiments/suite", "datasets", "datasets/prompt", "datasets/score", "methods", "methods/..."},
		"what a method has learned is a function, which is scored on a stream's examples"},
	{"experiments/stream", []string{"experiments/pretrained", "experiments/suite", "datasets", "datasets/prepared"}, "a suite's tasks name the splits that are read, and a backbone has the encoder and may know held-out text"},
	{"experiments/engine", []string{"experiments/record", "experiments/suite"}, "workers tell of states, an array has a suite's slurm keys"},
	{"experiments/tuning", []string{"experiments/record", "experiments/suite", "methods", "datasets", "spelling"}, "a method's grid makes trials of a suite"},
	{"experiments/pretrained", []string{"experiments/rundir", "datasets", "datasets/...", "jsonfile", "methods/backbone", "methods/backbone/nano", "methods/weights"},
		"a backbone is weights and a tokenizer, whose files are hashed as a run's are"},
	{"experiments/suite", []string{"experiments/record", "datasets", "spelling"}, "a report reads a suite where no method and no tensor is: they are handed to it"},
	{"experiments/standing", []string{"experiments/machine", "experiments/record", "experiments/rundir"}, "a cell stands where its files and its process say"},
	{"experiments/rundir", []string{"atomicfile", "experiments/machine"}, "a claim names the running system"},
	{"experiments/packing", nil, "how rows are laid out follows from lengths alone"},
	{"experiments/record", nil, "records are read by everybody"},
	{"experiments/machine", nil, "the machine is the same for everybody"},
	{"experiments/toyrun", []string{"datasets/prompt", "methods/backbone", "methods/weights"}, "tests of several rooms share a small backbone"},

	{"reports/metric", nil, "a metric is a function of numbers, which can be tried without a run"},
	{"reports/table", nil, "a table is texts, whatever they tell of"},
	{"reports/report", []string{"reports/metric", "reports/table", "experiments/record", "experiments/rundir", "experiments/standing", "experiments/suite", "datasets/score"},
		"what a run's files say is read on a machine without methods or data"},
	{"reports/claims", []string{"reports/metric", "reports/report", "reports/table", "experiments/record", "experiments/rundir", "experiments/suite", "datasets/score"},
		"a verdict rests on a report and its records of steps"},
	{"reports/diagnostics", []string{"reports/metric", "reports/report", "reports/table", "experiments/record", "experiments/rundir", "experiments/suite"},
		"what was measured beside the scores is read from records, for tables and drawings alike"},
	{"reports/tables", []string{"reports/claims", "reports/diagnostics", "reports/metric", "reports/report", "reports/table", "experiments/record", "experiments/rundir", "experiments/suite", "datasets/score"},
		"claims and diagnostics are among the tables that can be asked for"},
	{"reports/citation", []string{"reports/report", "experiments/suite", "datasets", "datasets/hub"}, "a bibliography is of a run's methods and data, of which the hub's cards tell"},
	{"reports/card", []string{"reports/metric", "reports/report", "reports/table", "reports/tables", "experiments/record", "experiments/rundir", "experiments/suite",
		"datasets", "datasets/hub"}, "a model's card has the tables of its cell, in the form that the hub reads"},
	{"reports/checklist", []string{"reports/metric", "reports/report", "reports/table", "experiments/record", "experiments/suite", "datasets"},
		"a checklist asks for what a manifest and records know"},
	{"reports/figure", []string{"reports/diagnostics", "reports/metric", "reports/report", "reports/table", "experiments/record", "experiments/rundir", "experiments/suite"},
		"a drawing shows the numbers of a table"},
	{"reports/page", []string{"reports/claims", "reports/metric", "reports/report", "reports/table", "reports/tables", "experiments/record", "experiments/rundir", "experiments/suite"},
		"the page has the tables, and charts of what the drawings show"},
	{"reports/synthetic", []string{"reports/report", "experiments/record", "experiments/rundir", "experiments/suite", "datasets/score"},
		"tests of several rooms share made-up runs"},
	{"reports", []string{"reports/...", "experiments/record", "experiments/rundir", "experiments/suite"}, "every form is written from here"},

	{"jsonfile", nil, "what is wrong with a JSON file is said alike everywhere"},
	{"atomicfile", nil, "files are put in place and hashed alike everywhere"},
	{"spelling", nil, "a name that is not known is answered alike everywhere"},
	{"methods/weights", []string{"atomicfile", "jsonfile"}, "it is a leaf"},
	{"methods/replay", nil, "it is a leaf"},
	{"methods/...", []string{"methods/...", "atomicfile", "jsonfile", "spelling"}, "a method's test needs no Parquet"},
	{"datasets/score", []string{"spelling"}, "it is a leaf"},
	{"datasets/prompt", []string{"jsonfile"}, "it is a leaf"},
	{"datasets/hub", []string{"atomicfile"}, "it is a leaf"},
	{"datasets/...", []string{"datasets", "datasets/...", "atomicfile", "jsonfile", "spelling"}, "a data set's test needs no backend"},
}

// libraries have the rooms that may import them: a suite is YAML, and so are the metadata of a
// hub's README.
var libraries = map[string][]string{
	"gopkg.in/yaml.v3":                  {"experiments/suite", "datasets/hub"},
	"github.com/olekukonko/tablewriter": {"reports/..."},
	"gonum.org/v1/plot":                 {"reports/..."},
	"github.com/nikolalohinski/gonja":   {"datasets/prompt/chat"},
	"golang.org/x/exp":                  {"datasets/prepared"},
	"github.com/vbauerster/mpb/v8":      {"runner"},
}

// within says whether a package lies in a room: "..." is everywhere, "a/..." is a and all below it.
func within(path, room string) bool {
	if below, ok := strings.CutSuffix(room, "..."); ok {
		return path+"/" == below || strings.HasPrefix(path, below)
	}
	return path == room
}

// TestImportsFollowTheLayout holds who may import whom.
func TestImportsFollowTheLayout(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "secura/...").Output()
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
		checkImports(t, strings.TrimPrefix(p.ImportPath, "secura/"), p.Imports)
	}
	if seen < 10 {
		t.Fatalf("only %d packages were listed", seen)
	}
}

func checkImports(t *testing.T, from string, imports []string) {
	for _, r := range rooms {
		if !within(from, r.path) {
			continue
		}
		for _, imported := range imports {
			for library, only := range libraries {
				if within(imported, library+"/...") && !slices.ContainsFunc(only, func(room string) bool { return within(from, room) }) {
					t.Errorf("%s imports %s, which only %v may", from, imported, only)
				}
			}
			if within(from, "reports/...") && strings.HasPrefix(imported, "github.com/gomlx/") {
				t.Errorf("%s imports %s: %s", from, imported, r.why)
			}
			to, ours := strings.CutPrefix(imported, "secura/")
			if !ours {
				continue
			}
			if to == "runner" || !slices.ContainsFunc(r.may, func(may string) bool { return within(to, may) }) {
				t.Errorf("%s imports %s; it may import %v: %s", from, to, r.may, r.why)
			}
		}
		return
	}
	t.Errorf("%s lies in no room: say in the table of rooms what it may import, and why", from)
}
