package experiments

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"secura/datasets"
	"secura/experiments/engine"
	"secura/experiments/record"
	"secura/methods"
)

// Cell is one method on one backbone, one seed and one order of the tasks: the
// unit that a worker runs.
type Cell struct {
	// ID is "METHOD-s0-o0", or "METHOD.BACKBONE-s0-o0" with the backbone's label
	// where the suite has several.
	ID string
	// Backbone is the suite's name of it.
	Backbone string
	Method   MethodSpec
	Seed     int
	Order    int
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

// Plan expands a suite into its cells, backbone by backbone, within a backbone
// seed by seed, within a seed order by order, and within these in the suite's
// order of methods; hash names the suite that the cells come from.
func Plan(suite Suite) (cells []Cell, hash string, err error) {
	if hash, err = suite.Hash(); err != nil {
		return nil, "", err
	}
	names := suite.BackboneNames()
	labels := record.BackboneLabels(names)
	for i, backbone := range names {
		for seed := range suite.Seeds {
			for order := range suite.Orders {
				for _, m := range suite.Methods {
					cells = append(cells, Cell{
						ID:       record.CellID(m.Name, labels[i], seed, order),
						Backbone: backbone, Method: m, Seed: seed, Order: order,
						PairingKey: fmt.Sprintf("%s/o%d", suite.Name, order),
						Tasks:      taskOrder(suite, order),
					})
				}
			}
		}
	}
	return cells, hash, nil
}

// LongestFirst sorts cells so that a pool of workers is done with all of them
// soonest: backbone by backbone, for a worker holds one, and within one by the
// methods' relative costs, equals in their order.
func LongestFirst(cells []Cell) []Cell {
	sorted, before := slices.Clone(cells), byBackbone(cells)
	slices.SortStableFunc(sorted, func(a, b Cell) int { return cmp.Or(before(a, b), cmp.Compare(cost(b), cost(a))) })
	return sorted
}

// byBackbone compares cells by where their backbones are met first in a list.
func byBackbone(cells []Cell) func(a, b Cell) int {
	place := map[string]int{}
	for _, c := range cells {
		if _, met := place[c.Backbone]; !met {
			place[c.Backbone] = len(place)
		}
	}
	return func(a, b Cell) int { return cmp.Compare(place[a.Backbone], place[b.Backbone]) }
}

// cost is the time that the cell takes relative to one of SEQ.
func cost(c Cell) float64 {
	m, _ := methods.Find(c.Method.Preset)
	return m.RelativeCost()
}

// Shard orders cells for element k of n: first the k-th of n parts, then what comes behind it, around to the part before
// it. Cells of one backbone are beside each other, within it those that share compiled graphs, the longest first, and the
// parts cost about the same where the backbones do.
func Shard(cells []Cell, k, n int) []Cell {
	sorted, before := slices.Clone(cells), byBackbone(cells)
	slices.SortStableFunc(sorted, func(a, b Cell) int {
		return cmp.Or(before(a, b), cmp.Compare(cost(b), cost(a)), cmp.Compare(GraphKey(a.Method), GraphKey(b.Method)))
	})
	total, passed, start := 0.0, 0.0, len(sorted)
	for _, c := range sorted {
		total += cost(c)
	}
	for i, c := range sorted {
		if passed*float64(n) >= total*float64(k) {
			start = i
			break
		}
		passed += cost(c)
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

// taskOrder is the suite's own order for 0, those that it names after that, and
// a permutation that depends on the number and the suite's name alone for the
// others: the same for every seed and method, so that orders can be compared too.
func taskOrder(suite Suite, order int) []int {
	tasks := make([]int, len(suite.Tasks))
	for i := range tasks {
		tasks[i] = i
	}
	if order > 0 && order <= len(suite.TaskOrders) {
		for i, name := range suite.TaskOrders[order-1] {
			tasks[i] = slices.IndexFunc(suite.Tasks, func(t datasets.Task) bool { return t.Name == name })
		}
	} else if order > 0 {
		r := Streams{PairingKey: suite.Name}.Rand(fmt.Sprintf("order/%d", order))
		r.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
	}
	return tasks
}
