package backbone

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Packed is where in rows of several texts hidden states are wanted. Each text stands in
// consecutive slots, with positions from 0, and sees itself alone: what is computed of it does not
// depend on what else stands in its row. A row's text n, from 0, has the TextSegments segments from
// n·TextSegments on: its prompt has the first, which its options, of the next ones, see as well.
type Packed struct {
	// Slots are the wanted slots of each row, [batch, wanted] int32. A slot may be wanted more than
	// once.
	Slots *Node
	// Longest bounds the slots of a text. Attention is computed over the slots that are so near to
	// each other, so that its time grows with the row's length and not with the square of it.
	Longest int
	// Block, where it is not 0, divides the length of rows: no text stands across a multiple of so
	// many slots, and attention is computed over the slots between two of them. Longest is then not
	// used.
	Block int
}

// TextSegments is how many segments a text of a row can have.
const TextSegments = 1 << 12

// HiddenPacked computes the model up to the final norm at the wanted slots of packed rows, [batch,
// wanted, hidden]. In the last layer nothing else is computed but attention. project is as in
// Hidden.
func (c Config) HiddenPacked(weights map[string]*Node, rows Rows, packed Packed, project Project) *Node {
	return c.hiddenPacked(weights, rows, packed, project, unchanged)
}

// HiddenPackedRecomputed is to HiddenPacked as HiddenTailRecomputed is to HiddenTail.
func (c Config) HiddenPackedRecomputed(weights map[string]*Node, rows Rows, packed Packed, project Project) *Node {
	return c.hiddenPacked(weights, rows, packed, project, (*Node).Checkpoint).StopCheckpoint()
}

func (c Config) hiddenPacked(weights map[string]*Node, rows Rows, packed Packed, project Project, enter func(x *Node) *Node) *Node {
	length, longest := rows.Segments.Shape().Dimensions[1], packed.Longest
	n := newNeighbourhood(length, longest)
	if packed.Block > 0 {
		n, longest = neighbourhood{packed.Block, length / packed.Block, 0}, packed.Block
	}
	all := n.bias(rows, longest)
	windowed := all
	if c.Window > 0 {
		windowed = n.bias(rows, c.Window)
	}
	pick := pickSlots(packed.Slots)
	return c.blocks(weights, rows.Tokens, rows.Positions, wanted{queries: unchanged, outputs: pick, rest: pick}, project, enter, sumLast,
		func(layer int, q, k, v *Node) *Node {
			bias := all
			if c.Window > 0 && c.Windowed[layer] {
				bias = windowed
			}
			return c.attendNear(q, k, v, bias, n)
		})
}

// pickSlots selects slots [batch, wanted] of x [batch, length, …].
func pickSlots(slots *Node) func(x *Node) *Node {
	return func(x *Node) *Node {
		dims := x.Shape().Dimensions
		rows := Iota(x.Graph(), shapes.Make(dtypes.Int32, slots.Shape().Dimensions...), 0)
		flat := Reshape(x, append([]int{dims[0] * dims[1]}, dims[2:]...)...)
		at := Add(slots, Mul(rows, Const(x.Graph(), int32(dims[1]))))
		return Gather(flat, InsertAxes(at, -1))
	}
}

// neighbourhood cuts rows into blocks of equal length. A slot sees its own block and some before
// it.
type neighbourhood struct {
	block, blocks, before int
}

const (
	// leastBlock bounds a block: shorter ones make products too small to be fast.
	leastBlock = 16
	// copiedSlots is what copying the keys and values of a block once more costs, in slots that are
	// seen, measured on a processor at the embedded backbone's shape.
	copiedSlots = 17
)

// PackedBlock is a block in which texts of at most so many slots are computed fast: a slot sees its
// own and two before it. Rows whose length is a multiple of it, or that are hardly longer than a
// text, are computed fastest.
func PackedBlock(longest int) int { return max((longest+3)/4*2, leastBlock) }

// newNeighbourhood chooses the blocks in which a slot sees few slots and few blocks, that reach
// back over texts of the longest length; where that is the least, one block is the whole row.
func newNeighbourhood(length, longest int) neighbourhood {
	best := neighbourhood{block: length, blocks: 1}
	for block := leastBlock; block < length; block++ {
		n := neighbourhood{block, length / block, (longest - 1 + block - 1) / block}
		if length%block == 0 && n.cost() <= best.cost() {
			best = n
		}
	}
	return best
}

// seen is how many slots a slot sees, hidden ones included.
func (n neighbourhood) seen() int { return (n.before + 1) * n.block }

// cost is the time of a slot's attention, in slots that it sees.
func (n neighbourhood) cost() int {
	if n.before == 0 {
		return n.seen()
	}
	return n.seen() + copiedSlots*(n.before+1)
}

// near gives each block the slots that it sees: of x [batch, length, …] [batch, blocks, seen, …],
// with fill before a row's beginning.
func (n neighbourhood) near(x *Node, fill *Node) *Node {
	dims := x.Shape().Dimensions
	batch, rest := dims[0], dims[2:]
	if n.before > 0 {
		start := BroadcastToDims(fill, append([]int{batch, n.before * n.block}, rest...)...)
		x = Concatenate([]*Node{start, x}, 1)
	}
	parts := make([]*Node, n.before+1)
	for i := range parts {
		part := SliceAxis(x, 1, AxisRange(i*n.block, (i+n.blocks)*n.block))
		parts[i] = Reshape(part, append([]int{batch, n.blocks, n.block}, rest...)...)
	}
	return Concatenate(parts, 2)
}

// bias is 0 where a slot sees another, of its own segment or its text's prompt, at most within-1
// positions before it, and hiddenBias elsewhere: [batch, blocks, 1, block, 1, seen]. A slot always
// sees itself.
func (n neighbourhood) bias(rows Rows, within int) *Node {
	g, batch := rows.Segments.Graph(), rows.Segments.Shape().Dimensions[0]
	from := func(x *Node) *Node { return InsertAxes(Reshape(x, batch, n.blocks, n.block), -1) }
	to := func(x *Node) *Node { return InsertAxes(n.near(x, Const(g, int32(-1))), 2) }
	seer, seen := from(rows.Segments), to(rows.Segments)
	grid := shapes.Make(dtypes.Int32, 1, 1, n.block, n.seen())
	distance := Add(Sub(Iota(g, grid, 2), Iota(g, grid, 3)), Const(g, int32(n.before*n.block)))
	zero := Const(g, int32(0))
	near := And(GreaterOrEqual(distance, zero), LessThan(Sub(from(rows.Positions), to(rows.Positions)), Const(g, int32(within))))
	texts := Const(g, int32(TextSegments))
	mine := Or(Equal(seer, seen), Equal(Mul(Div(seer, texts), texts), seen))
	visible := Or(And(And(mine, GreaterOrEqual(seen, zero)), near), Equal(distance, zero))
	return InsertAxes(Where(visible, scalar(g, 0), scalar(g, hiddenBias)), 2, 3)
}

// attendNear is attendAll over the slots that blocks see, with bias as of neighbourhood.
func (c Config) attendNear(q, k, v, bias *Node, n neighbourhood) *Node {
	dims := q.Shape().Dimensions
	none := scalar(q.Graph(), 0)
	q = Reshape(q, append([]int{dims[0], n.blocks, n.block}, dims[2:]...)...)
	scores := softCap(Einsum("bntkgd,bnskd->bnktgs", q, n.near(k, none)), c.AttentionCap)
	y := Einsum("bnktgs,bnskd->bntkgd", Softmax(Add(scores, bias)), n.near(v, none))
	return Reshape(y, dims...)
}
