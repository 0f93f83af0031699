// Package spelling says of a name that is not known which are, and which may have been meant.
package spelling

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the known name with the fewest edits from name, the first of equals; "" if even
// that one has nothing to do with it.
func Nearest(name string, known []string) string {
	best, distance := "", len([]rune(name))/2+2
	for _, k := range known {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// Unknown is the sentence about a name that is not known: what kind of thing it names, the nearest
// known one and all of them.
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
