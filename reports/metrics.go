package reports

import (
	"fmt"
	"math"
)

// MetricKeys lists the metrics of a cell in the order in which they are printed.
var MetricKeys = []string{
	"acc", "learning_accuracy", "bwt", "fwt", "forgetting", "aia", "min_acc", "task_retention",
	"knowledge_retention", "knowledge_final", "knowledge_min", "knowledge_delta", "intransigence", "perplexity_drift",
}

// need is what a metric cannot do without, beyond its cells of the matrix.
type need int

const (
	several   need = 1 << iota // two tasks or more
	knowledge                  // a base-knowledge battery
	joint                      // a joint run
	text                       // held-out text
)

// definition is how a metric is made of a cell's numbers, with N tasks, i counting
// trainings and j tasks from 1.
type definition struct {
	needs need
	// formula is what of computes, as it is written in papers; arithmetic writes
	// one of its terms, or all of it where it is no mean, with the numbers that
	// were read for it.
	formula    string
	arithmetic func(read []string) string
	of         func(c *cells) float64
}

// metrics holds each metric's definition. Scores are in [0, 1], and so are all
// metrics but the differences (in [-1, 1]), the two ratios (0 and up) and the
// drift (nats per token).
var metrics = map[string]definition{
	// Final accuracy.
	"acc": {0, "mean_j R[N][j]", only, func(c *cells) float64 {
		return c.mean(1, c.n, func(j int) float64 { return c.r(c.n, j) })
	}},
	// Plasticity, the score right after learning j.
	"learning_accuracy": {0, "mean_j R[j][j]", only, func(c *cells) float64 {
		return c.mean(1, c.n, func(j int) float64 { return c.r(j, j) })
	}},
	// Backward transfer (Lopez-Paz and Ranzato 2017).
	"bwt": {several, "mean_{j<N} (R[N][j] − R[j][j])", subtraction, func(c *cells) float64 {
		return c.mean(1, c.n-1, func(j int) float64 { return c.r(c.n, j) - c.r(j, j) })
	}},
	// Forward transfer, from the base model's row.
	"fwt": {several, "mean_{j>1} (R[j−1][j] − R[0][j])", subtraction, func(c *cells) float64 {
		return c.mean(2, c.n, func(j int) float64 { return c.r(j-1, j) - c.r(0, j) })
	}},
	// Forgetting (Chaudhry 2018), the peak counted from the task's own training
	// on. May be negative.
	"forgetting": {several, "mean_{j<N} (max_{j≤l≤N−1} R[l][j] − R[N][j])", peakMinus, func(c *cells) float64 {
		return c.mean(1, c.n-1, func(j int) float64 {
			return extreme(j, c.n-1, math.Max, func(l int) float64 { return c.r(l, j) }) - c.r(c.n, j)
		})
	}},
	// Average incremental accuracy.
	"aia": {0, "mean_i mean_{j≤i} R[i][j]", called("mean"), func(c *cells) float64 {
		return c.mean(1, c.n, func(i int) float64 {
			return mean(1, i, func(j int) float64 { return c.r(i, j) })
		})
	}},
	// Lowest accuracy after a task's own training.
	"min_acc": {several, "mean_{j<N} min_{l>j} R[l][j]", called("min"), func(c *cells) float64 {
		return c.mean(1, c.n-1, func(j int) float64 {
			return extreme(j+1, c.n, math.Min, func(l int) float64 { return c.r(l, j) })
		})
	}},
	"task_retention": {several, "mean_{j<N} R[N][j]/R[j][j]", quotient, func(c *cells) float64 {
		return c.mean(1, c.n-1, func(j int) float64 {
			return c.over(c.r(c.n, j), c.r(j, j), "R[%d][%d]", j, j)
		})
	}},
	// What the base model knew and still knows, the paper's headline.
	"knowledge_retention": {knowledge, "K[N]/K[0]", quotient, func(c *cells) float64 { return c.over(c.k(c.n), c.k(0), "K[0]") }},
	"knowledge_final":     {knowledge, "K[N]", only, func(c *cells) float64 { return c.k(c.n) }},
	"knowledge_min":       {knowledge, "min_{i≥1} K[i]", called("min"), func(c *cells) float64 { return extreme(1, c.n, math.Min, c.k) }},
	"knowledge_delta":     {knowledge, "K[N] − K[0]", subtraction, func(c *cells) float64 { return c.k(c.n) - c.k(0) }},
	// What joint training reaches beyond the stream.
	"intransigence": {joint, "mean_j (joint[j] − R[j][j])", subtraction, func(c *cells) float64 {
		return c.mean(1, c.n, func(j int) float64 { return c.joint(j) - c.r(j, j) })
	}},
	// Held-out base text, after minus before.
	"perplexity_drift": {text, "perplexity[N] − perplexity[0]", subtraction, func(c *cells) float64 { return c.perplexity(c.n) - c.perplexity(0) }},
}

// Metrics computes every metric of MetricKeys from what a cell measured. A
// metric that cannot be computed says why, naming the first missing cell. A cell
// that never trains (one row) has an acc, that of the base model, and nothing
// else.
func Metrics(m Matrix) map[string]Value {
	values := make(map[string]Value, len(MetricKeys))
	for _, key := range MetricKeys {
		values[key] = metric(m, key)
	}
	return values
}

func metric(m Matrix, key string) Value {
	v, _ := traced(m, key)
	return v
}

// traced is metric with what was read for it.
func traced(m Matrix, key string) (Value, *cells) {
	c := &cells{m: m, n: m.Tasks()}
	return c.metric(key), c
}

func (c *cells) metric(key string) Value {
	m := c.m
	frozen := len(m.R) == 1
	needs := metrics[key].needs
	switch {
	case c.n == 0:
		return Undefined("no tasks")
	case len(m.R) > c.n+1:
		return Undefined(fmt.Sprintf("R has %d rows for %d tasks", len(m.R), c.n))
	case frozen && key == "acc":
		return c.value(c.mean(1, c.n, func(j int) float64 { return c.r(0, j) }))
	case frozen:
		return Undefined("no training")
	case needs&several != 0 && c.n == 1:
		return Undefined("a single task")
	case needs&knowledge != 0 && m.K == nil:
		return Undefined("no base-knowledge battery")
	case needs&joint != 0 && m.Joint == nil:
		return Undefined("no joint run")
	case needs&text != 0 && m.Perplexity == nil:
		return Undefined("no held-out base text")
	}
	return c.value(metrics[key].of(c))
}

// value is x, unless something that it was made of is missing.
func (c *cells) value(x float64) Value {
	if c.missing != "" {
		return Undefined(c.missing)
	}
	return Number(x)
}
