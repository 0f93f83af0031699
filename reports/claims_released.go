package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"secura/reports/table"
)

// releasedCommand measures how the released code behaves.
const releasedCommand = "-suite gradients -methods secura,secura-released-m1,secura-released-m2" + diagnosed

// diagnosed has a run take measures.
const diagnosed = " -set evaluation.diagnostics=true"

// findings is a table of measures, which are no scores over seeds: each number
// with the records it was taken from, where its extreme was seen, whether it
// shows what is said, and what it means as a footnote.
func findings(title string, caption ...string) table.Table {
	return table.Table{
		Title: title, Caption: caption, TextColumns: []int{1, 3, 4},
		Columns: []table.Column{{Head: []string{""}}, {Head: []string{"measured"}}, {Head: []string{"records"}}, {Head: []string{"where"}}, {Head: []string{"shown"}}},
	}
}

// finding adds a row. shown is "yes", "no", or empty where a number speaks for
// itself.
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

// noRecord is why a measure is not there: no cell of these methods, or cells
// whose records hold no such measure.
func (c claims) noRecord(wanted func(Method) bool, what, command string) string {
	for _, e := range c.runs {
		for _, m := range e.Suite.Methods {
			if wanted(m) {
				return fmt.Sprintf("not measured by this run: the records of %s hold no such measure; runner run %s", m.Name, command)
			}
		}
	}
	return missing(what, command)
}

// released lists how the released code behaves, measured by the runs' own
// records.
func (c claims) released() table.Table {
	t := findings("What the released code does",
		"measured: the largest value in the records of steps and boundaries; where: the first cell, task and step that has it")
	row := func(label, what string, wanted func(Method) bool, named func(string) bool, shown func(r measureRange) string, meaning string) {
		r := ranged(c.runs, wanted, named)
		if r.n == 0 {
			addAbsent(&t, label, meaning, c.noRecord(wanted, what, releasedCommand))
			return
		}
		addFinding(&t, label, fmt.Sprintf("%.3g", r.most.value), r.n, r.most, shown(r), meaning)
	}
	zero := func(r measureRange) string { return yes(r.within(0, 0)) }
	cabr := func(m Method) bool { _, changed := m.Params["init"]; return !changed }
	row("A₀: |UΣVᵀ − W[:r,:m]|", "CABR method", cabr, exactly("cabr/a0_identity_error"),
		func(r measureRange) string { return yes(r.most.value < 1e-4) },
		"max |U[:r]·Σ·V[:m]ᵀ − W[:r,:m]|: the full decomposition that the release starts A from is the weight's top-left block to rounding (< 1e-4): no decomposition is needed, and no principal direction is chosen")
	aGradient := "B is 0 at every forward pass, so that A gets no gradient: it only shrinks by weight decay, and A·B is trained through B alone"
	for _, preset := range []string{"secura-released-m1", "secura"} {
		row(short(preset)+": gradient of A", "method "+preset, plain(preset), tensor("A"), zero, aGradient)
		row(short(preset)+": gradient of B", "method "+preset, plain(preset), tensor("B"),
			func(r measureRange) string { return yes(r.most.value > 0) }, "the measure above is no artefact: B, in the same steps, does get one")
	}
	const m2 = "secura-released-m2"
	row(short(m2)+": gradient of A", "method "+m2, plain(m2), tensor("A"), zero, aGradient)
	c.unmovedRows(&t, m2)
	row(short(m2)+": ‖W − W₀‖", "method "+m2, plain(m2), exactly("update/frobenius"), zero,
		"what M2 accumulates is never used in its forward pass: the weight that is evaluated is the pretrained one")
	c.overwritten(&t)
	return t
}

// short is a preset's name in a label.
func short(preset string) string {
	return strings.NewReplacer("secura-released-m", "released M").Replace(preset)
}

// unmovedRows counts a method's boundaries after training whose scores are those
// of the base row to all digits.
func (c claims) unmovedRows(t *table.Table, preset string) {
	label := short(preset) + ": rows unchanged"
	meaning := "rows of R after training that equal the base row to all digits: M2's accumulator is not used, the model does not learn, and what it retains is what a frozen model retains"
	equal, all := 0, 0
	var differing sighting
	for _, e := range c.runs {
		for _, cell := range e.Cells {
			if !plain(preset)(cell.Method) || len(cell.R) == 0 || cell.R[0] == nil {
				continue
			}
			for i, row := range cell.R[1:] {
				switch {
				case row == nil:
					continue
				case equalWhereMeasured(row, cell.R[0]):
					equal++
				case differing.cell == "":
					differing = sighting{0, cell.ID, "after task " + cell.Tasks[i]}
				}
				all++
			}
		}
	}
	if all == 0 {
		addAbsent(t, label, meaning, missing("method "+preset, releasedCommand))
		return
	}
	if differing.cell == "" {
		differing.cell = "all"
	}
	addFinding(t, label, fmt.Sprintf("%d of %d", equal, all), all, differing, yes(equal == all), meaning)
}

// equalWhereMeasured compares the scores that a row has; NaN stands for others.
func equalWhereMeasured(row, base []float64) bool {
	return slices.EqualFunc(row, base, func(a, b float64) bool { return math.IsNaN(a) || a == b })
}

// overwritten shows what the line of the release does that replaces its
// normalised Z by s·L: S is then 2 - sigmoid(s·L) <= 1.5 as soon as anything
// moves. The release's own modules act on outputs, where S is no measure; the
// same line acts on weights in a method with normalise: none.
func (c claims) overwritten(t *table.Table) {
	const label = "unnormalised S, had W moved"
	meaning := "the release overwrites its normalised Z by s·L, so that S = 2 − sigmoid(s·L) is at most 1.5 as soon as anything moves: (F + G)/S then scales every entry by 4/3 or more"
	wanted := func(m Method) bool { return m.Params["normalise"] == "none" }
	r := ranged(c.runs, wanted, exactly("magnorm/moved_mean"))
	if r.n == 0 {
		addAbsent(t, label, meaning, c.noRecord(wanted, "method with normalise: none in weight space", "-suite ablation"+diagnosed))
		return
	}
	addFinding(t, label, r.text(5, 1, ""), r.n, r.most, yes(r.most.value <= 1.5+rounding), meaning)
}
