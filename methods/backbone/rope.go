package backbone

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// RopeScaling stretches wavelengths of the rotary embedding, so that a model that was trained on
// short texts reads longer ones. It is rope type "llama3", Llama 3.1's, or "linear" (Chen et al.
// 2023, "position interpolation").
type RopeScaling struct {
	// Linear says that Factor divides all frequencies; the other fields are then 0.
	Linear bool
	// Factor divides the frequencies whose wavelength is above OriginalPositions/LowFrequency.
	Factor float64
	// LowFrequency and HighFrequency bound what is scaled: wavelengths below
	// OriginalPositions/HighFrequency stay, and between the two the divisor goes over smoothly.
	LowFrequency, HighFrequency float64
	// OriginalPositions is the number of positions before the stretching.
	OriginalPositions int
}

// ropeParameters is config.json's rope_scaling, or rope_parameters of transformers 5, which has the
// base too.
type ropeParameters struct {
	Theta             *float64 `json:"rope_theta,omitempty"`
	Type              string   `json:"rope_type"`
	OldType           string   `json:"type,omitempty"` // the key of older files
	Factor            *float64 `json:"factor,omitempty"`
	LowFrequency      *float64 `json:"low_freq_factor,omitempty"`
	HighFrequency     *float64 `json:"high_freq_factor,omitempty"`
	OriginalPositions *int     `json:"original_max_position_embeddings,omitempty"`
	Partial           *float64 `json:"partial_rotary_factor,omitempty"`
}

// readRope takes the base and the scaling from the file's keys in either spelling.
func (f *configFile) readRope(c *Config) error {
	c.RopeTheta = value(f.RopeTheta, 10000) // as in transformers' configurations of all architectures
	for _, p := range []struct {
		key string
		*ropeParameters
	}{{"rope_scaling", f.RopeScaling}, {"rope_parameters", f.RopeParameters}} {
		if p.ropeParameters == nil {
			continue
		}
		scaling, err := p.scaling()
		if err != nil {
			return fmt.Errorf("%s: %w", p.key, err)
		}
		if scaling != nil {
			c.RopeScaling = scaling
		}
		c.RopeTheta = value(p.Theta, c.RopeTheta)
	}
	if partial := value(f.Partial, 1); partial != 1 {
		return fmt.Errorf("partial_rotary_factor is %g, expected 1", partial)
	}
	return nil
}

// scaling is nil for rotary embeddings that are not scaled.
func (p *ropeParameters) scaling() (*RopeScaling, error) {
	kind := p.Type
	if kind == "" {
		kind = p.OldType
	}
	switch {
	case value(p.Partial, 1) != 1:
		return nil, fmt.Errorf("partial_rotary_factor is %g, expected 1", *p.Partial)
	case kind == "" || kind == "default":
		return nil, nil
	case kind == "linear" && p.Factor == nil:
		return nil, errors.New("rope type \"linear\" needs factor")
	case kind == "linear":
		return &RopeScaling{Linear: true, Factor: *p.Factor}, nil
	case kind != "llama3":
		return nil, fmt.Errorf("rope type is %q, expected \"default\", \"linear\" or \"llama3\"", kind)
	case p.Factor == nil || p.LowFrequency == nil || p.HighFrequency == nil || p.OriginalPositions == nil:
		return nil, errors.New("rope type \"llama3\" needs factor, low_freq_factor, high_freq_factor and original_max_position_embeddings")
	}
	return &RopeScaling{Factor: *p.Factor, LowFrequency: *p.LowFrequency, HighFrequency: *p.HighFrequency, OriginalPositions: *p.OriginalPositions}, nil
}

// parameters is what scaling has read.
func (s *RopeScaling) parameters() *ropeParameters {
	switch {
	case s == nil:
		return nil
	case s.Linear:
		return &ropeParameters{Type: "linear", Factor: &s.Factor}
	}
	return &ropeParameters{Type: "llama3", Factor: &s.Factor, LowFrequency: &s.LowFrequency, HighFrequency: &s.HighFrequency,
		OriginalPositions: &s.OriginalPositions}
}

func (s *RopeScaling) check() error {
	switch {
	case s == nil:
		return nil
	case !(s.Factor >= 1 && s.Factor <= maxRatio):
		return fmt.Errorf("rope factor is %g, expected 1 or more", s.Factor)
	case s.Linear:
		return nil
	case !(s.LowFrequency > 0 && s.LowFrequency < s.HighFrequency && s.HighFrequency <= maxRatio):
		return fmt.Errorf("rope low_freq_factor is %g and high_freq_factor %g, expected positive numbers, the second larger",
			s.LowFrequency, s.HighFrequency)
	case s.OriginalPositions < 1 || s.OriginalPositions > maxPositions:
		return fmt.Errorf("rope original_max_position_embeddings is %d, expected 1 to %d", s.OriginalPositions, maxPositions)
	}
	return nil
}

// scale is the scaled frequency.
func (s *RopeScaling) scale(frequency float64) float64 {
	switch {
	case s == nil:
		return frequency
	case s.Linear:
		return frequency / s.Factor
	}
	turns := float64(s.OriginalPositions) * frequency / (2 * math.Pi) // over the original positions
	kept := min(max((turns-s.LowFrequency)/(s.HighFrequency-s.LowFrequency), 0), 1)
	return (1-kept)*frequency/s.Factor + kept*frequency
}

// ropeFrequency is θ^(−2i/d), not scaled: what pair i of a head turns by at each position.
func (c Config) ropeFrequency(i int) float64 {
	return math.Pow(c.RopeTheta, -float64(i)/float64(c.HeadSize/2))
}

// rotation gives cos and sin of position · θ^(−2i/d), scaled, each [batch, length, 1, head size /
// 2] (Su et al. 2021), for positions [batch, length] below length. They are read from a table,
// because XLA computes them again in every operation that uses them. Of a length of 1, which is the
// decoding loop's slot at any position, they are computed.
func (c Config) rotation(positions *Node) (cos, sin *Node) {
	g, half, length := positions.Graph(), c.HeadSize/2, positions.Shape().Dimensions[1]
	frequencies := make([]float32, half)
	for i := range frequencies {
		frequencies[i] = float32(c.RopeScaling.scale(c.ropeFrequency(i)))
	}
	if length == 1 {
		at := InsertAxes(ConvertDType(positions, dtypes.Float32), -1, -1)
		angle := Mul(at, Reshape(Const(g, frequencies), 1, 1, 1, half))
		return Cos(angle), Sin(angle)
	}
	cosines, sines := make([][]float32, length), make([][]float32, length)
	for p := range length {
		for _, f := range frequencies {
			s, c := math.Sincos(float64(float32(p) * f))
			cosines[p], sines[p] = append(cosines[p], float32(c)), append(sines[p], float32(s))
		}
	}
	read := func(table [][]float32) *Node {
		return InsertAxes(Gather(Const(g, table), InsertAxes(positions, -1)), 2)
	}
	return read(cosines), read(sines)
}

// rotate turns the pairs (i, i + half) of every head of x [batch, length, heads, head size].
func rotate(x, cos, sin *Node) *Node {
	half := x.Shape().Dimensions[3] / 2
	first := Slice(x, AxisRange(), AxisRange(), AxisRange(), AxisRange(0, half))
	second := Slice(x, AxisRange(), AxisRange(), AxisRange(), AxisRange(half))
	return Concatenate([]*Node{Sub(Mul(first, cos), Mul(second, sin)), Add(Mul(second, cos), Mul(first, sin))}, -1)
}
