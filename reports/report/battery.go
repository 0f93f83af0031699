package report

import (
	"fmt"
	"strings"

	"secura/datasets/score"
	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
)

// items are what became of the battery's items from the untouched backbone to the end of a cell:
// how many it answered right, how many of these still were, and of how many of the others.
type items struct {
	known, kept, unknown, gained int
	// partial says that answers have partial credit, so that an item is not right or wrong.
	partial bool
}

// batteryItems are items of cells by their ids: by the answers on record, and of a battery of
// questions with options by the highest summed log-likelihood too; nil where there is none.
type batteryItems struct{ byAnswer, bySum map[string]items }

// BatteryMeasures tell the knowledge that was kept from what was won beside it, item by item, which
// K[N]/K[0] adds up: training that teaches how the battery's questions are answered raises K
// although items that were known are lost. Questions with options are also told by the option of
// the highest summed log-likelihood, the acc of evaluation harnesses, where scores take the highest
// mean of a token: what holds by one alone is a matter of the form. They read the predictions.
// There are none without a battery.
func (r *Report) BatteryMeasures() ([]Measure, error) {
	if len(r.Suite.Knowledge) == 0 {
		return nil, nil
	}
	if r.items == nil {
		trains := func(m suite.MethodSpec) bool { return m.Preset != suite.Frozen }
		read := func(right func(record.Prediction) bool) (map[string]items, error) {
			return fromPredictions(r, trains, func(c Cell) (items, error) { return itemsOf(r, c, right) })
		}
		var all batteryItems
		var err error
		if all.byAnswer, err = read(func(p record.Prediction) bool { return p.Correct }); err == nil && r.batteryHasOptions() {
			all.bySum, err = read(r.rightBySum())
		}
		if err != nil {
			return nil, fmt.Errorf("read what the battery's items became: %w", err)
		}
		r.items = &all
	}
	list := batteryMeasures(r.items.byAnswer)
	if r.items.bySum != nil {
		list = append(list, sumMeasures(r.items.bySum)...)
	}
	return list, nil
}

// itemKey names an item of the battery.
type itemKey struct {
	task string
	id   int32
}

// batteryHasOptions says whether all questions of the battery have options, whose texts are on
// record.
func (r *Report) batteryHasOptions() bool {
	for _, task := range r.Suite.Knowledge {
		if !task.Choice() {
			return false
		}
	}
	return r.Evaluated != nil
}

// rightBySum says whether the option of a prediction's highest summed log-likelihood is right.
func (r *Report) rightBySum() func(record.Prediction) bool {
	options := map[itemKey][]string{}
	for _, e := range r.Evaluated {
		options[itemKey{e.Task, e.ID}] = e.Options
	}
	return func(p record.Prediction) bool {
		of, best := options[itemKey{p.Task, p.ID}], score.ChooseRaw(p.OptionScores)
		return best >= 0 && best < len(of) && strings.TrimSpace(of[best]) == p.Gold
	}
}

// The keys of the shares of the battery's items that the backbone knew which are kept, and of its
// others which are gained; Raw are those by the highest summed log-likelihood.
const (
	KnownKept        = "known_kept"
	KnownKeptRaw     = "known_kept_raw"
	UnknownGained    = "unknown_gained"
	UnknownGainedRaw = "unknown_gained_raw"
)

// batteryMeasures are those of cells by their ids.
func batteryMeasures(read map[string]items) []Measure {
	return []Measure{
		{Key: KnownKept, Head: []string{"known", "kept"}, Better: 1, Of: shareOf(read, keptShare),
			Meaning: "share of the battery's items known before the stream that still are at its end"},
		{Key: UnknownGained, Head: []string{"unknown", "gained"}, Better: 1, Of: shareOf(read, gainedShare),
			Meaning: "share of its other items that are known at the end"},
	}
}

// sumMeasures are those by the highest summed log-likelihood, with K[0] and K[N] by it.
func sumMeasures(read map[string]items) []Measure {
	all := func(part func(items) int) func(items) (int, int, string) {
		return func(n items) (int, int, string) { return part(n), n.known + n.unknown, "the battery has no item" }
	}
	return []Measure{
		{Key: KnownKeptRaw, Head: []string{"by sum:", "kept"}, Better: 1, Of: shareOf(read, keptShare),
			Meaning: "known_kept by the highest summed log-likelihood of an option"},
		{Key: UnknownGainedRaw, Head: []string{"by sum:", "gained"}, Better: 1, Of: shareOf(read, gainedShare),
			Meaning: "unknown_gained by the same"},
		{Key: "knowledge_base_raw", Head: []string{"by sum:", "K[0]"}, Better: 1, Of: shareOf(read, all(func(n items) int { return n.known })),
			Meaning: "the untouched backbone's share of right answers by the same"},
		{Key: "knowledge_final_raw", Head: []string{"by sum:", "K[N]"}, Better: 1, Of: shareOf(read, all(func(n items) int { return n.kept + n.gained })),
			Meaning: "knowledge at the end by the same"},
	}
}

// Guessed is the share of the battery's items that a guess gets right: chance where they have
// options, and none of answers that are written.
func (r *Report) Guessed() metric.Value {
	for _, task := range r.Suite.Knowledge {
		if task.Choice() {
			return r.Chance.Knowledge
		}
	}
	return metric.Number(0)
}

// ItemsKept are the least and the largest share of the items that the backbone answered right which
// are right at the end if a share of what it knows is kept, known being its share of right answers
// and g, below it, that of a guess. It knows a share x of all items and guessed the others, known =
// x + (1 − x)·g. At the least, what is not kept and what was guessed is guessed anew. At the most,
// what was guessed right is right again, and what is not kept comes out right as often as the items
// that the backbone answered wrong, gained: training that teaches how such questions are answered
// helps with a forgotten item as with one that was never known. With g and gained 0 both are the
// share itself.
func ItemsKept(share, known, g, gained float64) (least, most float64) {
	x := (known - g) / (1 - g)
	kept, lost, guessed := share*x, (1-share)*x, known-x
	return (kept + (lost+guessed)*g) / known, (kept + lost*max(g, gained) + guessed) / known
}

func keptShare(n items) (part, all int, nothing string) {
	return n.kept, n.known, "the untouched backbone knew no item"
}

func gainedShare(n items) (part, all int, nothing string) {
	return n.gained, n.unknown, "the untouched backbone knew every item"
}

// shareOf is a share of a cell's items; nothing says why there is none of no items.
func shareOf(read map[string]items, share func(items) (part, all int, nothing string)) func(Cell) metric.Value {
	return func(c Cell) metric.Value {
		counted, ok := read[c.ID]
		switch {
		case c.Method.Preset == suite.Frozen:
			return metric.Undefined("no training")
		case !ok:
			return metric.Undefined(noPredictions)
		case counted.partial:
			return metric.Undefined("answers of the battery have partial credit: an item is not right or wrong")
		}
		part, all, nothing := share(counted)
		if all == 0 {
			return metric.Undefined(nothing)
		}
		return metric.Number(float64(part) / float64(all))
	}
}

// itemsOf reads a cell's predictions for the battery before the stream and at its end.
func itemsOf(r *Report, c Cell, right func(record.Prediction) bool) (n items, err error) {
	battery := map[string]bool{}
	for _, task := range r.Suite.Knowledge {
		battery[task.Name] = true
	}
	folder, last := r.Run.Cell(c.ID), len(c.R)-1
	read := func(boundary int) (map[itemKey]bool, error) {
		rows, err := record.ReadPredictions(folder.Predictions(boundary))
		if err != nil {
			return nil, err
		}
		correct := map[itemKey]bool{}
		for _, p := range rows {
			if battery[p.Task] {
				correct[itemKey{p.Task, p.ID}] = right(p)
				n.partial = n.partial || p.Score != 0 && p.Score != 1
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
