package tuning

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"secura/experiments/record"
	"secura/methods"
)

// search finds good settings of one method, learning rate by coefficient, with a given number of
// trials. Read next first.
type search struct {
	grid  methods.Tuning
	scale methods.Scale
	// first is how many learning rates the first round has.
	first int
	// start is the rung of the first round; without a coefficient all points have rung 0.
	start int
}

// point is what a trial tries. rate counts the first round's steps from its least learning rate, in
// logarithms, so that 0.5 is half-way between the first two; rung is the coefficient's.
type point struct {
	rate float64
	rung int
}

// newSearch has learning rates for half of the trials in the first round. A coefficient begins on
// rung 0, or on the nearest one that there is; where there is none, it is left alone.
func newSearch(grid methods.Tuning, scale methods.Scale, trials int) search {
	s := search{grid: grid, scale: scale, first: (trials + 1) / 2}
	if grid.Coefficient.Rung == nil {
		return s
	}
	for _, k := range []int{0, -1, 1, -2, 2} {
		if _, ok := grid.Coefficient.Rung(scale, k); ok {
			s.start = k
			return s
		}
	}
	s.grid.Coefficient = methods.Coefficient{}
	return s
}

// next plans a round from the trials before it, whose points and outcomes are in their order. The
// first round tries learning rates over the grid. Each further one looks at the best trial so far,
// and tries
//
//  1. where its learning rate lies at an end of those that were tried, one step beyond that end;
//  2. else the coefficient's neighbouring rungs that were not tried, at its learning rate;
//  3. else learning rates half-way to its neighbours on both sides, the better neighbour's side first.
//
// So a grid whose edge wins is extended, in learning rate and coefficient alike. A trial that
// diverged counts as tried. Where no trial has a score the lowest learning rate counts as the best,
// and only lower ones are tried.
func (s search) next(points []point, outcomes []record.Outcome, best int) []point {
	if len(points) == 0 {
		return s.firstRound()
	}
	low := best < 0
	if low {
		best = s.lowest(points)
	}
	b := points[best]
	var round []point
	if !slices.ContainsFunc(points, func(p point) bool { return p.rate < b.rate }) {
		round = append(round, point{b.rate - 1, b.rung})
	}
	if !low && !slices.ContainsFunc(points, func(p point) bool { return p.rate > b.rate }) {
		round = append(round, point{b.rate + 1, b.rung})
	}
	if len(round) > 0 {
		return round
	}
	for _, rung := range []int{b.rung + 1, b.rung - 1} {
		if s.has(rung) && !triedRung(points, rung) {
			round = append(round, point{b.rate, rung})
		}
	}
	if len(round) > 0 {
		return round
	}
	return between(points, outcomes, b)
}

func (s search) firstRound() (round []point) {
	if s.first == 1 {
		return []point{{0.5, s.start}} // of a grid of one step
	}
	for i := range s.first {
		round = append(round, point{float64(i), s.start})
	}
	return round
}

func (s search) lowest(points []point) (index int) {
	for i, p := range points {
		if p.rate < points[index].rate {
			index = i
		}
	}
	return index
}

// has says whether the coefficient has a rung.
func (s search) has(rung int) bool {
	if s.grid.Coefficient.Rung == nil {
		return false
	}
	_, ok := s.grid.Coefficient.Rung(s.scale, rung)
	return ok
}

func triedRung(points []point, rung int) bool {
	return slices.ContainsFunc(points, func(p point) bool { return p.rung == rung })
}

// between are the learning rates half-way from b to the nearest ones that were tried with its
// coefficient, below and above, the side of the better neighbour first; where a side has none, half
// a step away. A neighbour without a score is the worse one, and so is the larger of equals.
func between(points []point, outcomes []record.Outcome, b point) []point {
	half := func(side float64) (at point, score float64) {
		gap, score := 1.0, math.Inf(-1)
		found := false
		for i, p := range points {
			if d := side * (p.rate - b.rate); p.rung == b.rung && d > 0 && (!found || d < gap) {
				gap, score, found = d, math.Inf(-1), true
				if outcomes[i].Score != nil {
					score = *outcomes[i].Score
				}
			}
		}
		return point{b.rate + side*gap/2, b.rung}, score
	}
	below, low := half(-1)
	above, high := half(1)
	if high > low {
		return []point{above, below}
	}
	return []point{below, above}
}

// allDigits after the first tell any two numbers apart.
const allDigits = 16

// rate is a point's learning rate: the bounds as they are given, and what lies between or beyond
// them in as many digits as keep it apart from its neighbours. Two tell halves of a step apart in a
// wide grid, and no fewer than four sixteenths, or more where two digits have moved the half beside
// them there.
func (s search) rate(p point) float64 {
	steps := float64(max(s.first-1, 1))
	switch p.rate {
	case 0:
		return s.grid.Least
	case steps:
		return s.grid.Largest
	}
	at := func(rate float64) float64 {
		return s.grid.Least * math.Pow(s.grid.Largest/s.grid.Least, rate/steps)
	}
	digits := func(step float64) int { // after the first one: numbers so far apart stay apart in them
		return int(math.Ceil(min(-math.Log10(at(step)/at(0)-1), allDigits)))
	}
	exact := at(p.rate)
	switch {
	case p.rate == math.Trunc(2*p.rate)/2 && digits(1./2) <= 1:
		return rounded(exact, 1)
	case p.rate == math.Trunc(16*p.rate)/16:
		n := max(3, digits(1./16))
		if p.rate != math.Trunc(2*p.rate)/2 {
			below, above := s.rate(point{rate: math.Floor(2*p.rate) / 2}), s.rate(point{rate: math.Ceil(2*p.rate) / 2})
			for near := rounded(exact, n); n < allDigits && (near == below || near == above); near = rounded(exact, n) {
				n++
			}
		}
		return rounded(exact, n)
	}
	return exact
}

// values are those of the coefficient's parameters at a point.
func (s search) values(p point) []any {
	if s.grid.Coefficient.Rung == nil {
		return nil
	}
	values, _ := s.grid.Coefficient.Rung(s.scale, p.rung)
	return values
}

// remarks say of a chosen point whether the first round's learning rates had to be extended, and on
// which edge of what was tried it lies all the same.
func (s search) remarks(points []point, chosen point) (remarks []string) {
	least, largest := chosen.rate, chosen.rate
	for _, p := range points {
		least, largest = min(least, p.rate), max(largest, p.rate)
	}
	if least < 0 || largest > float64(s.first-1) && s.first > 1 {
		remarks = append(remarks, fmt.Sprintf("the edge of the learning rates %g to %g won and they were extended to %g to %g",
			s.grid.Least, s.grid.Largest, s.rate(point{rate: least}), s.rate(point{rate: largest})))
	}
	ended := func(which string) {
		remarks = append(remarks, "the budget ended while the "+which+" that was tried won")
	}
	switch {
	case chosen.rate == least && chosen.rate == largest:
		ended("only learning rate")
	case chosen.rate == least:
		ended("least learning rate")
	case chosen.rate == largest:
		ended("largest learning rate")
	}
	if s.grid.Coefficient.Rung == nil {
		return remarks
	}
	name := record.Coefficients(s.grid.Coefficient.Keys, s.values(chosen))
	for _, side := range []struct {
		rung  int
		which string
	}{{chosen.rung - 1, "least"}, {chosen.rung + 1, "largest"}} {
		switch {
		case !s.has(side.rung):
			remarks = append(remarks, fmt.Sprintf("%s is the %s there is to try", name, side.which))
		case !triedRung(points, side.rung):
			ended(side.which + " " + s.grid.Coefficient.Keys[0])
		}
	}
	return remarks
}

// rounded has so many digits after its first one, with which a suite file is read.
func rounded(x float64, digits int) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', digits, 64), 64)
	if err != nil {
		panic(err) // cannot be: it was just formatted
	}
	return short
}
