package experiments

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"secura/experiments/engine"
	"secura/methods"
)

// Cell is one method on one seed and one order of the tasks: the unit that a
// worker runs.
type Cell struct {
	// ID is "METHOD-s0-o0".
	ID     string
	Method MethodSpec
	Seed   int
	Order  int
	// PairingKey leaves method, seed and backbone out: cells that differ in the
	// method alone draw the same numbers.
	PairingKey string
	// Tasks are the indices of the suite's tasks in the order of learning.
	Tasks []int
}

// Streams are the cell's random streams.
func (c Cell) Streams() Streams {
	return Streams{RunSeed: uint64(c.Seed), PairingKey: c.PairingKey}
}

// Plan expands a suite into its cells, seed by seed, within a seed order by
// order, and within these in the suite's order of methods; hash names the
// suite that the cells come from.
func Plan(suite Suite) (cells []Cell, hash string, err error) {
	if hash, err = suite.Hash(); err != nil {
		return nil, "", err
	}
	for seed := range suite.Seeds {
		for order := range suite.Orders {
			for _, m := range suite.Methods {
				cells = append(cells, Cell{
					ID:     fmt.Sprintf("%s-s%d-o%d", m.Name, seed, order),
					Method: m, Seed: seed, Order: order,
					PairingKey: fmt.Sprintf("%s/o%d", suite.Name, order),
					Tasks:      taskOrder(suite, order),
				})
			}
		}
	}
	return cells, hash, nil
}

// LongestFirst sorts cells so that a pool of workers is done with all of them
// soonest: by the methods' relative costs, equals in their order.
func LongestFirst(cells []Cell) []Cell {
	sorted := slices.Clone(cells)
	slices.SortStableFunc(sorted, func(a, b Cell) int { return cmp.Compare(cost(b), cost(a)) })
	return sorted
}

// cost is the time that the cell takes relative to one of SEQ.
func cost(c Cell) float64 {
	m, _ := methods.Find(c.Method.Preset)
	return m.RelativeCost()
}

// Shard orders cells for element k of n: first the k-th of n parts, then what comes behind it, around to the part before
// it. Cells that share compiled graphs are beside each other, the longest first, and the parts cost about the same.
func Shard(cells []Cell, k, n int) []Cell {
	sorted := slices.Clone(cells)
	slices.SortStableFunc(sorted, func(a, b Cell) int {
		return cmp.Or(cmp.Compare(cost(b), cost(a)), cmp.Compare(GraphKey(a.Method), GraphKey(b.Method)))
	})
	total, before, start := 0.0, 0.0, len(sorted)
	for _, c := range sorted {
		total += cost(c)
	}
	for i, c := range sorted {
		if before*float64(n) >= total*float64(k) {
			start = i
			break
		}
		before += cost(c)
	}
	return slices.Concat(sorted[start:], sorted[:start])
}

// FindCell finds a cell by its id.
func FindCell(cells []Cell, id string) (Cell, bool) {
	i := slices.IndexFunc(cells, func(c Cell) bool { return c.ID == id })
	if i < 0 {
		return Cell{}, false
	}
	return cells[i], true
}

// Hash is the sha256 (hex) of the resolved suite, what changes no number left
// out: its doc, its tables, how often it saves, and what it asks of a cluster.
func (s Suite) Hash() (string, error) {
	s.Doc, s.Tables, s.Training.CheckpointEvery, s.Slurm = "", nil, 0, engine.Slurm{}
	data, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("hash suite %s: %w", s.Name, err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// taskOrder is the suite's own order for 0 and a permutation that depends on
// the number and the suite's name alone for the others: the same for every
// seed and method, so that orders can be compared too.
func taskOrder(suite Suite, order int) []int {
	tasks := make([]int, len(suite.Tasks))
	for i := range tasks {
		tasks[i] = i
	}
	if order > 0 {
		r := Streams{PairingKey: suite.Name}.Rand(fmt.Sprintf("order/%d", order))
		r.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
	}
	return tasks
}
