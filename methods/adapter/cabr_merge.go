package adapter

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
)

// MergeMode says what CABR.Merge does.
type MergeMode string

// The ways to merge. Each but MergeNone sets B ← 0.
const (
	// MergeIntoWeight is SECURA's M1: W ← W + C·A·B·R.
	MergeIntoWeight MergeMode = "M1"
	// MergeIntoSum is SECURA's M2: AB_long ← AB_long + A·B; W is never written.
	MergeIntoSum MergeMode = "M2"
	// MergeIntoUnusedSum is M2 as SECURA's release does it: B_long ← B_long + B, which the forward
	// pass never uses.
	MergeIntoUnusedSum MergeMode = "M2-released"
	// MergeFused keeps what was trained: W ← what MagNorm made of W and W + C·A·B·R.
	MergeFused MergeMode = "fused"
	// MergeNone leaves everything as it is.
	MergeNone MergeMode = "none"
)

var mergeModes = []MergeMode{MergeIntoWeight, MergeIntoSum, MergeIntoUnusedSum, MergeFused, MergeNone}

// checkMerging says what is wrong with Merging.
func (c CABR) checkMerging() error {
	if !slices.Contains(mergeModes, c.Merging) {
		return fmt.Errorf("CABR's merge is %q, expected one of %v", c.Merging, mergeModes)
	}
	if c.Merging == MergeFused && (!c.FusesWeights() || c.MagNorm.Form != FormStep) {
		return fmt.Errorf("CABR's merge %s needs S-MagNorm in space %q and form %q: the form %q scales the weight at every merge",
			MergeFused, SpaceWeight, FormStep, FormSum)
	}
	return nil
}

// Merge keeps the update as Merging says, and gives the weight and all tensors. Only MergeFused
// merges what MagNorm made of the update.
func (c CABR) Merge(w *graph.Node, v map[string]*graph.Node) (*graph.Node, map[string]*graph.Node) {
	switch c.Merging {
	case MergeNone:
		return w, v
	case MergeIntoWeight:
		w = c.Precision.merged(w, c.Change(v))
	case MergeFused:
		w = c.Weight(w, v)
	case MergeIntoSum:
		v = with(v, "AB_long", add(v["AB_long"], product(v["A"], v["B"])))
	case MergeIntoUnusedSum:
		v = with(v, "B_long", graph.Add(v["B_long"], v["B"]))
	}
	return w, with(v, "B", graph.ZerosLike(v["B"]))
}
