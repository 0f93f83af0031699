package backbone

import (
	"maps"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/support/exceptions"
)

// Generate continues each row greedily by at most maxNew tokens, and returns these: [batch, maxNew]
// int32. The weights are the effective ones. The new tokens belong to the segment of the row's last
// slot and take the positions after it.
//
// It stops when every row has written one of endTokens, or when limit tokens are written (a scalar
// int32 node, from 0 to maxNew; with it one compiled graph serves several lengths). A row's slots
// after its first end token, and those that were not written, hold endTokens[0]; without end tokens
// rows never end and such slots hold 0.
//
// The whole decoding is one graph: a pass over the prompts that keeps each layer's keys and values,
// then a loop that computes one slot a turn. It has no gradient. Of equal scores the smallest id is
// taken.
//
// project (nil: x·Wᵀ) gives what computes projections from nodes with the names of weights, which
// may hold more than the model's. It is called for the prompts and for the loop's body, which sees
// no other nodes.
//
// With stops (nil: none) a row ends at a stop text too, after the token that makes it whole.
func (c Config) Generate(weights map[string]*Node, rows Rows, maxNew int, limit *Node, endTokens []int32,
	project func(weights map[string]*Node) Project, stops *Stops) *Node {
	if maxNew < 1 {
		exceptions.Panicf("backbone: Generate with maxNew %d, expected at least 1", maxNew)
	}
	prompt := rows.Tokens.Shape().Dimensions[1]
	// The last token is written but never read: one slot less than tokens.
	names := c.WeightNames()
	if project == nil {
		project = func(map[string]*Node) Project { return nil }
	} else {
		names = slices.Sorted(maps.Keys(weights))
	}
	d := decoder{c, prompt, prompt + maxNew - 1, maxNew, endTokens, names, project, stops != nil}
	return d.loop(d.prefill(weights, rows, limit, stops))
}

// decoder builds the graph of Generate.
type decoder struct {
	config                Config
	prompt, slots, maxNew int // slots of the prompt, slots of the caches, and new tokens
	endTokens             []int32
	names                 []string // of the weights, sorted
	project               func(weights map[string]*Node) Project
	stops                 bool // whether rows end at stop texts
}

// state is what goes round the loop. The XLA backend takes no node from outside into a loop's body,
// so the parts that do not change go round as well.
type state struct {
	// written counts the tokens, up to limit; both are int32 scalars.
	written, limit *Node
	// token is each row's last one, ended says which rows have written an end token; both are
	// [batch].
	token, ended *Node
	// text is what was written, [batch, maxNew].
	text *Node
	// positions are those of the slots, [batch, slots].
	positions *Node
	// bias hides the prompt's padding and other segments, [batch, 1, 1, slots]; it is 0 at the new
	// slots.
	bias *Node
	// caches are each layer's keys, then its values, [batch, key/value heads, slots, head size].
	caches []*Node
	// weights are those of the model, by names.
	weights []*Node
	// stops are the states that the rows' texts are in, and the automaton; nil where there are no
	// stop texts.
	stops *Stops
}

func (s state) nodes() []*Node {
	return slices.Concat([]*Node{s.written, s.limit, s.token, s.ended, s.text, s.positions, s.bias}, s.caches, s.weights, s.stops.nodes())
}

// state puts the nodes back in their places.
func (d decoder) state(n []*Node) state {
	end := 7 + 2*d.config.Layers
	last := end + len(d.names)
	return state{n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7:end:end], n[end:last:last], stopsOf(n[last:])}
}

func (d decoder) weights(s state) map[string]*Node {
	weights := make(map[string]*Node, len(d.names))
	for i, name := range d.names {
		weights[name] = s.weights[i]
	}
	return weights
}

// prefill runs the prompts and returns the state after the first new token.
func (d decoder) prefill(weights map[string]*Node, rows Rows, limit *Node, stops *Stops) state {
	c, g := d.config, limit.Graph()
	batch, fresh := rows.Tokens.Shape().Dimensions[0], d.slots-d.prompt
	lastSlot := AxisRange(d.prompt - 1)
	bias := visibilityBias(rows.Segments)
	layerBias := c.windows(bias, rows.Positions)
	steps := Iota(g, shapes.Make(dtypes.Int32, 1, fresh+1), 1) // from the prompt's last slot
	s := state{
		written: Const(g, int32(1)),
		limit:   Min(limit, Const(g, int32(d.maxNew))),
		positions: Concatenate([]*Node{
			Slice(rows.Positions, AxisRange(), AxisRange(0, d.prompt-1)),
			Add(Slice(rows.Positions, AxisRange(), lastSlot), steps),
		}, -1),
		bias: Concatenate([]*Node{
			Reshape(Slice(bias, AxisRange(), AxisRange(), lastSlot), batch, 1, 1, d.prompt),
			Zeros(g, shapes.Make(dtypes.Float32, batch, 1, 1, fresh)),
		}, -1),
	}
	for _, name := range d.names {
		s.weights = append(s.weights, named(weights, name))
	}
	hidden := c.blocks(weights, rows.Tokens, rows.Positions, lastOf(1), d.project(weights), unchanged, sumLast, func(layer int, q, k, v *Node) *Node {
		room := Zeros(g, shapes.Make(dtypes.Float32, batch, c.KeyValueHeads, fresh, c.HeadSize))
		for _, x := range []*Node{k, v} {
			s.caches = append(s.caches, Concatenate([]*Node{Transpose(x, 1, 2), room}, 2))
		}
		return c.attendAll(q, k, v, layerBias(layer))
	})
	s.token = ArgMax(d.scores(weights, hidden), -1)
	s.ended = d.ends(s.token)
	if stops != nil {
		s = s.stopAfter(stops)
	}
	s.text = put(BroadcastToDims(d.fill(g), batch, d.maxNew), InsertAxes(s.token, -1), Const(g, int32(0)), 1)
	return s
}

// loop writes the tokens after the first and returns the text.
func (d decoder) loop(s state) *Node {
	g, start := s.written.Graph(), s.nodes()
	parameters := func(g *Graph) state {
		list := make([]*Node, len(start))
		for i, n := range start {
			list[i] = Parameter(g, "", n.Shape())
		}
		return d.state(list)
	}
	running := NewClosure(g, func(g *Graph) []*Node {
		s := parameters(g)
		return []*Node{And(LessThan(s.written, s.limit), ReduceLogicalOr(LogicalNot(s.ended)))}
	})
	turn := NewClosure(g, func(g *Graph) []*Node { return d.turn(parameters(g)).nodes() })
	text := d.state(While(running, turn, start...)).text
	fill := BroadcastToDims(d.fill(g), text.Shape().Dimensions...)
	return Where(LessThan(Const(g, int32(0)), s.limit), text, fill)
}

// turn computes the slot of the last token and writes the next.
func (d decoder) turn(s state) state {
	g, weights := s.written.Graph(), d.weights(s)
	slot := Add(s.written, Const(g, int32(d.prompt-1)))
	slots := Iota(g, shapes.Make(dtypes.Int32, s.bias.Shape().Dimensions...), 3)
	bias := Where(LessOrEqual(slots, slot), s.bias, scalar(g, hiddenBias))
	position := Add(Slice(s.positions, AxisRange(), AxisRange(d.prompt-1, d.prompt)), s.written)
	layerBias := d.config.windowsFrom(bias, position, s.positions)
	caches := slices.Clone(s.caches)
	hidden := d.config.blocks(weights, InsertAxes(s.token, -1), position, lastOf(1), d.project(weights), unchanged, loopSum,
		func(layer int, q, k, v *Node) *Node {
			keys, values := put(caches[2*layer], Transpose(k, 1, 2), slot, 2), put(caches[2*layer+1], Transpose(v, 1, 2), slot, 2)
			caches[2*layer], caches[2*layer+1] = keys, values
			scores := softCap(eachHead("bkd,bksd->bks", Squeeze(q, 1), keys), d.config.AttentionCap)
			return InsertAxes(eachHead("bks,bksd->bkd", loopSoftmax(Add(scores, layerBias(layer))), values), 1)
		})
	s.caches = caches
	s.token = Where(s.ended, BroadcastToDims(d.fill(g), s.token.Shape().Dimensions...), ArgMin(Neg(d.scores(weights, hidden)), -1))
	s.text = put(s.text, InsertAxes(s.token, -1), s.written, 1)
	s.written = Add(s.written, Const(g, int32(1)))
	s.ended = Or(s.ended, d.ends(s.token))
	if s.stops != nil {
		s = s.stopAfter(s.stops)
	}
	return s
}

// eachHead is an Einsum for each query head of a group, the third axis of x, with the same keys or
// values: products of a vector, which the XLA backend computes faster on a processor than those of
// a matrix of so few rows.
func eachHead(equation string, x, y *Node) *Node {
	heads := make([]*Node, x.Shape().Dimensions[2])
	for i := range heads {
		heads[i] = Einsum(equation, Squeeze(SliceAxis(x, 2, AxisElem(i)), 2), y)
	}
	return Stack(heads, 2)
}

// scores are the logits [batch, vocabulary] of hidden states [batch, 1, hidden].
func (d decoder) scores(weights map[string]*Node, hidden *Node) *Node {
	return Squeeze(d.config.Logits(weights, hidden), 1)
}

// ends says which tokens [batch] are end tokens.
func (d decoder) ends(token *Node) *Node {
	ended := NotEqual(token, token)
	for _, end := range d.endTokens {
		ended = Or(ended, Equal(token, Const(token.Graph(), end)))
	}
	return ended
}

// fill is the token of slots after a row's end.
func (d decoder) fill(g *Graph) *Node {
	if len(d.endTokens) > 0 {
		return Const(g, d.endTokens[0])
	}
	return Const(g, int32(0))
}

// loopSum is sumLast inside the loop: as a product with ones, because the XLA backend keeps one
// function for each kind of reduction and refuses it in the loop's body once it was used outside.
func loopSum(x *Node) *Node {
	length := x.Shape().Dimensions[x.Rank()-1]
	ones := BroadcastToDims(scalar(x.Graph(), 1), length, 1)
	rows := Reshape(x, x.Shape().Size()/length, length)
	return Reshape(MatMul(rows, ones), append(slices.Clone(x.Shape().Dimensions[:x.Rank()-1]), 1)...)
}

// loopSoftmax is Softmax over the last axis inside the loop. For the same reason its maximum is a
// minimum of −x, and ArgMax becomes ArgMin.
func loopSoftmax(x *Node) *Node {
	e := Exp(Add(x, ReduceAndKeep(Neg(x), ReduceMin, -1)))
	return Div(e, loopSum(e))
}

// put replaces one slot of x along the axis: update is of size 1 there. The pure-Go backend has no
// DynamicUpdateSlice and chooses between the two at every slot, which gives the same values.
func put(x, update, slot *Node, axis int) *Node {
	g := x.Graph()
	if g.Backend().Capabilities().Operations[compute.OpTypeDynamicUpdateSlice] {
		starts := slices.Repeat([]*Node{Const(g, int32(0))}, x.Rank())
		starts[axis] = slot
		return DynamicUpdateSlice(x, update, starts)
	}
	at := Equal(Iota(g, shapes.Make(dtypes.Int32, x.Shape().Dimensions...), axis), slot)
	return Where(at, BroadcastToDims(update, x.Shape().Dimensions...), x)
}
