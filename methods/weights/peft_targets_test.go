package weights

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestPEFTTargets holds which modules an adapter changes to peft's rules: a pattern matches a whole
// name, a list names modules or the ends of their names, layers count where a name's end was named,
// and an exclusion goes before.
func TestPEFTTargets(t *testing.T) {
	const q0, q1, v1, up = "model.layers.0.self_attn.q_proj", "model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.v_proj", "model.layers.1.mlp.up_proj"
	all := []string{q0, q1, v1, up}
	for config, want := range map[string][]string{
		`{"target_modules": ["q_proj", "v_proj"]}`:           {q0, q1, v1},
		`{"target_modules": null}`:                           {q0, q1, v1},
		`{}`:                                                 {q0, q1, v1},
		`{"target_modules": ["proj"]}`:                       nil,
		`{"target_modules": ["self_attn.q_proj"]}`:           {q0, q1},
		`{"target_modules": ["model.layers.1.mlp.up_proj"]}`: {up},
		`{"target_modules": "all-linear"}`:                   all,
		`{"target_modules": ".*\\.1\\..*_proj"}`:             {q1, v1, up},
		`{"target_modules": "q_proj"}`:                       nil,
		`{"target_modules": "model|.*q_proj"}`:               {q0, q1},
		`{"target_modules": ["q_proj", "up_proj"], "exclude_modules": ["up_proj"]}`:                        {q0, q1},
		`{"target_modules": "all-linear", "exclude_modules": ".*layers.0.*"}`:                              {q1, v1, up},
		`{"target_modules": ["q_proj", "v_proj"], "layers_to_transform": [0]}`:                             {q0},
		`{"target_modules": ["q_proj", "v_proj"], "layers_to_transform": 1}`:                               {q1, v1},
		`{"target_modules": ["q_proj", "v_proj"], "layers_to_transform": null}`:                            {q0, q1, v1},
		`{"target_modules": ["q_proj", "v_proj"], "layers_to_transform": []}`:                              {q0, q1, v1}, // peft takes it as null
		`{"target_modules": ["q_proj", "` + q0 + `"], "layers_to_transform": [1]}`:                         {q0, q1},
		`{"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": "layers"}`:           {q1},
		`{"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": ["blocks", "h"]}`:    nil,
		`{"target_modules": ["q_proj"], "layers_to_transform": [0, 1], "layers_pattern": ["h", "layers"]}`: {q0, q1},
	} {
		var c peftConfig
		if err := json.Unmarshal([]byte(config), &c); err != nil {
			t.Fatal(err)
		}
		targets, err := c.targets()
		if err != nil {
			t.Errorf("%s: %v", config, err)
			continue
		}
		var got []string
		for _, module := range all {
			if targets.has(module) {
				got = append(got, module)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: changes %v, expected %v", config, got, want)
		}
	}
	for config, want := range map[string]string{
		`{"target_modules": "(?=q).*"}`:                           "target_modules",
		`{"target_modules": 3}`:                                   "target_modules",
		`{"exclude_modules": "("}`:                                "exclude_modules",
		`{"layers_to_transform": "0"}`:                            "layers_to_transform",
		`{"layers_to_transform": [0], "layers_pattern": "("}`:     "layers_pattern",
		`{"layers_to_transform": [0], "layers_pattern": "a)(b"}`:  "layers_pattern",
		`{"layers_to_transform": [0], "layers_pattern": "\\Qh"}`:  "layers_pattern",
		`{"layers_to_transform": [0], "layers_pattern": {"a":1}}`: "layers_pattern",
	} {
		var c peftConfig
		if err := json.Unmarshal([]byte(config), &c); err != nil {
			t.Fatal(err)
		}
		if _, err := c.targets(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected an error that names %s", config, err, want)
		}
	}
}

// TestTensorsOutsideTargetModulesAreLeftOut reads a folder whose target_modules name one of its two
// modules.
func TestTensorsOutsideTargetModulesAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	if err := tinyPEFT().Write(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, peftConfigFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]any
	if err := json.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	write := func(targets []string) {
		config["target_modules"] = targets
		changed, err := json.Marshal(config)
		if err == nil {
			err = os.WriteFile(path, changed, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write([]string{"v_proj"})
	p, err := ReadPEFT(dir)
	if err != nil || !reflect.DeepEqual(p.Modules, tinyPEFT().Modules[1:]) {
		t.Errorf("modules %+v, %v, expected v_proj's alone", p.Modules, err)
	}
	write([]string{"k_proj"})
	if _, err := ReadPEFT(dir); err == nil || !strings.Contains(err.Error(), "target_modules") {
		t.Errorf("no module is among the targets: %v", err)
	}
}
