package claims

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/table"
)

// sixteen is a run of the paper's six methods with scores that a test decides: kept[m] of what was
// learned is left at the end, know[m] is K[N]/K[0].
func sixteen(seeds int, learn, keep, know [6]float64) synthetic.Run {
	s := synthetic.Run{Tasks: synthetic.TaskNames(4), Methods: synthetic.Named("seq", "er", "ewc", "i-lora", "cur-lora", "secura"), Seeds: seeds, Orders: 1, Knowledge: true}
	jitter := func(seed int) float64 { return 0.004 * float64(seed%3) }
	s.Score = func(m, seed, i, j int) float64 {
		m = min(m, 5) // further methods are variants of secura
		switch {
		case i < j:
			return 0.05
		case i == j:
			return learn[m] + jitter(seed)
		}
		return keep[m]*learn[m] + jitter(seed+m)
	}
	s.End = func(f *synthetic.CellFiles) {
		m := slices.IndexFunc(s.Methods, func(m suite.MethodSpec) bool { return strings.HasPrefix(f.Id, m.Name+"-s") })
		for i, e := range f.Events {
			if e.Kind == record.Boundary && e.Index > 0 {
				k := 0.95*know[m] + jitter(m+e.Index+len(f.Id)+int(f.Id[len(f.Id)-4]))
				f.Events[i].Knowledge = &k
			}
		}
	}
	return s
}

func evidence(t testing.TB, all ...synthetic.Run) []*Evidence {
	t.Helper()
	var runs []*Evidence
	for _, s := range all {
		e, err := LoadEvidence(s.Make(t, nil))
		synthetic.Must(t, err)
		runs = append(runs, e...)
	}
	return runs
}

func claimsText(t testing.TB, runs []*Evidence) string {
	t.Helper()
	var out bytes.Buffer
	synthetic.Must(t, Text(&out, runs, false))
	return out.String()
}

// verdictOf is the verdict, with its footnotes, in the row that begins so.
func verdictOf(t testing.TB, shown table.Table, label string) (verdict, notes string) {
	t.Helper()
	for _, row := range shown.Rows {
		if row[0].Text != label {
			continue
		}
		last := row[len(row)-1]
		for _, n := range last.Notes {
			notes += shown.Footnotes[n-1] + "\n"
		}
		return last.Text, notes
	}
	t.Fatalf("table %q has no row %q", shown.Title, label)
	return "", ""
}

func wants(t *testing.T, shown table.Table, label string, want Verdict, note string) {
	t.Helper()
	if got, notes := verdictOf(t, shown, label); got != string(want) || !strings.Contains(notes, note) || note == "" && notes != "" {
		t.Errorf("%s, %s: %s with notes %q, want %s with %q", shown.Title, label, got, notes, want, note)
	}
}

func same(x float64) [6]float64 { return [6]float64{x, x, x, x, x, x} }

func TestClaimsOfAClearRunAreSupported(t *testing.T) {
	c := judge{evidence(t, sixteen(8, same(0.6), [6]float64{.3, .4, .5, .4, .3, .9}, [6]float64{.5, .6, .6, .6, .5, .9}))}
	wants(t, c.knowledge(), "as K[N]", Supported, "")
	wants(t, c.knowledge(), "as K[N]/K[0]", Supported, "")
	for _, shown := range []table.Table{c.rivals("acc", "x"), c.rivals("knowledge_retention", "x")} {
		for _, rival := range claimed {
			wants(t, shown, rival, Supported, "")
		}
		wants(t, shown, "all five", Supported, "")
	}
	// 2 of 2^8 sign patterns are as extreme: p = 2^-7, times 5.
	row := c.rivals("acc", "x").Rows[1]
	if row[0].Text != "seq" || row[1].Text != "8" || row[5].Text != "0.008" || row[6].Text != "0.039" {
		t.Errorf("row of seq: %+v", row)
	}
}

// A run may have SECURA in other sizes and as released: each form has verdicts of its own, against
// the same five.
func TestOtherFormsOfSECURAAreJudged(t *testing.T) {
	s := sixteen(8, same(0.6), same(.5), same(.5))
	s.Methods = append(s.Methods, suite.MethodSpec{Preset: "secura", Name: "secura-width"}, suite.MethodSpec{Preset: "secura-released-m1", Name: "secura-released-m1"},
		suite.MethodSpec{Preset: "wise-ft", Name: "wise-ft"})
	scores := s.Score
	s.Score = func(method, seed, i, j int) float64 {
		if s.Methods[method].Name == "secura-width" {
			return 0.9 // ahead of all
		}
		return scores(min(method, 5), seed, i, j)
	}
	end := s.End
	s.End = func(f *synthetic.CellFiles) {
		if !strings.HasPrefix(f.Id, "secura-") && !strings.HasPrefix(f.Id, "wise-ft") {
			end(f) // it knows the six alone
		}
	}
	c := judge{evidence(t, s)}
	ahead := c.rivals("acc", "x")
	wants(t, ahead, "all five", NotSupported, "")
	wants(t, ahead, "secura-width", Supported, "")
	wants(t, ahead, "secura-released-m1", NotSupported, "")
	kept := c.knowledge()
	for _, row := range []string{"secura-width, as K[N]/K[0]", "secura-released-m1, as K[N]/K[0]"} {
		if !slices.ContainsFunc(kept.Rows, func(r []table.Entry) bool { return r[0].Text == row }) {
			t.Errorf("no row %q", row)
		}
	}
	if slices.ContainsFunc(append(ahead.Rows, kept.Rows...), func(r []table.Entry) bool { return strings.HasPrefix(r[0].Text, "wise-ft") }) {
		t.Error("wise-ft is no form of SECURA")
	}
}

// Of four items the backbone knows two. secura keeps both, and its rivals keep one and win another.
func TestTheClaimOfKnownItems(t *testing.T) {
	s := sixteen(8, same(0.6), same(.5), same(.9))
	run := s.Make(t, nil)
	battery, n := "knowledge_choice", len(s.Tasks)
	for _, f := range s.Cells() {
		at := map[int]string{0: "xx..", n: "x.x."}
		if strings.HasPrefix(f.Id, report.Subject) {
			at[n] = "xx.."
		}
		for boundary, right := range at {
			synthetic.WritePredictions(t, run.Cell(f.Id), boundary, synthetic.BatteryPredictions(battery, 0, right))
		}
	}
	list, err := LoadEvidence(run)
	synthetic.Must(t, err)
	c := judge{list}
	wants(t, c.knowledge(), "of the items known before", Supported, "")
	shown := c.rivals(report.KnownKept, "x")
	if row := shown.Rows[1]; row[0].Text != "seq" || row[2].Text != "50.0" || row[4].Text != "+50.0" {
		t.Errorf("row of seq: %+v", row)
	}
	for _, rival := range claimed {
		wants(t, shown, rival, Supported, "")
	}
	named := func(c judge) bool {
		return slices.ContainsFunc(Tables(c.runs), func(t table.Table) bool { return strings.Contains(t.Title, "items known before") })
	}
	if !named(c) || named(judge{evidence(t, s)}) {
		t.Error("the table of known items stands where they are measured, and there alone")
	}
}

func TestClaimsThatTheRunContradictsAreNotSupported(t *testing.T) {
	c := judge{evidence(t, sixteen(8, same(0.6), [6]float64{.9, .9, .9, .9, .9, .3}, [6]float64{.9, .9, .9, .9, .9, .5}))}
	wants(t, c.knowledge(), "as K[N]", NotSupported, "")
	wants(t, c.rivals("acc", "x"), "er", NotSupported, "")
	wants(t, c.rivals("acc", "x"), "all five", NotSupported, "")
	// With three seeds no p is small, but the interval speaks.
	c = judge{evidence(t, sixteen(3, same(0.6), [6]float64{.9, .9, .9, .9, .9, .3}, same(.9)))}
	wants(t, c.rivals("acc", "x"), "er", NotSupported, "the whole interval of the difference, widened to 5 comparisons, lies at or below 0")
}

func TestClaimsAreUndecidedWithTooFewSeeds(t *testing.T) {
	c := judge{evidence(t, sixteen(3, same(0.6), [6]float64{.3, .4, .5, .4, .3, .9}, [6]float64{.5, .6, .6, .6, .5, .9}))}
	wants(t, c.rivals("acc", "x"), "seq", Undecided, "cannot be decided with 3 paired seeds: p (Holm) can fall below 0.05 only from 8 on")
	wants(t, c.rivals("acc", "x"), "all five", Undecided, "of 5, 0 supported, 5 cannot be decided, 0 not measured")
	wants(t, c.knowledge(), "as K[N]", Supported, "") // an interval needs two
}

// A rival with fewer seeds has its own mean and n; pairs are those that both have. A second run in
// which secura is finished is asked where the first has only planned it.
func TestUnfinishedSeeds(t *testing.T) {
	s := sixteen(8, same(0.6), [6]float64{.3, .4, .5, .4, .3, .9}, same(.9))
	full := s.End
	queued := func(ids ...string) func(f *synthetic.CellFiles) {
		return func(f *synthetic.CellFiles) {
			full(f)
			if slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(f.Id, id) }) {
				f.Events, f.Status = nil, nil
			}
		}
	}
	s.End = queued("secura-s0", "seq-s1", "er-s")
	runs := evidence(t, s)
	shown := judge{runs}.rivals("acc", "x")
	if row := shown.Rows[1]; row[1].Text != "7" || row[3].Text != "6" {
		t.Errorf("row of seq: %+v", row)
	}
	if p := shown.Rows[3][6].Number; p == nil || math.Abs(*p-5*math.Ldexp(1, -6)) > 1e-12 {
		t.Errorf("p (Holm) of ewc is %v, want that of five comparisons", p)
	}
	if text := claimsText(t, runs); !strings.Contains(strings.Join(strings.Fields(text), " "), "10 of its 48 cells are not finished") {
		t.Errorf("the claims do not say what is open:\n%.400s", text)
	}
	s.End = queued("secura-s")
	first := evidence(t, s)
	s.End = full
	if got, ok := (judge{append(first, evidence(t, s)...)}).stream(); !ok || got == first[0] {
		t.Error("a run that only plans secura is asked before one that has it")
	}
	if got, ok := (judge{first}).stream(); !ok || got != first[0] {
		t.Error("a run that only plans secura is not asked at all")
	}
}

func TestOneSeedDecidesNothing(t *testing.T) {
	runs := evidence(t, sixteen(1, same(0.6), same(.9), same(.9)))
	c := judge{runs}
	wants(t, c.knowledge(), "as K[N]/K[0]", Undecided, "one seed, which has no interval: at least 2")
	wants(t, c.rivals("acc", "x"), "er", Undecided, "cannot be decided with one seed")
	for _, row := range c.learning().Rows {
		if row[7].Text != "?" || row[8].Text != "?" || row[9].Text != "?" {
			t.Errorf("classified by one seed: %+v", row)
		}
	}
}

func TestDivergedCellsLeaveAClaimUndecided(t *testing.T) {
	s := sixteen(8, same(0.6), [6]float64{.3, .4, .5, .4, .3, .9}, same(.9))
	before := s.End
	s.End = func(f *synthetic.CellFiles) {
		if before(f); f.Id == "ewc-s1-o0" {
			f.Cut(2)
			f.Events = append(f.Events, record.Event{Kind: record.Diverged, Task: "task_2", Step: 3, Reason: "loss is NaN"})
			f.Status = &record.Status{State: record.CellDiverged, Reason: "loss is NaN"}
		}
	}
	c := judge{evidence(t, s)}
	wants(t, c.rivals("acc", "x"), "ewc", Undecided, "ewc: diverged: loss is NaN")
	wants(t, c.rivals("acc", "x"), "er", Supported, "") // adjusted over all five
	wants(t, c.rivals("acc", "x"), "all five", Undecided, "4 supported, 1 cannot be decided")
}

func TestAbsentMethodsAreNotMeasuredAndTheCommandIsGiven(t *testing.T) {
	s := sixteen(8, same(0.6), [6]float64{.3, .4, .5, .4, .3, .9}, same(.9))
	full := s.Cells()
	s.Methods = slices.Delete(slices.Clone(s.Methods), 3, 4)
	s.End = func(f *synthetic.CellFiles) {
		for _, other := range full {
			if other.Id == f.Id {
				f.Events = other.Events
			}
		}
	}
	c := judge{evidence(t, s)}
	wants(t, c.rivals("acc", "x"), "i-lora", NotMeasured, "has no i-lora: runner run -suite FILE.yaml -methods i-lora -out RUN goes on with it")
	wants(t, c.rivals("acc", "x"), "all five", Undecided, "4 supported, 0 cannot be decided, 1 not measured")
	if row := c.rivals("acc", "x").Rows[1]; row[5].Text != "0.008" || row[6].Text != "0.039" {
		t.Errorf("p %s, adjusted over the five of the claim %s; want 0.008 and 0.039", row[5].Text, row[6].Text)
	}
	wants(t, c.dora(), "multiple choice", NotMeasured, "runner run -suite variants")
	s.Methods, s.End = synthetic.Named("seq", "er"), nil
	c = judge{evidence(t, s)}
	wants(t, c.knowledge(), "as K[N]", NotMeasured, "has no secura: runner run -suite")
	wants(t, c.rivals("acc", "x"), "er", NotMeasured, "has no secura: runner run -suite")
}

// The command that goes on with a run must set again what the run's did.
func TestTheCommandThatGoesOnNamesWhatWasSet(t *testing.T) {
	built, err := suite.Load("smoke", suite.Options{})
	synthetic.Must(t, err)
	e := func(s suite.Suite) *Evidence {
		written, err := json.Marshal(s)
		synthetic.Must(t, err)
		return &Evidence{Report: &report.Report{Suite: s, Manifest: rundir.Manifest{Suite: written}}}
	}
	if text := missingMethods(e(built), "i-lora"); !strings.HasSuffix(text, "goes on with it") {
		t.Errorf("of the suite as it is built in: %s", text)
	}
	pinned := built
	pinned.Revisions = map[string]string{"org/model": "1111"}
	if text := missingMethods(e(pinned), "i-lora"); !strings.HasSuffix(text, "goes on with it") {
		t.Errorf("with the revision that the program put there: %s", text)
	}
	built.Training.Steps, built.Seeds = 7, 5
	if text := missingMethods(e(built), "i-lora"); !strings.HasSuffix(text, "goes on with it, with the flags that set its training") {
		t.Errorf("with -set training.steps=7: %s", text)
	}
}

func TestAMethodThatLearnsNothingIsFlagged(t *testing.T) {
	learn := [6]float64{.6, .6, .6, .6, .06, .08}
	c := judge{evidence(t, sixteen(8, learn, same(1), same(.9)))}
	shown := c.rivals("knowledge_retention", "x")
	for i, want := range map[int]string{0: "secura learned 3.4 points", 5: "cur-lora learned 1.3 points"} {
		notes := shown.Rows[i][8].Notes
		if len(notes) != 1 || !strings.Contains(shown.Footnotes[notes[0]-1], want) {
			t.Errorf("%s: notes %v of %q, want %q", shown.Rows[i][0].Text, notes, shown.Footnotes, want)
		}
	}
	if len(shown.Rows[1][8].Notes) != 0 {
		t.Error("seq is flagged, which learned")
	}
	wants(t, c.knowledge(), "as K[N]", Supported, "a method that learns nothing retains everything")
}

func TestMethodsAreClassified(t *testing.T) {
	shown := judge{evidence(t, sixteen(4, [6]float64{.6, .6, .06, .06, .6, .128}, [6]float64{.3, .9, 1, 1, .9, 1}, [6]float64{.9, .9, .9, .4, .4, .9}))}.learning()
	var got []string
	for _, row := range shown.Rows {
		got = append(got, row[0].Text+" "+row[9].Text)
	}
	want := []string{"seq only learns", "er does both", "ewc only retains", "i-lora does neither", "cur-lora only learns", "secura retains"}
	if !slices.Equal(got, want) {
		t.Errorf("classes %q, want %q", got, want)
	}
}

func TestSeedsNeededByTheSpread(t *testing.T) {
	// t(4)·1/√5 = 1.24, t(3)·1/√4 = 1.59: the first below 1.3 is n = 5.
	if got := seedsFor(-1.3, 1, 1); got != 5 {
		t.Errorf("%d seeds, want 5", got)
	}
	// t(0.995, 6)·1/√7 = 1.40, t(0.995, 7)·1/√8 = 1.24: of five comparisons the first below 1.3 is
	// n = 8.
	if got := seedsFor(-1.3, 1, 5); got != 8 {
		t.Errorf("%d seeds of five comparisons, want 8", got)
	}
	if got := seedsFor(0, 1, 1); got != mostSeeds+1 {
		t.Errorf("%d seeds for no distance", got)
	}
	j := judgeLevel(metric.MeanSDCI([]float64{0.6, 0.9, 0.7}), 0.7)
	if n := seedsFor(0.1/3, math.Sqrt(0.07/3), 1); j.verdict != Undecided || !strings.Contains(j.why, fmt.Sprintf("with 3 seeds: with this mean and spread about %d are needed", n)) {
		t.Errorf("%+v", j)
	}
}

func TestClaimsFitTheTerminalAndAreTheSameAgain(t *testing.T) {
	s := sixteen(8, same(.6), same(.9), same(.9))
	long := strings.Repeat("long_", 12)
	for i := range s.Tasks {
		s.Tasks[i] = long + s.Tasks[i]
	}
	observe(&s)
	run := s.Make(t, nil)
	e, err := LoadEvidence(run)
	synthetic.Must(t, err)
	text := claimsText(t, e)
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	again, err := LoadEvidence(run)
	synthetic.Must(t, err)
	if claimsText(t, again) != text {
		t.Error("two reports of the same records differ")
	}
	synthetic.Must(t, Write(run, [][]*Evidence{e}))
	written, err := os.ReadFile(run.Claims())
	synthetic.Must(t, err)
	for _, want := range []string{"# Claims of SECURA", "## What the released code does", "## Provenance", "| verdict"} {
		if !bytes.Contains(written, []byte(want)) {
			t.Errorf("claims.md has no %q", want)
		}
	}
}

// The further a method is from the backbone, the more it forgets; the battery's divergence stands
// the other way round. A run that measured neither has no such table.
func TestTheDivergenceIsHeldAgainstForgetting(t *testing.T) {
	s := sixteen(2, same(0.6), [6]float64{.3, .4, .5, .6, .7, .8}, [6]float64{.3, .4, .5, .6, .7, .8})
	c := judge{evidence(t, s)}
	if _, ok := c.divergence(); ok || strings.Contains(claimsText(t, c.runs), "divergence") {
		t.Error("a run without divergences has a table of them")
	}
	scores := s.End
	s.End = func(f *synthetic.CellFiles) {
		scores(f)
		m := float64(slices.IndexFunc(s.Methods, func(m suite.MethodSpec) bool { return strings.HasPrefix(f.Id, m.Name+"-s") }))
		for i, e := range f.Events {
			if e.Kind == record.Boundary {
				text, battery := 6-m, m
				f.Events[i].Divergence = &record.Divergence{HeldOut: &text, Knowledge: &battery}
			}
		}
	}
	runs := append(c.runs, evidence(t, s)...) // the first run that can says it
	shown, ok := judge{runs}.divergence()
	if !ok || len(shown.Rows) != 3 || shown.Rows[0][1].Text != "6" || shown.Rows[0][2].Text != "+1.00" || shown.Rows[2][2].Text != "-1.00" {
		t.Errorf("%+v", shown.Rows)
	}
	if text := claimsText(t, runs); !strings.Contains(text, "Does the divergence from the backbone go with forgetting") {
		t.Error("the claims lack the table")
	}
	few := s
	few.Methods = s.Methods[:3]
	shown, _ = judge{evidence(t, few)}.divergence()
	if shown.Rows[0][2].Text != "–" || !strings.Contains(shown.Footnotes[0], "3 pairs, fewer than 4") {
		t.Errorf("%+v %q", shown.Rows, shown.Footnotes)
	}
}
