package backbone

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/jsonfile"
	"secura/methods/weights"
)

// initialDeviation is the standard deviation of a new model's weights, as in Qwen2's
// initializer_range.
const initialDeviation = 0.02

// Model is a language model's weights on the host.
type Model struct {
	Config Config
	// Names lists the weights, sorted.
	Names []string
	// Weights holds tensors under their names on the hub, of float32 or, where Precision says so,
	// bfloat16.
	Weights map[string]*tensors.Tensor
}

// LoadModel reads a folder in the hub's layout: config.json, model.safetensors or its shards, and,
// where it is there, generation_config.json, whose end tokens then count. Every tensor of the
// architecture must be there with its shape, and no other, but for two that transformers takes as
// well: buffers of rotary embeddings, which are ignored, and, of tied embeddings, a head that
// equals them. A value that is not finite is an error.
func LoadModel(dir string, held Precision) (*Model, error) {
	c, file, err := openModel(dir)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	m, err := loadTensors(c, fileTensors{file}, held)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return m, nil
}

// CheckModel does what LoadModel does but for reading the weights: it returns the configuration of
// a folder in which every tensor of the architecture is there with its shape.
func CheckModel(dir string) (Config, error) {
	c, file, err := openModel(dir)
	if err != nil {
		return Config{}, err
	}
	defer file.Close()
	if err := checkTensors(c, fileTensors{file}); err != nil {
		return Config{}, fmt.Errorf("%s: %w", dir, err)
	}
	return c, nil
}

// openModel reads a folder's configuration and the headers of its weights.
func openModel(dir string) (Config, *weights.File, error) {
	content, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		return Config{}, nil, fmt.Errorf("load backbone: %w", err)
	}
	c, err := ParseConfig(content)
	if err != nil {
		return Config{}, nil, fmt.Errorf("%s: load backbone: %w", dir, err)
	}
	ends, err := generationEndTokens(filepath.Join(dir, "generation_config.json"))
	if err == nil && len(ends) > 0 {
		c.EndTokens = ends
		err = c.check()
	}
	if err != nil {
		return Config{}, nil, fmt.Errorf("load backbone %s: generation_config.json: %w", dir, err)
	}
	file, err := weights.OpenDir(dir)
	if err != nil {
		return Config{}, nil, fmt.Errorf("load backbone: %w", err)
	}
	return c, file, nil
}

// generationEndTokens are the end tokens that the file lists, none if there is no such file.
func generationEndTokens(path string) ([]int32, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var f struct {
		EndTokens tokenList `json:"eos_token_id"`
	}
	if err != nil {
		return nil, err
	}
	if err := jsonfile.Decode(raw, &f); err != nil {
		return nil, fmt.Errorf("%w; take the file from the repository that the weights came from", err)
	}
	return f.EndTokens, nil
}

// LoadModelFiles makes a model from the content of a config.json and its weights. It does not close
// the file.
func LoadModelFiles(config []byte, file *weights.File, held Precision) (*Model, error) {
	c, err := ParseConfig(config)
	if err != nil {
		return nil, fmt.Errorf("load backbone: %w", err)
	}
	return loadTensors(c, fileTensors{file}, held)
}

// tensorSource gives tensors by their names on the hub.
type tensorSource interface {
	Names() []string
	Has(name string) bool
	Shape(name string) ([]int, error)
	float32(name string, into []float32) error
	half(name string, into []weights.Half) error
}

// fileTensors gives those of safetensors files.
type fileTensors struct{ *weights.File }

// rotaryBuffer ends the names of frequencies of rotary embeddings that old versions of transformers
// saved with the weights, and which follow from the configuration.
const rotaryBuffer = ".rotary_emb.inv_freq"

// Names lists the file's tensors but for buffers.
func (f fileTensors) Names() []string {
	return slices.DeleteFunc(f.File.Names(), func(name string) bool { return strings.HasSuffix(name, rotaryBuffer) })
}

func (f fileTensors) float32(name string, into []float32) error {
	return weights.Read(f.File, name, into)
}
func (f fileTensors) half(name string, into []weights.Half) error {
	return weights.Read(f.File, name, into)
}

// checkTensors holds the tensors that are there to those of the configuration.
func checkTensors(c Config, from tensorSource) error {
	if err := newModel(c).checkNames(from); err != nil {
		return fmt.Errorf("load backbone: %w", err)
	}
	all := c.WeightShapes()
	for _, name := range c.WeightNames() {
		shape, err := from.Shape(name)
		if err != nil {
			return fmt.Errorf("load backbone: %w", err)
		}
		if expected := all[name]; !slices.Equal(shape, expected) {
			return fmt.Errorf("load backbone: tensor %q has shape %v, expected %v by its configuration", name, shape, expected)
		}
	}
	if c.TiedEmbeddings && from.Has(headName) {
		shape, err := from.Shape(headName)
		if err != nil {
			return fmt.Errorf("load backbone: %w", err)
		}
		if expected := all[embeddingName]; !slices.Equal(shape, expected) {
			return fmt.Errorf("load backbone: tensor %q has shape %v, expected %v, that of the embeddings to which it is tied", headName, shape, expected)
		}
	}
	return nil
}

// checkTiedHead says whether a head that is in the file beside embeddings to which it is tied
// equals them.
func (m *Model) checkTiedHead(from tensorSource) error {
	if !m.Config.TiedEmbeddings || !from.Has(headName) {
		return nil
	}
	size := m.Weights[embeddingName].Size()
	head := make([]float32, size)
	if err := from.float32(headName, head); err != nil {
		return err
	}
	embedding := make([]float32, size)
	if err := from.float32(embeddingName, embedding); err != nil {
		return err
	}
	for i, v := range head {
		if v != embedding[i] {
			return fmt.Errorf("tensor %q differs from %q at [%d, %d], %g and %g, but tie_word_embeddings is true: set it to false in config.json if the head is the model's own, or else take the tensor out",
				headName, embeddingName, i/m.Config.Width, i%m.Config.Width, v, embedding[i])
		}
	}
	return nil
}

// loadTensors reads each tensor where it will stay, so that no more memory is taken than the
// weights need.
func loadTensors(c Config, from tensorSource, held Precision) (*Model, error) {
	if err := checkTensors(c, from); err != nil {
		return nil, err
	}
	m, expected := newModel(c), c.WeightShapes()
	for _, name := range m.Names {
		dtype := held.dtype(name, len(expected[name]))
		m.Weights[name] = tensors.FromShape(shapes.Make(dtype, expected[name]...))
		var err error
		if dtype == dtypes.BFloat16 {
			err = fill(m.Weights[name], func(into []weights.Half) error { return from.half(name, into) })
		} else {
			err = fill(m.Weights[name], func(into []float32) error { return from.float32(name, into) })
		}
		if err == nil {
			err = checkFinite(name, m.Weights[name])
		}
		if err != nil {
			return nil, fmt.Errorf("load backbone: %w", err)
		}
	}
	if err := m.checkTiedHead(from); err != nil {
		return nil, fmt.Errorf("load backbone: %w", err)
	}
	return m, nil
}

// checkFinite says which value of a weight is not finite, and how many are not.
func checkFinite(name string, t *tensors.Tensor) (err error) {
	first, count := -1, 0
	see := func(i int) {
		if count++; first < 0 {
			first = i
		}
	}
	if t.DType() == dtypes.BFloat16 {
		err = tensors.ConstFlatData(t, func(flat []weights.Half) {
			for i, v := range flat {
				if v&0x7f80 == 0x7f80 { // all bits of the exponent
					see(i)
				}
			}
		})
	} else {
		err = tensors.ConstFlatData(t, func(flat []float32) {
			for i, v := range flat {
				if v-v != 0 {
					see(i)
				}
			}
		})
	}
	if err != nil || count == 0 {
		return err
	}
	shape := t.Shape().Dimensions
	last := shape[len(shape)-1]
	return fmt.Errorf("tensor %q: %d of its %d values are NaN or infinite, the first at [%d, %d]: the checkpoint is damaged, or was saved after a training that diverged",
		name, count, t.Size(), first/last, first%last)
}

func fill[T float32 | weights.Half](t *tensors.Tensor, read func(into []T) error) (err error) {
	return errors.Join(tensors.MutableFlatData(t, func(flat []T) { err = read(flat) }), err)
}

func newModel(c Config) *Model {
	names := c.WeightNames()
	return &Model{Config: c, Names: names, Weights: make(map[string]*tensors.Tensor, len(names))}
}

// checkNames says which tensors are missing in the file or unknown to the architecture.
func (m *Model) checkNames(file tensorSource) error {
	var missing, extra []string
	for _, name := range m.Names {
		if !file.Has(name) {
			missing = append(missing, name)
		}
	}
	for _, name := range file.Names() {
		if _, known := slices.BinarySearch(m.Names, name); !known && !(name == headName && m.Config.TiedEmbeddings) {
			extra = append(extra, name)
		}
	}
	var errs []error
	if len(missing) > 0 {
		errs = append(errs, fmt.Errorf("%d tensors of %s are missing: %s", len(missing), m.Config.Architecture, strings.Join(missing, ", ")))
	}
	if len(extra) > 0 {
		errs = append(errs, fmt.Errorf("%d tensors are not of %s with this configuration: %s",
			len(extra), m.Config.Architecture, strings.Join(extra, ", ")))
	}
	return errors.Join(errs...)
}

// Random makes a new model: weights normal with deviation 0.02, those that write to the residual
// stream (o_proj, down_proj) divided by √(2·layers) as in GPT-2, norms that multiply by 1,
// biases 0. Draws come in the order of Names.
func Random(c Config, r *rand.Rand) *Model { return RandomAs(c, r, Precision{}) }

// RandomAs is Random with the weights held as a precision says.
func RandomAs(c Config, r *rand.Rand, held Precision) *Model {
	m, sizes := newModel(c), c.WeightShapes()
	norm := float32(1)
	if c.architecture().offsetNorms {
		norm = 0
	}
	for _, name := range m.Names {
		size := 1
		for _, d := range sizes[name] {
			size *= d
		}
		values := make([]float32, size)
		deviation := initialDeviation
		if strings.HasSuffix(name, "o_proj.weight") || strings.HasSuffix(name, "down_proj.weight") {
			deviation /= math.Sqrt(2 * float64(c.Layers))
		}
		for i := range values {
			switch {
			case strings.HasSuffix(name, "norm.weight"):
				values[i] = norm
			case !strings.HasSuffix(name, ".bias"):
				values[i] = float32(deviation * r.NormFloat64())
			}
		}
		if held.dtype(name, len(sizes[name])) == dtypes.Float32 {
			m.Weights[name] = tensors.FromFlatDataAndDimensions(values, sizes[name]...)
			continue
		}
		halves := make([]weights.Half, size)
		for i, v := range values {
			halves[i] = weights.RoundToHalf(v)
		}
		m.Weights[name] = tensors.FromFlatDataAndDimensions(halves, sizes[name]...)
	}
	return m
}

// Save writes config.json and model.safetensors into dir, which it makes, as weights.F32 or,
// rounded, weights.BF16.
func (m *Model) Save(dir string, dtype weights.DType) error {
	if dtype != weights.F32 && dtype != weights.BF16 {
		return fmt.Errorf("save backbone in %s: dtype is %s, expected %s or %s", dir, dtype, weights.F32, weights.BF16)
	}
	config, err := m.Config.JSON()
	if err != nil {
		return fmt.Errorf("save backbone in %s: %w", dir, err)
	}
	sizes := m.Config.WeightShapes()
	list := make([]weights.Tensor, len(m.Names))
	for i, name := range m.Names {
		values, err := Values(m.Weights[name])
		if err != nil {
			return fmt.Errorf("save backbone in %s: tensor %q: %w", dir, name, err)
		}
		list[i] = weights.Tensor{Name: name, DType: dtype, Shape: sizes[name], Data: values}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("save backbone: %w", err)
	}
	if err := weights.Write(filepath.Join(dir, "model.safetensors"), list, map[string]string{"format": "pt"}); err != nil {
		return fmt.Errorf("save backbone: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644); err != nil {
		return fmt.Errorf("save backbone: %w", err)
	}
	return nil
}
