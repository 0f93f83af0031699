package reports

import (
	"os"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// Two written tasks of two examples. Of the first, one answer is a phrase no more at the end and
// one is another phrase: both were right. The second is as it was learned.
func TestTheFormOfWrittenAnswers(t *testing.T) {
	s := synthetic.Run{Tasks: synthetic.TaskNames(2), Methods: synthetic.Named("seq", "frozen"), Seeds: 1, Orders: 1, Score: synthetic.Fade}
	run := s.Make(t, nil)
	golds := []string{"a red car.", "the old man."}
	write := func(boundary int, first, second [2]string) {
		var rows []record.Prediction
		for k, texts := range [][2]string{first, second} {
			for i, text := range texts {
				p := record.Prediction{Task: s.Tasks[k], ID: int32(i), Gold: golds[i], Prediction: text}
				if text == golds[i] {
					p.Score = 1
				}
				rows = append(rows, p)
			}
		}
		synthetic.WritePredictions(t, run.Cell("seq-s0-o0"), boundary, rows)
	}
	right, none := [2]string{golds[0], golds[1]}, [2]string{"", "12"}
	write(0, none, [2]string{"a blue bird.", ""})
	write(1, right, none)
	write(2, [2]string{"Yes", "the new man."}, right)
	shown, err := tables.Named(load(t, run), "format")
	synthetic.Must(t, err)
	if got := textsOf(rowOf(t, shown[0], "seq")); got != "25.0 100.0 75.0 25.0 25.0" {
		t.Error(got)
	}
	if len(shown[0].Rows) != 1 {
		t.Errorf("%d rows; the untouched backbone forgets nothing", len(shown[0].Rows))
	}
	synthetic.Must(t, os.Remove(run.Cell("seq-s0-o0").Predictions(2)))
	shown, err = tables.Named(load(t, run), "format")
	synthetic.Must(t, err)
	if row := rowOf(t, shown[0], "seq"); row[1].Text != "–" || !strings.Contains(strings.Join(shown[0].Footnotes, " "), "not there any more") {
		t.Errorf("%v, footnotes %q", textsOf(row), shown[0].Footnotes)
	}
	write(2, right, right)
	write(1, [2]string{}, none)
	synthetic.Must(t, os.WriteFile(run.Cell("seq-s0-o0").Predictions(1), nil, 0o644))
	if _, err := tables.Named(load(t, run), "format"); err == nil || !strings.Contains(err.Error(), "seq-s0-o0") {
		t.Errorf("a damaged file of predictions: %v", err)
	}
	s.Choices = 2
	if _, err := tables.Named(load(t, s.Make(t, nil)), "format"); err == nil || !strings.Contains(err.Error(), "no task of the suite has written answers") {
		t.Error(err)
	}
}
