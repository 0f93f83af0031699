package claims

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

const (
	// knowledgeBar is the paper's "over 70% of the basic knowledge".
	knowledgeBar = 0.70
	learningBar  = metric.LearnedBar
)

// claimed are the methods that SECURA is said to be ahead of.
var claimed = []string{"seq", "er", "ewc", "i-lora", "cur-lora"}

// knowledge sets the claim "knowledge above 70%" against the run in both readings that its text
// allows, and item by item: K also rises by what was not known before.
func (c judge) knowledge() table.Table {
	t := table.Table{
		Title:       "Claim: SECURA keeps more than 70% of the base knowledge",
		Caption:     []string{"points of 100; n counts seeds, ± is the half-width of the mean's 95% interval"},
		Columns:     []table.Column{{Head: []string{"knowledge at the end of the stream"}}, {Head: []string{"n"}}, {Head: []string{"bar"}}, {Head: []string{"measured"}}, {Head: []string{"verdict"}}},
		TextColumns: []int{4},
	}
	kept := t.Note("the share of the battery's items that the untouched backbone answered right which are right at the end; K[N] also counts items that were won (table battery). " +
		"Some were right by a guess: a model that keeps 70% of what it knew has from the one to the other end of the bar of them right, the fewest where all guesses come out anew, " +
		"the most where those that were right are right again and what is forgotten comes out as often as what was not known before")
	type reading struct {
		key   string
		entry table.Entry
		// bar is where 70% of the knowledge lies for a method: one number, or from one to another.
		bar func(method string) (bar, error)
	}
	seventy := func(string) (bar, error) { return bar{knowledgeBar, knowledgeBar}, nil }
	readings := []reading{{"knowledge_final", table.Entry{Text: "as K[N]"}, seventy}, {"knowledge_retention", table.Entry{Text: "as K[N]/K[0]"}, seventy},
		{report.KnownKept, table.Entry{Text: "of the items known before", Notes: []int{kept}}, seventy}}
	e, ok := c.stream()
	if !ok {
		for _, x := range readings {
			t.Rows = append(t.Rows, []table.Entry{x.entry, {Text: "0"}, {Text: "–"}, {Text: "–"}, verdictEntry(&t, judgement{NotMeasured, c.noStream()})})
		}
		return t
	}
	c.sayRun(&t, e)
	r := e.Report
	known := r.BaseMetrics()["knowledge_final"]
	of := func(known metric.Value, gained string) func(string) (bar, error) {
		return func(method string) (bar, error) {
			return itemsBar(known, r.Guessed(), r.Over(method, e.number(gained)).Mean)
		}
	}
	readings[2].bar = of(known, report.UnknownGained)
	if base, ok := e.battery["knowledge_base_raw"]; ok {
		bySum := t.Note("the same where the answer is the option with the highest summed log-likelihood, and not the highest mean of a token")
		readings = append(readings, reading{report.KnownKeptRaw, table.Entry{Text: "of those known before by the sum", Notes: []int{bySum}},
			of(firstDefined(r, base), report.UnknownGainedRaw)})
	}
	row := func(method string, x reading) []table.Entry {
		s := r.Over(method, e.number(x.key))
		bar, err := x.bar(method)
		j := bar.judge(s)
		if err != nil && s.Mean.Defined() {
			j = judgement{Undecided, "cannot be decided: " + err.Error()}
		}
		shown := table.Entry{Text: "–"}
		if err == nil {
			shown.Text = bar.String()
		}
		return []table.Entry{x.entry, table.Count(s.N), shown, value(&t, s, false), judgedOf(&t, r, method, j)}
	}
	for _, x := range readings {
		t.Rows = append(t.Rows, row(report.Subject, x))
	}
	for _, form := range e.otherForms() {
		for _, x := range readings[1:] {
			x.entry.Text = form + ", " + x.entry.Text
			t.Rows = append(t.Rows, row(form, x))
		}
	}
	if known.Defined() {
		remark := "K[0], the untouched backbone's own score, is " + table.Points(known.Number)
		if known.Number <= knowledgeBar {
			remark += ": as K[N] not even a method that changes nothing passes"
		}
		t.Remarks = append(t.Remarks, remark)
	}
	return t
}

// bar is what a share must exceed; where it is known only to lie between two numbers, it is from
// the least to the most.
type bar struct{ least, most float64 }

// String prints the bar in points of 100.
func (b bar) String() string {
	if b.least == b.most {
		return table.Points(b.least)
	}
	return table.Points(b.least) + " to " + table.Points(b.most)
}

// itemsBar is the bar of "more than 70% of what the backbone knows is kept" for the share of the
// items that it answered right which are right at the end, known and guess being its share of right
// answers and that of a guess, and gained the share of the others that are right at the end.
func itemsBar(known, guess, gained metric.Value) (b bar, err error) {
	switch {
	case !known.Defined():
		return b, errors.New(known.Undefined)
	case !guess.Defined():
		return b, errors.New("a guess is not known: " + guess.Undefined)
	case known.Number <= guess.Number:
		return b, errors.New("the untouched backbone knows no more than a guess")
	}
	won := guess.Number
	if gained.Defined() {
		won = gained.Number
	}
	b.least, b.most = report.ItemsKept(knowledgeBar, known.Number, guess.Number, won)
	return b, nil
}

// firstDefined is a number of the untouched backbone, by the first finished cell that has it.
func firstDefined(r *report.Report, of func(report.Cell) metric.Value) metric.Value {
	v := metric.Undefined("no cell has it")
	for _, c := range r.Cells {
		if v = of(c); v.Defined() {
			break
		}
	}
	return v
}

// judgedEntry is a verdict on SECURA, which says so where SECURA hardly learned.
func judgedEntry(t *table.Table, r *report.Report, j judgement) table.Entry {
	return judgedOf(t, r, report.Subject, j)
}

// judgedOf is a verdict on a method, which says so where it hardly learned.
func judgedOf(t *table.Table, r *report.Report, method string, j judgement) table.Entry {
	e := verdictEntry(t, j)
	if s := r.Over(method, report.Cell.Gain); j.verdict != NotMeasured && !metric.Learned(s) {
		e = withNote(t, e, hardlyLearned(method, s))
	}
	return e
}

func hardlyLearned(method string, s metric.Summary) string {
	gain := table.Points(s.Mean.Number)
	if gain == table.Points(learningBar) {
		gain = fmt.Sprintf("%.3f", 100*s.Mean.Number)
	}
	return fmt.Sprintf("%s learned %s points above the base row, less than %s: a method that learns nothing retains everything", method, gain, table.Points(learningBar))
}

// rivals sets the claim "ahead of SEQ, ER, EWC, I-LoRA, CUR-LoRA on the 16 tests" against the run
// by one metric, or by report.KnownKept.
func (c judge) rivals(key, words string) table.Table {
	t := table.Table{
		Title: "Claim: SECURA is ahead of its rivals by " + words,
		Columns: []table.Column{
			{Head: []string{"rival"}}, {Head: []string{"n"}}, {Head: []string{"", "measured"}}, {Head: []string{"", "pairs"}}, {Head: []string{"secura", "ahead by"}},
			{Head: []string{"", "p"}}, {Head: []string{"p", "(Holm)"}}, {Head: []string{"learning", "accuracy"}}, {Head: []string{"above", "base row"}}, {Head: []string{"", "verdict"}},
		},
		TextColumns: []int{9},
	}
	e, ok := c.stream()
	if !ok {
		for _, rival := range claimed {
			t.Rows = append(t.Rows, unmeasuredRow(&t, rival, c.noStream()))
		}
		return t
	}
	r := e.Report
	t.Caption = []string{fmt.Sprintf("points of 100 on %d tasks, n counts seeds and pairs those that both have, ± is the half-width of the 95%% interval; p: two-sided sign-flip test, exact up to %d seeds",
		len(r.Suite.Tasks), metric.ExactPairs)}
	c.sayRun(&t, e)
	of := e.number(key)
	own, learning := r.Over(report.Subject, of), r.Over(report.Subject, report.Cell.Gain)
	t.Rows = append(t.Rows, []table.Entry{{Text: report.Subject}, table.Count(own.N), report.ScoreEntry(&t, own), {}, {}, {}, {},
		value(&t, r.Summarise(report.Subject, "learning_accuracy"), false), flaggedEntry(&t, report.Subject, learning), {}})
	differences, parts := e.ahead(report.Subject, of)
	for i, rival := range claimed {
		if !r.Has(rival) {
			t.Rows = append(t.Rows, unmeasuredRow(&t, rival, parts[i].why))
			continue
		}
		d, own := differences[i], r.Over(rival, of)
		t.Rows = append(t.Rows, []table.Entry{{Text: rival}, table.Count(own.N), report.ScoreEntry(&t, own), table.Count(d.N), value(&t, d.Summary, true),
			probability(d.P), probability(d.PHolm), value(&t, r.Summarise(rival, "learning_accuracy"), false), flaggedEntry(&t, rival, r.Over(rival, report.Cell.Gain)), verdictEntry(&t, parts[i])})
	}
	t.Rows = append(t.Rows, []table.Entry{{Text: "all five"}, {}, {}, {}, {}, {}, {}, {}, {}, judgedEntry(&t, r, judgeAll(parts))})
	forms := e.otherForms()
	if len(forms) > 0 {
		t.Remarks = append(t.Remarks, "the last rows are other forms of SECURA: the verdict is on being ahead of all five, as in the row above")
	}
	for _, form := range forms {
		own, learning := r.Over(form, of), r.Over(form, report.Cell.Gain)
		_, parts := e.ahead(form, of)
		t.Rows = append(t.Rows, []table.Entry{{Text: form}, table.Count(own.N), report.ScoreEntry(&t, own), {}, {}, {}, {},
			value(&t, r.Summarise(form, "learning_accuracy"), false), flaggedEntry(&t, form, learning), judgedOf(&t, r, form, judgeAll(parts))})
	}
	return t
}

// otherForms are SECURA's in the run beside the one that the paper's claims are read of: other
// sizes, and the presets of the release; ablations are none. Each is judged against the same five
// rivals.
func (e *Evidence) otherForms() (names []string) {
	for _, m := range e.Suite.Methods {
		resized := m.Preset == report.Subject && m.Name != report.Subject
		for key := range m.Params {
			resized = resized && slices.Contains([]string{"sizes", "rank", "inner"}, key)
		}
		if resized || strings.HasPrefix(m.Preset, report.Subject+"-released") {
			names = append(names, m.Name)
		}
	}
	return names
}

// ahead sets a method against the paper's rivals by a number of cells: the differences over paired
// seeds, p adjusted over all five, and what each shows.
func (e *Evidence) ahead(method string, of func(report.Cell) metric.Value) ([]metric.Difference, []judgement) {
	differences := make([]metric.Difference, len(claimed))
	for i, rival := range claimed {
		differences[i] = metric.NoDifference("not in this run", 0)
		if e.Has(rival) {
			differences[i] = report.Between(e.Report, method, rival, of)
		}
	}
	metric.AdjustAll(differences)
	parts := make([]judgement, len(claimed))
	for i, rival := range claimed {
		if parts[i] = judgeAhead(differences, i); !e.Has(rival) {
			parts[i] = judgement{NotMeasured, missingMethods(e, claimed...)}
		}
	}
	return differences, parts
}

// flagged is the entry of what a method learned, with a footnote if that is too little for its
// retention to mean something.
func flaggedEntry(t *table.Table, method string, s metric.Summary) table.Entry {
	e := value(t, s, true)
	if !metric.Learned(s) {
		e = withNote(t, e, hardlyLearned(method, s))
	}
	return e
}

// unmeasured is the row of a rival that the run does not have.
func unmeasuredRow(t *table.Table, rival, reason string) []table.Entry {
	row := []table.Entry{{Text: rival}, {Text: "0"}}
	for len(row) < len(t.Columns)-1 {
		row = append(row, table.Entry{Text: "–"})
	}
	return append(row, verdictEntry(t, judgement{NotMeasured, reason}))
}
