package claims

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

const (
	// equationsCommand measures what the equations imply.
	equationsCommand = "-suite gradients -methods secura,secura-k" + diagnosed
	// rounding is how far float32 may take a mean of S above its bound.
	rounding = 1e-6
)

// smallMove is S-MagNorm's S, 2 - sigmoid(-s/2) with s = 6, where an entry's relative move is small
// beside the largest one.
var smallMove = 2 - 1/(1+math.Exp(3))

// equations shows, by the runs' own records, what follows from the published equations.
func (c judge) equations() table.Table {
	t := findings("What the equations imply",
		"the points of the specification; measured: the range over all steps whose update is not 0, and where its upper end was seen")
	secura, own := plain(report.Subject), "method "+report.Subject
	row := func(label, what string, wanted func(suite.MethodSpec) bool, measure string, text, shown func(measureRange) string, meaning string) {
		c.find(&t, label, what, equationsCommand, wanted, exactly(measure), text, shown, meaning)
	}
	row("1 mean S in the forward pass", own, secura, "magnorm/mean", inDigits(7, 1, ""), func(r measureRange) string { return yes(r.within(2, 0)) },
		"with M1 and a merge after every step B is 0 in every forward pass, so that S = 2 everywhere and the fused weight is W: S-MagNorm does nothing; shown if the mean is exactly 2 at every step")
	c.sameLosses(&t, secura)
	row("2 mean S, had W moved", own, secura, "magnorm/moved_mean", inDigits(5, 1, ""),
		func(r measureRange) string { return yes(r.within(smallMove, 0.01)) },
		fmt.Sprintf("S is discontinuous: 2 where nothing moved, 2 − sigmoid(−3) = %.4f for a small move, which scales every weight by %.4f; shown if the whole range is within 0.01 of it",
			smallMove, 2/smallMove))
	row("2 that scaling / the update", own, secura, "magnorm/scaling_ratio", inDigits(3, 1, ""),
		func(r measureRange) string {
			if r.least.value <= 1 && r.most.value > 1 {
				return "in part"
			}
			return yes(r.least.value > 1)
		},
		"‖(F + G)/S − F‖ / ‖G − F‖: how much larger than the update the change of the fused weight would be; shown if above 1 at every step, in part if at some")
	row("3 (merged − trained) / update", "method secura-k", mergesRarely, "merge/mismatch", inDigits(3, 1, ""),
		func(r measureRange) string { return yes(r.least.value > 0) },
		"M1 with k > 1 merges W + C·A·B·R, a function that was not the one trained, which was the fused one; shown if above 0 at every merge")
	meaning := "‖the step‖/‖W‖ in percent at the run's learning rate, and divided by the rate: it follows from the smallest columns and rows, so that rates must be tuned per backbone"
	number := func(measureRange) string { return "·" }
	row("4 relative size of a step", own, secura, "step/relative", inDigits(3, 100, "%"), number, meaning)
	row("4 the same per learning rate", own, secura, perRate, inDigits(3, 1, ""), number, meaning)
	c.likeSeq(&t)
	return t
}

// mergesRarely wants SECURA with merge_every above 1, S-MagNorm's result not being what is merged.
func mergesRarely(m suite.MethodSpec) bool {
	every, changed := m.Params["merge_every"]
	return m.Preset == "secura-k" || m.Preset == "secura" && changed && fmt.Sprint(every) != "1"
}

// sameLosses shows that S-MagNorm does nothing: the losses are those of the same method without it.
func (c judge) sameLosses(t *table.Table, secura func(suite.MethodSpec) bool) {
	const without = "1 losses without S-MagNorm"
	off := "the largest relative difference of the two losses of a step, same seed and order; only the gradient is halved, which AdamW cancels but for clipping: shown if below 1e-2"
	n, most := 0, sighting{}
	for _, e := range c.runs {
		for _, a := range e.cells {
			if !secura(a.cell.Method) {
				continue
			}
			for _, b := range e.cells {
				if !withoutMagNorm(b.cell.Method, a.cell.Method) || a.cell.Seed != b.cell.Seed || a.cell.Order != b.cell.Order {
					continue
				}
				for _, without := range b.losses {
					i := slices.IndexFunc(a.losses, func(with sighting) bool { return with.where == without.where })
					if i < 0 || a.losses[i].value == 0 {
						continue
					}
					share := math.Abs(without.value/a.losses[i].value - 1)
					if n++; share >= most.value {
						most = sighting{share, without.cell, without.where}
					}
				}
			}
		}
	}
	if n == 0 {
		addAbsent(t, without, off, c.missing("method like secura but for magnorm: false", "-suite ablation"))
		return
	}
	addFinding(t, without, fmt.Sprintf("%.3g", most.value), n, most, yes(most.value < 1e-2), off)
}

// withoutMagNorm says that m is the other method without S-MagNorm and nothing else.
func withoutMagNorm(m, other suite.MethodSpec) bool {
	if m.Preset != other.Preset || m.Params["magnorm"] != false || m.LearningRate != other.LearningRate || len(m.Params) != len(other.Params)+1 {
		return false
	}
	for key, v := range other.Params {
		if fmt.Sprint(m.Params[key]) != fmt.Sprint(v) {
			return false
		}
	}
	return true
}

// likeSeq shows that SECURA learns and forgets like training in sequence.
func (c judge) likeSeq(t *table.Table) {
	i := slices.IndexFunc(c.runs, func(e *Evidence) bool { return !e.Suite.Separate() && e.Has(report.Subject) && e.Has("seq") })
	for _, part := range []struct{ label, metric, meaning string }{
		{"5 learning accuracy beyond seq", "learning_accuracy", "secura − seq, points of 100 over paired seeds; every method's own numbers stand in the next table"},
		{"5 backward transfer beyond seq", "bwt", "secura − seq, points of 100 over paired seeds: SECURA retains no more than seq; shown if it is not ahead by the rule below, not shown if it is"},
	} {
		if i < 0 {
			addAbsent(t, part.label, part.meaning, c.lacking("stream with "+report.Subject+" and seq", report.Subject, "seq"))
			continue
		}
		d := report.Difference(c.runs[i].Report, "seq", report.MetricOf(part.metric))
		if !d.Mean.Defined() {
			addAbsent(t, part.label, part.meaning, d.Mean.Undefined)
			continue
		}
		shown := "·"
		if part.metric == "bwt" {
			switch judgeAhead([]metric.Difference{d}, 0).verdict {
			case NotSupported:
				shown = "yes"
			case Supported:
				shown = "no"
			default:
				shown = "undecided"
			}
		}
		addFinding(t, part.label, "", d.N, sighting{cell: "paired seeds"}, shown, part.meaning)
		e := value(t, d.Summary, true)
		t.Rows[len(t.Rows)-1][1] = table.Entry{Text: strings.TrimSpace(e.Text + " " + e.Spread), Notes: e.Notes}
	}
}
