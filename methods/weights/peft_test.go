package weights

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const goldenPEFT = "../../../shared/golden/peft"

// peft's own folders, merged into the model that they belong to, give the weights that peft merges.
func TestPEFTFoldersMergeAsPeftMergesThem(t *testing.T) {
	base, err := OpenDir("../backbone/testdata/tiny-qwen2")
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	for _, kind := range []string{"lora", "dora"} {
		dir := filepath.Join(goldenPEFT, kind)
		if _, err := os.Stat(dir); err != nil {
			t.Skipf("no peft folders to compare with: %v", err)
		}
		p, err := ReadPEFT(filepath.Join(dir, "adapter"))
		if err != nil {
			t.Fatal(err)
		}
		merged, err := Open(filepath.Join(dir, "merged.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		defer merged.Close()
		if p.DoRA != (kind == "dora") || len(p.Modules) != len(merged.Names()) || p.Base != "tiny-qwen2" {
			t.Errorf("%s: %d modules of %s, DoRA %v", kind, len(p.Modules), p.Base, p.DoRA)
		}
		for _, m := range p.Modules {
			w, _, err := base.Float32(m.Name + ".weight")
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.Merge(w)
			if err != nil {
				t.Fatal(err)
			}
			want, _, err := merged.Float32(m.Name + ".weight")
			if err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for i := range want {
				worst = max(worst, math.Abs(float64(got[i]-want[i])))
			}
			if !(worst <= 1e-6) || m.Rank != 4 || m.Scale != 2 {
				t.Errorf("%s: %s, rank %d, scale %g: %g from what peft merges", kind, m.Name, m.Rank, m.Scale, worst)
			}
		}
		again := t.TempDir()
		if err := p.Write(again); err != nil {
			t.Fatal(err)
		}
		if back, err := ReadPEFT(again); err != nil || !reflect.DeepEqual(back, p) {
			t.Errorf("%s: written and read again it is another, %v", kind, err)
		}
	}
}

// tinyPEFT has two kinds of modules of different ranks.
func tinyPEFT() PEFT {
	return PEFT{Base: "tiny", Modules: []PEFTModule{
		{Name: "model.layers.0.self_attn.q_proj", Rank: 2, In: 3, Out: 2, Scale: 1, A: []float32{1, 2, 3, 4, 5, 6}, B: []float32{1, 0, 0, 1}},
		{Name: "model.layers.0.self_attn.v_proj", Rank: 1, In: 3, Out: 2, Scale: 1, A: []float32{1, 2, 3}, B: []float32{1, -1}},
	}}
}

func TestPEFTRanksMayDifferByProjection(t *testing.T) {
	p, dir := tinyPEFT(), t.TempDir()
	if err := p.Write(dir); err != nil {
		t.Fatal(err)
	}
	if back, err := ReadPEFT(dir); err != nil || !reflect.DeepEqual(back, p) {
		t.Errorf("%+v, %v", back, err)
	}
	p.Modules[1].Name = "model.layers.1.self_attn.q_proj"
	if err := p.Write(t.TempDir()); err == nil || !strings.Contains(err.Error(), "rank 1") {
		t.Errorf("two ranks of q_proj: %v", err)
	}
}

// TestPEFTThatIsNotFiniteIsNotMerged, nor one whose product is not.
func TestPEFTThatIsNotFiniteIsNotMerged(t *testing.T) {
	for name, change := range map[string]func(*PEFTModule){
		"NaN in A":    func(m *PEFTModule) { m.A[3] = float32(math.NaN()) },
		"overflow":    func(m *PEFTModule) { m.A[3], m.B[3] = 3e38, 3e38 },
		"a zero row":  func(m *PEFTModule) { m.Magnitude, m.B[3] = []float32{1, 1}, 0 },
		"NaN in norm": func(m *PEFTModule) { m.Magnitude = []float32{1, float32(math.NaN())} },
	} {
		m := tinyPEFT().Modules[0]
		change(&m)
		if _, err := m.Merge(make([]float32, 6)); err == nil || !strings.Contains(err.Error(), m.Name) || !strings.Contains(err.Error(), "at [1, 0]") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPEFTFoldersThatComputeOtherwiseAreRefused(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"peft_type": "LORA"`, `"peft_type": "IA3"`, "peft_type"},
		{`"bias": "none"`, `"bias": "all"`, "bias"},
		{`"fan_in_fan_out": false`, `"fan_in_fan_out": true`, "fan_in_fan_out"},
		{`"r": 2`, `"r": 3`, "lora_A"},
		{`"r": 2`, `"r": 0`, "r is 0"},
		{`"use_dora": false`, `"use_dora": true`, "magnitude"},
		{`"bias": "none"`, `"bias": "none", "modules_to_save": ["lm_head"]`, "modules_to_save"},
		{`"bias": "none"`, `"bias": "none", "alora_invocation_tokens": [1, 2]`, "alora_invocation_tokens: not supported"},
		{`"bias": "none"`, `"bias": "none", "use_bdlora": true, "arrow_config": {"top_k": 3}`, "use_bdlora, arrow_config: not supported"},
		{`"bias": "none"`, `"bias": "none", "kasa_config": {"beta": 1}, "lora_bias": false`, "kasa_config: not supported"},
		{`"bias": "none"`, `"bias": "none", "monteclora_config": {"n": 1}`, "monteclora_config: not supported"},
		{`"bias": "none"`, `"bias": "none", "init_lora_weights": "pissa"`, "pissa"},
		{`"rank_pattern": {`, `"rank_pattern": {"q_proj": "x", `, "rank_pattern is a text, expected a whole number"},
		{`"alpha_pattern": {`, `"alpha_pattern": {"q(": 1, `, "alpha_pattern \"q(\": error parsing regexp"},
		{`{`, `[`, "adapter_config.json"},
	} {
		dir := t.TempDir()
		if err := tinyPEFT().Write(dir); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "adapter_config.json")
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(raw), c.old, c.new, 1)
		if changed == string(raw) {
			t.Fatalf("%s is not in the file", c.old)
		}
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadPEFT(dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", c.new, err)
		}
	}
}

// TestPEFTPatternsCountInTheFilesOrder: the first pattern that matches says a module's rank and
// alpha, and use_rslora how both scale B·A.
func TestPEFTPatternsCountInTheFilesOrder(t *testing.T) {
	for _, c := range []struct {
		config string
		q, v   float64 // the scales
	}{
		{`{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "rank_pattern": {"v_proj": 1}}`, 2, 4},
		{`{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "rank_pattern": {"v_proj": 1}, "use_rslora": true}`, 4 / math.Sqrt(2), 4},
		{`{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "rank_pattern": {"v_proj": 1}, "alpha_pattern": {"q_proj": 6}}`, 3, 4},
		{`{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "rank_pattern": {"v_proj": 1}, "alpha_pattern": {"self_attn.q_proj": 6, ".*_proj": 8}}`, 3, 8},
		{`{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "rank_pattern": {"v_proj": 1}, "alpha_pattern": {"._proj": 8, "q_proj": 6}}`, 4, 8},
		{`{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "rank_pattern": {"v_proj": 1}, "alpha_pattern": {"v_proj": 1, "._proj": 8, "v_proj": 6}}`, 4, 6},
		{`{"peft_type": "LORA", "r": 9, "lora_alpha": 4, "rank_pattern": {"v_.*": 1, ".*": 2}}`, 2, 4},
		{`{"peft_type": "LORA", "r": 9, "lora_alpha": 4, "rank_pattern": {"v_.*": 1, "[a-z]_proj": 2}, "alpha_pattern": null}`, 2, 4},
		{`{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "rank_pattern": {"proj": 7, "v_proj": 1}}`, 2, 4},
	} {
		dir := t.TempDir()
		if err := tinyPEFT().Write(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "adapter_config.json"), []byte(c.config), 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := ReadPEFT(dir)
		if err != nil {
			t.Errorf("%s: %v", c.config, err)
			continue
		}
		if q, v := p.Modules[0].Scale, p.Modules[1].Scale; q != c.q || v != c.v {
			t.Errorf("%s: the scales %g and %g, expected %g and %g", c.config, q, v, c.q, c.v)
		}
	}
}

func FuzzReadPEFT(f *testing.F) {
	dir := f.TempDir()
	if err := tinyPEFT().Write(dir); err != nil {
		f.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "adapter_config.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"peft_type":"LORA","r":1,"rank_pattern":{"q(":1}}`))
	f.Fuzz(func(t *testing.T, config []byte) {
		if err := os.WriteFile(filepath.Join(dir, "adapter_config.json"), config, 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := ReadPEFT(dir)
		for _, m := range p.Modules {
			if err == nil && (len(m.A) != m.Rank*m.In || len(m.B) != m.Out*m.Rank) {
				t.Fatalf("%+v", m)
			}
		}
	})
}
