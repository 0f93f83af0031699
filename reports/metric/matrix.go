package metric

import (
	"fmt"
	"math"
)

// Matrix holds what a cell measured at each boundary between tasks, N tasks in all. NaN, a nil row
// or a slice that ends early stands for what was not measured. Its methods and the reasons of
// undefined metrics count tasks from 1, as the papers do: R[2][1] is the first task after two
// trainings.
type Matrix struct {
	// R has row i for the scores, in [0, 1], after training on the first i tasks; row 0 is the
	// untouched base model. A cell that never trains has this row only.
	R [][]float64
	// K[i] is the score, in [0, 1], on the base-knowledge battery at row i; nil if there is none.
	K []float64
	// Joint is each task's score in a run on all tasks at once; nil if there was no such run.
	Joint []float64
	// Perplexity[i] is the mean loss, in nats per token, on held-out text of the base model at row
	// i; nil if there is no such text.
	Perplexity []float64
	// Absent says why a number within the stream may be absent; empty if it should not be.
	Absent string
}

// Tasks is N, the number of tasks: the length of the longest row.
func (m Matrix) Tasks() int {
	n := 0
	for _, row := range m.R {
		n = max(n, len(row))
	}
	return n
}

// rounded has each number with so many significant digits.
func (m Matrix) rounded(digits int) Matrix {
	round := func(list []float64) []float64 {
		if list == nil {
			return nil
		}
		short := make([]float64, len(list))
		for i, x := range list {
			short[i] = rounding(x, digits)
		}
		return short
	}
	short := Matrix{K: round(m.K), Joint: round(m.Joint), Perplexity: round(m.Perplexity)}
	for _, row := range m.R {
		short.R = append(short.R, round(row))
	}
	return short
}

// cells reads a matrix and remembers the first number that was missing, so that a metric's formula
// can be written down as it is.
type cells struct {
	m       Matrix
	n       int
	missing string
	// readings are the numbers that were read, in order, and terms what a mean was made of.
	readings []Reading
	terms    []term
}

// Reading is a number of a matrix: R[i][j], K[i], joint[j] or loss[i], with the task j
// counted from 1.
type Reading struct {
	Kind string
	I, J int
	X    float64
}

// term is one of the numbers that a mean is of.
type term struct {
	index int
	read  []Reading
	x     float64
}

// mean averages f over from..to, both included, and remembers the terms.
func (c *cells) mean(from, to int, f func(i int) float64) float64 {
	return Mean(from, to, func(i int) float64 {
		begin := len(c.readings)
		x := f(i)
		c.terms = append(c.terms, term{i, c.readings[begin:], x})
		return x
	})
}

// r is R[i][j], the score on task j (from 1) after i trainings.
func (c *cells) r(i, j int) float64 {
	at := Reading{Kind: "R", I: i, J: j}
	if i >= len(c.m.R) {
		return c.read(nil, 0, at)
	}
	return c.read(c.m.R[i], j-1, at)
}

// last is the row at the end of the stream: N, or 0 of a cell that never trains.
func (c *cells) last() int {
	if len(c.m.R) == 1 {
		return 0
	}
	return c.n
}

func (c *cells) k(i int) float64 { return c.read(c.m.K, i, Reading{Kind: "K", I: i}) }

func (c *cells) joint(j int) float64 { return c.read(c.m.Joint, j-1, Reading{Kind: "joint", J: j}) }

func (c *cells) loss(i int) float64 {
	return c.read(c.m.Perplexity, i, Reading{Kind: "loss", I: i})
}

// Name is the number's in formulas, as in R[2][1].
func (r Reading) Name() string {
	switch r.Kind {
	case "R":
		return fmt.Sprintf("R[%d][%d]", r.I, r.J)
	case "joint":
		return fmt.Sprintf("joint[%d]", r.J)
	}
	return fmt.Sprintf("%s[%d]", r.Kind, r.I)
}

func (c *cells) read(from []float64, i int, at Reading) float64 {
	switch {
	case i >= len(from) || math.IsNaN(from[i]):
		reason := at.Name() + " is absent"
		if c.m.Absent != "" && 0 < at.I && at.I < c.n {
			reason += ": " + c.m.Absent
		}
		c.undefined(reason)
	case math.IsInf(from[i], 0):
		c.undefined(at.Name() + " is not finite")
	default:
		at.X = from[i]
		c.readings = append(c.readings, at)
		return from[i]
	}
	return math.NaN()
}

// over divides, and is undefined where the denominator is 0.
func (c *cells) over(x, by float64, name string, index ...any) float64 {
	if by == 0 {
		c.undefined(fmt.Sprintf(name, index...) + " is 0")
	}
	return x / by
}

// value is x, unless something that it was made of is missing.
func (c *cells) value(x float64) Value {
	if c.missing != "" {
		return Undefined(c.missing)
	}
	return Number(x)
}

func (c *cells) undefined(reason string) {
	if c.missing == "" {
		c.missing = reason
	}
}

// Mean averages f over from..to, both included.
func Mean(from, to int, f func(i int) float64) float64 {
	sum := 0.0
	for i := from; i <= to; i++ {
		sum += f(i)
	}
	return sum / float64(to-from+1)
}

// extreme is the value of f over from..to that better (min or max) prefers.
func extreme(from, to int, better func(a, b float64) float64, f func(i int) float64) float64 {
	best := f(from)
	for i := from + 1; i <= to; i++ {
		best = better(best, f(i))
	}
	return best
}

// AfterOwnTraining is the mean score, each right after its own training, of the tasks that belong;
// j counts them from 0.
func AfterOwnTraining(m Matrix, belongs func(j int) bool) Value {
	return m.meanOf(belongs, func(c *cells, j int) float64 { return c.r(j, j) })
}

// AtEnd is the mean score at the end of the stream of the tasks that belong; j counts them from 0.
func AtEnd(m Matrix, belongs func(j int) bool) Value {
	return m.meanOf(belongs, func(c *cells, j int) float64 { return c.r(c.last(), j) })
}

// meanOf is the mean over the tasks that belong of what is asked of each, which is told its number
// from 1.
func (m Matrix) meanOf(belongs func(j int) bool, of func(c *cells, j int) float64) Value {
	c := &cells{m: m, n: m.Tasks()}
	sum, n := 0.0, 0
	for j := range c.n {
		if belongs(j) {
			sum += of(c, j+1)
			n++
		}
	}
	if n == 0 {
		return Undefined("no task of this kind")
	}
	return c.value(sum / float64(n))
}
