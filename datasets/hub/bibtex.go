package hub

import (
	"regexp"
	"strings"
)

// entryPattern begins an entry on a line of its own, with its key.
var entryPattern = regexp.MustCompile(`(?m)^[ \t]*@[A-Za-z]+[ \t]*\{\s*[^,\s]+\s*,`)

// BibTeX finds the entries of a bibliography in a text, such as a README: from @ to the brace that
// closes it. One that is not closed, and one without a key, are left out.
func BibTeX(text string) (list []string) {
	for {
		at := entryPattern.FindStringIndex(text)
		if at == nil {
			return list
		}
		start := at[0] + strings.IndexByte(text[at[0]:], '@')
		depth, end := 0, -1
		for i := start; i < len(text) && end < 0; i++ {
			switch text[i] {
			case '{':
				depth++
			case '}':
				if depth--; depth == 0 {
					end = i + 1
				}
			}
		}
		if end < 0 {
			text = text[at[1]:]
			continue
		}
		list = append(list, text[start:end])
		text = text[end:]
	}
}
