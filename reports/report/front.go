package report

import (
	"cmp"
	"slices"

	"secura/experiments/record"
	"secura/reports/metric"
)

// Setting is one setting of a method, as a point of learning against retention.
type Setting struct {
	// Method is the preset, Name what the setting is called.
	Method, Name string
	// Learning, Retention and Accuracy are its numbers by seed, where all three are defined; Reason
	// says why there are none.
	Learning, Retention, Accuracy []SeedValue
	Reason                        string
}

// FrontPoint is a place in the plane of learning accuracy and retention.
type FrontPoint struct{ Learning, Retention float64 }

// At is where a setting lies: the means over its seeds.
func (s Setting) At() FrontPoint { return FrontPoint{meanOf(s.Learning), meanOf(s.Retention)} }

func meanOf(list []SeedValue) float64 {
	return metric.Mean(0, len(list)-1, func(i int) float64 { return list[i].Value.Number })
}

// Dominates says whether a point is nowhere less than another, and somewhere more.
func (p FrontPoint) Dominates(q FrontPoint) bool {
	return p.Learning >= q.Learning && p.Retention >= q.Retention && p != q
}

// Area is that under the front of some points: of what has less learning and less retention than
// one of them, both at least 0. Retention counts up to 1.
func Area(points []FrontPoint) (area float64) {
	points = slices.Clone(points)
	slices.SortFunc(points, func(a, b FrontPoint) int { return cmp.Compare(b.Learning, a.Learning) })
	height := 0.0
	for _, p := range points {
		if y := min(p.Retention, 1); y > height {
			area += max(p.Learning, 0) * (y - height)
			height = y
		}
	}
	return area
}

// AreaBySeed is the area under the front of a method's settings on each seed that all of them have.
func AreaBySeed(settings []Setting) (list []SeedValue) {
	points, counts := map[int][]FrontPoint{}, 0
	for _, s := range settings {
		if len(s.Learning) == 0 {
			continue
		}
		counts++
		for i, x := range s.Learning {
			points[x.Seed] = append(points[x.Seed], FrontPoint{x.Value.Number, s.Retention[i].Value.Number})
		}
	}
	for seed, at := range points {
		if len(at) == counts {
			list = append(list, SeedValue{seed, metric.Number(Area(at))})
		}
	}
	slices.SortFunc(list, func(a, b SeedValue) int { return cmp.Compare(a.Seed, b.Seed) })
	return list
}

// Settings are those of a run: its methods but for references. Retention is a number of a cell.
func (r *Report) Settings(retention func(Cell) metric.Value) (list []Setting) {
	for _, m := range r.Suite.Methods {
		if m.Reference() {
			continue
		}
		s := Setting{Method: m.Preset, Name: m.Name}
		of := []func(Cell) metric.Value{MetricOf("learning_accuracy"), retention, MetricOf("acc")}
		for i, to := range []*[]SeedValue{&s.Learning, &s.Retention, &s.Accuracy} {
			values, reason := r.OverSeedsOf(m.Name, of[i])
			for _, v := range values {
				if reason == "" {
					reason = v.Value.Undefined
				}
			}
			if *to = values; s.Reason == "" && (len(values) == 0 || reason != "" && slices.ContainsFunc(values, undefined)) {
				s.Reason = reason
			}
		}
		if s.Reason != "" {
			s.Learning, s.Retention, s.Accuracy = nil, nil, nil
		}
		list = append(list, s)
	}
	return list
}

func undefined(v SeedValue) bool { return !v.Value.Defined() }

// TriedSettings are those of a tuning: its trials, each with the seeds that it was run on, the
// first of which is 0.
func TriedSettings(k record.Tuning) (list []Setting) {
	of := func(o record.Outcome, key string) metric.Value {
		if i := slices.IndexFunc(o.Metrics, func(s record.Score) bool { return s.Name == key }); i >= 0 {
			return metric.Number(o.Metrics[i].Value)
		}
		return metric.Undefined(cmp.Or(o.Reason, key+" was not measured"))
	}
	for _, m := range k.Methods {
		for _, trial := range m.Trials {
			s := Setting{Method: m.Name, Name: trialNumber(trial.Name)}
			for seed, o := range append([]record.Outcome{trial.Outcome}, trial.Again...) {
				acc, learning := of(o, "acc"), of(o, "learning_accuracy")
				kept := share(acc, learning)
				if !kept.Defined() {
					s.Reason = cmp.Or(s.Reason, kept.Undefined)
					continue
				}
				s.Learning, s.Retention, s.Accuracy = append(s.Learning, SeedValue{seed, learning}), append(s.Retention, SeedValue{seed, kept}), append(s.Accuracy, SeedValue{seed, acc})
			}
			list = append(list, s)
		}
	}
	return list
}
