package suite

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"secura/experiments/record"
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
func Plan(s Suite) (cells []Cell, hash string, err error) {
	if hash, err = s.Hash(); err != nil {
		return nil, "", err
	}
	names := s.BackboneNames()
	labels := record.BackboneLabels(names)
	for i, backbone := range names {
		for seed := range s.Seeds {
			for order := range s.Orders {
				for _, m := range s.Methods {
					cells = append(cells, Cell{
						ID:       record.CellID(m.Name, labels[i], seed, order),
						Backbone: backbone, Method: m, Seed: seed, Order: order,
						PairingKey: fmt.Sprintf("%s/o%d", s.Name, order),
						Tasks:      taskOrder(s, order),
					})
				}
			}
		}
	}
	return cells, hash, nil
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
	s.Doc, s.Tables, s.Training.CheckpointEvery, s.Slurm = "", nil, 0, Slurm{}
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
func taskOrder(s Suite, order int) []int {
	tasks := make([]int, len(s.Tasks))
	for i := range tasks {
		tasks[i] = i
	}
	if order > 0 {
		r := Streams{PairingKey: s.Name}.Rand(fmt.Sprintf("order/%d", order))
		r.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
	}
	return tasks
}

// Evaluations counts what one cell of a suite evaluates after the base row: everything, or its own task alone.
func (s Suite) Evaluations() (whole, own int) {
	tasks := len(s.Tasks)
	if e := s.Evaluation; e.EverySteps > 0 {
		whole = tasks * ((s.Training.Steps - 1) / e.EverySteps)
	}
	switch {
	case s.Evaluation.Every == EveryTask:
		return whole + tasks, 0
	case s.Stream == Separate:
		return whole, tasks
	}
	return whole + 1, tasks - 1
}
