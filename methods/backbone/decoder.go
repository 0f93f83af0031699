package backbone

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Rows is a batch of left-padded token rows, each [batch, length] int32: all rows end at the last
// slot.
//
// Slot i sees slot j if j ≤ i, Segments[j] ≥ 0 and Segments[j] is 0 or Segments[i]: a prompt
// (segment 0) can be followed by several options (1, 2, …) that do not see each other. A slot also
// sees itself, so that padding computes something finite, which no other slot sees.
type Rows struct {
	// Tokens are the ids; any valid one at padding.
	Tokens *Node
	// Positions turn the rotary embedding; those of an option start again after the prompt. They
	// are below length.
	Positions *Node
	// Segments are -1 for padding, 0 for the prompt, 1 and up for options; of several texts in a
	// row see Packed.
	Segments *Node
}

// hiddenBias is added to the attention scores of what a slot does not see: finite, and so large
// that exp gives 0.
const hiddenBias = -1e9

// Hidden computes the model up to the final norm: [batch, length, hidden]. The weights are named as
// in WeightShapes; project (nil: x·Wᵀ) computes each projection from its weight. It panics, as
// graph functions do, if a weight is missing.
func (c Config) Hidden(weights map[string]*Node, rows Rows, project Project) *Node {
	return c.HiddenTail(weights, rows, rows.Tokens.Shape().Dimensions[1], project)
}

// HiddenTail is Hidden at the last slots only, [batch, slots, hidden]: in the last layer nothing
// else is computed but the keys and values of the others.
func (c Config) HiddenTail(weights map[string]*Node, rows Rows, slots int, project Project) *Node {
	return c.hiddenTail(weights, rows, slots, project, unchanged)
}

// hiddenTail is HiddenTail with enter as of blocks.
func (c Config) hiddenTail(weights map[string]*Node, rows Rows, slots int, project Project, enter func(x *Node) *Node) *Node {
	bias := c.windows(visibilityBias(rows.Segments), rows.Positions)
	return c.blocks(weights, rows.Tokens, rows.Positions, lastOf(slots), project, enter, sumLast, func(layer int, q, k, v *Node) *Node {
		return c.attendAll(q, k, v, bias(layer))
	})
}

// Logits are the scores of the next token, [batch, positions, vocabulary], of hidden states [batch,
// positions, hidden].
func (c Config) Logits(weights map[string]*Node, hidden *Node) *Node {
	name := headName
	if c.TiedEmbeddings {
		name = embeddingName
	}
	return softCap(product("bth,vh->btv", hidden, named(weights, name)), c.LogitCap)
}

// attend computes a layer's attention: q is [batch, last slots, key/value heads, group, head size],
// turned and scaled; k and v are [batch, length, key/value heads, head size]; the result has q's
// shape.
type attend func(layer int, q, k, v *Node) *Node

// attendAll is softmax(q·kᵀ + bias)·v over whole rows, the scores capped, with bias as of windows.
func (c Config) attendAll(q, k, v, bias *Node) *Node {
	bias = lastSlots(bias, 2, q.Shape().Dimensions[1])
	scores := softCap(Einsum("btkgd,bskd->bktgs", q, k), c.AttentionCap)
	return Einsum("bktgs,bskd->btkgd", Softmax(Add(scores, bias)), v)
}

// softCap is cap · tanh(x / cap), which bounds x smoothly; x where cap is 0.
func softCap(x *Node, cap float64) *Node {
	if cap == 0 {
		return x
	}
	g := x.Graph()
	return Mul(Tanh(Mul(x, scalar(g, 1/cap))), scalar(g, cap))
}

// sumLast sums over the last axis, which stays with size 1.
func sumLast(x *Node) *Node { return ReduceAndKeep(x, ReduceSum, -1) }

// lastSlots selects the last n along an axis.
func lastSlots(x *Node, axis, n int) *Node {
	size := x.Shape().Dimensions[axis]
	if n == size {
		return x
	}
	return SliceAxis(x, axis, AxisRange(size-n, size))
}

// wanted are the slots at which the last layer is computed; each function selects them along
// axis 1.
type wanted struct {
	// queries selects from what attention is computed for.
	queries func(x *Node) *Node
	// outputs selects from what attention gave.
	outputs func(x *Node) *Node
	// rest selects from what goes around attention.
	rest func(x *Node) *Node
}

// lastOf wants the last n slots of each row.
func lastOf(n int) wanted {
	last := func(x *Node) *Node { return lastSlots(x, 1, n) }
	return wanted{queries: last, outputs: unchanged, rest: last}
}

// everywhere wants all slots.
var everywhere = wanted{unchanged, unchanged, unchanged}

// blocks computes the embedding, all layers and the final norm, after the last attention at the
// wanted slots only. enter is applied to what enters each layer; sum is sumLast or what does the
// same.
func (c Config) blocks(weights map[string]*Node, tokens, positions *Node, last wanted, project Project, enter, sum func(x *Node) *Node,
	attention attend) *Node {
	if project == nil {
		project = plainProject
	}
	linear := func(layer int, name string, x *Node) *Node {
		p := Projection{layer, name}
		y := project(p, x, named(weights, p.WeightName()))
		if c.biased(p) {
			y = Add(y, ExpandLeftToRank(named(weights, p.BiasName()), 3))
		}
		return y
	}
	norm := func(x *Node, name string) *Node { return c.rmsNorm(x, named(weights, name), sum) }
	family := c.architecture()
	batch, length := tokens.Shape().Dimensions[0], tokens.Shape().Dimensions[1]
	group := c.Heads / c.KeyValueHeads
	cos, sin := c.rotation(positions)
	scale := scalar(tokens.Graph(), 1/math.Sqrt(c.queryScalar()))

	x := ConvertDType(Gather(named(weights, embeddingName), InsertAxes(tokens, -1)), dtypes.Float32)
	if family.scaledEmbedding {
		x = Mul(x, scalar(x.Graph(), math.Sqrt(float64(c.Width))))
	}
	for i := range c.Layers {
		inner := func(x *Node, name string) *Node { return norm(x, layerTensor(i, name)) }
		x = enter(x)
		h := inner(x, inputNorm)
		want := everywhere
		if i == c.Layers-1 {
			want = last
		}
		x = want.rest(x)
		q := linear(i, "q_proj", want.queries(h))
		kept := q.Shape().Dimensions[1]
		q = Reshape(q, batch, kept, c.Heads, c.HeadSize)
		k := Reshape(linear(i, "k_proj", h), batch, length, c.KeyValueHeads, c.HeadSize)
		v := Reshape(linear(i, "v_proj", h), batch, length, c.KeyValueHeads, c.HeadSize)
		q = rotate(q, lastSlots(cos, 1, kept), lastSlots(sin, 1, kept))
		q = Reshape(Mul(q, scale), batch, kept, c.KeyValueHeads, group, c.HeadSize)
		a := attention(i, q, rotate(k, cos, sin), v)
		y := linear(i, "o_proj", want.outputs(Reshape(a, batch, kept, c.Heads*c.HeadSize)))
		before := postAttentionNorm
		if family.outerNorms {
			y, before = inner(y, postAttentionNorm), preFeedForwardNorm
		}
		x = Add(x, y)

		h = inner(x, before)
		gate := linear(i, "gate_proj", h)
		y = linear(i, "down_proj", Mul(family.activation(gate), linear(i, "up_proj", h)))
		if family.outerNorms {
			y = inner(y, postFeedForwardNorm)
		}
		x = Add(x, y)
	}
	return norm(x, finalNormName)
}

func named(weights map[string]*Node, name string) *Node {
	w := weights[name]
	if w == nil {
		exceptions.Panicf("backbone: weight %q is missing", name)
	}
	return w
}

// scalar is a float32 constant of its own. GoMLX's AddScalar, MulScalar, Reciprocal and others
// share constants over the whole graph, which the XLA backend refuses if one was made outside the
// loop's body and is used in it, or the reverse.
func scalar(g *Graph, v float64) *Node { return Const(g, float32(v)) }

// rmsNorm is w · x / √(mean(x²) + ε) (Zhang and Sennrich 2019), with 1 + w for w where the
// architecture has that. Rsqrt has no gradient.
func (c Config) rmsNorm(x, w *Node, sum func(x *Node) *Node) *Node {
	g := x.Graph()
	if c.architecture().offsetNorms {
		w = Add(w, scalar(g, 1))
	}
	mean := Mul(sum(Square(x)), scalar(g, 1/float64(c.Width)))
	return Mul(Mul(x, Div(scalar(g, 1), Sqrt(Add(mean, scalar(g, c.Epsilon))))), ExpandLeftToRank(w, x.Rank()))
}

// windows gives the bias of a layer's scores, [batch, 1, length, 1, length]: all, and in a layer
// with a window hiddenBias also for what lies Window positions or more before the seeing slot.
func (c Config) windows(all, positions *Node) func(layer int) *Node {
	return c.layerBias(all, func() *Node {
		return InsertAxes(Sub(InsertAxes(positions, -1), InsertAxes(positions, 1)), 1, 2)
	})
}

// windowsFrom is windows for one seeing slot at position [batch, 1]; all is [batch, 1, 1, slots].
func (c Config) windowsFrom(all, position, positions *Node) func(layer int) *Node {
	return c.layerBias(all, func() *Node { return InsertAxes(Sub(position, positions), 1, 1) })
}

// layerBias hides in layers with a window what is not within it; distance has the shape of all.
func (c Config) layerBias(all *Node, distance func() *Node) func(layer int) *Node {
	if c.Window == 0 {
		return func(int) *Node { return all }
	}
	g := all.Graph()
	windowed := Where(LessThan(distance(), Const(g, int32(c.Window))), all, scalar(g, hiddenBias))
	return func(layer int) *Node {
		if c.Windowed[layer] {
			return windowed
		}
		return all
	}
}

// visibilityBias is 0 where a slot sees another and hiddenBias elsewhere: [batch, 1, length, 1,
// length], float32.
func visibilityBias(segments *Node) *Node {
	g, length := segments.Graph(), segments.Shape().Dimensions[1]
	square := segments.Shape().Clone()
	square.Dimensions = []int{1, length, length}
	from, to := Iota(g, square, 1), Iota(g, square, 2)
	seer, seen := InsertAxes(segments, -1), InsertAxes(segments, 1)
	zero := Const(g, int32(0))
	open := And(GreaterOrEqual(seen, zero), Or(Equal(seen, zero), Equal(seen, seer)))
	visible := Or(And(open, LessOrEqual(to, from)), Equal(to, from))
	bias := Where(visible, scalar(g, 0), scalar(g, hiddenBias))
	return InsertAxes(bias, 1, 2)
}
