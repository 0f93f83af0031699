package reports

import (
	"os"
	"slices"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/reports/page"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/table"
	"secura/reports/tables"
)

// uneven is a run of references and three methods, of which each cell that open wants is not
// finished.
func uneven(seeds int, open func(method string, seed int) bool) synthetic.Run {
	s := small()
	s.Methods, s.Seeds = synthetic.Named("frozen", "joint", "seq", "er", "secura"), seeds
	s.Score = func(method, seed, i, j int) float64 { // every seed says the same of every pair
		return synthetic.Fade(method, seed, i, j) - 0.05*float64(method) - 0.001*float64(seed)
	}
	for seed := range seeds {
		for _, m := range s.Methods {
			if id := record.CellID(m.Name, "", seed, 0); open(m.Name, seed) {
				end := s.End
				s.End = func(f *synthetic.CellFiles) {
					if end != nil {
						end(f)
					}
					if f.Id == id {
						f.Events, f.Status = nil, nil
					}
				}
			}
		}
	}
	return s
}

// none of the cells is open.
func none(string, int) bool { return false }

// TestNoPIsSaidToBeImpossibleThatIsThere: of seven seeds the p of a difference is 0.016 at least,
// which can fall below 0.05 over two comparisons, of six it is 0.031, which cannot. References are
// adjusted by themselves: whether the run has them moves no p of the methods that compete.
func TestNoPIsSaidToBeImpossibleThatIsThere(t *testing.T) {
	for seeds, want := range map[int][]string{7: nil, 6: {"with fewer than 7 paired seeds no p of 2 comparisons can fall below 0.05"}} {
		s := uneven(seeds, none)
		r := load(t, s.Make(t, nil))
		compared, ok := tables.ComparisonTable(r)
		if !ok {
			t.Fatal("there is no comparison")
		}
		if got := slices.DeleteFunc(slices.Clone(compared.Remarks), func(s string) bool { return !strings.Contains(s, "can fall") }); !slices.Equal(got, want) {
			t.Errorf("%d seeds: remarks %q, want %q", seeds, got, want)
		}
		for _, column := range []int{7, 10} {
			if p := rowOf(t, compared, "seq")[column]; p.Marked != (want == nil) {
				t.Errorf("%d seeds: a p of seq is %s", seeds, p.Text)
			}
		}
		for _, one := range tables.CompareMethods(r, []string{"secura", "frozen", "joint", "seq", "er"}) {
			if said := strings.Join(one.Remarks, "\n"); strings.Contains(said, "can fall") != (want != nil) {
				t.Errorf("%d seeds, %s: remarks %q", seeds, one.Title, one.Remarks)
			}
		}
		s.Methods = synthetic.Named("seq", "er", "secura")
		score := s.Score
		s.Score = func(method, seed, i, j int) float64 { return score(method+2, seed, i, j) }
		without, _ := tables.ComparisonTable(load(t, s.Make(t, nil)))
		if a, b := rowOf(t, compared, "er")[7].Text, rowOf(t, without, "er")[7].Text; a != b {
			t.Errorf("%d seeds: p of er is %s, without references %s", seeds, a, b)
		}
	}
}

// Two methods of eight seeds are compared whatever a third one lacks: no p is said to be
// impossible.
func TestTheMethodWithTheFewestSeedsDoesNotDecideOfTheOthers(t *testing.T) {
	r := load(t, uneven(8, func(m string, seed int) bool { return m == "er" && seed > 1 }).Make(t, nil))
	if seeds, pairs, comparisons := r.Tested(); seeds != 2 || pairs != 8 || comparisons != 2 {
		t.Errorf("%d seeds, %d pairs, %d comparisons; want 2, 8 and 2", seeds, pairs, comparisons)
	}
	if said := strings.Join(tables.Summary(r).Remarks, "\n"); strings.Contains(said, "can fall") {
		t.Errorf("the summary says %q", said)
	}
}

// TestWhatIsComparedIsWhatIsFinished: the plan's methods of which nothing is finished are no
// comparisons yet.
func TestWhatIsComparedIsWhatIsFinished(t *testing.T) {
	r := load(t, uneven(7, func(m string, seed int) bool { return m == "er" || m == "secura" && seed > 5 }).Make(t, nil))
	if seeds, pairs, comparisons := r.Tested(); seeds != 6 || pairs != 6 || comparisons != 1 {
		t.Errorf("%d seeds, %d pairs, %d comparisons; want 6, 6 and 1", seeds, pairs, comparisons)
	}
	if said := strings.Join(tables.Summary(r).Remarks, "\n"); strings.Contains(said, "can fall") {
		t.Errorf("six seeds suffice for one comparison, but the summary says %q", said)
	}
}

// TestFiguresCountTheSeedsOfWhatTheyDraw: joint training has one seed and is in no figure of what
// was learned and forgotten.
func TestFiguresCountTheSeedsOfWhatTheyDraw(t *testing.T) {
	run := uneven(2, func(m string, seed int) bool { return m == "joint" && seed == 1 }).Make(t, nil)
	_, _, err := WriteAll(run)
	synthetic.Must(t, err)
	drawn := func(name string) string {
		data, err := os.ReadFile(run.Figure(name + ".svg"))
		synthetic.Must(t, err)
		return string(data)
	}
	for _, name := range []string{"plasticity-and-retention", "forgetting-per-task"} {
		if got := drawn(name); !strings.Contains(got, "mean over 2 seeds") {
			t.Errorf("%s does not say that its means are over 2 seeds", name)
		}
	}
	if got := drawn("cost-and-retention"); !strings.Contains(got, "mean over 1 to 2 seeds") {
		t.Error("the figure with joint training in it does not say that it has one seed")
	}
}

// TestJointTrainingHasNoScoreAfterATasksOwnTraining, of its last task either.
func TestJointTrainingHasNoScoreAfterATasksOwnTraining(t *testing.T) {
	r := load(t, small().Make(t, nil))
	for _, task := range append(slices.Clone(r.Suite.TaskNames()), "") {
		v := r.Over("joint", report.AfterOwnTraining(func(name string) bool { return name == task || task == "" })).Mean
		if v.Defined() || v.Undefined != "trained on all tasks at once" {
			t.Errorf("task %q: %v", task, v)
		}
	}
	shown := tables.Variants(r)
	joint := slices.IndexFunc(shown.Columns, func(c table.Column) bool { return c.Head[0] == "joint" })
	if got := rowOf(t, shown, "task_3")[joint].Text; got != "–" {
		t.Errorf("the last task of joint training is %s", got)
	}
	if len(shown.Footnotes) != 1 {
		t.Errorf("footnotes %q, want one", shown.Footnotes)
	}
}

// TestTablesSayOfHowManySeedsTheyAre where methods have different numbers of them.
func TestTablesSayOfHowManySeedsTheyAre(t *testing.T) {
	run := uneven(3, func(m string, seed int) bool { return m == "er" && seed > 0 }).Make(t, nil)
	r := load(t, run)
	for name, shown := range map[string]table.Table{
		"variants": tables.Variants(r), "ablation": tables.Ablation(r), "budget": tables.Budget(r), "cost": tables.Cost(r), "front": tables.Fronts(r)[0],
	} {
		if said := strings.Join(shown.Remarks, "\n"); !strings.Contains(said, "n, seeds: 3 of ") || !strings.Contains(said, "1 of er") {
			t.Errorf("%s: remarks %q", name, shown.Remarks)
		}
	}
	var out strings.Builder
	synthetic.Must(t, page.Write(&out, r))
	if !strings.Contains(out.String(), "of 3 seeds") || !strings.Contains(out.String(), "of 1 seed") {
		t.Error("the page's cards do not say of how many seeds they are")
	}
}

// TestTwoEqualSeedsLoseNothing: two seeds agree by chance, which the gate must not call a loss.
func TestTwoEqualSeedsLoseNothing(t *testing.T) {
	s := uneven(2, none)
	first := load(t, s.Make(t, nil))
	score := s.Score
	s.Score = func(m, seed, i, j int) float64 { return score(m, seed, i, j) - 0.03 }
	second := load(t, s.Make(t, nil))
	v := tables.Judge(tables.RunPairs(second, first, []string{"er"}), []tables.Condition{{Key: "acc", Bar: -2}})
	if len(v.Losses) > 0 || len(v.Undecided) != 1 || !strings.Contains(v.Undecided[0], "2 equal differences have no interval") {
		t.Errorf("losses %q, undecided %q", v.Losses, v.Undecided)
	}
}

// TestFewEqualSeedsHaveNoInterval: fewer than six agree by chance, and no width of 0 is printed.
func TestFewEqualSeedsHaveNoInterval(t *testing.T) {
	s := uneven(2, none)
	s.Score = func(m, _, i, j int) float64 { return synthetic.Fade(m, 0, i, j) }
	r := load(t, s.Make(t, nil))
	const note = "2 equal values: no interval"
	shown := tables.Summary(r)
	compared, _ := tables.ComparisonTable(r)
	for _, c := range []struct {
		of     table.Table
		column int
	}{{shown, 2}, {compared, 5}} {
		e := rowOf(t, c.of, "er")[c.column]
		if e.Number == nil || e.Spread != "" || len(e.Notes) != 1 || c.of.Footnotes[e.Notes[0]-1] != note {
			t.Errorf("%s: %+v, footnotes %q", c.of.Title, e, c.of.Footnotes)
		}
	}
	if got := htmlOf(t, r.Run); !strings.Contains(got, "<small>("+note+")</small>") {
		t.Error("the page does not say that the best number has no interval")
	}
}

// TestComparingRunsTellsHowTheMethodIsSet in each of them.
func TestComparingRunsTellsHowTheMethodIsSet(t *testing.T) {
	s := uneven(2, none)
	first := load(t, s.Make(t, nil))
	s.Methods = slices.Clone(s.Methods)
	s.Methods[3].LearningRate, s.Methods[3].Reason, s.Methods[3].Params = 0.002, "tuned", map[string]any{"per_task": 8}
	second := load(t, s.Make(t, nil))
	first.Label, second.Label = "first", "second"
	compared := tables.CompareRuns(first, second, []string{"seq", "er"})
	const want = "the settings differ: learning_rate the preset's in first, 0.002 in second; per_task the preset's in first, 8 in second"
	for i, told := range []bool{false, true} {
		if slices.Contains(compared[i].Remarks, want) != told {
			t.Errorf("%s: remarks %q", compared[i].Title, compared[i].Remarks)
		}
	}
}
