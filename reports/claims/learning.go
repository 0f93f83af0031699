package claims

import (
	"fmt"

	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// learning is the LearningTable of the first run that is a stream.
func (c judge) learning() table.Table {
	if e, ok := c.anyStream(); ok {
		t := LearningTable(e.Report)
		c.sayRun(&t, e)
		return t
	}
	t := learningTable()
	t.Remarks = []string{c.missing("stream of tasks", streamCommand)}
	return t
}

// LearningTable classifies the methods of a run that is a stream: which learn, which retain, which
// do neither.
//
// A method learns if its tasks are, right after their own training, more than 8 points above the
// base row on average. It retains if more than 70% of the base knowledge, K[N]/K[0], and more than
// 70% of its own learning accuracy are left at the end, of all tasks but the last. Both
// are judged like a claim "above a bar". The references (frozen, joint) have no learning accuracy
// and are left out.
func LearningTable(r *report.Report) table.Table {
	t := learningTable()
	for _, m := range r.Suite.Methods {
		if !m.Reference() {
			classify(&t, r, m.Name)
		}
	}
	return t
}

// learningTable is a LearningTable without rows.
func learningTable() table.Table {
	return table.Table{
		Title: "Which methods learn, which retain",
		Caption: []string{
			fmt.Sprintf("learned: learning accuracy above the base row, learns if more than %s points; kept, in percent: knowledge is K[N]/K[0], tasks is the mean final score of all tasks but the last over their mean score right after learning, retains if both are more than %s",
				table.Points(learningBar), table.Points(knowledgeBar)),
			"kept of tasks is a ratio of two means; task_retention is the mean of each task's ratio",
			"each judged by its 95% interval over n seeds, like a claim above a bar; ? cannot be decided",
		},
		Columns: []table.Column{
			{Head: []string{"method"}}, {Head: []string{"n"}}, {Head: []string{"learned"}}, {Head: []string{"backward", "transfer"}}, {Head: []string{"kept:", "knowledge"}}, {Head: []string{"kept:", "tasks"}},
			{Head: []string{"final", "accuracy"}}, {Head: []string{"", "learns"}}, {Head: []string{"", "retains"}}, {Head: []string{"", "so it"}},
		},
		TextColumns: []int{7, 8, 9},
	}
}

func classify(t *table.Table, r *report.Report, method string) {
	gain, knowledge, tasks := r.Over(method, report.Cell.Gain), r.Summarise(method, "knowledge_retention"), r.Over(method, report.KeptBefore)
	row := []table.Entry{{Text: method}, table.Count(gain.N)}
	for _, s := range []struct {
		of   metric.Summary
		sign bool
	}{{gain, true}, {r.Summarise(method, "bwt"), true}, {knowledge, false}, {tasks, false}, {r.Summarise(method, "acc"), false}} {
		if !s.of.Mean.Defined() {
			row = append(row, t.Undefined(s.of.Mean.Undefined))
			continue
		}
		row = append(row, value(t, s.of, s.sign))
	}
	learns := judgeLevel(gain, learningBar).verdict
	retains := judgeAll([]judgement{judgeLevel(knowledge, knowledgeBar), judgeLevel(tasks, knowledgeBar)}).verdict
	t.Rows = append(t.Rows, append(row, table.Entry{Text: word(learns)}, table.Entry{Text: word(retains)}, table.Entry{Text: class(learns, retains)}))
}

// word is a verdict on a yes-or-no question.
func word(v Verdict) string {
	switch v {
	case Supported:
		return "yes"
	case NotSupported:
		return "no"
	}
	return "?"
}

// class puts two answers into words; what one undecided answer leaves open is not said.
func class(learns, retains Verdict) string {
	switch {
	case learns == Supported && retains == Supported:
		return "does both"
	case learns == Supported && retains == NotSupported:
		return "only learns"
	case learns == NotSupported && retains == Supported:
		return "only retains"
	case learns == NotSupported && retains == NotSupported:
		return "does neither"
	case learns == Supported:
		return "learns"
	case retains == Supported:
		return "retains"
	case learns == NotSupported:
		return "does not learn"
	case retains == NotSupported:
		return "does not retain"
	}
	return "?"
}
