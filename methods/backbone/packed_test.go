package backbone

import (
	"fmt"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
)

// TestPackedTextsSeeThemselvesAlone lays texts into two rows and holds logits at some of their
// slots, and gradients of them by all weights, to those of each text in a row of its own. Rows are
// one block, or several; windows are shorter than the texts where the architecture has one; the
// layers are kept or computed again.
func TestPackedTextsSeeThemselvesAlone(t *testing.T) {
	forGoldens(t, func(t *testing.T, m *Model, want reference) {
		ids := slices.Repeat(slices.Concat(want.Long.IDs...), 2)
		if m.Config.Window > 0 {
			shorter := *m
			shorter.Config.Window = 5
			m = &shorter
		}
		lengths := [2][]int{{21, 3, 30, 9}, {30, 17, 12, 2}}
		const longest = 30
		by := func(w map[string]*Node, value *Node) []*Node {
			list := make([]*Node, len(m.Names))
			for i, name := range m.Names {
				list[i] = w[name]
			}
			return Gradient(ReduceAllSum(Square(value)), list...)
		}
		// Of each text the last two slots are wanted.
		var alone []float32
		gradients := make([][]float32, len(m.Names))
		next := 0
		for _, row := range lengths {
			for _, n := range row {
				out := run[float32](t, m, unpadded([][]int32{ids[next : next+n]}), func(w map[string]*Node, rows Rows) []*Node {
					logits := m.Config.Logits(w, m.Config.HiddenTail(w, rows, 2, nil))
					return append(by(w, logits), logits)
				})
				alone = append(alone, out[len(m.Names)]...)
				for i, g := range out[:len(m.Names)] {
					if gradients[i] == nil {
						gradients[i] = make([]float32, len(g))
					}
					for j, v := range g {
						gradients[i][j] += v
					}
				}
				next += n
			}
		}
		for _, length := range []int{67, 128} { // a prime number of slots has no blocks
			if blocks := newNeighbourhood(length, longest).blocks; (blocks == 1) != (length == 67) {
				t.Fatalf("%d slots are in %d blocks", length, blocks)
			}
			batch := [3][][]int32{}
			var slots [][]int32
			next := 0
			for r, row := range lengths {
				for i := range batch {
					batch[i] = append(batch[i], slices.Repeat([]int32{int32(-(i / 2))}, length))
				}
				slots = append(slots, nil)
				at := 0
				for s, n := range row {
					for i := range n {
						batch[0][r][at], batch[1][r][at], batch[2][r][at] = ids[next], int32(i), int32(s+1)
						at, next = at+1, next+1
					}
					slots[r] = append(slots[r], int32(at-2), int32(at-1))
				}
			}
			for name, hidden := range map[string]func(w map[string]*Node, rows Rows, p Packed, project Project) *Node{
				"kept": m.Config.HiddenPacked, "computed again": m.Config.HiddenPackedRecomputed,
			} {
				out := run[float32](t, m, batch, func(w map[string]*Node, rows Rows) []*Node {
					logits := m.Config.Logits(w, hidden(w, rows, Packed{Slots: Const(rows.Tokens.Graph(), slots), Longest: longest}, nil))
					return append(by(w, logits), logits)
				})
				near(t, fmt.Sprintf("logits in %d slots, %s", length, name), out[len(m.Names)], alone, 1e-4)
				for i, name := range m.Names {
					largest := float32(0)
					for _, v := range gradients[i] {
						largest = max(largest, v, -v)
					}
					near(t, "gradient by "+name, out[i], gradients[i], 1e-4*max(float64(largest), 1e-2))
				}
			}
		}
	})
}

// TestPackedOptionsSeeTheirPrompt lays prompts with their options into blocks of a row, several to
// a block, and holds logits at all of their slots to those of each prompt in a row of its own.
// Windows are shorter than a prompt and an option, and count positions.
func TestPackedOptionsSeeTheirPrompt(t *testing.T) {
	forGoldens(t, func(t *testing.T, m *Model, want reference) {
		if m.Config.Window > 0 {
			shorter := *m
			shorter.Config.Window = 6
			m = &shorter
		}
		ids := slices.Repeat(slices.Concat(want.Long.IDs...), 2)
		const block = 30
		texts := [][]int{{7, 3, 4}, {5, 6, 2, 2}, {0, 4, 9}, {9, 8}} // tokens of a prompt and its options
		starts := []int{0, 14, 30, 43}                               // the third begins a block
		batch := [3][][]int32{}
		for i := range batch {
			batch[i] = [][]int32{slices.Repeat([]int32{int32(-(i / 2))}, 3*block)}
		}
		var slots []int32
		var alone []float32
		for n, text := range texts {
			at := starts[n]
			one := [3][][]int32{{nil}, {nil}, {nil}}
			for s, tokens := range text {
				for i := range tokens {
					position := int32(i)
					if s > 0 {
						position += int32(text[0])
					}
					for k, value := range []int32{ids[at], position, int32(s)} {
						one[k][0] = append(one[k][0], value)
						batch[k][0][at] = value
					}
					batch[2][0][at] += int32(n * TextSegments)
					slots = append(slots, int32(at))
					at++
				}
			}
			alone = append(alone, logitsOf(t, m, one)...)
		}
		got := run[float32](t, m, batch, func(w map[string]*Node, rows Rows) []*Node {
			packed := Packed{Slots: Const(rows.Tokens.Graph(), [][]int32{slots}), Block: block}
			return []*Node{m.Config.Logits(w, m.Config.HiddenPacked(w, rows, packed, nil))}
		})
		near(t, "logits", got[0], alone, 1e-4)
	})
}

// The operations of packed rows are those of full ones where everything is wanted, but for
// attention, which is over near slots alone.
func TestPackedFLOPOfWantedSlots(t *testing.T) {
	c := Config{Architecture: Qwen2Architecture, Vocabulary: 100, Width: 16, Intermediate: 40, Layers: 3, Heads: 2, KeyValueHeads: 1, HeadSize: 8}
	if got, want := c.PackedFLOP(2, 31, 31, 31), c.ForwardFLOP(2, 31, 31); got != want {
		t.Errorf("%g operations of rows in one block, expected %g", got, want)
	}
	all, some := c.PackedFLOP(2, 320, 320, 30), c.PackedFLOP(2, 320, 32, 30)
	last := 2.0*(16*16+3*16*40) + 2*100*16 // a wanted slot's: what comes after attention in the last layer, and logits
	if got := all - some; got != last*2*288 {
		t.Errorf("%g operations of 288 wanted slots more in each row, expected %g", got, last*2*288)
	}
	if full := c.ForwardFLOP(2, 320, 320); all >= full {
		t.Errorf("%g operations in blocks, %g over whole rows", all, full)
	}
}
