package reports

import (
	"fmt"
)

const (
	// knowledgeBar is the paper's "over 70% of the basic knowledge".
	knowledgeBar = 0.70
	// learningBar is how far above the base row a method must be to have learned.
	learningBar = 0.08
)

// claimed are the methods that SECURA is said to be ahead of.
var claimed = []string{"seq", "er", "ewc", "i-lora", "cur-lora"}

// knowledge sets the claim "knowledge above 70%" against the run in both
// readings that its text allows.
func (c claims) knowledge() Table {
	t := Table{
		Title:       "Claim: SECURA keeps more than 70% of the base knowledge",
		Caption:     []string{"points of 100; n counts seeds, ± is the half-width of the mean's 95% interval"},
		Columns:     []Column{{[]string{"knowledge at the end of the stream"}}, {[]string{"n"}}, {[]string{"measured"}}, {[]string{"verdict"}}},
		TextColumns: []int{3},
	}
	r, ok := c.stream()
	for _, reading := range []struct{ label, metric string }{
		{"as K[N], above 70", "knowledge_final"}, {"as K[N]/K[0], above 70%", "knowledge_retention"},
	} {
		if !ok {
			t.Rows = append(t.Rows, []Entry{{Text: reading.label}, {Text: "0"}, {Text: "–"}, t.verdict(judgement{NotMeasured, noStream()})})
			continue
		}
		s := r.Summarise(subject, reading.metric)
		t.Rows = append(t.Rows, []Entry{{Text: reading.label}, count(s.N), value(s, false), t.judged(r, judgeLevel(s, knowledgeBar))})
	}
	if !ok {
		return t
	}
	if base, ok := r.base(); ok && len(base.K) > 0 && Number(base.K[0]).Defined() {
		remark := fmt.Sprintf("K[0], the untouched backbone's own score, is %s", points(base.K[0]))
		if base.K[0] <= knowledgeBar {
			remark += ": as K[N] not even a method that changes nothing passes"
		}
		t.Remarks = append(t.Remarks, remark)
	}
	return t
}

// judged is a verdict on SECURA, which says so where SECURA hardly learned.
func (t *Table) judged(r *Report, j judgement) Entry { return t.judgedOf(r, subject, j) }

// judgedOf is a verdict on a method, which says so where it hardly learned.
func (t *Table) judgedOf(r *Report, method string, j judgement) Entry {
	e := t.verdict(j)
	if s := r.over(method, Cell.Gain); j.verdict != NotMeasured && s.Mean.Defined() && s.Mean.Number < learningBar {
		e = t.with(e, hardlyLearned(method, s))
	}
	return e
}

func hardlyLearned(method string, s Summary) string {
	return fmt.Sprintf("%s learned %s points above the base row, less than %s: a method that learns nothing retains everything",
		method, points(s.Mean.Number), points(learningBar))
}

// rivals sets the claim "ahead of SEQ, ER, EWC, I-LoRA, CUR-LoRA on the 16
// tests" against the run by one metric.
func (c claims) rivals(metric, words string) Table {
	t := Table{
		Title: "Claim: SECURA is ahead of its rivals by " + words,
		Columns: []Column{
			{[]string{"rival"}}, {[]string{"n"}}, {[]string{"", "measured"}}, {[]string{"secura", "ahead by"}},
			{[]string{"", "p"}}, {[]string{"p", "(Holm)"}}, {[]string{"learning", "accuracy"}}, {[]string{"above", "base row"}}, {[]string{"", "verdict"}},
		},
		TextColumns: []int{8},
	}
	r, ok := c.stream()
	if !ok {
		for _, rival := range claimed {
			t.Rows = append(t.Rows, t.unmeasured(rival, noStream()))
		}
		return t
	}
	t.Caption = []string{fmt.Sprintf("points of 100 on %d tasks, n paired seeds, ± is the half-width of the 95%% interval; p: two-sided sign-flip test, exact up to %d seeds",
		len(r.Suite.Tasks), exactPairs)}
	own, learning := r.Summarise(subject, metric), r.over(subject, Cell.Gain)
	t.Rows = append(t.Rows, []Entry{{Text: subject}, count(own.N), t.mean(own), {}, {}, {},
		value(r.Summarise(subject, "learning_accuracy"), false), t.flagged(subject, learning), {}})
	differences := make([]difference, len(claimed))
	for i, rival := range claimed {
		differences[i] = noDifference("not in this run", 0)
		if r.has(rival) {
			differences[i] = r.difference(rival, metricOf(metric))
		}
	}
	comparisons := adjust(differences)
	var parts []judgement
	for i, rival := range claimed {
		if !r.has(rival) {
			reason := missing("such method", streamCommand)
			t.Rows = append(t.Rows, t.unmeasured(rival, reason))
			parts = append(parts, judgement{NotMeasured, reason})
			continue
		}
		d := differences[i]
		j := judgeAhead(d, comparisons)
		parts = append(parts, j)
		t.Rows = append(t.Rows, []Entry{{Text: rival}, count(d.N), t.mean(r.Summarise(rival, metric)), value(d.Summary, true),
			probability(d.P), probability(d.PHolm), value(r.Summarise(rival, "learning_accuracy"), false), t.flagged(rival, r.over(rival, Cell.Gain)), t.verdict(j)})
	}
	t.Rows = append(t.Rows, []Entry{{Text: "all five"}, {}, {}, {}, {}, {}, {}, {}, t.judged(r, judgeAll(parts))})
	return t
}

// mean is the entry of a level; an undefined one tells its reason.
func (t *Table) mean(s Summary) Entry {
	if !s.Mean.Defined() {
		return t.Undefined(s.Mean.Undefined)
	}
	return value(s, false)
}

// flagged is the entry of what a method learned, with a footnote if that is too
// little for its retention to mean something.
func (t *Table) flagged(method string, s Summary) Entry {
	e := value(s, true)
	if s.Mean.Defined() && s.Mean.Number < learningBar {
		e = t.with(e, hardlyLearned(method, s))
	}
	return e
}

// unmeasured is the row of a rival that the run does not have.
func (t *Table) unmeasured(rival, reason string) []Entry {
	row := []Entry{{Text: rival}, {Text: "0"}}
	for len(row) < len(t.Columns)-1 {
		row = append(row, Entry{Text: "–"})
	}
	return append(row, t.verdict(judgement{NotMeasured, reason}))
}
