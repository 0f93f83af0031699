package prompt

// mergeAll applies merges to the symbols of a word and appends what is left to ids. It keeps a heap
// of candidate pairs by rank and place, so a word of n symbols takes n·log n steps: without a
// pre-tokenizer a whole text is a word.
func mergeAll(ids, symbols []int32, merges map[uint64]merge) []int32 {
	if len(symbols) == 1 {
		return append(ids, symbols[0])
	}
	next := make([]int32, 2*len(symbols)) // of a symbol that was merged into its left neighbour: gone
	before := next[len(symbols):]
	next = next[:len(symbols)]
	var heap candidates
	consider := func(left, right int32) {
		if m, ok := merges[pair(symbols[left], symbols[right])]; ok {
			heap.push(uint64(m.rank)<<32 | uint64(left))
		}
	}
	end := int32(len(symbols))
	for i := range end {
		next[i], before[i] = i+1, i-1
		if i+1 < end {
			consider(i, i+1)
		}
	}
	for len(heap) > 0 {
		candidate := heap.pop()
		left := int32(uint32(candidate))
		right := next[left]
		if right == gone || right == end {
			continue
		}
		// The pair may have changed since it was put on the heap.
		m, ok := merges[pair(symbols[left], symbols[right])]
		if !ok || m.rank != int32(candidate>>32) {
			continue
		}
		symbols[left] = m.id
		after := next[right]
		next[left], next[right] = after, gone
		if after < end {
			before[after] = left
			consider(left, after)
		}
		if before[left] >= 0 {
			consider(before[left], left)
		}
	}
	for i := int32(0); i < end; i = next[i] {
		ids = append(ids, symbols[i])
	}
	return ids
}

const gone = -1

// candidates is a binary heap, the least first.
type candidates []uint64

func (h *candidates) push(c uint64) {
	*h = append(*h, c)
	s := *h
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if s[parent] <= s[i] {
			return
		}
		s[parent], s[i] = s[i], s[parent]
		i = parent
	}
}

func (h *candidates) pop() uint64 {
	s := *h
	least := s[0]
	s[0] = s[len(s)-1]
	s = s[:len(s)-1]
	*h = s
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(s) {
			return least
		}
		if child+1 < len(s) && s[child+1] < s[child] {
			child++
		}
		if s[i] <= s[child] {
			return least
		}
		s[i], s[child] = s[child], s[i]
		i = child
	}
}
