package adapter

import "fmt"

// SizeRule says what a rank of 0 means: what the ranks that SECURA's release has for q_proj and
// v_proj alike, 150 and 200, become on a weight [out, in] of another width than Qwen2-1.5B's 1536.
// An explicit rank is taken as it is.
type SizeRule string

// The rules of sizes.
const (
	// SizesByWidth keeps the ranks' share of the width: ⌊150·in/1536⌋ and ⌊200·in/1536⌋, at least 1
	// and fitting the weight.
	SizesByWidth SizeRule = "width"
	// SizesAbsolute takes 150 and 200 on every weight, which must have room for them.
	SizesAbsolute SizeRule = "absolute"
)

// The release's ranks, and the width of the backbone that they are published for.
const (
	PublishedRank  = 150
	PublishedInner = 200
	PublishedWidth = 1536
)

func (s SizeRule) check() error {
	if s != SizesByWidth && s != SizesAbsolute {
		return fmt.Errorf("the rule of sizes is %q, expected %s or %s", s, SizesByWidth, SizesAbsolute)
	}
	return nil
}

// size is what a published rank becomes on a weight with so many inputs; by width it is held within
// least and largest.
func (s SizeRule) size(published, in, least, largest int) int {
	if s == SizesAbsolute {
		return published
	}
	return min(max(published*in/PublishedWidth, least), largest)
}

// rank is the rule's number of columns and rows of a weight [out, in].
func (s SizeRule) rank(out, in int) int { return s.size(PublishedRank, in, 1, min(out, in)) }
