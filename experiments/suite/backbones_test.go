package suite

import (
	"slices"
	"strings"
	"testing"

	"secura/datasets"
)

// A run that was begun before suites could have several backbones goes on: its plan has the hash
// and the cells it had.
func TestASingleBackboneIsPlannedAsEver(t *testing.T) {
	suite := Suite{Name: "pinned", Backbone: "nano", Backend: "go", Stream: Sequential, Tasks: []datasets.Task{{Name: "a"}}, Methods: []MethodSpec{{Preset: "seq", Name: "seq"}}, Seeds: 2, Orders: 1}
	for meant, want := range map[string]string{
		"":            "0e91599f37935c02f5e503206a903273ac258c269258cdc9758d95f1036f7699",
		"nano Qwen/Q": "f49c650638f5f53af39683459bc29b0e6bc391ea3238dd36fb116cd2fe2e2ea6", // as the suite paper was with -backbone
	} {
		suite.Backbones = strings.Fields(meant)
		if len(suite.Backbones) == 0 {
			suite.Backbones = nil
		}
		hash, err := suite.Hash()
		if err != nil || hash != want {
			t.Errorf("hash %s (%v), expected %s", hash, err, want)
		}
		if cells, err := Plan(suite); err != nil || len(cells) != 2 || cells[1].ID != "seq-s1-o0" || cells[1].Backbone != "nano" {
			t.Errorf("cells %+v, %v", cells, err)
		}
	}
}

func TestBackbonesOfASuite(t *testing.T) {
	const good = "tasks: [directions]\nmethods: [seq]\n"
	for _, c := range []struct {
		text, backbone, backbones string
		set                       []string
	}{
		{text: good, backbone: "nano"},
		{text: good + "backbones: [models/a]\n", backbone: "models/a"},
		{text: good + "backbones: [nano, models/a]\n", backbones: "nano models/a"},
		{text: "extends: continual16\nbackbones: [nano, models/a]\n", backbones: "nano models/a"},
		{text: good + "backbones: [nano, models/a]\n", set: []string{"backbone=b"}, backbone: "b", backbones: "nano models/a"},
		{text: good + "backbone: b\n", set: []string{"backbones=[nano, models/a]"}, backbones: "nano models/a"},
		{text: good + "backbones: [nano, models/a]\n", set: []string{"backbones.1=b"}, backbones: "nano b"},
	} {
		suite, err := load(t, c.text, c.set...)
		if err != nil || suite.Backbone != c.backbone || strings.Join(suite.Backbones, " ") != c.backbones {
			t.Errorf("%q %v: backbone %q, backbones %q (%v)", c.text, c.set, suite.Backbone, suite.Backbones, err)
		}
	}
	suite, err := load(t, good+"backbones: [nano, models/a]\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := suite.CheckSingle(); err == nil || !strings.Contains(err.Error(), "suite mine has 2 backbones") {
		t.Errorf("%v, expected that it has several", err)
	}
	if one := suite.RunOn("models/a"); one.CheckSingle() != nil || !slices.Equal(one.BackboneNames(), []string{"models/a"}) {
		t.Errorf("the backbones are %v", one.BackboneNames())
	}
	for at, want := range map[string]string{"": "nano models/a", "x,y": "x y", "x": `"x" names 1 places of backbones`} {
		places, err := suite.Places(at)
		if got := strings.Join(places, " "); err != nil && !strings.Contains(err.Error(), want) || err == nil && got != want {
			t.Errorf("%q: places %q (%v), expected %q", at, got, err, want)
		}
	}
}

// Cells of one backbone come together: a worker that takes them in this order opens each backbone
// once.
func TestCellsOfABackboneComeTogether(t *testing.T) {
	suite, err := Load("smoke", Options{Set: []string{"seeds=2", "backbones=[ORG/Big-1.5B, nano]"}})
	if err != nil {
		t.Fatal(err)
	}
	cells, err := Plan(suite)
	if err != nil {
		t.Fatal(err)
	}
	methods := len(suite.Methods)
	if n := len(cells); n != 2*2*methods || cells[0].ID != suite.Methods[0].Name+".big-1_5b-s0-o0" || cells[n-1].ID != suite.Methods[methods-1].Name+".nano-s1-o0" {
		t.Fatalf("%d cells from %s to %s", n, cells[0].ID, cells[n-1].ID)
	}
	if a, b := cells[0], cells[2*methods]; a.PairingKey != b.PairingKey || a.Backbone == b.Backbone {
		t.Errorf("cells %+v and %+v draw other numbers, or have one backbone", a, b)
	}
	cost := func(c Cell) float64 {
		preset, _ := presets.Find(c.Method.Preset)
		return preset.Cost
	}
	first, _ := Shard(cells, 0, 4, presets)
	third, _ := Shard(cells, 2, 4, presets)
	for what, sorted := range map[string][]Cell{"longest first": LongestFirst(cells, presets), "shard 0": first, "shard 2": third} {
		changes := 0
		for i := 1; i < len(sorted); i++ {
			switch {
			case sorted[i].Backbone != sorted[i-1].Backbone:
				changes++
			case what == "longest first" && cost(sorted[i]) > cost(sorted[i-1]):
				t.Errorf("%s: %s is before %s, which takes longer", what, sorted[i-1].ID, sorted[i].ID)
			}
		}
		if len(sorted) != len(cells) || changes != 1 {
			t.Errorf("%s: %d cells, and the backbone changes %d times", what, len(sorted), changes)
		}
	}
}
