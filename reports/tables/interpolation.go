package tables

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// ofAnyCell are the different numbers that the entries of any cell have, ascending.
func ofAnyCell[E any, N cmp.Ordered](r *report.Report, entries func(report.Cell) []E, number func(E) N) (list []N) {
	for _, c := range r.Cells {
		for _, e := range entries(c) {
			list = append(list, number(e))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// mixes are the mixtures that any cell evaluated, ascending, between 0 and 1.
func mixes(r *report.Report) []float64 {
	return ofAnyCell(r, func(c report.Cell) []report.Mixture { return c.Mixtures }, func(m report.Mixture) float64 { return m.Mix })
}

// Interpolation shows each method's curve from the untouched backbone to what it learned: the
// accuracy at the end of the stream and the base knowledge that is left, of weights θ₀ + mix·(θ −
// θ₀). Its remarks say which mixtures dominate a preset of SECURA as it was learned.
func Interpolation(r *report.Report) table.Table {
	t := table.Table{Title: "Interpolation",
		Caption: []string{"Of the weights θ₀ + mix·(θ − θ₀), θ₀ pretrained and θ learned, at the end of the stream: accuracy and K[N]/K[0] in points of 100, held-out text in nats a token" + spreadMeans(r) +
			". A mixture dominates a method where neither mean, of accuracy and of knowledge retention, is lower, and one is higher."},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"mix"}}, {Head: []string{"accuracy"}}, {Head: []string{"knowledge", "retention"}}, {Head: []string{"held-out", "text"}}}}
	list := append(append([]float64{0}, mixes(r)...), 1)
	accuracy := func(mix float64) func(report.Cell) metric.Value {
		return func(c report.Cell) metric.Value { return c.MixtureAt(mix, report.Mixture.MeanScore) }
	}
	retained := func(mix float64) func(report.Cell) metric.Value {
		return func(c report.Cell) metric.Value {
			return c.MixtureAt(mix, func(m report.Mixture) float64 { return c.Retained(m.K) })
		}
	}
	text := func(mix float64) func(report.Cell) metric.Value {
		return func(c report.Cell) metric.Value {
			return c.MixtureAt(mix, func(m report.Mixture) float64 { return m.Perplexity })
		}
	}
	for _, m := range r.Suite.Methods {
		for _, mix := range list {
			if r.Over(m.Name, accuracy(mix)).Mean.Undefined != "" && mix > 0 && mix < 1 {
				continue // a method without mixtures has its ends
			}
			nats := table.Entry{Text: "·"}
			if s := r.Over(m.Name, text(mix)); s.Mean.Defined() {
				nats = table.Numeric(fmt.Sprintf("%.3f", s.Mean.Number), s.Mean.Number)
			}
			t.Rows = append(t.Rows, []table.Entry{{Text: m.Name}, table.Numeric(shortest(mix), mix),
				report.ScoreEntry(&t, r.Over(m.Name, accuracy(mix))), report.ScoreEntry(&t, r.Over(m.Name, retained(mix))), nats})
		}
	}
	at := func(m suite.MethodSpec, mix float64) (p report.FrontPoint, ok bool) {
		a, k := r.Over(m.Name, accuracy(mix)).Mean, r.Over(m.Name, retained(mix)).Mean
		return report.FrontPoint{Learning: a.Number, Retention: k.Number}, a.Defined() && k.Defined()
	}
	for _, subject := range r.Suite.Methods {
		if !strings.HasPrefix(subject.Preset, report.Subject) {
			continue
		}
		own, ok := at(subject, 1)
		if !ok {
			continue
		}
		for _, m := range r.Suite.Methods {
			if strings.HasPrefix(m.Preset, report.Subject) || m.Reference() {
				continue
			}
			var tried, above []string
			for _, mix := range list[1:] {
				point, ok := at(m, mix)
				if !ok {
					continue
				}
				if tried = append(tried, shortest(mix)); point.Dominates(own) {
					above = append(above, shortest(mix))
				}
			}
			switch {
			case len(above) > 0:
				t.Remarks = append(t.Remarks, m.Name+" at mix "+strings.Join(above, ", ")+" dominates "+subject.Name)
			case len(tried) > 0:
				t.Remarks = append(t.Remarks, m.Name+" at mix "+strings.Join(tried, ", ")+" does not dominate "+subject.Name)
			}
		}
	}
	return t
}

// shortest writes a number with as few digits as tell it from others.
func shortest(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
