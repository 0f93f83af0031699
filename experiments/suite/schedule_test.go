package suite

import "testing"

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
