package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"secura/experiments/record"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/table"
	"secura/reports/tables"
)

// withOptions writes examples of the tasks: so many options for each task by its name, 0 for a
// written answer, and four for each question of the battery.
func withOptions(t *testing.T, path string, options map[string]int) {
	t.Helper()
	options["knowledge"] = 4
	var examples []record.Example
	for task, n := range options {
		for id := range 2 {
			e := record.Example{Task: task, ID: int32(id), Prompt: "p", Gold: "a"}
			for range n {
				e.Options = append(e.Options, "a")
			}
			examples = append(examples, e)
		}
	}
	data, err := record.EncodeExamples(examples)
	synthetic.Must(t, err)
	synthetic.Must(t, os.WriteFile(path, data, 0o644))
}

// pressed is a run whose methods hardly leave the base row of 5: seq learns and forgets it all,
// secura does not learn.
func pressed(seeds int, end float64) synthetic.Run {
	s := small()
	s.Methods, s.Seeds, s.Knowledge = synthetic.Named("joint", "seq", "secura"), seeds, true
	s.Score = func(method, seed, i, j int) float64 {
		noise := 0.004 * float64((seed*3+method+i+j)%3-1)
		switch {
		case i == 0:
			return 0.05
		case method == 0:
			return 0.7
		case i == 3:
			return end + noise
		case i == j && method == 1:
			return 0.6 + noise
		case i == j:
			return 0.05 + 0.0799 + noise/10
		}
		return 0.05
	}
	return s
}

// TestFewSeedsAreTold of every run, whatever its methods.
func TestFewSeedsAreTold(t *testing.T) {
	for _, c := range []struct {
		seeds   int
		methods []string
		want    string
	}{
		{1, []string{"seq", "er"}, "one seed: no interval and no test; with fewer than 6 paired seeds no p of 1 comparison can fall below 0.05"},
		{1, []string{"frozen", "joint", "seq"}, "one seed: no interval and no test"},
		{3, []string{"frozen", "joint", "seq", "er", "ewc"}, "3 seeds: with fewer than 7 paired seeds no p of 2 comparisons can fall below 0.05"},
		{3, []string{"seq", "frozen"}, ""}, {6, []string{"seq", "er"}, ""},
	} {
		s := small()
		s.Seeds, s.Methods = c.seeds, synthetic.Named(c.methods...)
		if got := strings.Join(tables.Summary(load(t, s.Make(t, nil))).Remarks, "; "); got != c.want {
			t.Errorf("%d seeds of %q: %q, want %q", c.seeds, c.methods, got, c.want)
		}
	}
}

// TestReferencesComeFirst: base row, chance and joint are the first three rows, with their numbers,
// and methods follow.
func TestReferencesComeFirst(t *testing.T) {
	run := pressed(8, 0.05).Make(t, nil)
	withOptions(t, run.Examples(), map[string]int{"task_1": 2, "task_2": 5, "task_3": 0})
	r := load(t, run)
	shown := tables.Summary(r)
	var labels []string
	for _, row := range shown.Rows {
		labels = append(labels, row[0].Text)
	}
	if want := []string{"base row", "chance", "joint", "seq", "secura"}; !slices.Equal(labels, want) {
		t.Errorf("rows %q, expected %q", labels, want)
	}
	base := rowOf(t, shown, "base row")
	if got := []string{base[2].Text, base[3].Text, base[4].Text, base[5].Text}; !slices.Equal(got, []string{"5.0", "–", "100.0", "95.0"}) {
		t.Errorf("the base row is %q", got)
	}
	chance := rowOf(t, shown, "chance")
	near(t, "chance", metric.Number(*chance[2].Number/100), (0.5+0.2+0)/3)
	if len(chance[2].Notes) != 1 || !strings.Contains(shown.Footnotes[chance[2].Notes[0]-1], "2 of 3 tasks; written answers have no chance level and count 0") {
		t.Errorf("the chance level has the footnotes %q", shown.Footnotes)
	}
	per := tables.Tasks(r)
	if got := rowOf(t, per, "T2 task_2")[2].Text; got != "20.0" {
		t.Errorf("the chance level of the second task is %s", got)
	}
	free := rowOf(t, per, "T3 task_3")[2]
	if free.Number != nil || per.Footnotes[free.Notes[0]-1] != "a written answer has no chance level" {
		t.Errorf("the chance level of written answers is %+v of %q", free, per.Footnotes)
	}
	heads := []string{}
	for _, c := range shown.Columns {
		heads = append(heads, table.JoinHead(c.Head))
	}
	if at := slices.Index(heads, "learning accuracy"); heads[at+1] != "knowledge retention" {
		t.Errorf("retention does not stand beside learning accuracy in %q", heads)
	}
}

// TestATableThatCannotRankSaysSo: where no method is shown to end above the base row, by its
// interval or of one seed by 8 points, the table says so above its rows and marks nothing in the
// column of accuracy.
func TestATableThatCannotRankSaysSo(t *testing.T) {
	for _, c := range []struct {
		seeds int
		end   float64
		ranks bool
	}{{8, 0.05, false}, {8, 0.20, true}, {1, 0.12, false}, {1, 0.20, true}} {
		shown := tables.Summary(load(t, pressed(c.seeds, c.end).Make(t, nil)))
		said := strings.Contains(strings.Join(shown.Caption, "\n"), "No method is shown to end above the base row, 5.0, by its interval or, of one seed, by 8.0 points: this table cannot rank the methods by accuracy.")
		if said == c.ranks {
			t.Errorf("%d seeds that end at %g: caption %q", c.seeds, c.end, shown.Caption)
		}
		for _, row := range shown.Rows {
			if !c.ranks && (row[2].Marked || row[2].Second) {
				t.Errorf("%d seeds that end at %g: the accuracy of %s is marked", c.seeds, c.end, row[0].Text)
			}
		}
	}
}

// TestAMethodThatDidNotLearnIsMarkedInItsRow, in every form, which stays within its width, and is
// still found by its name.
func TestAMethodThatDidNotLearnIsMarkedInItsRow(t *testing.T) {
	r := load(t, pressed(8, 0.05).Make(t, nil))
	shown := tables.Summary(r)
	for label, want := range map[string]string{"secura": "did not learn", "seq": "", "joint": "", "base row": "", "chance": ""} {
		if got := rowOf(t, shown, label)[0].Below; got != want {
			t.Errorf("%s is marked %q, expected %q", label, got, want)
		}
	}
	list := []table.Table{shown}
	var out bytes.Buffer
	synthetic.Must(t, table.Text(&out, list, false))
	if !strings.Contains(out.String(), "\n  did not learn") {
		t.Errorf("the text lacks the mark:\n%s", out.String())
	}
	for line := range strings.Lines(out.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
	out.Reset()
	synthetic.Must(t, table.Markdown(&out, list))
	if !strings.Contains(out.String(), "| secura (did not learn) |") {
		t.Errorf("the Markdown lacks the mark:\n%s", out.String())
	}
	out.Reset()
	synthetic.Must(t, table.LaTeX(&out, list, false))
	if !strings.Contains(out.String(), `secura {\scriptsize (did not learn)} & 8`) {
		t.Errorf("the LaTeX lacks the mark:\n%s", out.String())
	}
	out.Reset()
	synthetic.Must(t, table.CSV(&out, list, false))
	rows, err := csv.NewReader(&out).ReadAll()
	synthetic.Must(t, err)
	last := rows[len(rows)-1]
	if last[0] != "secura" || !strings.HasPrefix(last[len(last)-1], "did not learn") {
		t.Errorf("the CSV's row is %q", last)
	}
}

// TestResultsHaveTheReferences reads base row and chance from results.json.
func TestResultsHaveTheReferences(t *testing.T) {
	run := pressed(1, 0.05).Make(t, nil)
	withOptions(t, run.Examples(), map[string]int{"task_1": 2, "task_2": 5, "task_3": 0})
	data, err := report.Results(load(t, run))
	synthetic.Must(t, err)
	var file report.ResultsFile
	synthetic.Must(t, json.Unmarshal(data, &file))
	if len(file.References) != 1 {
		t.Fatalf("%d references", len(file.References))
	}
	near(t, "base row", file.References[0].Base["acc"], 0.05)
	near(t, "chance", file.References[0].Chance["acc"], 0.7/3)
	if v := file.References[0].ChanceTasks["task_3"]; v.Undefined != "a written answer has no chance level" {
		t.Errorf("the chance level of the third task is %+v", v)
	}
}

// TestMajority is what the most frequent right answer scores: of options by their text, of written
// answers once they are normalised, and of no task where no one answer can be given to all.
func TestMajority(t *testing.T) {
	run := pressed(1, 0.05)
	s := run.Make(t, nil)
	two, own := []string{"yes", "no"}, []string{"left", "right"}
	write := func(of ...record.Example) {
		t.Helper()
		for i := range of {
			of[i].ID, of[i].Prompt = int32(i), "p"
		}
		data, err := record.EncodeExamples(of)
		synthetic.Must(t, err)
		synthetic.Must(t, os.WriteFile(s.Examples(), data, 0o644))
	}
	write(
		record.Example{Task: "task_1", Options: two, Gold: "no"}, record.Example{Task: "task_1", Options: []string{"no", "yes"}, Gold: "yes"},
		record.Example{Task: "task_1", Options: two, Gold: "yes"}, record.Example{Task: "task_1", Options: two, Gold: "yes"},
		record.Example{Task: "task_2", Options: two, Gold: "no"}, record.Example{Task: "task_2", Options: own, Gold: "left"},
		record.Example{Task: "task_3", Gold: "Pay  bill."}, record.Example{Task: "task_3", Gold: "pay bill"}, record.Example{Task: "task_3", Gold: "balance"},
	)
	r := load(t, s)
	of := r.Chance.Majority
	near(t, "majority of options", of["task_1"], 0.75)
	near(t, "majority of written answers", of["task_3"], 2.0/3)
	if got := of["task_2"].Undefined; got != "each question has its own options: no answer fits all" {
		t.Errorf("the majority of a task whose questions have their own options is %+v", of["task_2"])
	}
	per := tables.Tasks(r)
	var out bytes.Buffer
	synthetic.Must(t, table.Text(&out, []table.Table{per}, false))
	if got := rowOf(t, per, "T1 task_1")[3].Text; got != "75.0" || !strings.Contains(out.String(), "majority is one answer to every question") {
		t.Errorf("the majority of the first task is %s in\n%s", got, out.String())
	}
}
