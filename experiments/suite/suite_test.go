package suite

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"secura/datasets"
	"secura/methods"
)

// presets are the program's methods, as experiments.KnownPresets has them.
var presets = func() (list Presets) {
	for _, m := range methods.All {
		list = append(list, Preset{Name: m.Name, Cost: m.RelativeCost(), NewParams: m.NewParams})
	}
	return append(list, Preset{Name: "i-old", Renamed: "it is i-new now"})
}()

func load(t *testing.T, text string, sets ...string) (Suite, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return Load(path, Options{Presets: presets, Set: sets})
}

func TestEveryEmbeddedSuiteLoadsAndItsResolvedFormIsTheSameSuite(t *testing.T) {
	for _, name := range List() {
		suite, err := Load(name, Options{Presets: presets})
		if err != nil {
			t.Fatal(err)
		}
		if suite.Name != name || suite.Doc == "" {
			t.Errorf("%s: name %q, doc %q", name, suite.Name, suite.Doc)
		}
		text, err := suite.Resolved()
		if err != nil {
			t.Fatal(err)
		}
		again, err := load(t, text)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(suite, again); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestContinual16IsTheMainJob(t *testing.T) {
	suite, err := Load("continual16", Options{Presets: presets})
	if err != nil {
		t.Fatal(err)
	}
	stream, knowledge, err := BuiltinTasks()
	if err != nil {
		t.Fatal(err)
	}
	if len(suite.Tasks) != 16 || len(stream) != 16 || len(suite.Knowledge) != 2 || len(knowledge) != 2 || len(suite.Methods) != 6 {
		t.Fatal(len(suite.Tasks), len(suite.Knowledge), len(suite.Methods))
	}
	for i, task := range suite.Tasks {
		if i > 0 && task.Family == suite.Tasks[i-1].Family {
			t.Errorf("%s follows a task of its own family", task.Name)
		}
		if name, ok := task.Builtin(); !ok || name != task.Name {
			t.Errorf("%s has source %s", task.Name, task.Source)
		}
	}
	if suite.Training.Steps != 64 || suite.Training.Batch != 16 || suite.Training.Length != 68 {
		t.Errorf("%+v", suite.Training)
	}
}

func TestSettingsReplaceTheFilesValues(t *testing.T) {
	suite, err := Load("smoke", Options{Presets: presets, Set: []string{
		"training.steps=7", "methods.secura.params.rank=4", "methods.secura.learning_rate=1.0", "methods.secura.reason=tuned",
		"tasks=[directions, odd_one_out]", "evaluation.lengths=[48, 96]", "methods.0.name=plain", "tasks.directions.limits.train=8"}})
	if err != nil {
		t.Fatal(err)
	}
	m, ok := suite.Method("secura")
	if !ok || m.LearningRate != 1 || m.Params["rank"] != 4 || suite.Methods[0].Name != "plain" || suite.Methods[0].Preset != "seq" {
		t.Errorf("%+v", suite.Methods)
	}
	if suite.Training.Steps != 7 || suite.Training.Batch != 16 || suite.TaskNames()[1] != "odd_one_out" || suite.Evaluation.Lengths[0] != 48 || suite.Tasks[0].Limits.For("train") != 8 {
		t.Errorf("%+v", suite)
	}
	if suite.MethodRate(m, 0.5) != 1 || suite.MethodRate(suite.Methods[0], 0.5) != 0.5 || suite.MethodRate(suite.Methods[0], 0) != 1e-3 {
		t.Error("learning rates")
	}
}

// TestTasksOfAnExtendedSuiteAreNamed takes some of the real data sets, in another order and beside
// a built-in task.
func TestTasksOfAnExtendedSuiteAreNamed(t *testing.T) {
	want, err := Load("continual16-real", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, load := range []func() (Suite, error){
		func() (Suite, error) { return load(t, "extends: continual16-real\ntasks: [piqa, directions, boolq]\n") },
		func() (Suite, error) {
			return Load("continual16-real", Options{Set: []string{"tasks=[piqa, directions, boolq]"}})
		},
	} {
		got, err := load()
		if err != nil {
			t.Fatal(err)
		}
		if names := got.TaskNames(); !slices.Equal(names, []string{"piqa", "directions", "boolq"}) {
			t.Errorf("tasks %v", names)
		}
		for i, name := range map[int]string{0: "piqa", 2: "boolq"} {
			if same := slices.ContainsFunc(want.Tasks, func(task datasets.Task) bool { return reflect.DeepEqual(task, got.Tasks[i]) }); !same {
				t.Errorf("%s is %+v", name, got.Tasks[i])
			}
		}
	}
	if _, err := load(t, "extends: continual16-real\ntasks: [boolk]\n"); err == nil || !strings.Contains(err.Error(), `did you mean "boolq"?`) {
		t.Error(err)
	}
	if _, err := load(t, "extends: 12\ntasks: [directions]\n"); err == nil || !strings.Contains(err.Error(), "extends must be text") {
		t.Error(err)
	}
}

func TestMistakesNameLineKeyAndTheNearestName(t *testing.T) {
	const good = "tasks: [directions]\nmethods: [seq]\n"
	if suite, err := load(t, good); err != nil || suite.Name != "mine" {
		t.Fatal(suite.Name, err)
	}
	for text, want := range map[string]string{
		"tasks: [direction]\nmethods: [seq]\n":                       `mine.yaml:1: unknown task "direction"; did you mean "directions"?`,
		"tasks: [directions]\nmethods: [sek]\n":                      `unknown method "sek"; did you mean "seq"?`,
		good + "sedes: 2\n":                                          `mine.yaml:3: unknown key "sedes"; did you mean "seeds"?`,
		good + "training: {stepps: 2}\n":                             `mine.yaml:3: unknown key "stepps"; did you mean "steps"?`,
		good + "seeds: 1.5\n":                                        "mine.yaml:3: seeds must be a whole number, not 1.5",
		good + "seeds: '2'\n":                                        `mine.yaml:3: seeds must be a whole number, not the text "2"`,
		good + "seeds: 010\n":                                        "seeds must be a whole number, not 010",
		good + "seeds: 2.0\n":                                        "seeds must be a whole number",
		good + "seeds: 99999999999999999999\n":                       "seeds must be a whole number",
		good + "seeds: ~\n":                                          "seeds has no value",
		good + "seeds:\n":                                            "seeds has no value",
		good + "seeds: 0\n":                                          "seeds is 0, must be at least 1",
		good + "orders: 0\n":                                         "orders is 0, must be at least 1",
		good + "held_out: {source: a, txt: b}\n":                     `mine.yaml:3: unknown key "txt"; did you mean "text"?`,
		good + "held_out: {source: a}\n":                             "held_out.text is missing; give a template over the row",
		good + "held_out: {text: a}\n":                               "held_out.source is missing; give a folder",
		good + "held_out: {source: a, text: '{{.b}}', rows: 0}\n":    "held_out.rows is 0, must be at least 1",
		good + "held_out: {source: a, text: '{{.b}}', split: '['}\n": `held_out.split: "[" is no split`,
		good + "held_out: a\n":                                       "held_out must be a mapping",
		"tasks: [{name: held_out, family: f, source: builtin:directions, prompt: '{{.question}}', answer: '{{.answer}}', scores: [exact], max_new_tokens: 3}]\nmethods: [seq]\nheld_out: {source: a, text: '{{.b}}'}\n": `task "held_out" has the name of the held-out text`,
		good + "orders: 2\n": "orders is 2, must be at most 1: no more than that many orders of 1 tasks differ",
		"tasks: [directions, boolq]\nmethods: [seq]\nextends: continual16-real\norders: 3\n": "orders is 3, must be at most 2",
		good + "seeds: 10000000\n":                          "1 methods with 10000000 seeds and 1 orders on 1 backbones are more than 100000 cells",
		good + "name: ../../x\n":                            `name is "../../x", must be letters`,
		good + "name: .\n":                                  `name is "."`,
		good + "name: ..\n":                                 `name is ".."`,
		good + "name: .hidden\n":                            `name is ".hidden"`,
		good + "name: a/b\n":                                `name is "a/b"`,
		good + "name: 'a\\b'\n":                             `name is "a\\b"`,
		good + "name: a b\n":                                `name is "a b"`,
		good + "name: <b>x</b>\n":                           `name is "<b>x</b>"`,
		good + "name: \"a\\nb\"\n":                          "name is",
		good + "name: -out\n":                               `name is "-out"`,
		good + "name: x.\n":                                 `name is "x."`,
		good + "name: " + strings.Repeat("a", 101) + "\n":   "at most 100",
		good + "training: {carry_optimizer: on}\n":          "must be true or false, not on",
		good + "training: {checkpoint: 1}\n":                "training.checkpoint must be true or false, not 1",
		good + "training: {learning_rate: .nan}\n":          "must be a finite number, not .nan",
		good + "training: {learning_rate: .inf}\n":          "must be a finite number",
		good + "training: [1]\n":                            "training must be a mapping",
		good + "name: 12\n":                                 "name must be text",
		good + "---\nseeds: 2\n":                            "mine.yaml:3: a second document",
		good + "seeds: &a 1\norders: *a\n":                  "anchors and aliases",
		good + "seeds: 1\nseeds: 2\n":                       "seeds",
		good + "1: 2\n":                                     "is not a name",
		"":                                                  "is empty",
		"- a\n":                                             "is not a mapping",
		"tasks: [\n":                                        "mine.yaml",
		"tasks: [directions, directions]\nmethods: [seq]\n": `task "directions" stands twice`,
		"tasks: [directions]\nmethods: [seq, seq]\n":        `method "seq" stands twice`,
		"tasks: [directions]\nmethods: [{preset: ewc, params: {x: .nan}}]\n": "methods[0].params.x must be a finite number",
		"tasks: [directions]\nmethods: [{preset: ewc, learning_rate: 1}]\n":  "methods.ewc.learning_rate needs a reason",
		"tasks: []\nmethods: []\n": "methods is empty",
		"tasks: [{name: a, family: b, source: x, prompt: y}]\nmethods: [seq]\n":                            `task "a": answer is missing`,
		"tasks: [{name: a, source: x, prompt: {{.question}}}]\nmethods: [seq]\n":                           "tasks[0].prompt must be a single value; put a template in quotes, as in '{{.question}}'",
		good + "training: {answer_length: 1}\n":                                                            "training.answer_length is 1, must be at least 2",
		"extends: smok\n":                                                                                  `extends: unknown suite "smok"; did you mean "smoke"?`,
		"extends: ./mine.yaml\n":                                                                           "in a circle",
		good + "training: {accumulate: 3}\n":                                                               "training.batch is 16, must be a multiple of training.accumulate, 3",
		good + "training: {schedule: cosin}\n":                                                             `unknown training.schedule "cosin"; did you mean "cosine"?`,
		good + "evaluation: {interpolate: [0.5, 0.25]}\n":                                                  "evaluation.interpolate is [0.5 0.25], must ascend between 0 and 1",
		good + "evaluation: {recovery: [16, 4]}\n":                                                         "evaluation.recovery is [16 4], must ascend from at least 1",
		good + "stream: separate\nevaluation: {recovery: [4]}\n":                                           "evaluation.recovery learns on where a stream ends",
		good + "evaluation: {interpolate: [0.5, 0.5]}\n":                                                   "must ascend between 0 and 1",
		good + "evaluation: {interpolate: [0.5, 1]}\n":                                                     "1 what was learned",
		good + "stream: separate\nevaluation: {interpolate: [0.5]}\n":                                      "stream: separate has no end",
		good + "training: {steps: 8}\nevaluation: {at_steps: [2, 8]}\n":                                    "must ascend from at least 1 and stay below training.steps, 8",
		good + "system: Be brief.\n":                                                                       "system is given and chat is off",
		good + "training: {draw: replacement}\n":                                                           `unknown training.draw "replacement"`,
		"tasks: [directions]\nmethods: [i-old]\n":                                                          `unknown method "i-old": it is i-new now`,
		good + "devices: 3\n":                                                                              "training.batch is 16, must be a multiple of devices, 3",
		good + "devices: 2\nslurm: {gres: gpu:1}\n":                                                        "devices is 2, and slurm.gres, \"gpu:1\", asks for 1",
		good + "backend: cuda\n":                                                                           `unknown backend "cuda"`,
		good + "dtype: bf1\n":                                                                              `unknown dtype "bf1"; did you mean "bf16"`,
		good + "evaluation: {lengths: [64, 32]}\n":                                                         "must ascend",
		good + "evaluation: {keep_checkpoints: lst}\n":                                                     `did you mean "last"?`,
		good + "stream: seperate\n":                                                                        `unknown stream "seperate"; did you mean "separate"?`,
		"tasks: [directions]\nmethods: [joint]\nstream: separate\n":                                        `method "joint" learns all tasks at once`,
		good + "evaluation: {every: tsk}\n":                                                                `unknown evaluation.every "tsk"; did you mean "task"?`,
		good + "evaluation: {every_steps: -1}\n":                                                           "evaluation.every_steps is -1, must not be negative",
		good + "evaluation: {every_steps: 0.5}\n":                                                          "evaluation.every_steps must be a whole number",
		good + "training: {steps: 8}\nevaluation: {every_steps: 8}\n":                                      "evaluation.every_steps is 8, must be below training.steps, 8",
		good + "training: {steps: 8}\nevaluation: {every: final, every_steps: 4}\n":                        "give every: task",
		good + "backbones: [nano, nano]\n":                                                                 `backbones names "nano" twice`,
		good + "backbones: ['']\n":                                                                         "backbones[0] is empty",
		good + "tuning: {trials: 8, stream: [directions], split: test, objective: acc}\n":                  `tuning.split is "test", must be validation`,
		good + "tuning: {trials: 8, stream: [directions], split: validation, objective: ac}\n":             `did you mean "acc"?`,
		good + "tuning: {trials: 0, stream: [directions], split: validation, objective: acc}\n":            "tuning has 0 trials",
		good + "tuning: {trials: 8, seeds: -1, stream: [directions], split: validation, objective: acc}\n": "0 examples and -1 seeds",
	} {
		_, err := load(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got  %v\n want %s", text, err, want)
		}
	}
	// A method that -methods names takes settings though the suite leaves it out.
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, []byte(good), 0o644); err != nil {
		t.Fatal(err)
	}
	more, err := Load(path, Options{Methods: []string{"ewc", "seq"}, Set: []string{"methods.ewc.params.lambda=3", "methods.seq.params.rank=4"}})
	if err != nil || len(more.Methods) != 2 || more.Methods[1].Preset != "ewc" || more.Methods[1].Params["lambda"] != 3 || more.Methods[0].Params["rank"] != 4 {
		t.Errorf("%+v, %v", more.Methods, err)
	}
	for setting, want := range map[string]string{
		"training.stepps=3": `-set training.stepps=3: unknown key "stepps"`, "seeds": "not KEY=VALUE", "seeds=": "no value", "methods.ew.params.x=1": `unknown item "ew"`,
		"seeds.x=1": "single value", "seeds=[": "yaml", "tasks=[nope]": "unknown task",
	} {
		if _, err := load(t, good+"seeds: 1\n", setting); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("-set %s: %v", setting, err)
		}
	}
	_, err = load(t, "tasks: [directios]\nmethods: [seq]\nsedes: 1\nseeds: x\n")
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("not all mistakes at once: %v", err)
	}
	if _, err := Load("continual61", Options{}); err == nil || !strings.Contains(err.Error(), `did you mean "continual16"?`) {
		t.Error(err)
	}
}

func TestAMethodsParametersAreDecodedStrictly(t *testing.T) {
	type params struct {
		Lambda float64 `yaml:"lambda"`
		Rank   int     `yaml:"rank"`
		Mode   string  `yaml:"mode"`
	}
	p := params{Lambda: 1, Rank: 8, Mode: "online"}
	if err := decodeParams("ewc", map[string]any{"lambda": 10000, "rank": 4.0}, &p); err != nil || p != (params{10000, 4, "online"}) {
		t.Fatal(p, err)
	}
	err := decodeParams("ewc", map[string]any{"lamda": 1, "rank": 1.5}, &p)
	if err == nil || !strings.Contains(err.Error(), `did you mean "lambda"`) || !strings.Contains(err.Error(), "rank must be a whole number") {
		t.Fatal(err)
	}
}

func TestPlanPairsCellsAndPermutesOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		suite, err := Load("continual16", Options{})
		if err != nil {
			t.Fatal(err)
		}
		suite.Seeds, suite.Orders = rapid.IntRange(1, 3).Draw(t, "seeds"), rapid.IntRange(1, 3).Draw(t, "orders")
		cells, err := Plan(suite)
		if err != nil || len(cells) != suite.Seeds*suite.Orders*6 {
			t.Fatal(len(cells), err)
		}
		ids := map[string]bool{}
		for _, c := range cells {
			ids[c.ID] = true
			seen := map[int]bool{}
			for i, task := range c.Tasks {
				seen[task] = true
				if c.Order == 0 && task != i {
					t.Fatal(c.ID, c.Tasks)
				}
			}
			if len(seen) != 16 {
				t.Fatal(c.ID, c.Tasks)
			}
			first := cells[0]
			same := c.Streams().Rand("x").Uint64() == first.Streams().Rand("x").Uint64()
			if same != (c.Seed == first.Seed && c.Order == first.Order) {
				t.Fatal("pairing of", c.ID)
			}
		}
		if len(ids) != len(cells) {
			t.Fatal("ids are not unique")
		}
		if c, ok := FindCell(cells, "ewc-s0-o0"); !ok || c.Method.Name != "ewc" {
			t.Fatal(c, ok)
		}
		hash, err := suite.Hash()
		if err != nil || len(hash) != 64 {
			t.Fatal(hash, err)
		}
		other := suite
		other.Doc = "x"
		if h, _ := other.Hash(); h != hash {
			t.Fatal("doc changes the hash")
		}
		other.Training.Steps++
		if h, _ := other.Hash(); h == hash {
			t.Fatal("steps do not change the hash")
		}
	})
}

// TestRivalsPairWithTheMainJob: rivals draws the numbers of continual16, has its six methods as it
// has them, and so each of its cells pairs with a cell there.
func TestRivalsPairWithTheMainJob(t *testing.T) {
	plan := func(name string, settings ...string) (Suite, []Cell) {
		t.Helper()
		s, err := Load(name, Options{Presets: presets, Set: append(settings, "orders=3", "seeds=2")})
		if err != nil {
			t.Fatal(err)
		}
		cells, err := Plan(s)
		if err != nil {
			t.Fatal(err)
		}
		return s, cells
	}
	main, mainCells := plan("continual16")
	rivals, cells := plan("rivals")
	if d := cmp.Diff(main.Methods, rivals.Methods[:len(main.Methods)]); d != "" {
		t.Errorf("methods of continual16 and the first ones of rivals: %s", d)
	}
	for _, want := range mainCells {
		got, ok := FindCell(cells, want.ID)
		if !ok || got.Streams() != want.Streams() || !slices.Equal(got.Tasks, want.Tasks) {
			t.Errorf("%s draws %v, learns %v; in rivals it draws %v, learns %v", want.ID, want.Streams(), want.Tasks, got.Streams(), got.Tasks)
		}
	}
	_, others := plan("rivals", "pairing=rivals")
	if others[0].Streams() == cells[0].Streams() {
		t.Error("another pairing draws the same")
	}
}

// TestOrdersDiffer plans as many orders as there are, and more: they are all permutations, the
// given one first, and a run that is given more orders keeps those that it has.
func TestOrdersDiffer(t *testing.T) {
	for tasks := 1; tasks <= 4; tasks++ {
		s := Suite{Name: "orders", Backbone: "nano", Seeds: 1, Methods: []MethodSpec{{Preset: "seq", Name: "seq"}}}
		for i := range tasks {
			s.Tasks = append(s.Tasks, datasets.Task{Name: string(rune('a' + i))})
		}
		all := []int{1, 1, 2, 6, 24}[tasks]
		var before [][]int
		for s.Orders = 1; s.Orders <= all; s.Orders++ {
			cells, err := Plan(s)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for i, c := range cells {
				seen[fmt.Sprint(c.Tasks)] = true
				sorted := slices.Sorted(slices.Values(c.Tasks))
				for j, task := range sorted {
					if task != j || i == 0 && c.Tasks[j] != j {
						t.Errorf("order %d is %v", i, c.Tasks)
					}
				}
				if i < len(before) && !slices.Equal(c.Tasks, before[i]) {
					t.Errorf("of %d orders, number %d is %v, before it was %v", s.Orders, i, c.Tasks, before[i])
				}
			}
			if len(seen) != s.Orders {
				t.Errorf("%d tasks in %d orders: %d of them differ", tasks, s.Orders, len(seen))
			}
			before = nil
			for _, c := range cells {
				before = append(before, c.Tasks)
			}
		}
		if _, err := Plan(s); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("its %d tasks have %d", tasks, all)) {
			t.Errorf("%d orders of %d tasks: %v", s.Orders, tasks, err)
		}
	}
	for _, name := range List() {
		if s, err := Load(name, Options{}); err != nil || s.Orders > 1 && len(taskOrders(s)) != s.Orders {
			t.Errorf("suite %s: %v", name, err)
		}
	}
}

func TestSelectKeepsTheNamedMethods(t *testing.T) {
	suite, err := Load("continual16", Options{})
	if err != nil {
		t.Fatal(err)
	}
	two, err := suite.Select([]string{"secura", "seq"})
	if err != nil || len(two.Methods) != 2 || two.Methods[0].Name != "secura" || len(suite.Methods) != 6 {
		t.Fatal(two.Methods, err)
	}
	if _, err := suite.Select([]string{"securra"}); err == nil || !strings.Contains(err.Error(), `"secura"`) {
		t.Fatal(err)
	}
}

func TestOrdersNameEveryTaskOnce(t *testing.T) {
	for orders, want := range map[string]string{
		"[[ag, yahoo, amazon, dbpedia]]":                    "",
		"[[ag, yahoo, amazon]]":                             "must name each of the 4 tasks once",
		"[[ag, ag, yahoo, amazon, dbpedia]]":                "must name each of the 4 tasks once",
		"[[ag, yahoo, amazon, dbpedia], [ag, yahoo, x, y]]": `unknown task in task_orders[1] "x"`,
	} {
		s, err := Load("olora-standard", Options{Presets: presets, Set: []string{"task_orders=" + orders}})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", orders, err)
		}
		if want == "" && !slices.Equal(taskOrders(s)[1], []int{3, 2, 1, 0}) {
			t.Errorf("the orders are %v", taskOrders(s))
		}
	}
}

// TestARecordedPlanKeepsItsHash reads the suite of an old manifest: a run that was begun goes on
// only where the plan is the same. The same suite is written as YAML too, where a whole number is
// one; in JSON it is not told from others.
func TestARecordedPlanKeepsItsHash(t *testing.T) {
	data, err := os.ReadFile("testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Plan  string
		Suite Suite
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	text, err := manifest.Suite.Resolved()
	if err != nil {
		t.Fatal(err)
	}
	written, err := load(t, text)
	if err != nil {
		t.Fatal(err)
	}
	type params struct {
		Lambda float64 `yaml:"lambda"`
		Gamma  float64 `yaml:"gamma"`
		Online bool    `yaml:"online"`
		Sizes  string  `yaml:"sizes"`
		Share  float64 `yaml:"share"`
		Every  int     `yaml:"merge_every"`
	}
	want := params{Lambda: 5, Gamma: 0.9, Online: true, Sizes: "width", Share: 0.1, Every: 2}
	for from, s := range map[string]Suite{"the manifest": manifest.Suite, "YAML": written} {
		if hash, err := s.Hash(); err != nil || hash != manifest.Plan {
			t.Errorf("the plan of %s is %s, %v; recorded is %s", from, hash, err, manifest.Plan)
		}
		var got params
		for _, m := range s.Methods[:2] {
			if err := decodeParams(m.Name, m.Params, &got); err != nil {
				t.Error(from, err)
			}
		}
		if got != want {
			t.Errorf("%s gives the parameters %+v, expected %+v", from, got, want)
		}
	}
}

func TestParametersOfAWrongType(t *testing.T) {
	type params struct {
		Lambda float64 `yaml:"lambda"`
		Rank   int     `yaml:"rank"`
		Mode   string  `yaml:"mode"`
		Online bool    `yaml:"online"`
	}
	for want, wrong := range map[string]map[string]any{
		"lambda must be a finite number, not NaN":    {"lambda": math.NaN()},
		"lambda must be a finite number, not [1 2]":  {"lambda": []any{1, 2}},
		"rank must be a whole number, not 1e+300":    {"rank": 1e300},
		"rank must be a whole number, not true":      {"rank": true},
		`mode must be text; write "1" in quotes`:     {"mode": 1},
		"online must be true or false, not yes":      {"online": "yes"},
		"online must be true or false, not map[a:1]": {"online": map[string]any{"a": 1}},
		"online must be true or false, not <nil>":    {"online": nil},
	} {
		p := params{Rank: 3}
		if err := decodeParams("ewc", wrong, &p); err == nil || err.Error() != "parameters of ewc: "+want || p != (params{Rank: 3}) {
			t.Errorf("%v gives %+v and %v, expected %s", wrong, p, err, want)
		}
	}
}

// TestShortenKeepsWholeCharacters of a text whose middle falls between two bytes of one.
func TestShortenKeepsWholeCharacters(t *testing.T) {
	for text, want := range map[string]string{
		"short":                  "short",
		strings.Repeat("é", 60):  strings.Repeat("é", 25) + " […] " + strings.Repeat("é", 25),
		strings.Repeat("€", 50):  strings.Repeat("€", 16) + " […] " + strings.Repeat("€", 16),
		strings.Repeat("a", 101): strings.Repeat("a", 50) + " […] " + strings.Repeat("a", 50),
	} {
		if got := Shorten(text, 100); got != want {
			t.Errorf("%q becomes %q, expected %q", text, got, want)
		}
	}
}

// The key's defaults are written out, and the hash of a suite without it stays what it was.
func TestHeldOutTextHasDefaults(t *testing.T) {
	const good = "tasks: [directions]\nmethods: [seq]\n"
	without, err := load(t, good)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := without.Resolved(); err != nil || strings.Contains(text, "held_out") {
		t.Errorf("a suite without held-out text is written as\n%s%v", text, err)
	}
	s, err := load(t, good+"held_out: {source: a, text: '{{.b}}'}\n", "held_out.seed=3")
	if err != nil {
		t.Fatal(err)
	}
	if want := (datasets.Texts{Source: "a", Split: "test", Text: "{{.b}}", Rows: 64, Seed: 3}); s.HeldOut != want {
		t.Errorf("%+v, expected %+v", s.HeldOut, want)
	}
	text, err := s.Resolved()
	if err != nil || !strings.Contains(text, "  rows: 64\n") {
		t.Errorf("%s%v", text, err)
	}
	if again, err := load(t, text); err != nil || again.HeldOut != s.HeldOut {
		t.Errorf("%+v, %v", again.HeldOut, err)
	}
	if none, err := load(t, good+"held_out: {source: a, text: '{{.b}}'}\n", "held_out={}"); err != nil || none.HeldOut.Named() {
		t.Errorf("%+v, %v", none.HeldOut, err)
	}
}
