package packing

import (
	"cmp"
	"math"
	"slices"
)

// Needs are what shapes are chosen for.
type Needs struct {
	// Batches are examples of steps, as a stream has them.
	Batches [][]Item
	// Longest are the most tokens and the most answers that one example can have.
	Longest Item
	// Rows is the number of rows of a part.
	Rows int
	// Most bounds the length of a row, unless the longest example is longer; 0 does not.
	Most int
	// Block divides the lengths of rows that are longer than three of it; 0 is Unit.
	Block int
	// Front says that replayed examples must stand at the front of a row.
	Front bool
	// Cost is the time that a part of a shape takes, and Compile that of compiling a shape, in the
	// same unit.
	Cost    func(s Shape) float64
	Compile float64
	// Steps is how many steps there will be.
	Steps int
}

const (
	// Unit divides the lengths and answers of shapes: even ones are computed faster.
	Unit = 16
	// enoughPadding is the share of padding at which no further shape is tried.
	enoughPadding = 0.07
	// longRun is how many times the compiling of a shape all steps take, if shapes are added for
	// less padding alone: a run that is so long has several seeds or a large backbone. In a shorter
	// one a shape must save what it costs.
	longRun = 12
	// mostShapes bounds the graphs that are compiled for each method.
	mostShapes = 6
)

// Choose finds shapes one by one, each the one that makes the batches cheapest together with those
// before it, which may then be replaced, until few of the batches' slots are padding. Equal needs
// have equal shapes.
func Choose(n Needs) (chosen []Shape) {
	cost, known := n.Cost, map[Shape]float64{}
	n.Cost = func(s Shape) float64 { // asked of each shape many times
		c, ok := known[s]
		if !ok {
			c = cost(s)
			known[s] = c
		}
		return c
	}
	candidates := n.candidates()
	// better replaces one of the chosen, or adds one, if that makes the batches cheaper.
	better := func(at int, least float64) float64 {
		best := slices.Clone(chosen)
		for _, s := range candidates {
			tried := slices.Clone(chosen)
			if at < len(tried) {
				tried[at] = s
			} else {
				tried = append(tried, s)
			}
			if !n.holdsAny(tried) {
				continue
			}
			if cost, _ := n.measure(New(n.Rows, tried, n.Cost)); cost < least {
				best, least = tried, cost
			}
		}
		chosen = best
		return least
	}
	least := math.Inf(1)
	for len(chosen) < mostShapes {
		before, cost := slices.Clone(chosen), least
		least = better(len(before), least)
		for at := range before {
			least = better(at, least)
		}
		steps := float64(n.Steps) / float64(len(n.Batches))
		if len(before) > 0 && (cost-least)*steps < n.Compile && least*steps < longRun*n.Compile {
			return before
		}
		if _, padding := n.measure(New(n.Rows, chosen, n.Cost)); padding <= enoughPadding || len(chosen) == len(before) {
			break
		}
	}
	return chosen
}

// largest is the number of tokens of the largest batch.
func (n Needs) largest() (most int) {
	for _, items := range n.Batches {
		most = max(most, total(items).tokens)
	}
	return most
}

// holdsAny says whether one of the shapes holds any example, and some parts together any batch, as
// far as parts may be so long.
func (n Needs) holdsAny(shapes []Shape) bool {
	longest := n.Longest
	longest.Replayed = n.Front
	largest := slices.MaxFunc(shapes, func(a, b Shape) int { return cmp.Compare(a.Length, b.Length) }).Length
	if largest*n.Rows*mostParts < n.largest() && (n.Most == 0 || largest < n.Most-max(n.Block, Unit)) {
		return false
	}
	return slices.ContainsFunc(shapes, func(s Shape) bool { return longest.need().fits(s.room()) })
}

// candidates are shapes of lengths in steps of an eighth, from the longest example to the largest
// batch, with answers and a front as batches have them.
func (n Needs) candidates() (list []Shape) {
	least, most := n.Longest.Tokens, n.Longest.Tokens
	var answers, fronts []float64
	for _, items := range n.Batches {
		all := total(items)
		most = max(most, (all.tokens+n.Rows-1)/n.Rows)
		answers = append(answers, float64(all.answers)/float64(all.tokens))
		fronts = append(fronts, float64(all.front)/float64(all.tokens))
	}
	if n.Most > 0 {
		most = max(min(most, n.Most), least)
	}
	slices.Sort(answers)
	slices.Sort(fronts)
	front := 0.0
	if n.Front && len(fronts) > 0 {
		front = quantile(fronts, 0.75)
	}
	for length := up(least); ; length = n.next(length) {
		for _, q := range []float64{0.25, 0.5, 0.75, 0.9, 1} {
			s := Shape{Length: length, Answers: up(int(math.Ceil(quantile(answers, q) * float64(length))))}
			for _, s := range []Shape{s, {Length: length, Answers: max(s.Answers, up(n.Longest.Answers))}} {
				s.Answers = min(s.Answers, s.Length-1) // a prompt has a token at least
				if n.Front {
					s.Front = min(max(up(int(front*float64(length))), up(n.Longest.Tokens)), length)
					s.FrontAnswers = min(max(up(s.Answers*s.Front/s.Length), n.Longest.Answers), s.Answers)
				}
				if !slices.Contains(list, s) {
					list = append(list, s)
				}
			}
		}
		if length >= most {
			return list
		}
	}
}

// next is the length after a length.
func (n Needs) next(length int) int {
	longer := up(max(length+1, length*9/8))
	if block := max(n.Block, 1); longer > 3*block {
		longer = max((length/block+1)*block, (length*9/8+block-1)/block*block)
	}
	return longer
}

// quantile is that of sorted values.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 1
	}
	return sorted[int(math.Ceil(q*float64(len(sorted)-1)))]
}

// up rounds up to a multiple of Unit.
func up(n int) int { return (n + Unit - 1) / Unit * Unit }

func total(items []Item) (all amount) {
	for _, item := range items {
		all = all.plus(item.need())
	}
	return all
}

// measure is the cost of all batches, and the share of their slots that hold no token.
func (n Needs) measure(p *Packer) (cost, padding float64) {
	held, slots := 0, 0
	for _, items := range n.Batches {
		parts, err := p.Pack(items)
		if err != nil {
			return math.Inf(1), 1
		}
		held += total(items).tokens
		for _, part := range parts {
			slots += part.Length * len(part.Rows)
			cost += n.Cost(part.Shape)
		}
	}
	return cost, 1 - float64(held)/float64(max(slots, 1))
}
