package reports

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// TestTheGateAsksTheWholeInterval moves the bar over the interval of a difference: only beyond its
// far end there is a loss.
func TestTheGateAsksTheWholeInterval(t *testing.T) {
	s := eight()
	first := load(t, s.Make(t, nil))
	s.Score = func(m, seed, i, j int) float64 { // each seed forgets more, and not alike
		return synthetic.Fade(m, seed, i, j) - 0.1 - 0.001*float64(seed*seed)*float64(max(i-j, 0))
	}
	second := load(t, s.Make(t, nil))
	pairs := tables.RunPairs(second, first, []string{"secura"})
	for _, key := range []string{"acc", "forgetting"} {
		a, b, _, _ := report.PairUp(pairs[0][0], pairs[0][1], report.MetricOf(key))
		low, high, ok := metric.MeanSDCI(metric.Minus(a, b)).Interval()
		if !ok || high-low < 0.001 {
			t.Fatalf("%s has the interval from %g to %g", key, low, high)
		}
		condition := tables.Condition{Key: key, Above: key == "forgetting"}
		for _, c := range []struct {
			bar  float64
			lost bool
		}{{100*high + 0.01, !condition.Above}, {100*high - 0.01, false}, {50 * (low + high), false}, {100*low + 0.01, false}, {100*low - 0.01, condition.Above}} {
			condition.Bar = c.bar
			v := tables.Judge(pairs, []tables.Condition{condition})
			if len(v.Undecided) > 0 || len(v.Table.Rows) != 1 || (len(v.Losses) > 0) != c.lost {
				t.Errorf("%s with an interval from %g to %g: losses %q, undecided %q", condition, 100*low, 100*high, v.Losses, v.Undecided)
			}
		}
	}
}

// TestTheGateTakesADriftInNats: a run that drifts by 0.2 nats more is beyond a bar of 0.1.
func TestTheGateTakesADriftInNats(t *testing.T) {
	s := eight()
	first := load(t, s.Make(t, nil))
	s.End = func(f *synthetic.CellFiles) {
		for _, e := range f.Events {
			if e.Kind == record.Boundary && e.Index > 0 {
				*e.Perplexity += 0.2
			}
		}
	}
	pairs := tables.RunPairs(load(t, s.Make(t, nil)), first, []string{"secura"})
	for condition, lost := range map[string]bool{"perplexity_drift>0.1": true, "perplexity_drift>0.3": false} {
		conditions, err := tables.ParseConditions(condition)
		synthetic.Must(t, err)
		v := tables.Judge(pairs, conditions)
		if len(v.Undecided) > 0 || len(v.Losses) > 0 != lost || v.Table.Rows[0][3].Text != "0.2000" || v.Table.Rows[0][4].Text != "0.2000" {
			t.Errorf("%s: %+v", condition, v)
		}
	}
}

func TestTheGateNamesTheBackbone(t *testing.T) {
	run, _ := twoBackbones(t)
	var pairs [][2]report.Side
	for _, part := range load(t, run).Each() {
		pairs = append(pairs, tables.MethodPairs(part, []string{"secura", "seq"})...)
	}
	v := tables.Judge(pairs, []tables.Condition{{Key: "acc", Bar: -1}})
	if len(v.Table.Rows) != 2 || v.Table.Rows[0][0].Text != "secura against seq on nano" || v.Table.Rows[1][0].Text != "secura against seq on other-1_5b" {
		t.Errorf("rows %+v", v.Table.Rows)
	}
}

func TestConditionsAreReadAsTheyArePrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []tables.Condition
		var texts []string
		for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(metric.Keys), 1, 4, rapid.ID).Draw(t, "keys") {
			d, _ := metric.Find(key)
			c := tables.Condition{Key: key, Above: d.Better < 0, Bar: rapid.Float64Range(-100, 100).Draw(t, "bar")}
			want, texts = append(want, c), append(texts, c.String())
		}
		got, err := tables.ParseConditions(strings.Join(texts, ","))
		if err != nil || len(got) != len(want) {
			t.Fatalf("%q: %v, %v", texts, got, err)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s was read as %s", want[i], got[i])
			}
		}
	})
}

func FuzzParseConditions(f *testing.F) {
	for _, text := range []string{"knowledge_retention<-2", "forgetting > 1e3,acc<0", "R[1][2]<1", "acc<NaN", ",", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := tables.ParseConditions(text)
		if err != nil {
			return
		}
		for _, c := range list {
			if !metric.Number(c.Bar).Defined() || !strings.Contains(text, c.Key) {
				t.Errorf("%q was read as %+v", text, c)
			}
		}
	})
}

// What is not the same test, or is not finished, is no success: neither is judged to be without a
// loss.
func TestTheGateDoesNotJudgeOtherTests(t *testing.T) {
	s := uneven(8, none)
	first := load(t, s.Make(t, nil))
	conditions := []tables.Condition{{Key: "acc", Bar: -90}}
	for want, change := range map[string]func(s *suite.Suite){
		"other tasks, or other scores": func(s *suite.Suite) { s.Tasks = s.Tasks[:2] },
		"or other scores of a task": func(s *suite.Suite) {
			s.Tasks = slices.Clone(s.Tasks)
			s.Tasks[0].Scores = []string{"rouge1"}
		},
		"other batteries":        func(s *suite.Suite) { s.Knowledge = nil },
		"other examples":         func(s *suite.Suite) { s.Evaluation.TestExamples = 7 },
		"over 1 order of the ta": func(s *suite.Suite) { s.Orders = 2 },
		"task task_2 does not ask the same in both: they differ in where, prompt": func(s *suite.Suite) {
			s.Tasks = slices.Clone(s.Tasks)
			s.Tasks[1].Where, s.Tasks[1].Prompt = "true", "{{.other}}"
		},
		"differ in source": func(s *suite.Suite) {
			s.Knowledge = slices.Clone(s.Knowledge)
			s.Knowledge[0].Source = "elsewhere"
		},
	} {
		second := load(t, s.Make(t, nil))
		change(&second.Suite)
		v := tables.Judge(tables.RunPairs(first, second, []string{"er"}), conditions)
		if len(v.Losses) > 0 || len(v.Undecided) != 1 || !strings.Contains(v.Undecided[0], want) || len(v.Table.Rows) != 1 {
			t.Errorf("%s: losses %q, undecided %q", want, v.Losses, v.Undecided)
		}
	}
	otherText := load(t, s.Make(t, nil))
	otherText.Suite.HeldOut.Source = "elsewhere"
	drift := []tables.Condition{{Key: "acc", Bar: -90}, {Key: "perplexity_drift", Above: true, Bar: 9}}
	if v := tables.Judge(tables.RunPairs(first, otherText, []string{"er"}), drift); len(v.Undecided) != 1 || !strings.Contains(v.Undecided[0], "other held-out texts") || len(v.Table.Rows) != 2 {
		t.Errorf("other texts: undecided %q, rows %d", v.Undecided, len(v.Table.Rows))
	}
	open := load(t, uneven(8, func(m string, seed int) bool { return m == "er" && seed > 5 }).Make(t, nil))
	v := tables.Judge(tables.MethodPairs(open, []string{"secura", "er", "seq"}), conditions)
	if len(v.Losses) > 0 || len(v.Undecided) != 1 || !strings.Contains(v.Undecided[0], "er lacks cells: er-s6-o0 queued; er-s7-o0 queued") || len(v.Table.Rows) != 2 {
		t.Errorf("cells that are queued: losses %q, undecided %q", v.Losses, v.Undecided)
	}
	if compared := tables.CompareMethods(open, []string{"secura", "er", "seq"}); !strings.Contains(strings.Join(compared[0].Remarks, " "), "er lacks cells") || strings.Contains(strings.Join(compared[1].Remarks, " "), "lacks cells") {
		t.Errorf("remarks %q and %q", compared[0].Remarks, compared[1].Remarks)
	}
}
