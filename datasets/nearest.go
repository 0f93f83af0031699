package datasets

import (
	"fmt"
	"strings"
)

// Nearest returns the known name with the fewest edits from name, the first
// of equals; "" if even that one has nothing to do with it.
func Nearest(name string, known []string) string {
	best, distance := "", len([]rune(name))/2+2
	for _, k := range known {
		if d := edits(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// Unknown is the sentence about a name that is not known: what kind of thing
// it names, the nearest known one and all of them.
func Unknown(kind, name string, known []string) string {
	list := strings.Join(known, ", ")
	if list == "" {
		list = "none"
	}
	if n := Nearest(name, known); n != "" {
		return fmt.Sprintf("unknown %s %q; did you mean %q? Known: %s", kind, name, n, list)
	}
	return fmt.Sprintf("unknown %s %q. Known: %s", kind, name, list)
}

// edits is Levenshtein's distance.
func edits(a, b string) int {
	s, t := []rune(a), []rune(b)
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		diagonal := row[0]
		row[0] = i + 1
		for j := range t {
			cost := diagonal
			if s[i] != t[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(t)]
}
