package suite

import (
	"slices"
	"testing"
)

// TestShardsHaveEachCellOnce: the parts of all elements are the cells, and each element has all of
// them in the end.
func TestShardsHaveEachCellOnce(t *testing.T) {
	s, err := Load("continual16", Options{Presets: presets, Set: []string{"seeds=3"}})
	if err != nil {
		t.Fatal(err)
	}
	cells, err := Plan(s)
	if err != nil {
		t.Fatal(err)
	}
	ids := func(cells []Cell) (list []string) {
		for _, c := range cells {
			list = append(list, c.ID)
		}
		return list
	}
	for _, n := range []int{1, 2, 5, len(cells), 2 * len(cells)} {
		var parts []string
		for k := range n {
			ordered, own := Shard(cells, k, n, presets)
			if len(ordered) != len(cells) {
				t.Errorf("element %d of %d has %d of %d cells", k, n, len(ordered), len(cells))
			}
			parts = append(parts, ids(ordered[:own])...)
		}
		first, _ := Shard(cells, 0, n, presets)
		if !slices.Equal(parts, ids(first)) {
			t.Errorf("the parts of %d elements are %q", n, parts)
		}
	}
}

// BenchmarkShard is what each element of a Slurm array pays before it takes its first cell.
func BenchmarkShard(b *testing.B) {
	s, err := Load("continual16", Options{Presets: presets, Set: []string{"seeds=1667"}})
	if err != nil {
		b.Fatal(err)
	}
	cells, err := Plan(s)
	if err != nil {
		b.Fatal(err)
	}
	if len(cells) != 10_002 {
		b.Fatalf("%d cells", len(cells))
	}
	for b.Loop() {
		Shard(cells, 499, 1000, presets)
	}
}
