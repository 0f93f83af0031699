package evaluation

import (
	"cmp"
	"math"
	"slices"

	"secura/datasets"
	"secura/methods"
)

// question is what is scored: options after their prompt, or a held-out text (group -1).
type question struct {
	item
	example datasets.Encoded // with options
	text    datasets.Trained // without
	// tokens are the slots that it takes of a row, answers how many of them predict.
	tokens, answers int
}

// scoreShape is that of batches of questions: each device has so many rows, and so many answers in
// all of them together.
type scoreShape struct{ length, rows, answers int }

// scoreBatch holds rows of several questions each. A row of the batch are all rows of a device.
type scoreBatch struct {
	batch     methods.Packed
	questions []scored
}

// tokens are those that are computed, padding included.
func (b scoreBatch) tokens() int { return b.batch.Rows * b.batch.Length }

// scored is a question that is laid out.
type scored struct {
	item
	slots [][2]int // of each option, among the batch's answers
}

const (
	// shapeShare is the share of all tokens that a further shape must save, since it is one more
	// graph to compile.
	shapeShare = 0.05
	// attentionLength is the length of rows at which a slot's attention takes about as long as its
	// products with weights. It lies between 230, measured of the embedded backbone, 128 wide, and
	// 1600, calculated and not measured for SmolLM2, 576 wide.
	attentionLength = 1000
)

// heldOut is a held-out text, cut to a row, of whose last tokens so many at most are scored; the
// last one stands in no row, as the end of an answer does.
func heldOut(text []int32, length, answers int) (e datasets.Encoded, last int32) {
	text = text[:min(len(text), length+1)]
	end := len(text) - 1
	first := max(1, len(text)-answers) // nothing predicts the first token
	return datasets.Encoded{Prompt: text[:first], Answer: text[first:end]}, text[end]
}

// questions lists what is scored; a held-out text is cut to the longest row, and its last tokens
// are scored.
func (v *Evaluator) questions(options []item, longest int) (list []question) {
	groups := v.Groups()
	for _, o := range options {
		e := groups[o.group].Test[o.index]
		answers := 0
		for _, option := range e.Options {
			answers += len(option)
		}
		list = append(list, question{item: o, example: e, tokens: len(e.Prompt) - 1 + answers, answers: answers})
	}
	for i, text := range v.data.HeldOut {
		e, last := heldOut(text, longest, v.Answers)
		t, _ := e.Train(longest, v.Answers, last)
		list = append(list, question{item: item{-1, i}, text: t, tokens: len(t.Tokens), answers: len(t.Targets)})
	}
	return list
}

// chooseShapes finds of the lengths those into whose rows the questions fit with the least to
// compute.
func (v *Evaluator) chooseShapes(list []question, lengths []int, batch int) (best []scoreShape) {
	tokens := 0
	for _, q := range list {
		tokens += q.tokens
	}
	least := math.Inf(1)
	for set := 1; set < 1<<len(lengths); set++ {
		var shapes []scoreShape
		for i, length := range lengths {
			if set>>i&1 == 1 {
				shapes = append(shapes, scoreShape{length: length, rows: batch / v.devices(), answers: math.MaxInt})
			}
		}
		if slices.ContainsFunc(list, func(q question) bool { return q.smallest(shapes) < 0 }) {
			continue
		}
		cost := shapeShare * float64(tokens*len(shapes))
		rows := bestFit(list, shapes)
		for i := range shapes {
			// As few rows and answers as the batches need.
			s := &shapes[i]
			parts := s.deal(rowsOf(rows, i), v.devices())
			s.rows, s.answers = 1, 1
			for _, part := range parts {
				answers := 0
				for _, row := range part {
					answers += row.answers
				}
				s.rows, s.answers = max(s.rows, len(part)), max(s.answers, answers)
			}
			s.answers = even(s.answers, s.rows*s.length)
			cost += float64(len(parts)*s.rows*s.length) * (1 + float64(s.length)/attentionLength)
		}
		if cost < least {
			best, least = shapes, cost
		}
	}
	return best
}

// devices is on how many a batch is computed.
func (v *Evaluator) devices() int {
	if v.base == nil {
		return 1
	}
	return v.base.Devices()
}

// deal shares rows out to as few parts as have room for them, a multiple of so many, all with about
// as many answers.
func (s scoreShape) deal(rows []*filledRow, devices int) [][]*filledRow {
	slices.SortStableFunc(rows, func(a, b *filledRow) int { return cmp.Compare(b.answers, a.answers) })
	for n := (len(rows) + s.rows - 1) / s.rows; ; n++ {
		if n%devices != 0 {
			continue
		}
		parts, answers := make([][]*filledRow, n), make([]int, n)
		for i, row := range rows {
			parts[i%n] = append(parts[i%n], row)
			answers[i%n] += row.answers
		}
		if n == 0 || slices.Max(answers) <= s.answers {
			return parts
		}
	}
}

// filledRow is a row's shape and what stands in it.
type filledRow struct {
	shape, answers int
	questions      []int
}

// rowsOf are those of a shape.
func rowsOf(rows []*filledRow, shape int) (list []*filledRow) {
	for _, row := range rows {
		if row.shape == shape {
			list = append(list, row)
		}
	}
	return list
}

// smallest is the first of the shapes in whose rows the question fits, or -1.
func (q question) smallest(shapes []scoreShape) int {
	return slices.IndexFunc(shapes, func(s scoreShape) bool { return s.length >= q.tokens && s.answers >= q.answers })
}

// bestFit puts questions, each of which fits a row, into rows, the longest first, each into the row
// with the least room of those with enough.
func bestFit(list []question, shapes []scoreShape) (rows []*filledRow) {
	order := make([]int, len(list))
	for i := range list {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(list[b].tokens, list[a].tokens), cmp.Compare(list[b].answers, list[a].answers))
	})
	open := make([][]*filledRow, shapes[len(shapes)-1].length+1) // by free slots
	for _, n := range order {
		q := list[n]
		var row *filledRow
		room := q.tokens
		for ; room < len(open) && row == nil; room++ {
			if last := len(open[room]) - 1; last >= 0 && open[room][last].answers+q.answers <= shapes[open[room][last].shape].answers {
				row, open[room] = open[room][last], open[room][:last]
			}
		}
		room-- // that of the row, if there is one
		if row == nil {
			at := q.smallest(shapes)
			row, room = &filledRow{shape: at}, shapes[at].length
			rows = append(rows, row)
		}
		row.questions = append(row.questions, n)
		row.answers += q.answers
		open[room-q.tokens] = append(open[room-q.tokens], row)
	}
	return rows
}

// layOptions puts options and held-out text into rows of several questions each.
func (v *Evaluator) layOptions(options []item, lengths []int, batch int) {
	list := v.questions(options, lengths[len(lengths)-1])
	if len(list) == 0 {
		return
	}
	if v.shapes == nil {
		v.shapes = v.chooseShapes(list, lengths, batch)
	}
	rows := bestFit(list, v.shapes)
	for i, s := range v.shapes {
		for k, part := range s.deal(rowsOf(rows, i), v.devices()) {
			device := k % v.devices()
			if device == 0 {
				b := scoreBatch{batch: methods.NewPacked(v.devices(), s.rows*s.length, s.answers, 0, 0)}
				b.batch.Block = s.length
				v.score = append(v.score, b)
			}
			v.score[len(v.score)-1].fill(device, part, list)
		}
	}
}

// fill puts the rows of a device's part into the batch.
func (b *scoreBatch) fill(device int, part []*filledRow, list []question) {
	at := methods.Filled{Row: device}
	for n, row := range part {
		at.Tokens = n * b.batch.Block
		for _, k := range row.questions {
			q := list[k]
			first := device*b.batch.Answers + at.Answers
			slots := [][2]int{{first, first + q.answers}}
			if q.group < 0 {
				b.batch.AddText(&at, q.text.Tokens, q.text.First, q.text.Targets, 0)
			} else {
				slots = b.batch.AddOptions(&at, q.example.Prompt, q.example.Options)
				for i := range slots {
					slots[i][0] += device * b.batch.Answers
					slots[i][1] += device * b.batch.Answers
				}
			}
			b.questions = append(b.questions, scored{q.item, slots})
		}
	}
}
