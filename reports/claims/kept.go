package claims

import (
	"fmt"
	"slices"
	"strings"

	scoring "secura/datasets/score"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// keptSettings measure, in a run of a stream, what is kept by the released measure.
const keptSettings = "-methods secura,secura-released-m1,secura-released-m2 -set evaluation.teacher_forced=true -seeds 8"

// keepers are the presets whose knowledge the paper's claim is judged for by both measures.
var keepers = []string{report.Subject, "secura-released-m1", "secura-released-m2", "cabr-released", "cur-lora-released", "i-lora-released"}

// measured is the first stream whose records hold the released measure.
func (c judge) measured() (*Evidence, bool) {
	for _, e := range c.runs {
		if e.Suite.Separate() || len(e.ForcedSteps()) == 0 {
			continue
		}
		return e, true
	}
	return nil, false
}

// kept judges the paper's "more than 70%" by its own measure, beside the honest one, and shows what
// an echo and a backbone with noise reach by it.
func (c judge) kept() table.Table {
	t := table.Table{
		Title: "Claim: more than 70% is kept, by the measure of SECURA's released code",
		Caption: []string{"share in percent of what the untouched backbone has, on the knowledge battery; the released code does not say which of its five scores the 70% are",
			"(a) K[N]/K[0]: the right option is the most likely one, or the answer is written; (b) the most likely token at each position, given the true answer so far"},
		Columns:     []table.Column{{Head: []string{""}}, {Head: []string{"n"}}, {Head: []string{"(a)"}}, {Head: []string{"verdict", "(a)"}}},
		TextColumns: []int{3, 9},
	}
	for _, name := range scoring.TeacherForcedNames {
		t.Columns = append(t.Columns, table.Column{Head: []string{"(b)", name[len("tf_"):]}})
	}
	t.Columns = append(t.Columns, table.Column{Head: []string{"verdict", "(b)"}})
	e, ok := c.measured()
	if !ok {
		row := []table.Entry{{Text: "all"}, {Text: "0"}, {Text: "–"}, {Text: "–"}}
		for range scoring.TeacherForcedNames {
			row = append(row, table.Entry{Text: "–"})
		}
		t.Rows = [][]table.Entry{append(row, verdictEntry(&t, judgement{NotMeasured, c.notForced()}))}
		return t
	}
	r := e.Report
	c.sayRun(&t, e)
	c.references(&t, r)
	for _, m := range r.Suite.Methods {
		if !slices.Contains(keepers, m.Preset) {
			continue
		}
		honest := r.Summarise(m.Name, "knowledge_retention")
		row := []table.Entry{{Text: m.Name}, table.Count(honest.N), value(&t, honest, false), judgedOf(&t, r, m.Name, judgeLevel(honest, knowledgeBar))}
		var parts []judgement
		for i := range scoring.TeacherForcedNames {
			s := r.Over(m.Name, report.KeptScore(i))
			parts = append(parts, judgeLevel(s, knowledgeBar))
			row = append(row, report.ScoreEntry(&t, s))
		}
		t.Rows = append(t.Rows, append(row, verdictEntry(&t, judgeAny(parts))))
	}
	return t
}

// notForced is the reason where measured finds nothing.
func (c judge) notForced() string {
	const what = "stream with teacher-forced predictions"
	if e, ok := c.anyStream(); ok {
		return fmt.Sprintf("not measured by this run, which has no %s: runner run -suite %s %s", what, suiteArgument(e), keptSettings)
	}
	return c.missing(what, "-suite continual16 "+keptSettings)
}

// judgeAny judges a claim that one of several parts must bear: which, is not said.
func judgeAny(parts []judgement) judgement {
	count := map[Verdict]int{}
	for _, p := range parts {
		count[p.verdict]++
	}
	why := fmt.Sprintf("by %d of the %d scores above 70%%, by %d not", count[Supported], len(parts), count[NotSupported])
	switch {
	case count[NotMeasured] == len(parts):
		return parts[0]
	case count[Supported] > 0:
		return judgement{Supported, why}
	case count[NotSupported] == len(parts):
		return judgement{NotSupported, why}
	}
	return judgement{Undecided, fmt.Sprintf("of %d scores %d cannot be decided, and none is above 70%%", len(parts), count[Undecided])}
}

// references are what the untouched backbone, predictors that need no model and a backbone with
// noise have. The two that know next to nothing are judged by (b) as a method is: what they pass
// tells nothing of a method that passes too.
func (c judge) references(t *table.Table, r *report.Report) {
	i := slices.IndexFunc(r.Cells, func(c report.Cell) bool { return len(c.Forced) > 0 && c.Forced[0] != nil })
	if i < 0 {
		return
	}
	cell := r.Cells[i]
	base, ok := cell.Battery(cell.Forced[0])
	if !ok {
		return
	}
	row := func(label, meaning string, honest metric.Value, scores []float64, judged bool) {
		entries := []table.Entry{{Text: label, Notes: []int{t.Note(meaning)}}, {}, {Text: "–"}, {}}
		if honest.Defined() {
			entries[2] = table.Score(honest.Number)
		}
		var parts []judgement
		for i := range scoring.TeacherForcedNames {
			if len(scores) <= i || base.Scores[i] == 0 {
				entries = append(entries, table.Entry{Text: "–"})
				continue
			}
			share, verdict := scores[i]/base.Scores[i], NotSupported
			if share > knowledgeBar {
				verdict = Supported
			}
			entries, parts = append(entries, table.Score(share)), append(parts, judgement{verdict: verdict})
		}
		verdict := table.Entry{}
		if judged && len(parts) > 0 {
			verdict = verdictEntry(t, judgeAny(parts))
		}
		t.Rows = append(t.Rows, append(entries, verdict))
	}
	row("untouched", fmt.Sprintf("its scores are %s, of 1", listed(base.Scores)), metric.Number(1), base.Scores, false)
	row("perfect", "always predicts the true token; its text has the end token that the reference lacks, so that its BLEU is below 1", metric.Undefined("no model"), base.Perfect, false)
	row("echo", "repeats the token before, and knows nothing", metric.Undefined("no model"), base.Echo, true)
	if p := cell.Perturbed; p != nil {
		honest := metric.Undefined("no battery")
		if p.Knowledge != nil {
			honest = metric.Number(cell.Retained(*p.Knowledge))
		}
		if noisy, ok := cell.Battery(p.TeacherForced); ok {
			row("with noise", fmt.Sprintf("the backbone with noise of half a standard deviation on the adapted projections: %.2f nats a token instead of %.2f, %s of 100 tokens right instead of %s",
				noisy.Nats, base.Nats, table.Points(noisy.Right), table.Points(base.Right)), honest, noisy.Scores, true)
		}
	}
}

// listed prints numbers in a row.
func listed(numbers []float64) string {
	texts := make([]string, len(numbers))
	for i, x := range numbers {
		texts[i] = fmt.Sprintf("%.3f", x)
	}
	return strings.Join(texts, ", ")
}
