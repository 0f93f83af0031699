package backbone

import (
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/weights"
)

// Precision says how a model's weights are held in memory. The zero value holds all as float32.
type Precision struct {
	// Half holds matrices as bfloat16; norms and biases, which are small, stay float32.
	Half bool
	// Changed names the projections, such as q_proj, that stay float32 all the same because they
	// will be changed: steps of a hundredth or less of a weight would vanish in bfloat16's eight
	// bits.
	Changed []string
}

// dtype is how a tensor of the given number of axes is held.
func (p Precision) dtype(name string, axes int) dtypes.DType {
	changed := slices.ContainsFunc(p.Changed, func(projection string) bool { return strings.HasSuffix(name, "."+projection+".weight") })
	if !p.Half || changed || axes < 2 {
		return dtypes.Float32
	}
	return dtypes.BFloat16
}

// Linear is x·Wᵀ: x is [batch, length, in] float32, w [out, in], the result [batch, length, out]
// float32. With a bfloat16 w the product is one of bfloat16 numbers, as graphics processors have
// units for.
func Linear(x, w *Node) *Node { return product("bti,oi->bto", x, w) }

func product(equation string, x, w *Node) *Node {
	if w.DType() != dtypes.BFloat16 {
		return Einsum(equation, x, w)
	}
	// No accumulator is named: with one, GoMLX's gradient would make a float32 copy of w.
	half := Dot(ConvertDType(x, dtypes.BFloat16), w).WithAccumulatorDType(dtypes.InvalidDType)
	return ConvertDType(half.Einsum(equation), dtypes.Float32)
}

// Values are a weight's values as float32, row by row.
func Values(t *tensors.Tensor) ([]float32, error) {
	if t.DType() != dtypes.BFloat16 {
		return tensors.CopyFlatData[float32](t)
	}
	values := make([]float32, t.Size())
	err := tensors.ConstFlatData(t, func(flat []weights.Half) {
		for i, v := range flat {
			values[i] = v.Float32()
		}
	})
	return values, err
}
