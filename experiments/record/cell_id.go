package record

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// CellID names a cell: METHOD-s0-o0, or METHOD.BACKBONE-s0-o0 where label, one of BackboneLabels,
// is not empty.
func CellID(method, label string, seed, order int) string {
	if label != "" {
		method += "." + label
	}
	return fmt.Sprintf("%s-s%d-o%d", method, seed, order)
}

// longestLabel keeps a cell's id short enough for a file's name and a table's head.
const longestLabel = 40

// BackboneLabels are the short names that cells and tables have for a run's backbones, in their
// order. A label is the last part of the backbone's name in lower-case letters, digits, - and _,
// with a number after it where an earlier backbone has that label; a dot would be taken for the one
// between it and the method. The label of a single backbone is empty: its cells are told apart
// without it.
func BackboneLabels(names []string) []string {
	labels := make([]string, len(names))
	if len(names) < 2 {
		return labels
	}
	for i, name := range names {
		base := label(name)
		labels[i] = base
		for n := 2; slices.Contains(labels[:i], labels[i]); n++ {
			labels[i] = fmt.Sprintf("%s-%d", base, n)
		}
	}
	return labels
}

// label is the label of a backbone that no other has.
func label(name string) string {
	text := strings.TrimSuffix(strings.ToLower(filepath.Base(name)), ".gguf")
	text = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, text)
	text = strings.Trim(text[:min(len(text), longestLabel)], "-_")
	if text == "" {
		return "backbone"
	}
	return text
}
