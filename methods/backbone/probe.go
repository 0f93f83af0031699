package backbone

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"
)

// ErrProbe is wrapped by the errors of Probe.
var ErrProbe = errors.New("the start-up check of loss and gradients failed")

// probeTolerance is relative, to the largest value of a tensor for its small ones.
const probeTolerance = 1e-5

// The probe: rows of an embedding, some taken several times, through SiLU and an output matrix to a
// mean cross-entropy. It has what a wrong backend was seen to get wrong, and compiles in a fraction
// of a second.
const probeVocab, probeWidth, probeClasses = 7, 5, 6

var (
	probeTokens = [][]int32{{1, 4, 1, 6}, {4, 4, 0, 1}}
	probeLabels = [][]int32{{2, 0, 5, 1}, {3, 3, 4, 2}}
)

// probeResult is the loss and its gradients by the two matrices, row by row, and the product of
// probeDigits with the identity.
type probeResult struct {
	loss              float32
	embedding, output []float32
	product           []float32
}

// probeWant was computed in double precision, with the gradient written out by hand, by a program
// of its own.
var probeWant = probeResult{
	loss: 1.9371234,
	embedding: []float32{
		0.00838225427, -0.0110845955, 0.0426551876, 0.0113521196, -0.0175816758,
		-0.0639363667, 0.117659829, -0.00807248588, -0.0960577754, 0.159443623,
		0, 0, 0, 0, 0,
		0, 0, 0, 0, 0,
		-0.0673360417, 0.093690883, -0.0624368171, 0.0863872533, 0.00821644332,
		0, 0, 0, 0, 0,
		0.0229657961, -0.0119505143, 0.0249752189, -0.00558127824, -0.0564697545,
	},
	output: []float32{
		0.0019950202, -0.0185367589, -0.0254713366, -0.000930795505, 0.0459495109, -0.0030056401,
		-0.00915682519, 0.0754295221, -0.0790489887, -0.0446327031, 0.0624916286, -0.00508263382,
		0.00724534703, -0.0204640799, 0.0242761446, 0.0280046685, -0.0345288112, -0.00453326903,
		0.0133530117, -0.0131866417, 0.00922904559, 0.0197222143, -0.0345162356, 0.00539860571,
		0.00254481433, -0.0150623755, -0.0363732621, -0.00808385474, 0.0569088372, 6.58408113e-05,
	},
}

// probeProduct is the size of a product with the identity, which gives its matrix back where
// products have the digits of float32. A GPU computes products as small as those of the step
// without its matrix units, so that they do not tell.
const probeProduct = 64

// Probe runs a tiny step on the backend and compares loss and gradients with recorded values, and
// unless products are wanted in TF32, the digits of a larger product. It returns an error that
// wraps ErrProbe and says what differs, by how much.
func Probe(b compute.Backend, tf32 bool) error {
	return probeAgainst(b, probeWant, tf32)
}

func probeAgainst(b compute.Backend, want probeResult, tf32 bool) error {
	var got probeResult
	var err error
	if panicked := exceptions.TryCatch[error](func() { got, err = runProbe(b) }); panicked != nil {
		err = panicked
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrProbe, err)
	}
	if !tf32 {
		want.product = probeDigits()
	} else {
		got.product = nil
	}
	return errors.Join(
		compareProbe("a product with the identity", got.product, want.product),
		compareProbe("the loss", []float32{got.loss}, []float32{want.loss}),
		compareProbe("the embedding's gradient", got.embedding, want.embedding),
		compareProbe("the output matrix's gradient", got.output, want.output))
}

func runProbe(b compute.Backend) (probeResult, error) {
	var r probeResult
	exec, err := NewExec(b, func(embedding, output, tokens, labels, digits, identity *Node) []*Node {
		x := Gather(embedding, InsertAxes(tokens, -1))
		logits := Einsum("btd,dc->btc", Mul(x, Sigmoid(x)), output)
		picked := Mul(LogSoftmax(logits), OneHot(labels, probeClasses, dtypes.Float32))
		loss := Neg(ReduceAllMean(ReduceSum(picked, -1)))
		return append([]*Node{loss, Einsum("ij,jk->ik", digits, identity)}, Gradient(loss, embedding, output)...)
	})
	if err != nil {
		return r, err
	}
	defer exec.Finalize()
	inputs := []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(probeMatrix(probeVocab, probeWidth, 7, 3, 11), probeVocab, probeWidth),
		tensors.FromFlatDataAndDimensions(probeMatrix(probeWidth, probeClasses, 5, 4, 13), probeWidth, probeClasses),
		tensors.FromValue(probeTokens),
		tensors.FromValue(probeLabels),
		tensors.FromFlatDataAndDimensions(probeDigits(), probeProduct, probeProduct),
		tensors.FromFlatDataAndDimensions(probeIdentity(), probeProduct, probeProduct),
	}
	arguments := make([]any, len(inputs))
	for i, t := range inputs {
		defer t.FinalizeAll()
		arguments[i] = t
	}
	outputs, err := exec.Call(arguments...)
	if err != nil {
		return r, err
	}
	flat := make([][]float32, len(outputs))
	for i, t := range outputs {
		if flat[i], err = tensors.CopyFlatData[float32](t); err != nil {
			return r, err
		}
		if err := t.FinalizeAll(); err != nil {
			return r, err
		}
	}
	return probeResult{flat[0][0], flat[2], flat[3], flat[1]}, nil
}

// probeDigits has values around 1 that take 13 bits: 1 + n/4096, n from -5 to 5.
func probeDigits() []float32 {
	values := probeMatrix(probeProduct, probeProduct, 7, 3, 11)
	for i, n := range values {
		values[i] = 1 + n*8/4096
	}
	return values
}

func probeIdentity() []float32 {
	values := make([]float32, probeProduct*probeProduct)
	for i := range probeProduct {
		values[i*probeProduct+i] = 1
	}
	return values
}

// probeMatrix has the values ((i·a + j·b) mod m − m/2) / 8: exact in every floating-point format.
func probeMatrix(rows, columns, a, b, m int) []float32 {
	values := make([]float32, 0, rows*columns)
	for i := range rows {
		for j := range columns {
			values = append(values, float32((i*a+j*b)%m-m/2)/8)
		}
	}
	return values
}

func compareProbe(what string, got, want []float32) error {
	if len(got) != len(want) {
		return fmt.Errorf("%w: %s has %d values, expected %d", ErrProbe, what, len(got), len(want))
	}
	var largest float64
	for _, w := range want {
		largest = max(largest, math.Abs(float64(w)))
	}
	for i, w := range want {
		allowed := probeTolerance * max(math.Abs(float64(w)), largest/10)
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= allowed) { // so that NaN fails
			return fmt.Errorf("%w: %s is %g at %d, expected %g", ErrProbe, what, got[i], i, w)
		}
	}
	return nil
}
