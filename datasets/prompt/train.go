package prompt

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"iter"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Train learns byte-level byte-pair encoding from documents and returns it as a tokenizer.json in
// the style of Qwen2: text is brought to NFC, cut into words, and the most frequent pair of
// neighbouring tokens within words is merged, again and again (Sennrich et al. 2016). Of equally
// frequent pairs the one with the lowest ids is merged.
//
// The file has exactly vocabulary tokens: the 256 bytes, the merges' results and, with the last
// ids, specials in their order. Equal documents give equal bytes. Documents with too few pairs for
// the vocabulary are an error.
func Train(documents iter.Seq[string], vocabulary int, specials []string) (tokenizerJSON []byte, err error) {
	file, err := train(documents, vocabulary, specials)
	if err != nil {
		return nil, fmt.Errorf("train a tokenizer: %w", err)
	}
	if tokenizerJSON, err = marshal(file, true); err != nil {
		return nil, fmt.Errorf("train a tokenizer: write tokenizer.json: %w", err)
	}
	return tokenizerJSON, nil
}

func train(documents iter.Seq[string], vocabulary int, specials []string) (*trainedFile, error) {
	merged := vocabulary - len(specials)
	if merged < 256 {
		return nil, fmt.Errorf("a vocabulary of %d is too small: 256 bytes and %d special tokens are in it", vocabulary, len(specials))
	}
	tr := &trainer{ids: map[string]int32{}, counts: map[uint64]int{}, where: map[uint64]map[int]bool{}}
	for _, r := range slices.Sorted(slices.Values(runeOf[:])) {
		tr.add(string(r))
	}
	added, err := specialTokens(specials, merged)
	if err != nil {
		return nil, err
	}
	if err := tr.count(documents, added); err != nil {
		return nil, err
	}
	merges := [][2]string{}
	for len(tr.tokens) < merged {
		best, ok := tr.mostFrequent()
		if !ok {
			return nil, fmt.Errorf("the documents give a vocabulary of only %d, %d are asked for: give more text", len(tr.tokens)+len(specials), vocabulary)
		}
		left, right := tr.tokens[int32(best.pair>>32)], tr.tokens[int32(uint32(best.pair))]
		merges = append(merges, [2]string{left, right})
		id, ok := tr.ids[left+right]
		if !ok {
			id = tr.add(left + right)
		}
		tr.merge(best.pair, id)
	}
	return tr.file(merges, added)
}

// specialTokens makes the added tokens; their ids begin at first.
func specialTokens(specials []string, first int) ([]addedToken, error) {
	var added []addedToken
	for i, s := range specials {
		if s == "" || !utf8.ValidString(s) || slices.Contains(specials[:i], s) {
			return nil, fmt.Errorf("special token %q must be UTF-8, not empty and there once", s)
		}
		for _, r := range s {
			if _, ok := byteOf[r]; !ok {
				return nil, fmt.Errorf("special token %q: %q cannot stand in one", s, r)
			}
		}
		added = append(added, addedToken{ID: int32(first + i), Content: s, Special: true})
	}
	return added, nil
}

// trainer holds the words of the documents as tokens so far.
type trainer struct {
	tokens []string
	ids    map[string]int32
	words  []trainedWord
	counts map[uint64]int          // of a pair in all documents
	where  map[uint64]map[int]bool // the words in which a pair stands, or stood
	queue  frequent
}

type trainedWord struct {
	symbols []int32
	count   int
}

func (tr *trainer) add(token string) int32 {
	id := int32(len(tr.tokens))
	tr.ids[token] = id
	tr.tokens = append(tr.tokens, token)
	return id
}

// count cuts the documents into words and counts their pairs. What a special token is made of is
// not counted.
func (tr *trainer) count(documents iter.Seq[string], added []addedToken) error {
	var specials addedTokens
	for _, a := range added {
		specials.add(a)
	}
	split, err := isolate(qwen2Pattern)
	if err != nil {
		return err
	}
	index := map[string]int{}
	number := 0
	for document := range documents {
		number++
		if !utf8.ValidString(document) {
			return fmt.Errorf("document %d: %w", number, invalidUTF8(document))
		}
		err := specials.cut(document, func(piece string, _ int32) error {
			if piece == "" {
				return nil
			}
			words, err := split(nil, normalForm(norm.NFC, piece))
			for _, word := range words {
				i, ok := index[word]
				if !ok {
					i = len(tr.words)
					index[word] = i
					tr.words = append(tr.words, trainedWord{symbols: tr.bytesOf(word)})
				}
				tr.words[i].count++
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("document %d: %w", number, err)
		}
	}
	if number == 0 {
		return errors.New("there are no documents")
	}
	for i, word := range tr.words {
		for j := range len(word.symbols) - 1 {
			tr.change(pair(word.symbols[j], word.symbols[j+1]), i, word.count)
		}
	}
	for p, n := range tr.counts {
		tr.queue = append(tr.queue, counted{p, n})
	}
	heap.Init(&tr.queue)
	return nil
}

func (tr *trainer) bytesOf(word string) []int32 {
	symbols := make([]int32, len(word))
	for i := range len(word) {
		symbols[i] = tr.ids[string(runeOf[word[i]])]
	}
	return symbols
}

func (tr *trainer) change(p uint64, word, by int) {
	tr.counts[p] += by
	if by > 0 {
		if tr.where[p] == nil {
			tr.where[p] = map[int]bool{}
		}
		tr.where[p][word] = true
	}
}

// mostFrequent takes the best pair off the queue. Counts in the queue may be too high, as merges
// lower them; such an entry goes back with its true count.
func (tr *trainer) mostFrequent() (counted, bool) {
	for len(tr.queue) > 0 {
		best := heap.Pop(&tr.queue).(counted)
		now := tr.counts[best.pair]
		if now == best.count {
			return best, true
		}
		if now > 0 && now < best.count {
			heap.Push(&tr.queue, counted{best.pair, now})
		}
	}
	return counted{}, false
}

// merge puts id in the place of a pair in all words.
func (tr *trainer) merge(p uint64, id int32) {
	left, right := int32(p>>32), int32(uint32(p))
	raised := map[uint64]bool{}
	for i := range tr.where[p] {
		word := &tr.words[i]
		for j := range len(word.symbols) - 1 {
			tr.change(pair(word.symbols[j], word.symbols[j+1]), i, -word.count)
		}
		kept := word.symbols[:0]
		for j := 0; j < len(word.symbols); j++ {
			if j+1 < len(word.symbols) && word.symbols[j] == left && word.symbols[j+1] == right {
				kept = append(kept, id)
				j++
				continue
			}
			kept = append(kept, word.symbols[j])
		}
		word.symbols = kept
		for j := range len(kept) - 1 {
			q := pair(kept[j], kept[j+1])
			tr.change(q, i, word.count)
			if kept[j] == id || kept[j+1] == id {
				raised[q] = true
			}
		}
	}
	delete(tr.counts, p)
	delete(tr.where, p)
	for q := range raised {
		heap.Push(&tr.queue, counted{q, tr.counts[q]})
	}
}

// counted is a pair and how often it stood in the documents when it was put on the queue.
type counted struct {
	pair  uint64
	count int
}

// frequent is a heap, the most frequent pair first. The order is total, so the order in which pairs
// were put in does not matter.
type frequent []counted

func (f frequent) Len() int { return len(f) }
func (f frequent) Less(i, j int) bool {
	if f[i].count != f[j].count {
		return f[i].count > f[j].count
	}
	return cmp.Less(f[i].pair, f[j].pair)
}
func (f frequent) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *frequent) Push(c any)   { *f = append(*f, c.(counted)) }
func (f *frequent) Pop() any {
	s := *f
	last := s[len(s)-1]
	*f = s[:len(s)-1]
	return last
}
