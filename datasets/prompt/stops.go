package prompt

import (
	"fmt"
	"slices"
	"strings"
)

// The states of Stops that are the same for all texts: one that meets no stop text whatever
// follows, and one that has met one. Neither is left again.
const (
	NeverStops int32 = 0
	HasStopped int32 = 1
)

// Stops follow texts as they are written, token by token, and say which of them have met a stop
// text, also one that several tokens make. It is an automaton (Aho and Corasick 1975) over the
// bytes that tokens stand for, with a turn for each token: the state after token id is
// Next[state·Classes+Class[id]]. Tokens that lead alike from every state are of one class.
type Stops struct {
	Class, Next []int32
	Classes     int
}

// Stops makes the automaton for lists of stop texts and ids below vocabulary. starts are the states
// in which a text that ends at one of the texts of each list begins; an empty list never stops. A
// special token stands for no bytes: the lists of StopTokens end a text at it.
//
// What a token stands for may depend on the tokens around it: SentencePiece drops a text's first
// blank, and bytes that make no character become U+FFFD. Then HasStopped is told of a text that,
// decoded, has no stop text; it is never told late.
func (t *Tokenizer) Stops(vocabulary int, lists [][]string) (s Stops, starts []int32) {
	type state struct{ list, text string } // the text's end that begins a stop text
	numbers := map[state]int32{}
	table := [][256]int32{{}, {}}  // of NeverStops and HasStopped, which the loop over tokens leaves out
	special := [][]int32{nil, nil} // of each state, the tokens that stop by themselves
	var tokens []int32             // those of the list
	var build func(list []string, text string) int32
	build = func(list []string, text string) int32 {
		key := state{strings.Join(list, "\x00"), text}
		if n, ok := numbers[key]; ok {
			return n
		}
		n := int32(len(table))
		numbers[key], table, special = n, append(table, [256]int32{}), append(special, tokens)
		for b := range 256 {
			next := text + string([]byte{byte(b)})
			if slices.ContainsFunc(list, func(stop string) bool { return strings.HasSuffix(next, stop) }) {
				table[n][b] = HasStopped
				continue
			}
			for !slices.ContainsFunc(list, func(stop string) bool { return strings.HasPrefix(stop, next) }) {
				next = next[1:]
			}
			to := build(list, next)
			table[n][b] = to
		}
		return n
	}
	for _, list := range lists {
		if len(list) == 0 {
			starts = append(starts, NeverStops)
		} else {
			tokens, _ = t.StopTokens(list)
			starts = append(starts, build(list, ""))
		}
	}
	return t.classify(vocabulary, table, special), starts
}

// StopTokens are the ids of the special tokens among stop texts, which Decode leaves out: a text
// ends before such an id. It is an error where a special token is a part of a stop text, which no
// decoded text has.
func (t *Tokenizer) StopTokens(list []string) (ids []int32, err error) {
	for _, stop := range list {
		whole, part := int32(-1), ""
		for id := range t.special {
			switch token := t.tokens[id]; {
			case token == stop:
				whole = id
			case strings.Contains(stop, token) && (len(token) > len(part) || len(token) == len(part) && token < part):
				part = token
			}
		}
		switch {
		case whole >= 0:
			ids = append(ids, whole)
		case part != "":
			return nil, fmt.Errorf("stop %q has the special token %q in it, which no written text has: give the token alone, or the text beside it alone", stop, part)
		}
	}
	return ids, nil
}

// classify runs every token from every state, and puts tokens that lead alike into one class.
// special are tokens that stop in a state.
func (t *Tokenizer) classify(vocabulary int, table [][256]int32, special [][]int32) Stops {
	s := Stops{Class: make([]int32, vocabulary)}
	classes := map[string]int32{}
	var columns [][]int32
	column, key := make([]int32, len(table)), make([]byte, 0, 4*len(table))
	for id, piece := range t.pieces(vocabulary) {
		key = key[:0]
		for state := range column {
			to := int32(state)
			if slices.Contains(special[state], int32(id)) {
				to = HasStopped
			}
			for i := 0; i < len(piece) && to > HasStopped; i++ {
				to = table[to][piece[i]]
			}
			column[state] = to
			key = append(key, byte(to), byte(to>>8), byte(to>>16), byte(to>>24))
		}
		class, ok := classes[string(key)]
		if !ok {
			class = int32(len(columns))
			classes[string(key)] = class
			columns = append(columns, slices.Clone(column))
		}
		s.Class[id] = class
	}
	s.Classes = len(columns)
	for state := range table {
		for _, c := range columns {
			s.Next = append(s.Next, c[state])
		}
	}
	return s
}

// Met says whether a text of these tokens that begins in a state meets a stop text.
func (s Stops) Met(state int32, ids []int32) bool {
	for _, id := range ids {
		state = s.Next[int(state)*s.Classes+int(s.Class[id])]
	}
	return state == HasStopped
}

// pieces are the bytes that each token stands for within a text: none for a special one, and for
// ids without a token.
func (t *Tokenizer) pieces(vocabulary int) []string {
	text := func(tokens ...string) string {
		for _, d := range t.decode {
			tokens = d(tokens)
		}
		return strings.Join(tokens, "")
	}
	const before = "a" // lest the token is a text's first
	byteLevel, fallback := text("Ċ") == "\n", text(before, "<0x0A>") == before+"\n"
	pieces := make([]string, vocabulary)
	for id, token := range t.tokens {
		if t.special[id] || int(id) >= vocabulary {
			continue
		}
		b, isByte := fallbackByte(token)
		switch {
		case byteLevel:
			pieces[id] = string(byteLevelBytes(nil, token))
		case fallback && isByte:
			pieces[id] = string([]byte{b})
		default:
			pieces[id] = strings.TrimPrefix(text(before, token), before)
		}
	}
	return pieces
}
