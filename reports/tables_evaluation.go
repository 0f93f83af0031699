package reports

import (
	"fmt"
	"strconv"

	"secura/experiments/record"
	"secura/reports/table"
)

// EvaluationTable shows how a backbone scores on tasks that it was not trained on.
func EvaluationTable(e record.Evaluation) table.Table {
	backbone := e.Backbone
	if e.Adapter != "" {
		backbone += " with adapter " + e.Adapter
	}
	t := table.Table{
		Title: "Evaluation without training",
		Caption: []string{fmt.Sprintf("suite %s · backbone %s · backend %s · split %s", e.Suite, backbone, e.Backend, e.Split),
			"Scores are in points of 100, low and high the ends of their 95% intervals over the n examples."},
		Columns: []table.Column{{Head: []string{"task"}}, {Head: []string{"score"}}, {Head: []string{"n"}}, {Head: []string{"value"}}, {Head: []string{"low"}}, {Head: []string{"high"}}},
		// A score's name is a text.
		TextColumns: []int{1},
	}
	choices := false
	for _, task := range e.Tasks {
		for _, s := range task.Scores {
			choices = choices || s.Name == record.AccuracyRaw
			t.Rows = append(t.Rows, []table.Entry{{Text: task.Task}, {Text: s.Name}, {Text: strconv.Itoa(task.Examples)},
				{Text: table.Points(s.Value)}, {Text: table.Points(s.Low)}, {Text: table.Points(s.High)}})
		}
	}
	if choices {
		t.Remarks = append(t.Remarks, fmt.Sprintf("%s chooses the option with the highest mean log-likelihood of its tokens, %s the highest sum (evaluation harnesses' acc), %s the highest sum over the number of characters (their acc_norm)",
			record.Accuracy, record.AccuracyRaw, record.AccuracyCharacters))
	}
	if e.Accuracy != nil {
		t.Remarks = append(t.Remarks, "accuracy, the mean of the suite's tasks' first scores: "+table.Points(*e.Accuracy))
	}
	if e.Knowledge != nil {
		t.Remarks = append(t.Remarks, "knowledge, the share of right answers of the whole battery: "+table.Points(*e.Knowledge))
	}
	if e.Perplexity != nil {
		t.Remarks = append(t.Remarks, fmt.Sprintf("held-out text: %.3f nats a token", *e.Perplexity))
	}
	return t
}
