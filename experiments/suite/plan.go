package suite

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"secura/experiments/record"
)

// Cell is one method on one backbone, one seed and one order of the tasks: the unit that a worker
// runs.
type Cell struct {
	// ID is "METHOD-s0-o0", or "METHOD.BACKBONE-s0-o0" with the backbone's label where the suite
	// has several.
	ID string
	// Backbone is the suite's name of it.
	Backbone string
	Method   MethodSpec
	Seed     int
	Order    int
	// PairingKey leaves method, seed and backbone out: cells that differ in the method alone draw
	// the same numbers.
	PairingKey string
	// Tasks are the indices of the suite's tasks in the order of learning.
	Tasks []int
}

// Streams are the cell's random streams.
func (c Cell) Streams() Streams {
	return Streams{RunSeed: uint64(c.Seed), PairingKey: c.PairingKey}
}

// Plan expands a suite into its cells, backbone by backbone, within a backbone seed by seed, within
// a seed order by order, and within these in the suite's order of methods.
func Plan(s Suite) (cells []Cell, err error) {
	if most := permutations(len(s.Tasks), maxCells+1); s.Orders > most {
		return nil, fmt.Errorf("plan suite %s: orders is %d, but its %d tasks have %d", s.Name, s.Orders, len(s.Tasks), most)
	}
	orders := taskOrders(s)
	names := s.BackboneNames()
	labels := record.BackboneLabels(names)
	for i, backbone := range names {
		for seed := range s.Seeds {
			for order, tasks := range orders {
				for _, m := range s.Methods {
					cells = append(cells, Cell{
						ID:       record.CellID(m.Name, labels[i], seed, order),
						Backbone: backbone, Method: m, Seed: seed, Order: order,
						PairingKey: fmt.Sprintf("%s/o%d", s.PairingName(), order),
						Tasks:      slices.Clone(tasks),
					})
				}
			}
		}
	}
	return cells, nil
}

// FindCell finds a cell by its id.
func FindCell(cells []Cell, id string) (Cell, bool) {
	i := slices.IndexFunc(cells, func(c Cell) bool { return c.ID == id })
	if i < 0 {
		return Cell{}, false
	}
	return cells[i], true
}

// Hash is the sha256 (hex) of the resolved suite, what changes no number left out (see numberless).
func (s Suite) Hash() (string, error) {
	s.Doc, s.Tables, s.Training.CheckpointEvery, s.Slurm = "", nil, 0, Slurm{}
	data, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("hash suite %s: %w", s.Name, err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// taskOrders are the suite's own order, those that it names after that, and then permutations that
// differ from all of these and from each other. Each depends on its number and the suite's pairing
// and tasks alone: the same for every seed and method, so that orders can be compared too, and
// whether a run has more of them or not. A suite has as many at most as its tasks have
// permutations.
func taskOrders(s Suite) [][]int {
	orders, drawn := make([][]int, 0, s.Orders), map[string]bool{}
	for number := range s.Orders {
		tasks := make([]int, len(s.Tasks))
		for i := range tasks {
			tasks[i] = i
		}
		named := number > 0 && number <= len(s.TaskOrders)
		if named {
			tasks, _ = s.InOrder(s.TaskOrders[number-1]) // the suite is valid
		}
		r := Streams{PairingKey: s.PairingName()}.Rand(fmt.Sprintf("order/%d", number))
		for number > 0 && !named && drawn[fmt.Sprint(tasks)] {
			r.Shuffle(len(tasks), func(i, j int) { tasks[i], tasks[j] = tasks[j], tasks[i] })
		}
		drawn[fmt.Sprint(tasks)] = true
		orders = append(orders, tasks)
	}
	return orders
}

// permutations is the number of orders of n things, or limit if there are more.
func permutations(n, limit int) int {
	orders := 1
	for i := 2; i <= n; i++ {
		if orders > limit/i {
			return limit
		}
		orders *= i
	}
	return orders
}

// AtStep says whether everything is evaluated within a task after a step, counted from 1; first
// says that the task is the stream's first one.
func (e Evaluation) AtStep(first bool, step int) bool {
	return e.EverySteps > 0 && step%e.EverySteps == 0 || first && slices.Contains(e.AtSteps, step)
}

// Within counts the evaluations within a task by a step.
func (e Evaluation) Within(first bool, step int) (n int) {
	if e.EverySteps > 0 {
		n = step / e.EverySteps
	}
	for _, at := range e.AtSteps {
		if first && at <= step && (e.EverySteps == 0 || at%e.EverySteps != 0) {
			n++
		}
	}
	return n
}

// Evaluations counts what one cell of a suite evaluates after the base row: everything, mixtures
// included, or one task alone.
func (s Suite) Evaluations() (whole, own int) {
	tasks := len(s.Tasks)
	if last := s.Training.Steps - 1; tasks > 0 { // a task's last step is a boundary
		whole = s.Evaluation.Within(true, last) + (tasks-1)*s.Evaluation.Within(false, last)
		own = (tasks - 1) * len(s.Evaluation.Recovery)
	}
	whole += len(s.Evaluation.Interpolate)
	switch {
	case s.Evaluation.Every == EveryTask:
		return whole + tasks, own
	case s.Stream == Separate:
		return whole, own + tasks
	}
	return whole + 1, own + tasks - 1
}
