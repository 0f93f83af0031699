package report

import (
	"fmt"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
)

// items are what became of the battery's items from the untouched backbone to the end of a cell:
// how many it answered right, how many of these still were, and of how many of the others.
type items struct{ known, kept, unknown, gained int }

// BatteryMeasures tell the knowledge that was kept from what was won beside it, item by item, which
// K[N]/K[0] adds up: training that teaches how the battery's questions are answered raises K
// although items that were known are lost. They read the predictions. There are none without a
// battery.
func (r *Report) BatteryMeasures() ([]Measure, error) {
	if len(r.Suite.Knowledge) == 0 {
		return nil, nil
	}
	if r.items == nil {
		trains := func(m suite.MethodSpec) bool { return m.Preset != suite.Frozen }
		read, err := fromPredictions(r, trains, func(c Cell) (items, error) { return itemsOf(r, c) })
		if err != nil {
			return nil, fmt.Errorf("read what the battery's items became: %w", err)
		}
		r.items = read
	}
	return batteryMeasures(r.items), nil
}

// KnownKept is the key of the share of the battery's known items that are kept.
const KnownKept = "known_kept"

// batteryMeasures are those of cells by their ids.
func batteryMeasures(read map[string]items) []Measure {
	of := func(share func(items) (part, all int), nothing string) func(Cell) metric.Value {
		return func(c Cell) metric.Value {
			counted, ok := read[c.ID]
			switch {
			case c.Method.Preset == suite.Frozen:
				return metric.Undefined("no training")
			case !ok:
				return metric.Undefined(noPredictions)
			}
			part, all := share(counted)
			if all == 0 {
				return metric.Undefined(nothing)
			}
			return metric.Number(float64(part) / float64(all))
		}
	}
	return []Measure{
		{Key: KnownKept, Head: []string{"known", "kept"}, Better: 1,
			Of:      of(func(n items) (part, all int) { return n.kept, n.known }, "the untouched backbone knew no item"),
			Meaning: "share of the battery's items known before the stream that still are at its end"},
		{Key: "unknown_gained", Head: []string{"unknown", "gained"}, Better: 1,
			Of:      of(func(n items) (part, all int) { return n.gained, n.unknown }, "the untouched backbone knew every item"),
			Meaning: "share of its other items that are known at the end"},
	}
}

// itemsOf reads a cell's predictions for the battery before the stream and at its end.
func itemsOf(r *Report, c Cell) (n items, err error) {
	battery := map[string]bool{}
	for _, task := range r.Suite.Knowledge {
		battery[task.Name] = true
	}
	type key struct {
		task string
		id   int32
	}
	folder, last := r.Run.Cell(c.ID), len(c.R)-1
	read := func(boundary int) (map[key]bool, error) {
		rows, err := record.ReadPredictions(folder.Predictions(boundary))
		if err != nil {
			return nil, err
		}
		correct := map[key]bool{}
		for _, p := range rows {
			if battery[p.Task] {
				correct[key{p.Task, p.ID}] = p.Correct
			}
		}
		return correct, nil
	}
	before, err := read(0)
	if err != nil {
		return n, err
	}
	after, err := read(last)
	if err != nil {
		return n, err
	}
	if len(before) != len(after) {
		return n, fmt.Errorf("%s has %d items of the battery, the base row %d", folder.Predictions(last), len(after), len(before))
	}
	for item, known := range before {
		still, ok := after[item]
		switch {
		case !ok:
			return n, fmt.Errorf("%s lacks the battery's item %s %d", folder.Predictions(last), item.task, item.id)
		case known:
			n.known++
			if still {
				n.kept++
			}
		default:
			n.unknown++
			if still {
				n.gained++
			}
		}
	}
	return n, nil
}
