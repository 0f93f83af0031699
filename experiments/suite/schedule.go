package suite

import (
	"cmp"
	"slices"
)

// LongestFirst sorts cells so that a pool of workers is done with all of them soonest: backbone by
// backbone, for a worker holds one, and within one by the methods' relative costs, equals in their
// order.
func LongestFirst(cells []Cell, presets Presets) []Cell {
	weighed := weigh(cells, presets, false)
	slices.SortStableFunc(weighed, func(a, b weighedCell) int {
		return cmp.Or(cmp.Compare(a.backbone, b.backbone), cmp.Compare(b.cost, a.cost))
	})
	return unweighed(weighed)
}

// Shard orders cells for element k of n: first the k-th of n parts, then the parts that follow,
// around to the one before it. own is how many the k-th part has. Cells of one backbone are beside
// each other, within it those that share compiled graphs, the longest first, and the parts cost
// about the same where the backbones do.
func Shard(cells []Cell, k, n int, presets Presets) (ordered []Cell, own int) {
	sorted := weigh(cells, presets, true)
	slices.SortStableFunc(sorted, func(a, b weighedCell) int {
		return cmp.Or(cmp.Compare(a.backbone, b.backbone), cmp.Compare(b.cost, a.cost), cmp.Compare(a.graphs, b.graphs))
	})
	total := 0.0
	for _, c := range sorted {
		total += c.cost
	}
	begin := func(part int) int {
		passed := 0.0
		for i, c := range sorted {
			if passed*float64(n) >= total*float64(part) {
				return i
			}
			passed += c.cost
		}
		return len(sorted)
	}
	start, end := begin(k), len(sorted)
	if k+1 < n {
		end = begin(k + 1)
	}
	return unweighed(slices.Concat(sorted[start:], sorted[:start])), end - start
}

// weighedCell is a cell with what it is sorted by, which is worked out once a method and not once a
// comparison.
type weighedCell struct {
	Cell
	backbone int // its place among the backbones, by where they are met first
	cost     float64
	graphs   string // the key of its graphs
}

func weigh(cells []Cell, presets Presets, graphs bool) []weighedCell {
	type weight struct {
		cost   float64
		graphs string
	}
	places, weights := map[string]int{}, map[string]weight{}
	list := make([]weighedCell, len(cells))
	for i, c := range cells {
		place, met := places[c.Backbone]
		if !met {
			place = len(places)
			places[c.Backbone] = place
		}
		w, met := weights[c.Method.Name]
		if !met {
			preset, _ := presets.Find(c.Method.Preset)
			w.cost = preset.Cost
			if graphs {
				w.graphs = presets.GraphKey(c.Method)
			}
			weights[c.Method.Name] = w
		}
		list[i] = weighedCell{c, place, w.cost, w.graphs}
	}
	return list
}

func unweighed(list []weighedCell) []Cell {
	cells := make([]Cell, len(list))
	for i, c := range list {
		cells[i] = c.Cell
	}
	return cells
}
