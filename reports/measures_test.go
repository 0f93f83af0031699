package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

// measuring is the run of dipping over two seeds, which also measured the divergence, a mixture and
// the recovery of each task; the second seed's divergence is twice the first's.
func measuring() synthetic.Run {
	s := dipping("seq", "er", "ewc", "kl", "frozen")
	s.Seeds, s.Knowledge = 2, true
	dips := s.End
	s.End = func(f *synthetic.CellFiles) {
		if strings.HasPrefix(f.Id, "frozen") {
			return
		}
		dips(f)
		m, seed := float64(strings.Index("seq er  ewc kl", f.Id[:2])/4+1), float64(seedOf(f.Id)+1)
		scores := func(x float64, names ...string) (list []record.TaskScores) {
			for _, name := range names {
				list = append(list, record.TaskScores{Task: name, Scores: []record.Score{{Name: "exact", Value: x}}})
			}
			return list
		}
		var events []record.Event
		for _, e := range f.Events {
			if e.Kind == record.Boundary {
				text, battery := 0.125*m*seed*float64(e.Index), 0.5*float64(e.Index)
				e.Divergence = &record.Divergence{HeldOut: &text, Knowledge: &battery}
			}
			if e.Kind == record.Boundary && e.Index == len(s.Tasks) {
				e.Mixtures = []record.Mixture{{Mix: 0.5, Scores: scores(0.25*seed, s.Tasks...)}}
			}
			if e.Kind == record.CellEnd {
				for j := range len(s.Tasks) - 1 {
					events = append(events, record.Event{Kind: record.Recovery, Index: j + 1, Task: s.Tasks[j], Examples: 4, EvalTokens: 50, Scores: scores(0.6, s.Tasks[j])})
				}
			}
			events = append(events, e)
		}
		f.Events = events
	}
	return s
}

// TestResultsHaveTheMeasuresOfTheRun: cells have the numbers, methods their means and intervals by
// the same keys, and a run without them has no such key.
func TestResultsHaveTheMeasuresOfTheRun(t *testing.T) {
	out := readResults(t, measuring().Make(t, nil))
	er := out.Cells[slices.IndexFunc(out.Methods, func(m report.MethodResults) bool { return m.Method == "er" })]
	for key, want := range map[string]float64{"kl_text_first": 0.25, "kl_text": 0.75, "kl_knowledge": 1.5, "acc@0.5": 0.25, "recovered@4": 0.6, "stability_gap": 0.7, "worst_case": 1.0 / 3,
		"recovery": 0.5} {
		near(t, er.ID+" "+key, er.Metrics[key], want)
	}
	mean := out.Methods[1].Metrics["kl_text"]
	near(t, "mean", mean.Mean, 1.125) // of 0.75 and 1.5
	if mean.N != 2 || !mean.CI95.Defined() || !(mean.CI95.Number > 4) {
		t.Errorf("%+v", mean)
	}
	for _, key := range []string{"kl_text", "recovery", "stability_gap"} {
		if v := out.Cells[4].Metrics[key]; out.Cells[4].Method != "frozen" || v.Undefined != "no training" {
			t.Errorf("%s of the untouched backbone is %+v", key, v)
		}
	}
	// Text grows with the method and forgetting is the same; the battery's divergence is the same.
	if c := out.Correlations; len(c) != 3 || c[0].A != "kl_text" || c[0].B != "forgetting" || c[0].Methods != 4 || c[0].Rank.Undefined != "all numbers of one side are equal" {
		t.Errorf("%+v", c)
	}
	for _, key := range []string{"form_end", "text_loss@0.5", "knowledge_retention@0.5"} { // no predictions; the mixture was scored on the tasks alone
		if _, there := er.Metrics[key]; there {
			t.Errorf("the run has no %s", key)
		}
	}
	queued := measuring()
	all := queued.End
	queued.End = func(f *synthetic.CellFiles) {
		if all(f); f.Id == "er-s1-o0" {
			f.Events, f.Status = nil, &record.Status{State: record.Queued}
		}
	}
	for _, c := range readResults(t, queued.Make(t, nil)).Cells {
		if c.ID == "er-s1-o0" && c.Metrics["kl_text"].Undefined != "queued" {
			t.Errorf("a cell that has not begun has %+v", c.Metrics["kl_text"])
		}
	}
}

// TestOlderResultsAreRead: a file of before these keys is read as it is.
func TestOlderResultsAreRead(t *testing.T) {
	v := decode(t, resultsOf(t, load(t, small().Make(t, nil))))
	delete(v, "fronts")
	for _, m := range v["methods"].([]any) {
		delete(m.(map[string]any), "budget")
		delete(m.(map[string]any), "measured")
	}
	data, err := json.Marshal(v)
	synthetic.Must(t, err)
	var out report.ResultsFile
	synthetic.Must(t, json.Unmarshal(data, &out))
	if seq := out.Methods[2]; seq.Method != "seq" || !seq.Metrics["acc"].Mean.Defined() || seq.Budget != nil || out.Fronts != nil {
		t.Errorf("%+v", out.Methods[2])
	}
}

// TestThePageShowsWhatTheRunMeasured, and nothing of the rest.
func TestThePageShowsWhatTheRunMeasured(t *testing.T) {
	const within, kl, mixtures, recovery, form = ">Within tasks</h3>", ">Divergence from the backbone</h3>", ">Interpolation</h3>", ">Recovery</h3>", ">Form of written answers</h3>"
	shown := htmlOf(t, measuring().Make(t, nil))
	for _, want := range []string{`<a href="#measures">`, within, kl, mixtures, recovery, ">Budget</h3>", ">Front of learning and retention of tasks</h3>"} {
		if strings.Count(shown, want) != 1 {
			t.Errorf("the page has %q %d times", want, strings.Count(shown, want))
		}
	}
	if strings.Contains(shown, form) {
		t.Error("the page has the form of answers, of which there are no predictions")
	}
	plain := htmlOf(t, small().Make(t, nil))
	for _, name := range []string{within, kl, mixtures, recovery, form} {
		if strings.Contains(plain, name) {
			t.Errorf("the page of a run without it has %q", name)
		}
	}
	if !strings.Contains(plain, ">Budget</h3>") {
		t.Error("every run has a budget")
	}
	none := small()
	none.End = func(f *synthetic.CellFiles) { f.Events, f.Status = nil, &record.Status{State: record.Queued} }
	if strings.Contains(htmlOf(t, none.Make(t, nil)), `id="measures"`) {
		t.Error("a run that has not begun has measures")
	}
	// What the suite asks for stands among the tables, once.
	asked := htmlOf(t, asking(t, measuring(), "kl", "summary"))
	if strings.Count(asked, kl) != 1 || strings.Count(asked, ">Summary</h3>") != 1 || strings.Index(asked, kl) > strings.Index(asked, `id="measures"`) {
		t.Error("a table that was asked for is not among the tables, or stands twice")
	}
}

// asking is the run of a suite that names tables.
func asking(t *testing.T, s synthetic.Run, names ...string) rundir.Run {
	t.Helper()
	run := s.Make(t, nil)
	manifest, err := rundir.ReadManifest(run)
	synthetic.Must(t, err)
	list, err := json.Marshal(names)
	synthetic.Must(t, err)
	manifest.Suite = slices.Concat(bytes.TrimSuffix(bytes.TrimSpace(manifest.Suite), []byte("}")), []byte(`,"tables":`), list, []byte("}"))
	synthetic.Must(t, rundir.WriteManifest(run, manifest))
	return run
}

// TestEveryTableOfTheListIsMade: each is made, or says what the run lacks. A report of a suite that
// asks for what no cell has measured yet is made all the same.
func TestEveryTableOfTheListIsMade(t *testing.T) {
	run := small().Make(t, nil)
	r := load(t, run)
	lacking := 0
	for _, name := range suite.TableNames() {
		shown, err := tables.Named(r, name)
		switch {
		case errors.Is(err, tables.ErrLacks):
			lacking++
		case name == "examples" || name == "claims": // a run that was made up has neither predictions nor what these read
		case err != nil || len(shown) == 0:
			t.Errorf("%s: %d tables, %v", name, len(shown), err)
		}
	}
	if lacking != 7 { // families, orders, released, stability, interpolation, recovery and kl
		t.Errorf("%d tables lack something", lacking)
	}
	if _, err := tables.Named(r, "budgets"); err == nil || errors.Is(err, tables.ErrLacks) || !strings.Contains(err.Error(), "stability front") {
		t.Errorf("a table that is not known: %v", err)
	}
	early := load(t, asking(t, small(), "kl"))
	if len(early.Asked) != 1 || !strings.Contains(early.Asked[0].Remarks[0], "evaluation.kl=true") {
		t.Errorf("%+v", early.Asked)
	}
}
