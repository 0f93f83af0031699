package metric

import (
	"fmt"
	"math"
	"slices"
)

// Definition is all that is to be said of a metric: the lists of metrics, the tables, results.json,
// the page and explanations are made of it. N is the number of tasks, i counts trainings and j
// tasks from 1.
type Definition struct {
	// Key is the metric's name in files and on the command line.
	Key string
	// Head is its name in the heads of tables, a line each.
	Head []string
	// Meaning is a line for a reader who chooses a metric.
	Meaning string
	// Formula is what the number is, as it is written in papers.
	Formula string
	// Better is 1 where more is better, -1 where less is.
	Better float64
	// Plain metrics are in nats per token and are not shown in points of 100.
	Plain bool
	// of computes the number, and arithmetic writes one of its terms, or all of it where it is no
	// mean, with the numbers that were read for it.
	of         func(c *cells) float64
	arithmetic func(read []string) string
	// Which cells have it: what must be there beyond the numbers of the matrix, and whether that
	// can be a run on all tasks at once or of tasks learned alone.
	needs need
}

// need is what a metric cannot do without, beyond its cells of the matrix.
type need int

const (
	several   need = 1 << iota // two tasks or more
	knowledge                  // a base-knowledge battery
	joint                      // a joint run
	text                       // held-out text
	steps                      // tasks that were learned one after the other
	alone                      // nothing: tasks that are no stream have it too
)

// Definitions lists the metrics of a cell in the order in which they are printed. Scores are in [0,
// 1], and so are all metrics but the differences (in [-1, 1]), the two ratios (0 and up) and the
// drift (nats per token).
var Definitions = []Definition{
	{
		Key: "acc", Head: []string{"accuracy"}, Better: 1,
		Meaning:    "mean over tasks of R[N][j]: the score at the end of the stream",
		Formula:    "mean_j R[N][j]",
		arithmetic: only,
		of: func(c *cells) float64 {
			return c.mean(1, c.n, func(j int) float64 { return c.r(c.last(), j) })
		},
	},
	{ // plasticity
		Key: "learning_accuracy", Head: []string{"learning", "accuracy"}, Better: 1, needs: steps | alone,
		Meaning:    "mean of R[j][j]: the score right after a task was learned",
		Formula:    "mean_j R[j][j]",
		arithmetic: only,
		of: func(c *cells) float64 {
			return c.mean(1, c.n, func(j int) float64 { return c.r(j, j) })
		},
	},
	{ // what learning accuracy is worth: a task that the base model solves needs no learning
		Key: "gain", Head: []string{"above", "base row"}, Better: 1, needs: steps | alone,
		Meaning:    "mean of R[j][j] - R[0][j]: what learning a task added to the base row",
		Formula:    "mean_j (R[j][j] − R[0][j])",
		arithmetic: subtraction,
		of: func(c *cells) float64 {
			return c.mean(1, c.n, func(j int) float64 { return c.r(j, j) - c.r(0, j) })
		},
	},
	{ // Lopez-Paz and Ranzato 2017
		Key: "bwt", Head: []string{"backward", "transfer"}, Better: 1, needs: several | steps,
		Meaning:    "backward transfer, mean of R[N][j] - R[j][j]; below 0 is forgetting",
		Formula:    "mean_{j<N} (R[N][j] − R[j][j])",
		arithmetic: subtraction,
		of: func(c *cells) float64 {
			return c.mean(1, c.n-1, func(j int) float64 { return c.r(c.n, j) - c.r(j, j) })
		},
	},
	{ // from the base model's row
		Key: "fwt", Head: []string{"forward", "transfer"}, Better: 1, needs: several | steps,
		Meaning:    "forward transfer, mean of R[j-1][j] - R[0][j]",
		Formula:    "mean_{j>1} (R[j−1][j] − R[0][j])",
		arithmetic: subtraction,
		of: func(c *cells) float64 {
			return c.mean(2, c.n, func(j int) float64 { return c.r(j-1, j) - c.r(0, j) })
		},
	},
	{ // Chaudhry 2018, the peak counted from the task's own training on; may be negative
		Key: "forgetting", Head: []string{"forget-", "ting"}, Better: -1, needs: several | steps,
		Meaning:    "mean of the best earlier score of a task minus its last one",
		Formula:    "mean_{j<N} (max_{j≤l≤N−1} R[l][j] − R[N][j])",
		arithmetic: peakMinus,
		of: func(c *cells) float64 {
			return c.mean(1, c.n-1, func(j int) float64 {
				return extreme(j, c.n-1, math.Max, func(l int) float64 { return c.r(l, j) }) - c.r(c.n, j)
			})
		},
	},
	{ // average incremental accuracy
		Key: "aia", Head: []string{"average", "incremental"}, Better: 1, needs: steps,
		Meaning:    "mean over boundaries i of the mean score on the tasks learned by then",
		Formula:    "mean_i mean_{j≤i} R[i][j]",
		arithmetic: called("mean"),
		of: func(c *cells) float64 {
			return c.mean(1, c.n, func(i int) float64 {
				return Mean(1, i, func(j int) float64 { return c.r(i, j) })
			})
		},
	},
	{
		Key: "min_acc", Head: []string{"lowest", "accuracy"}, Better: 1, needs: several | steps,
		Meaning:    "mean over tasks of the lowest score after the task was learned",
		Formula:    "mean_{j<N} min_{l>j} R[l][j]",
		arithmetic: called("min"),
		of: func(c *cells) float64 {
			return c.mean(1, c.n-1, func(j int) float64 {
				return extreme(j+1, c.n, math.Min, func(l int) float64 { return c.r(l, j) })
			})
		},
	},
	{
		Key: "task_retention", Head: []string{"task", "retention"}, Better: 1, needs: several | steps,
		Meaning:    "mean of R[N][j] / R[j][j]",
		Formula:    "mean_{j<N} R[N][j]/R[j][j]",
		arithmetic: quotient,
		of: func(c *cells) float64 {
			return c.mean(1, c.n-1, func(j int) float64 {
				return c.over(c.r(c.n, j), c.r(j, j), "R[%d][%d]", j, j)
			})
		},
	},
	{ // what the base model knew and still knows, the paper's headline
		Key: "knowledge_retention", Head: []string{"knowledge", "retention"}, Better: 1, needs: knowledge,
		Meaning:    "K[N] / K[0]: the share of base knowledge that is left",
		Formula:    "K[N]/K[0]",
		arithmetic: quotient,
		of:         func(c *cells) float64 { return c.over(c.k(c.n), c.k(0), "K[0]") },
	},
	{
		Key: "knowledge_final", Head: []string{"final", "K[N]"}, Better: 1, needs: knowledge,
		Meaning:    "K[N]",
		Formula:    "K[N]",
		arithmetic: only,
		of:         func(c *cells) float64 { return c.k(c.n) },
	},
	{
		Key: "knowledge_min", Head: []string{"lowest", "K[i]"}, Better: 1, needs: knowledge | steps,
		Meaning:    "the lowest K[i] from i = 1 on",
		Formula:    "min_{i≥1} K[i]",
		arithmetic: called("min"),
		of:         func(c *cells) float64 { return extreme(1, c.n, math.Min, c.k) },
	},
	{
		Key: "knowledge_delta", Head: []string{"knowledge", "change"}, Better: 1, needs: knowledge,
		Meaning:    "K[N] - K[0]",
		Formula:    "K[N] − K[0]",
		arithmetic: subtraction,
		of:         func(c *cells) float64 { return c.k(c.n) - c.k(0) },
	},
	{ // what joint training reaches beyond the stream
		Key: "intransigence", Head: []string{"intransi-", "gence"}, Better: -1, needs: joint | steps,
		Meaning:    "mean of the joint run's score minus R[j][j]",
		Formula:    "mean_j (joint[j] − R[j][j])",
		arithmetic: subtraction,
		of: func(c *cells) float64 {
			return c.mean(1, c.n, func(j int) float64 { return c.joint(j) - c.r(j, j) })
		},
	},
	{
		Key: "perplexity_drift", Head: []string{"perplexity", "drift"}, Better: -1, Plain: true, needs: text,
		Meaning:    "nats per token on held-out base text, after minus before",
		Formula:    "loss[N] − loss[0]",
		arithmetic: subtraction,
		of:         func(c *cells) float64 { return c.loss(c.n) - c.loss(0) },
	},
}

// Keys are the keys of Definitions, in their order.
var Keys = keysOf(Definitions)

func keysOf(list []Definition) []string {
	keys := make([]string, len(list))
	for i, d := range list {
		keys[i] = d.Key
	}
	return keys
}

// Find finds the definition of a key, which may also be an entry of R or K, as R[2][1] with 2
// trainings and the first task.
func Find(key string) (Definition, bool) {
	if at, ok := entryOf(key); ok {
		return at.definition(), true
	}
	i := slices.IndexFunc(Definitions, func(d Definition) bool { return d.Key == key })
	if i < 0 {
		return Definition{}, false
	}
	return Definitions[i], true
}

// entryOf takes R[i][j] or K[i] apart, with i trainings and task j from 1.
func entryOf(key string) (at Reading, ok bool) {
	if n, err := fmt.Sscanf(key, "R[%d][%d]", &at.I, &at.J); err == nil && n == 2 {
		at.Kind = "R"
	} else if n, err := fmt.Sscanf(key, "K[%d]", &at.I); err == nil && n == 1 {
		at.Kind = "K"
	}
	return at, at.Kind != "" && at.Name() == key
}

// definition makes an entry of R or K a metric, which any cell has.
func (r Reading) definition() Definition {
	return Definition{Key: r.Name(), Formula: r.Name(), arithmetic: only, of: func(c *cells) float64 {
		if r.Kind == "K" {
			return c.k(r.I)
		}
		return c.r(r.I, r.J)
	}}
}

// Entry says whether the definition is of an entry of R or K, and no metric.
func (d Definition) Entry() bool { _, ok := entryOf(d.Key); return ok }

// CheckEntry says how rows and tasks are counted where the definition is an entry of R or K that a
// stream of so many tasks has not.
func (d Definition) CheckEntry(tasks int) error {
	at, ok := entryOf(d.Key)
	if !ok || at.I >= 0 && at.I <= tasks && (at.Kind == "K" || at.J >= 1 && at.J <= tasks) {
		return nil
	}
	return fmt.Errorf("there is no %s: in R[i][j] and K[i] rows i count the trainings, from 0, the row before the first, to %d; tasks j count from 1 to %d",
		d.Key, tasks, tasks)
}

// Stepwise says that only a stream of tasks has the metric, and no training on all tasks at once.
func (d Definition) Stepwise() bool { return d.needs&steps != 0 }

// Alone says that tasks have the metric which were each learned alone.
func (d Definition) Alone() bool { return d.needs&alone != 0 }

// Compute computes every metric of Definitions from what a cell measured. A metric that cannot be
// computed says why, naming the first missing cell. A cell that never trains (one row) has an acc,
// that of the base model, and nothing else.
func Compute(m Matrix) map[string]Value {
	values := make(map[string]Value, len(Definitions))
	for _, d := range Definitions {
		values[d.Key] = d.Trace(m).Value
	}
	return values
}

// Trace computes a metric and keeps what was read for it.
func (d Definition) Trace(m Matrix) Trace {
	c := &cells{m: m, n: m.Tasks()}
	return Trace{Value: c.compute(d), Readings: c.readings, terms: c.terms, definition: d, matrix: m}
}

func (c *cells) compute(d Definition) Value {
	m, frozen := c.m, len(c.m.R) == 1
	switch {
	case d.Entry():
	case c.n == 0:
		return Undefined("no tasks")
	case len(m.R) > c.n+1:
		return Undefined(fmt.Sprintf("R has %d rows for %d tasks", len(m.R), c.n))
	case frozen && d.Key != "acc":
		return Undefined("no training")
	case d.needs&several != 0 && c.n == 1:
		return Undefined("a single task")
	case d.needs&knowledge != 0 && m.K == nil:
		return Undefined("no base-knowledge battery")
	case d.needs&joint != 0 && m.Joint == nil:
		return Undefined("no joint run")
	case d.needs&text != 0 && m.Perplexity == nil:
		return Undefined("no held-out base text")
	}
	return c.value(d.of(c))
}
