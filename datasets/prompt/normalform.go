package prompt

import (
	"slices"

	"golang.org/x/text/unicode/norm"
)

// The library norm puts a joiner (U+034F) into runs of more than 30 combining marks. A character
// decomposes into at most 3 marks, so shorter runs than this are safe.
const safeMarks = 8

// normalForm brings text to one of Unicode's four normal forms (UAX #15).
func normalForm(form norm.Form, text string) string {
	if !manyMarks(text) {
		return form.String(text)
	}
	decomposition := norm.NFD
	if form == norm.NFKC || form == norm.NFKD {
		decomposition = norm.NFKD
	}
	var runes []rune
	for _, r := range text {
		runes = append(runes, []rune(decomposition.String(string(r)))...)
	}
	sortMarks(runes)
	if form == norm.NFC || form == norm.NFKC {
		runes = compose(runes)
	}
	return string(runes)
}

func manyMarks(text string) bool {
	run := 0
	for _, r := range text {
		// No mark is below U+0300.
		if r < 0x300 || !isMark(r) {
			run = 0
			continue
		}
		if run++; run >= safeMarks {
			return true
		}
	}
	return false
}

func isMark(r rune) bool { return norm.NFD.PropertiesString(string(r)).LeadCCC() != 0 }

// class is the canonical combining class, 0 for a starter.
func class(r rune) uint8 {
	if r < 0x300 {
		return 0
	}
	return norm.NFD.PropertiesString(string(r)).CCC()
}

// sortMarks sorts each run of marks by class and keeps equals in order.
func sortMarks(runes []rune) {
	for i := 0; i < len(runes); i++ {
		start := i
		for i < len(runes) && class(runes[i]) != 0 {
			i++
		}
		slices.SortStableFunc(runes[start:i], func(a, b rune) int { return int(class(a)) - int(class(b)) })
	}
}

// compose joins each character with the starter before it where the pair has a composite and
// nothing between them blocks it.
func compose(runes []rune) []rune {
	out := runes[:0]
	starter := -1      // where in out
	last := uint8(255) // class of the character before, within reach of the starter
	for _, r := range runes {
		c := class(r)
		adjacent := starter == len(out)-1
		if starter >= 0 && (adjacent || last < c && last != 0) {
			if joined := []rune(norm.NFC.String(string([]rune{out[starter], r}))); len(joined) == 1 {
				out[starter] = joined[0]
				continue
			}
		}
		if c == 0 {
			starter = len(out)
		}
		last = c
		out = append(out, r)
	}
	return out
}
