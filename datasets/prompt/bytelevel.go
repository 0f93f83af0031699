package prompt

import "strings"

// Byte-level BPE works on 256 printable characters that stand for bytes: printable Latin-1 for
// itself, the others in order from U+0100 on (GPT-2's bytes_to_unicode), so that a space is written
// Ġ.
var (
	runeOf [256]rune
	byteOf = map[rune]byte{}
)

func init() {
	next := rune(0x100)
	for b := range 256 {
		r := rune(b)
		if r < '!' || r > '~' && r < '¡' || r == 0xAD {
			r = next
			next++
		}
		runeOf[b] = r
		byteOf[r] = byte(b)
	}
}

// byteLevelText writes the bytes of s as the characters that stand for them.
func byteLevelText(s string) string {
	var out strings.Builder
	out.Grow(2 * len(s))
	for i := range len(s) {
		out.WriteRune(runeOf[s[i]])
	}
	return out.String()
}
