package tables

import (
	"fmt"
	"strconv"
	"strings"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// Interpolation shows each method's curve from the untouched backbone to what it learned: the
// accuracy at the end of the stream and the base knowledge that is left, of weights θ₀ + mix·(θ −
// θ₀). Its remarks say which mixtures dominate a preset of SECURA as it was learned.
func Interpolation(r *report.Report) table.Table {
	t := table.Table{Title: "Interpolation",
		Caption: []string{"Of the weights θ₀ + mix·(θ − θ₀), θ₀ pretrained and θ what the method evaluates, at the end of the stream: accuracy and K[N]/K[0] in points of 100, held-out text in nats a token" + spreadMeans(r) +
			". A mixture dominates a method where neither mean, of accuracy and of knowledge retention, is lower, and one is higher; that is no test."},
		Columns: []table.Column{{Head: []string{"method"}}, {Head: []string{"mix"}}, {Head: []string{"accuracy"}}, {Head: []string{"knowledge", "retention"}}, {Head: []string{"held-out", "text"}}}}
	list := append(append([]float64{0}, r.Mixes()...), 1)
	of := func(m suite.MethodSpec, mix float64) (means [3]metric.Summary) {
		for i, measure := range report.MixtureMeasures(shortest(mix), mix) {
			means[i] = r.Over(m.Name, measure.Of)
		}
		return means
	}
	for _, m := range r.Suite.Methods {
		for _, mix := range list {
			means := of(m, mix)
			if accuracy := means[0].Mean; !accuracy.Defined() && mix > 0 && mix < 1 {
				continue // a method without mixtures has its ends
			}
			nats := table.Entry{Text: "·"}
			if text := means[2].Mean; text.Defined() {
				nats = table.Numeric(fmt.Sprintf("%.3f", text.Number), text.Number)
			}
			t.Rows = append(t.Rows, []table.Entry{{Text: m.Name}, table.Numeric(shortest(mix), mix), report.ScoreEntry(&t, means[0]), report.ScoreEntry(&t, means[1]), nats})
		}
	}
	at := func(m suite.MethodSpec, mix float64) (p report.FrontPoint, ok bool) {
		means := of(m, mix)
		a, k := means[0].Mean, means[1].Mean
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
