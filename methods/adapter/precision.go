package adapter

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// MergePrecision says how much of an update a merge into the weight keeps.
type MergePrecision string

// The precisions of a merge.
const (
	// MergeFloat32 adds the update as it is.
	MergeFloat32 MergePrecision = "float32"
	// MergeBFloat16 rounds the update to bfloat16 before it is added, as SECURA's release does
	// whatever the weight's own type is.
	MergeBFloat16 MergePrecision = "bf16"
	// MergeBFloat16Weight rounds the update and the weight that it is added to, as where the
	// release's backbone is bfloat16 itself: what is smaller than half a step of the weight's eight
	// bits is lost.
	MergeBFloat16Weight MergePrecision = "bf16-weight"
)

func (p MergePrecision) check() error {
	switch p {
	case MergeFloat32, MergeBFloat16, MergeBFloat16Weight:
		return nil
	}
	return fmt.Errorf("the merge's precision (merge_precision) is %q, expected %s, %s or %s", p, MergeFloat32, MergeBFloat16, MergeBFloat16Weight)
}

// merged is w with an update, see above.
func (p MergePrecision) merged(w, update *graph.Node) *graph.Node {
	if p == MergeFloat32 {
		return add(w, update)
	}
	w = add(w, RoundBFloat16(update))
	if p == MergeBFloat16Weight {
		w = RoundBFloat16(w)
	}
	return w
}

// RoundBFloat16 is float32 x rounded to the nearest number with bfloat16's eight bits, of two
// equally near ones to the even one. It works on the bits: XLA takes a conversion there and back
// for what it may leave out. It has no gradient.
func RoundBFloat16(x *graph.Node) *graph.Node {
	g, bits := x.Graph(), graph.Bitcast(x, dtypes.Uint32)
	even := graph.BitwiseAnd(graph.BitwiseShiftRightLogical(bits, graph.Const(g, uint32(16))), graph.Const(g, uint32(1)))
	up := graph.Add(bits, graph.Add(even, graph.Const(g, uint32(0x7fff))))
	return graph.Bitcast(graph.BitwiseAnd(up, graph.Const(g, uint32(0xffff0000))), dtypes.Float32)
}
