package suite

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"secura/datasets"
)

// TestTheSuiteOfAManifestCanBePlanned: numbers that no plan can have are refused wherever a
// manifest is read, and what is computed with holds every rule. Manifests of runs are read.
func TestTheSuiteOfAManifestCanBePlanned(t *testing.T) {
	smoke, err := Load("smoke", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		change      func(*Suite)
		plan, wrong string
	}{
		"as it is":         {func(*Suite) {}, "", ""},
		"many seeds":       {func(s *Suite) { s.Seeds = 1 << 40 }, "are more than 100000 cells", ""},
		"no seed":          {func(s *Suite) { s.Seeds = -1 }, "seeds is -1, must be at least 1", ""},
		"no order":         {func(s *Suite) { s.Orders = -1 }, "orders is -1, must be at least 1", ""},
		"many orders":      {func(s *Suite) { s.Orders = 7 }, "orders is 7, must be at most 6", ""},
		"an unknown task":  {func(s *Suite) { s.TaskOrders = [][]string{{"x"}} }, `unknown task in task_orders[0] "x"`, ""},
		"no lengths":       {func(s *Suite) { s.Evaluation.Lengths = nil }, "", "evaluation.lengths []: none may be left to the data"},
		"no answer length": {func(s *Suite) { s.Training.AnswerLength = 0 }, "", "training.answer_length 0 and"},
		"an older rule":    {func(s *Suite) { s.Evaluation.Batch = 0 }, "", "evaluation.batch is 0, must be at least 1"},
	} {
		s := smoke
		c.change(&s)
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		told := func(err error, want string) bool {
			return want == "" && err == nil || want != "" && err != nil && strings.Contains(err.Error(), want) && strings.Contains(err.Error(), "the suite in at/manifest.json")
		}
		if _, err := OfManifest("at/manifest.json", raw); !told(err, c.plan) {
			t.Errorf("%s, read: %v, expected %q", what, err, c.plan)
		}
		if _, err := Computable("at/manifest.json", raw); !told(err, c.plan+c.wrong) {
			t.Errorf("%s, computed with: %v, expected %q", what, err, c.plan+c.wrong)
		}
	}
	paths, err := filepath.Glob("../../reports/published/*/manifest.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d published manifests, %v", len(paths), err)
	}
	for _, path := range append(paths, "../../runner/testdata/continual16/manifest.json") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var manifest struct{ Suite json.RawMessage }
		if err := json.Unmarshal(data, &manifest); err != nil {
			t.Fatal(err)
		}
		if _, err := Computable(path, manifest.Suite); err != nil {
			t.Error(err)
		}
	}
}

func TestMerge(t *testing.T) {
	const old = `{"name":"x","doc":"a","seeds":2,"orders":1,"methods":[{"name":"seq","params":{"rank":8}}],"training":{"steps":48}}`
	for what, c := range map[string]struct{ old, new, want string }{
		"what changes no number, fewer seeds, another method": {old,
			`{"name":"x","doc":"b","seeds":1,"orders":3,"methods":[{"name":"er"}],"training":{"steps":48,"checkpoint_every":7}}`,
			`{"doc":"b","methods":[{"name":"seq","params":{"rank":8}},{"name":"er"}],"name":"x","orders":3,"seeds":2,"training":{"checkpoint_every":7,"steps":48}}`},
		"a suite with all methods of the run and one more gives the order": {old,
			`{"name":"x","doc":"a","seeds":2,"orders":1,"methods":[{"name":"er"},{"name":"seq","params":{"rank":8}}],"training":{"steps":48}}`,
			`{"name":"x","doc":"a","seeds":2,"orders":1,"methods":[{"name":"er"},{"name":"seq","params":{"rank":8}}],"training":{"steps":48}}`},
		"one with a method less leaves the order": {`{"seeds":2,"orders":1,"methods":[{"name":"er"},{"name":"seq"}]}`,
			`{"seeds":2,"orders":1,"methods":[{"name":"seq"}]}`, `{"methods":[{"name":"er"},{"name":"seq"}],"orders":1,"seeds":2}`},
		"what is said of a method": {`{"seeds":1,"orders":1,"methods":[{"name":"seq","learning_rate":1}]}`,
			`{"seeds":1,"orders":1,"methods":[{"name":"seq","learning_rate":1,"reason":"tuned again","learning_rates":[0.1,1],"fixed":["rank"]}]}`,
			`{"seeds":1,"orders":1,"methods":[{"name":"seq","learning_rate":1,"reason":"tuned again","learning_rates":[0.1,1],"fixed":["rank"]}]}`},
	} {
		merged, err := Merge(json.RawMessage(c.old), json.RawMessage(c.new), false)
		if err != nil || string(merged) != c.want {
			t.Errorf("%s: %s (%v), want %s", what, merged, err, c.want)
		}
	}
	for change, difference := range map[string]string{
		`{"name":"x","seeds":2,"orders":1,"methods":[{"name":"seq","params":{"rank":4}}],"training":{"steps":48}}`: "methods.seq.params.rank was 8, is 4",
		`{"name":"x","seeds":2,"orders":1,"methods":[],"training":{"steps":6}}`:                                    "training.steps was 48, is 6",
		`{"name":"x","seeds":2,"orders":1,"methods":[],"training":{"steps":48,"clip":1}}`:                          "training.clip was not set, is 1",
		`{"name":"x","seeds":2,"orders":1,"methods":[],"training":{"steps":48,"pack":true}}`:                       "goes on with -set training.pack=false",
		`{"name":"x","seeds":2,"orders":1,"methods":[],"training":{"steps":48},"backend":"go"}`:                    `backend was not set, is "go"`,
	} {
		if _, err := Merge(json.RawMessage(old), json.RawMessage(change), false); err == nil || !strings.Contains(err.Error(), difference) {
			t.Errorf("%s: %v", difference, err)
		}
	}
	if _, err := Merge(json.RawMessage(`{"seeds":1,"orders":1,"methods":[]}`), json.RawMessage(`{"seeds":1,"orders":1,"methods":[],"backend":"go"}`), true); err != nil {
		t.Error("another backend, which is allowed:", err)
	}
}

// A run that began before revisions were kept takes one; of a run that has one no other is taken.
func TestARevisionIsKept(t *testing.T) {
	with := func(revision string) json.RawMessage {
		return json.RawMessage(`{"backbone":"org/model","seeds":1,"orders":1,"methods":[]` + revision + `}`)
	}
	none, first, second := with(""), with(`,"revisions":{"org/model":"1111"}`), with(`,"revisions":{"org/model":"2222"}`)
	if merged, err := Merge(none, first, false); err != nil || !strings.Contains(string(merged), "1111") {
		t.Errorf("%s (%v)", merged, err)
	}
	if _, err := Merge(first, second, false); err == nil || !strings.Contains(err.Error(), `revisions.org/model was "1111", is "2222"`) {
		t.Error(err)
	}
	if _, err := Merge(first, none, false); err == nil || !strings.Contains(err.Error(), "is not set") {
		t.Error(err)
	}
}

func TestMergingASuiteWithItselfChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := map[string]any{"seeds": rapid.IntRange(1, 9).Draw(t, "seeds"), "orders": 1,
			"t": rapid.MapOf(rapid.String(), rapid.Float64Range(-1, 1)).Draw(t, "t"), "l": rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "l")}
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		merged, err := Merge(data, data, false)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Merge(merged, data, true)
		if err != nil || string(again) != string(merged) {
			t.Fatal(err)
		}
	})
}

// What changes no number is no difference: neither of the hash nor of two suites.
func TestSettingsThatChangeNoNumber(t *testing.T) {
	s, err := Load("smoke", Options{})
	if err != nil {
		t.Fatal(err)
	}
	other := s
	other.Doc, other.Tables, other.Training.CheckpointEvery, other.Slurm.Partition = "x", []string{"summary"}, 7, "long"
	var written [3]json.RawMessage
	third := other
	third.Training.Steps++
	for i, x := range []Suite{s, other, third} {
		if written[i], err = json.Marshal(x); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := Differ(written[0], written[1]); err != nil || names != nil {
		t.Errorf("they differ in %q (%v)", names, err)
	}
	if names, err := Differ(written[0], written[2]); err != nil || !slices.Equal(names, []string{"training"}) {
		t.Errorf("they differ in %q (%v), want training", names, err)
	}
	if names, err := Differ(written[0], written[2], "training"); err != nil || names != nil {
		t.Errorf("they differ in %q (%v), for which nothing was asked", names, err)
	}
	hash, err := s.Hash()
	if err != nil {
		t.Fatal(err)
	}
	if same, err := other.Hash(); err != nil || same != hash {
		t.Errorf("hashes %s and %s (%v)", hash, same, err)
	}
}

// TestTasksThatAskTheSame tells what is asked of a split from what is trained on, how a task is
// called and where its machine keeps the data.
func TestTasksThatAskTheSame(t *testing.T) {
	task := datasets.Task{Name: "a", Source: "/here/set", Prompt: "{{.q}}", Splits: datasets.Splits{Train: "train[:80%]"}, Limits: datasets.Limits{Train: 5}}
	for want, change := range map[string]func(*datasets.Task){
		"": func(t *datasets.Task) {
			t.Family, t.Source, t.Splits, t.Limits.Train = "other", "/there/set", datasets.Splits{Test: "test"}, 9
		},
		"source":              func(t *datasets.Task) { t.Source = "/here/other" },
		"splits limits":       func(t *datasets.Task) { t.Splits.Test, t.Limits.Test = "test[:50%]", 3 },
		"prompt options text": func(t *datasets.Task) { t.Prompt, t.Options, t.Text = "{{.p}}", []string{"x"}, "y" },
	} {
		other := task
		change(&other)
		name, keys := AskOtherwise(Suite{Tasks: []datasets.Task{task}, Evaluation: Evaluation{Split: "test"}}, Suite{Knowledge: []datasets.Task{other}})
		if strings.Join(keys, " ") != want || (name == "a") != (want != "") {
			t.Errorf("%q: task %q, keys %q", want, name, keys)
		}
	}
}
