package suite

import (
	"testing"
)

func FuzzParseSuite(f *testing.F) {
	f.Add("tasks: [directions]\nmethods: [seq]\n")
	f.Add("backbones: [nano, b]\ntasks: [directions]\nmethods: [seq]\n")
	f.Add("extends: smoke\ntraining: {steps: 2}\n")
	f.Add("methods: [{preset: ewc, params: {a: [1, {b: x}]}}]\n")
	f.Add("tasks: [directions]\nmethods: [seq]\nheld_out: {source: a, split: 'test[:50%]', where: '{{.b}}', text: '{{.c}}', rows: 3}\n")
	if data, err := embedded.ReadFile("suites/tasks.yaml"); err == nil {
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree, err := parseYAML([]byte(text), "fuzz")
		if err != nil {
			return
		}
		c := checkTree(tree, "fuzz", nil) // what is wrong is taken out of the tree
		remove(tree, "extends")
		suite := Default()
		if err := tree.Decode(&suite); err != nil {
			t.Fatalf("checked but not decoded: %v", err)
		}
		if suite.mistakes(nil, c.lost) != nil || len(c.mistakes) > 0 {
			return
		}
		if _, err := Plan(Suite{Backbone: "nano", Methods: suite.Methods, Tasks: suite.Tasks, Seeds: 1, Orders: min(2, len(suite.Tasks))}); err != nil {
			t.Fatal(err)
		}
		if _, err := suite.Resolved(); err != nil {
			t.Fatal(err)
		}
	})
}
