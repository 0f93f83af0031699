// Package packing lays the examples of a training batch into rows of several texts each, so that
// few slots are padding. In come the examples of a step as tokens; out come parts of a few shapes,
// which are compiled once each and computed one after the other. The layout is a pure function of
// the examples. Read Packer first, then Choose, which finds shapes that fit a suite's data.
package packing

import (
	"cmp"
	"fmt"
	"slices"
)

// Item is what the layout knows of an example.
type Item struct {
	// Tokens are the slots that it takes, Answers how many of them make a prediction.
	Tokens, Answers int
	Replayed        bool
}

// Shape is that of a part of a batch.
type Shape struct {
	// Length is the number of slots of a row, Answers of a row's predictions.
	Length, Answers int
	// Front and FrontAnswers are how much of them a row's replayed examples can take, at its
	// beginning; 0 where they stand anywhere.
	Front, FrontAnswers int
}

// Part is a part of a batch that is laid out: the examples in each of its rows, in order, by their
// indices.
type Part struct {
	Shape
	Rows [][]int
}

// Packer lays out batches in parts of its shapes.
type Packer struct {
	// Rows is the number of rows of a part: one for each device.
	Rows int
	// Shapes are the packer's, the longest first.
	Shapes []Shape
	// sets are the sets of at most mostParts parts, the cheapest first.
	sets []set
}

// mostParts is the most parts that are tried together; what is too large for them is cut down
// before.
const mostParts = 4

// set is some parts, the largest first, and what they hold together.
type set struct {
	shapes []Shape
	room   amount
	cost   float64
}

// amount is what examples need of rows, or rows have.
type amount struct{ tokens, answers, front, frontAnswers int }

func (a amount) plus(b amount) amount {
	return amount{a.tokens + b.tokens, a.answers + b.answers, a.front + b.front, a.frontAnswers + b.frontAnswers}
}

func (a amount) fits(room amount) bool {
	return a.tokens <= room.tokens && a.answers <= room.answers && a.front <= room.front && a.frontAnswers <= room.frontAnswers
}

// room is what one row has. Where replayed examples can stand anywhere, they can take all of it.
func (s Shape) room() amount {
	if s.Front == 0 {
		return amount{s.Length, s.Answers, s.Length, s.Answers}
	}
	return amount{s.Length, s.Answers, s.Front, s.FrontAnswers}
}

// need is what an example takes of a row.
func (i Item) need() amount {
	if i.Replayed {
		return amount{i.Tokens, i.Answers, i.Tokens, i.Answers}
	}
	return amount{tokens: i.Tokens, answers: i.Answers}
}

func (a amount) times(n int) amount {
	return amount{a.tokens * n, a.answers * n, a.front * n, a.frontAnswers * n}
}

// New is a packer of parts of so many rows; cost is the time that a part of a shape takes, in any
// unit.
func New(rows int, shapes []Shape, cost func(s Shape) float64) *Packer {
	p := &Packer{Rows: rows, Shapes: slices.SortedFunc(slices.Values(shapes), func(a, b Shape) int {
		return cmp.Or(cmp.Compare(b.Length, a.Length), cmp.Compare(b.Answers, a.Answers))
	})}
	var grow func(from int, s set)
	grow = func(from int, s set) {
		if len(s.shapes) > 0 {
			p.sets = append(p.sets, s)
		}
		if len(s.shapes) == mostParts {
			return
		}
		for i := from; i < len(p.Shapes); i++ {
			one := p.Shapes[i]
			grow(i, set{append(slices.Clone(s.shapes), one), s.room.plus(one.room().times(rows)), s.cost + cost(one)})
		}
	}
	grow(0, set{})
	slices.SortStableFunc(p.sets, func(a, b set) int { return cmp.Compare(a.cost, b.cost) })
	return p
}

// Pack lays out examples: the cheapest set of parts in which they fit first-fit, the longest first.
// The error tells of an example that fits no shape.
func (p *Packer) Pack(items []Item) ([]Part, error) {
	order := make([]int, len(items))
	for i, item := range items {
		order[i] = i
		if !slices.ContainsFunc(p.Shapes, func(s Shape) bool { return item.need().fits(s.room()) }) {
			return nil, fmt.Errorf("pack a batch: an example of %d tokens with %d answers fits no row of %v", item.Tokens, item.Answers, p.Shapes)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return items[a].compare(items[b]) })
	var parts []Part
	for len(order) > 0 {
		if set, ok := p.cheapest(items, order); ok {
			return append(parts, set...), nil
		}
		// More than mostParts: fill one, of the largest in which the first example fits.
		i := slices.IndexFunc(p.Shapes, func(s Shape) bool { return items[order[0]].need().fits(s.room()) })
		part, rest := fill(items, order, p.Shapes[i:i+1], p.Rows)
		parts, order = append(parts, part...), rest
	}
	return parts, nil
}

// compare orders examples for first-fit: replayed ones, which may have to stand at the front,
// before others, and longer ones before shorter ones.
func (i Item) compare(j Item) int {
	if i.Replayed != j.Replayed {
		if i.Replayed {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(j.Tokens, i.Tokens), cmp.Compare(j.Answers, i.Answers))
}

// cheapest is the cheapest set of parts that holds all of the examples.
func (p *Packer) cheapest(items []Item, order []int) ([]Part, bool) {
	var all amount
	for _, i := range order {
		all = all.plus(items[i].need())
	}
	for _, s := range p.sets {
		if !all.fits(s.room) {
			continue
		}
		if parts, rest := fill(items, order, s.shapes, p.Rows); len(rest) == 0 {
			return parts, true
		}
	}
	return nil, false
}

// fill puts examples, each into the first row with room, and returns those that found none.
func fill(items []Item, order []int, shapes []Shape, rows int) (parts []Part, rest []int) {
	room := make([][]amount, len(shapes))
	for i, s := range shapes {
		parts = append(parts, Part{s, make([][]int, rows)})
		room[i] = slices.Repeat([]amount{s.room()}, rows)
	}
next:
	for _, item := range order {
		need := items[item].need()
		for i := range parts {
			for row := range rows {
				if have := &room[i][row]; need.fits(*have) {
					*have = have.plus(need.times(-1))
					parts[i].Rows[row] = append(parts[i].Rows[row], item)
					continue next
				}
			}
		}
		rest = append(rest, item)
	}
	return parts, rest
}
