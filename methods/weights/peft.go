package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"secura/jsonfile"

	"gonum.org/v1/gonum/mat"
)

// PEFT is a LoRA or DoRA adapter as the peft library keeps one in a folder: adapter_config.json and
// adapter_model.safetensors. What is merged is W + (alpha/rank)·B·A, or DoRA's m ⊙ V/‖V‖ by rows of
// that.
type PEFT struct {
	// Base names the model that the adapter belongs to.
	Base string
	// DoRA says that modules have magnitudes.
	DoRA bool
	// Modules are sorted by name.
	Modules []PEFTModule
}

// PEFTModule is the adapter of one linear map.
type PEFTModule struct {
	// Name is the weight's without ".weight", such as "model.layers.0.self_attn.q_proj".
	Name          string
	Rank, In, Out int
	// Scale multiplies B·A: alpha/rank.
	Scale float64
	// A is [Rank, In], B [Out, Rank], row by row; Magnitude is DoRA's m [Out].
	A, B, Magnitude []float32
}

// The files of a PEFT folder, and what tensors' names begin with there.
const (
	peftConfigFile  = "adapter_config.json"
	peftWeightsFile = "adapter_model.safetensors"
	peftPrefix      = "base_model.model."
	peftMagnitude   = ".lora_magnitude_vector"
)

// PEFTFiles are the names of a PEFT folder's files.
var PEFTFiles = []string{peftConfigFile, peftWeightsFile}

// peftConfig holds the keys of adapter_config.json that decide what an adapter computes.
type peftConfig struct {
	Type         string               `json:"peft_type"`
	Task         string               `json:"task_type,omitempty"`
	Base         string               `json:"base_model_name_or_path"`
	Rank         int                  `json:"r"`
	Alpha        float64              `json:"lora_alpha"`
	Dropout      float64              `json:"lora_dropout"`
	Targets      json.RawMessage      `json:"target_modules"`
	RankPattern  peftPattern[int]     `json:"rank_pattern"`
	AlphaPattern peftPattern[float64] `json:"alpha_pattern"`
	Bias         string               `json:"bias"`
	Transposed   bool                 `json:"fan_in_fan_out"`
	DoRA         bool                 `json:"use_dora"`
	RankScaled   bool                 `json:"use_rslora"`
	Inference    bool                 `json:"inference_mode"`
	Start        json.RawMessage      `json:"init_lora_weights,omitempty"`
	// What narrows the targets.
	Excluded      json.RawMessage `json:"exclude_modules,omitempty"`
	Layers        json.RawMessage `json:"layers_to_transform,omitempty"`
	LayersPattern json.RawMessage `json:"layers_pattern,omitempty"`
}

// peftUnsupported are the keys of adapter_config.json that make an adapter compute something else
// than W + scale·B·A, unless they hold nothing or false.
var peftUnsupported = []string{"modules_to_save", "layer_replication", "trainable_token_indices", "target_parameters", "use_qalora", "lora_bias",
	"alora_invocation_tokens", "use_bdlora", "arrow_config", "kasa_config", "monteclora_config"}

// checkPEFTKeys names the keys of the file that are there and not supported.
func checkPEFTKeys(raw []byte) error {
	var keys map[string]json.RawMessage
	if err := jsonfile.Decode(raw, &keys); err != nil {
		return err
	}
	var given []string
	for _, key := range peftUnsupported {
		if value := string(keys[key]); !slices.Contains([]string{"", "null", "[]", "{}", "false"}, value) {
			given = append(given, key)
		}
	}
	if len(given) > 0 {
		return fmt.Errorf("%s: not supported, expected none of them", strings.Join(given, ", "))
	}
	return nil
}

// check says what of the file this package would compute otherwise.
func (c peftConfig) check() error {
	var start string
	_ = json.Unmarshal(c.Start, &start) // true and false are fine, and so is its absence
	switch {
	case c.Type != "LORA":
		return fmt.Errorf("peft_type is %q, expected \"LORA\"", c.Type)
	case c.Rank < 1:
		return fmt.Errorf("r is %d, expected at least 1", c.Rank)
	case c.Bias != "" && c.Bias != "none":
		return fmt.Errorf("bias is %q, expected \"none\"", c.Bias)
	case c.Transposed:
		return errors.New("fan_in_fan_out is true, expected false: weights are [out, in]")
	case slices.ContainsFunc([]string{"pissa", "olora", "corda", "loftq", "lora_ga"}, func(p string) bool { return strings.HasPrefix(start, p) }):
		return fmt.Errorf("init_lora_weights is %q, which changes the model's own weights; convert the adapter to a plain LoRA with peft first", start)
	}
	return nil
}

// ReadPEFT reads a PEFT folder. Errors name the file, and the key or tensor.
func ReadPEFT(dir string) (PEFT, error) {
	path := filepath.Join(dir, peftConfigFile)
	raw, err := os.ReadFile(path)
	if err != nil {
		return PEFT{}, fmt.Errorf("read adapter: %w; a PEFT folder has %s and %s", err, peftConfigFile, peftWeightsFile)
	}
	var c peftConfig
	if err = jsonfile.Decode(raw, &c); err == nil {
		err = c.check()
	}
	if err == nil {
		err = checkPEFTKeys(raw)
	}
	if err != nil {
		return PEFT{}, fmt.Errorf("read adapter: %s: %w", path, err)
	}
	file, err := Open(filepath.Join(dir, peftWeightsFile))
	if err != nil {
		return PEFT{}, fmt.Errorf("read adapter: %w", err)
	}
	defer file.Close()
	p := PEFT{Base: c.Base, DoRA: c.DoRA}
	if p.Modules, err = c.modules(file); err != nil {
		return PEFT{}, fmt.Errorf("read adapter: %s: %w", filepath.Join(dir, peftWeightsFile), err)
	}
	return p, nil
}

// modules reads every module of the file that is among the targets; a tensor that belongs to no
// module is an error.
func (c peftConfig) modules(file *File) ([]PEFTModule, error) {
	targets, err := c.targets()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", peftConfigFile, err)
	}
	var list []PEFTModule
	known, outside := 0, 0
	for _, name := range file.Names() {
		module, isA := strings.CutSuffix(name, ".lora_A.weight")
		if !isA {
			continue
		}
		plain, ok := strings.CutPrefix(module, peftPrefix)
		if !ok {
			return nil, fmt.Errorf("tensor %q: expected a name that begins with %s", name, peftPrefix)
		}
		if !targets.has(plain) {
			outside++
			for _, part := range []string{".lora_A.weight", ".lora_B.weight", peftMagnitude} {
				if file.Has(module + part) {
					known++
				}
			}
			continue
		}
		m := PEFTModule{Name: plain}
		a, b := []int(nil), []int(nil)
		var err error
		if m.A, a, err = file.Float32(name); err != nil {
			return nil, err
		}
		if m.B, b, err = file.Float32(module + ".lora_B.weight"); err != nil {
			return nil, err
		}
		known += 2
		rank, alpha, err := c.of(plain)
		if err != nil {
			return nil, err
		}
		if len(a) != 2 || len(b) != 2 || a[0] != rank || b[1] != rank {
			return nil, fmt.Errorf("module %s: lora_A is %v and lora_B %v, expected [%d, in] and [out, %d]", plain, a, b, rank, rank)
		}
		m.Rank, m.In, m.Out, m.Scale = rank, a[1], b[0], alpha/float64(rank)
		if c.RankScaled {
			m.Scale = alpha / math.Sqrt(float64(rank))
		}
		if c.DoRA {
			known++
			var shape []int
			if m.Magnitude, shape, err = file.Float32(module + peftMagnitude); err != nil {
				return nil, err
			}
			if len(m.Magnitude) != m.Out {
				return nil, fmt.Errorf("module %s: lora_magnitude_vector is %v, expected [%d]", plain, shape, m.Out)
			}
		}
		list = append(list, m)
	}
	if len(list) == 0 && outside > 0 {
		return nil, fmt.Errorf("none of its %d modules is among the target_modules of %s: the adapter would change nothing", outside, peftConfigFile)
	}
	if len(list) == 0 {
		return nil, errors.New("there is no tensor whose name ends in .lora_A.weight")
	}
	if n := len(file.Names()); n != known {
		return nil, fmt.Errorf("%d of its %d tensors are none of a linear map's adapter (lora_A, lora_B, and with use_dora lora_magnitude_vector)", n-known, n)
	}
	return list, nil
}

// of is a module's rank and alpha: r and lora_alpha, or what a pattern says that the module's name
// ends in.
func (c peftConfig) of(module string) (rank int, alpha float64, err error) {
	if rank, err = c.RankPattern.of(module, c.Rank); err != nil {
		return 0, 0, fmt.Errorf("rank_pattern %w", err)
	}
	if alpha, err = c.AlphaPattern.of(module, c.Alpha); err != nil {
		return 0, 0, fmt.Errorf("alpha_pattern %w", err)
	}
	if rank < 1 {
		return 0, 0, fmt.Errorf("module %s: its rank is %d, expected at least 1", module, rank)
	}
	return rank, alpha, nil
}

// Write makes a PEFT folder's two files in dir, which must be there. Modules of one last name, such
// as q_proj, must have one rank and scale.
func (p PEFT) Write(dir string) error {
	c := peftConfig{Type: "LORA", Task: "CAUSAL_LM", Base: p.Base, Bias: "none", DoRA: p.DoRA, Inference: true}
	var list []Tensor
	var targets []string
	for _, m := range p.Modules {
		target := m.Name[strings.LastIndex(m.Name, ".")+1:]
		alpha := m.Scale * float64(m.Rank)
		if !slices.Contains(targets, target) {
			if targets = append(targets, target); len(targets) == 1 {
				c.Rank, c.Alpha = m.Rank, alpha
			} else if m.Rank != c.Rank || alpha != c.Alpha {
				c.RankPattern, c.AlphaPattern = append(c.RankPattern, patternValue[int]{target, m.Rank}), append(c.AlphaPattern, patternValue[float64]{target, alpha})
			}
		}
		if rank, has, err := c.of(m.Name); err != nil || rank != m.Rank || has != alpha {
			return fmt.Errorf("write adapter in %s: module %s has rank %d and alpha %g, others named %s have %d and %g", dir, m.Name, m.Rank, alpha, target, rank, has)
		}
		name := peftPrefix + m.Name
		list = append(list, Tensor{name + ".lora_A.weight", F32, []int{m.Rank, m.In}, m.A}, Tensor{name + ".lora_B.weight", F32, []int{m.Out, m.Rank}, m.B})
		if p.DoRA {
			list = append(list, Tensor{name + peftMagnitude, F32, []int{m.Out}, m.Magnitude})
		}
	}
	slices.Sort(targets)
	c.Targets, _ = json.Marshal(targets)
	raw, err := json.MarshalIndent(c, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, peftConfigFile), append(raw, '\n'), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write adapter in %s: %w", dir, err)
	}
	return Write(filepath.Join(dir, peftWeightsFile), list, map[string]string{"format": "pt"})
}

// Pad gives the module a rank that is not smaller than its own, with zeros; it computes the same.
func (m *PEFTModule) Pad(rank int) {
	a, b := make([]float32, rank*m.In), make([]float32, m.Out*rank)
	copy(a, m.A)
	for i := range m.Out {
		copy(b[i*rank:], m.B[i*m.Rank:(i+1)*m.Rank])
	}
	m.A, m.B, m.Rank = a, b, rank
}

// Merge is the weight with the adapter in it, [Out, In], of the model's own w; computed in double
// precision.
func (m PEFTModule) Merge(w []float32) ([]float32, error) {
	if len(w) != m.Out*m.In {
		return nil, fmt.Errorf("merge adapter of %s: the weight has %d values, expected [%d, %d]", m.Name, len(w), m.Out, m.In)
	}
	var v mat.Dense
	v.Mul(dense(m.Out, m.Rank, m.B), dense(m.Rank, m.In, m.A))
	v.Scale(m.Scale, &v)
	v.Add(&v, dense(m.Out, m.In, w))
	merged := make([]float32, len(w))
	for i := range m.Out {
		row, factor := v.RawRowView(i), 1.0
		if m.Magnitude != nil {
			factor = float64(m.Magnitude[i]) / mat.Norm(v.RowView(i), 2)
		}
		for j, x := range row {
			value := float32(factor * x)
			if value-value != 0 {
				return nil, fmt.Errorf("merge adapter of %s: the merged weight is %g at [%d, %d]: the adapter is damaged, or was saved after a training that diverged", m.Name, value, i, j)
			}
			merged[i*m.In+j] = value
		}
	}
	return merged, nil
}

// dense is a matrix in double precision.
func dense(rows, columns int, values []float32) *mat.Dense {
	wide := make([]float64, len(values))
	for i, x := range values {
		wide[i] = float64(x)
	}
	return mat.NewDense(rows, columns, wide)
}
