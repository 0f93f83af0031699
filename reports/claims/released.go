package claims

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/report"
	"secura/reports/table"
)

// releasedCommand measures how the released code behaves.
const releasedCommand = "-suite paper-released-nano -methods secura,secura-released-m1,secura-released-m2" + diagnosed

// diagnosed has a run take measures.
const diagnosed = " -set evaluation.diagnostics=true"

// findings is a table of measures, which are no scores over seeds: each number with the records it
// was taken from, where its extreme was seen, whether it shows what is said, and what it means as a
// footnote.
func findings(title string, caption ...string) table.Table {
	return table.Table{
		Title: title, Caption: caption, TextColumns: []int{1, 3, 4},
		Columns: []table.Column{{Head: []string{""}}, {Head: []string{"measured"}}, {Head: []string{"records"}}, {Head: []string{"where"}}, {Head: []string{"shown"}}},
	}
}

// finding adds a row. shown is "yes", "no", or empty where a number speaks for itself.
func addFinding(t *table.Table, label, measured string, n int, at sighting, shown, meaning string) {
	t.Rows = append(t.Rows, []table.Entry{
		{Text: label, Notes: []int{t.Note(meaning)}}, {Text: measured}, table.Count(n), {Text: at.cell, Spread: at.where}, {Text: shown},
	})
}

// absent adds the row of what the runs did not measure.
func addAbsent(t *table.Table, label, meaning, reason string) {
	dash := table.Entry{Text: "–"}
	t.Rows = append(t.Rows, []table.Entry{{Text: label, Notes: []int{t.Note(meaning)}}, t.Undefined(reason), {Text: "0"}, dash, dash})
}

// yes is the word for a finding that shows what is said.
func yes(shown bool) string {
	if shown {
		return "yes"
	}
	return "no"
}

// noRecord is why a measure is not there: no cell of these methods, none that is finished, or cells
// whose records hold no such measure.
func (c judge) noRecord(wanted func(suite.MethodSpec) bool, what, command string) string {
	unfinished := ""
	for _, e := range c.runs {
		for _, m := range e.Suite.Methods {
			if !wanted(m) {
				continue
			}
			if seeds, _ := e.OverSeedsOf(m.Name, report.MetricOf("acc")); len(seeds) > 0 {
				return fmt.Sprintf("not measured by this run: the records of %s hold no such measure; runner run %s", m.Name, command)
			}
			unfinished = cmp.Or(unfinished, fmt.Sprintf("not measured by this run, in which no cell of %s is finished", m.Name))
		}
	}
	return cmp.Or(unfinished, c.missing(what, command))
}

// find adds the row of what is named, over the cells that are wanted of all runs: its range and
// whether this shows what is said, or that no record of what was asked for is there and which
// command makes one.
func (c judge) find(t *table.Table, label, what, command string, wanted func(suite.MethodSpec) bool, named func(string) bool, text, shown func(measureRange) string, meaning string) {
	r := ranged(c.runs, wanted, named)
	if r.n == 0 {
		addAbsent(t, label, meaning, c.noRecord(wanted, what, command))
		return
	}
	addFinding(t, label, text(r), r.n, r.most, shown(r), meaning)
}

// released lists how the released code behaves, measured by the runs' own records.
func (c judge) released() table.Table {
	t := findings("What the released code does",
		"measured: the largest value, or the range, in the records of steps and boundaries; where: the first cell, task and step that has the largest")
	row := func(label, what string, wanted func(suite.MethodSpec) bool, named func(string) bool, text, shown func(r measureRange) string, meaning string) {
		c.find(&t, label, what, releasedCommand, wanted, named, text, shown, meaning)
	}
	largest := func(r measureRange) string { return fmt.Sprintf("%.3g", r.most.value) }
	zero := func(r measureRange) string { return yes(r.within(0, 0)) }
	positive := func(r measureRange) string { return yes(r.most.value > 0) }
	number := func(measureRange) string { return "·" }
	cabr := func(m suite.MethodSpec) bool {
		_, changed := m.Params["init"]
		return !changed && (strings.HasPrefix(m.Preset, report.Subject) || strings.HasPrefix(m.Preset, "cabr"))
	}
	row("A₀: |UΣVᵀ − W[:r,:m]|", "CABR method", cabr, exactly("cabr/a0_identity_error"), largest,
		func(r measureRange) string { return yes(r.most.value < 1e-4) },
		"max |U[:r]·Σ·V[:m]ᵀ − W[:r,:m]|: the full decomposition that the release starts A from is the weight's top-left block to rounding (< 1e-4): no decomposition is needed, and no principal direction is chosen")
	aGradient := "B is 0 at every forward pass, so that A gets no gradient: it only shrinks by weight decay, and A·B is trained through B alone"
	bGradient := "the measure above is no artefact: B, in the same steps, does get one"
	const m1, m2 = "secura-released-m1", "secura-released-m2"
	row("secura: gradient of A", "method "+report.Subject, plain(report.Subject), tensor("A"), largest, zero, aGradient)
	row("secura: gradient of B", "method "+report.Subject, plain(report.Subject), tensor("B"), largest, positive, bGradient)
	for _, preset := range []string{m1, m2} {
		row(short(preset)+": gradient of A", "method "+preset, plain(preset), tensor("A"), largest, zero, aGradient)
		row(short(preset)+": gradient of B", "method "+preset, plain(preset), tensor("B"), largest, positive, bGradient)
		row(short(preset)+": gradient of bias", "method "+preset, plain(preset), tensor("bias"), largest, positive,
			"as published a bias of q_proj and v_proj is trained and decayed; with M2 nothing else learns, for the weight is never written")
		c.early(&t, preset)
		row(short(preset)+": mean S", "method "+preset, plain(preset), exactly("magnorm/mean"), inDigits(4, 1, ""),
			func(r measureRange) string { return yes(r.least.value < 1.6) },
			"S-MagNorm's S of the outputs over all steps: 2 in the first one, and about 1.5 where nothing moves in all others; shown if it falls below 1.6")
		row(short(preset)+": ‖W‖ of all", "method "+preset, plain(preset), exactly("weight/frobenius"), inDigits(4, 1, ""), number,
			"‖W‖ of the adapted weights at boundaries: the release reports the mean of each weight's under the name of an SVD norm of what was learned")
		row(short(preset)+": ‖update‖ of all", "method "+preset, plain(preset), exactly("update/frobenius"), inDigits(3, 1, ""), number,
			"‖W − W pretrained‖ at boundaries, beside the row above; M2 has none")
	}
	row("M1: entries that bf16 keeps", "method "+m1, plain(m1), exactly("merge/kept_entries"), inDigits(3, 100, "%"), number,
		"share of the entries of a bfloat16 weight that a merge of the step's update would change")
	row("M1: error of a bf16 merge", "method "+m1, plain(m1), exactly("merge/kept_error"), inDigits(3, 100, "%"), number,
		"‖what a bfloat16 weight would take − the update‖/‖the update‖")
	c.overwritten(&t)
	t.Remarks = append(t.Remarks, raises...)
	return t
}

// raises says which paths of the release raise: stated, not run.
var raises = []string{
	"Of the release's paths these raise as published (stated, not run here): I-LoRA at its first forward pass, CUR-LoRA at the first change of task of a stream (EXP5), M1 in EXP2 at step 2000 before its test, EXP3 (a key is missing), EXP0 with M2.",
	"ER, EWC and SEQ, which the paper compares with, have no code there.",
}

// short is a preset's name in a label.
func short(preset string) string {
	return strings.NewReplacer("secura-released-m", "M").Replace(preset)
}

// early shows what happens between a stream's first step and its second one: the gain of the
// outputs, the loss, and how large the first update is.
func (c judge) early(t *table.Table, preset string) {
	var gain, share measureRange
	var jump string
	var at sighting
	n := 0
	take := func(into *measureRange, cell report.Cell, measures []record.Measure, name string, step int) {
		if i := slices.IndexFunc(measures, func(m record.Measure) bool { return m.Name == name }); i >= 0 {
			into.include(sighting{measures[i].Value, cell.ID, fmt.Sprintf("step %d", step)}, into.n == 0)
			into.n++
		}
	}
	for _, e := range c.runs {
		for _, m := range e.cells {
			if !plain(preset)(m.cell.Method) || len(m.losses) < 2 {
				continue
			}
			take(&gain, m.cell, m.second, "magnorm/gain", 2)
			take(&share, m.cell, m.first, "step/relative", 1)
			if n++; n == 1 {
				jump, at = fmt.Sprintf("%.3g → %.3g", m.losses[0].value, m.losses[1].value), m.losses[0]
			}
		}
	}
	add := func(label string, r measureRange, text, shown, meaning string) {
		label = short(preset) + ": " + label
		if r.n == 0 {
			addAbsent(t, label, meaning, c.noRecord(plain(preset), "method "+preset, releasedCommand))
			return
		}
		addFinding(t, label, text, r.n, r.most, shown, meaning)
	}
	add("gain at step 2", gain, gain.text(4, 1, ""), yes(gain.least.value > 1.3 && gain.most.value < 1.5),
		"‖output‖/‖output without the adapter‖ over q_proj and v_proj: an output that did not move has S = 1.5 and is multiplied by 4/3, in evaluation too; shown if between 1.3 and 1.5 in every cell")
	add("loss, step 1 → 2", measureRange{n: n, most: at}, jump, "·", "the training loss before and after S-MagNorm begins to amplify, of the first cell; the two steps have other examples")
	add("first update / ‖W‖", share, share.text(3, 100, "%"), "·", "‖C·A·B·R‖/‖W‖ of the first step at the run's rate, in percent")
}

// overwritten shows what the line of the release does that replaces its normalised Z by s·L: S is
// then 2 - sigmoid(s·L) <= 1.5 as soon as anything moves. The release's own modules act on outputs,
// where S is no measure; the same line acts on weights in a method with normalise: none.
func (c judge) overwritten(t *table.Table) {
	c.find(t, "unnormalised S, had W moved", "method with normalise: none in weight space", "-suite ablation"+diagnosed,
		func(m suite.MethodSpec) bool { return m.Params["normalise"] == "none" }, exactly("magnorm/moved_mean"), inDigits(5, 1, ""),
		func(r measureRange) string { return yes(r.most.value <= 1.5+rounding) },
		"the release overwrites its normalised Z by s·L, so that S = 2 − sigmoid(s·L) is at most 1.5 as soon as anything moves: (F + G)/S then scales every entry by 4/3 or more")
}
