package suite

import (
	"testing"
)

func FuzzParseSuite(f *testing.F) {
	f.Add("tasks: [directions]\nmethods: [seq]\n")
	f.Add("backbones: [nano, b]\ntasks: [directions]\nmethods: [seq]\n")
	f.Add("extends: smoke\ntraining: {steps: 2}\n")
	f.Add("methods: [{preset: ewc, params: {a: [1, {b: x}]}}]\n")
	if data, err := embedded.ReadFile("suites/tasks.yaml"); err == nil {
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree, err := parseYAML([]byte(text), "fuzz")
		if err != nil || checkTree(tree, "fuzz", nil) != nil {
			return
		}
		remove(tree, "extends")
		suite := Default()
		if err := tree.Decode(&suite); err != nil {
			t.Fatalf("checked but not decoded: %v", err)
		}
		if suite.Validate(nil) != nil {
			return
		}
		if _, _, err := Plan(Suite{Backbone: "nano", Methods: suite.Methods, Tasks: suite.Tasks, Seeds: 1, Orders: min(2, len(suite.Tasks))}); err != nil {
			t.Fatal(err)
		}
		if _, err := suite.Resolved(); err != nil {
			t.Fatal(err)
		}
	})
}
