package reports

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/reports/metric"
	"secura/reports/page"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// twoOrders is a run of two orders whose tasks differ in what the untouched backbone scores: 0.1,
// 0.2 and 0.3.
func twoOrders() synthetic.Run {
	return synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("seq", "er"), Seeds: 2, Orders: 2, Score: synthetic.Fade,
		End: func(f *synthetic.CellFiles) {
			for _, e := range f.Events {
				for j := range e.Scores {
					if e.Kind == record.Boundary && e.Index == 0 {
						e.Scores[j].Scores[0].Value = float64(e.Scores[j].Task[len("task_")]-'0') / 10
					} else if e.Scores[j].Task == "task_1" {
						e.Scores[j].Scores[0].Value += 0.05
					}
				}
			}
		}}
}

// The untouched backbone's line stands beside means over the orders, and is one.
func TestTheBaseLineIsAMeanOverTheOrders(t *testing.T) {
	r := load(t, twoOrders().Make(t, nil))
	for i, want := range []float64{0.2, 0.2, 0.2} { // (0.1+0.3)/2, (0.15+0.25)/2, 0.2
		if got := r.BaseAlong()[i]; math.Abs(got-want) > 1e-12 {
			t.Errorf("after %d tasks %g, want %g", i+1, got, want)
		}
	}
	var one, out bytes.Buffer
	synthetic.Must(t, page.Write(&out, r))
	if !strings.Contains(out.String(), `"orders":2,"base":[20,20,20]`) {
		t.Error("the page's chart has another base line")
	}
	s := twoOrders()
	s.Orders = 1
	r = load(t, s.Make(t, nil))
	synthetic.Must(t, page.Write(&one, r))
	if !strings.Contains(one.String(), `"orders":1,"base":[10,15,20]`) {
		t.Error("the page's chart of one order has another base line")
	}
}

// An entry of R is that of the matrix, which has order 0 alone.
func TestAnEntryIsExplainedAsTheMatrixHasIt(t *testing.T) {
	r := load(t, twoOrders().Make(t, nil))
	seq, _ := r.Suite.Method("seq")
	text := strings.Join(strings.Fields(explained(t, r, "seq", "R[3][1]")), " ")
	if want := "in the table R of seq: 100 × 0.805 = " + tables.Matrix(r, seq).Rows[3][1].Text; !strings.Contains(text, want) || strings.Contains(text, "seq-s0-o1") || !strings.Contains(text, "order 0 alone") {
		t.Errorf("nothing says %q, or another order is counted: %s", want, text)
	}
}

// Methods that are as good as each other share a card, and one that learned nothing has none.
func TestCardsNameTheWinners(t *testing.T) {
	cards := func(score func(method, seed, i, j int) float64) string {
		s := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("seq", "er", "secura"), Seeds: 3, Orders: 1, Score: score}
		var out bytes.Buffer
		synthetic.Must(t, page.Write(&out, load(t, s.Make(t, nil))))
		return out.String()
	}
	even := cards(func(_, seed, i, j int) float64 { return synthetic.Fade(0, seed, i, j) })
	if !strings.Contains(even, "as good: er, secura") {
		t.Error("of three methods that are equal not all are named")
	}
	nothing := cards(func(method, seed, _, _ int) float64 { return 0.05 + 0.001*float64(method+seed) })
	for _, question := range []string{"Learns most", "Most accurate at the end"} {
		if strings.Contains(nothing, question) {
			t.Errorf("%q is answered of methods that learned nothing", question)
		}
	}
	if apart := cards(synthetic.Fade); !strings.Contains(apart, "of these two alone, by the sign-flip test over 3 paired seeds") {
		t.Error("the test of the best two does not say that it is of these alone")
	}
}

// The last task has had no time to be forgotten: what is kept is that of the others.
func TestWhatIsKeptLeavesOutTheLastTask(t *testing.T) {
	s := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("seq"), Seeds: 1, Orders: 1, Score: func(_, _, i, j int) float64 {
		if i == j {
			return 0.8
		}
		return 0.2
	}}
	c := load(t, s.Make(t, nil)).Cells[0]
	if got := report.KeptBefore(c); !got.Defined() || math.Abs(got.Number-0.25) > 1e-12 {
		t.Errorf("%+v, want 0.2 / 0.8", got)
	}
	s.Tasks = s.Tasks[:1]
	if got := report.KeptBefore(load(t, s.Make(t, nil)).Cells[0]); got.Defined() {
		t.Errorf("one task, after which nothing came, keeps %s", metric.Precise(got.Number))
	}
}
