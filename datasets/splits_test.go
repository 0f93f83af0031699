package datasets

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// onlyTask is a task over a case with columns question and answer.
func onlyTask(source string, splits Splits) Task {
	return Task{Name: "n", Source: source, Prompt: "{{.question}}", Answer: "{{.answer}}", Scores: []string{"exact"}, MaxNewTokens: 4, Splits: splits}
}

func TestATaskSaysWhichSplitsServe(t *testing.T) {
	dir := casesFolder(t)
	mnli := onlyTask("splits_mnli", Splits{Validation: "validation_matched", Test: "validation_mismatched"})
	for split, want := range map[string]string{"train": "train q0", "validation": "matched q0", "test": "mismatched q0"} {
		examples, err := mnli.Load(dir, split)
		if err != nil || examples[0].Prompt != want {
			t.Errorf("%s: %v, %v", split, examples, err)
		}
	}
	carved := onlyTask("split_test_only", Splits{Train: "test[:80%]", Validation: "test[80%:90%]", Test: "test[90%:]"})
	seen := map[int]string{}
	for split, n := range map[string]int{"train": 32, "validation": 4, "test": 4} {
		set, err := carved.Read(dir, split)
		if err != nil || len(set.Examples) != n || set.Rows != n || !slices.IsSortedFunc(set.Examples, func(a, b Example) int { return a.ID - b.ID }) {
			t.Errorf("%s: %d of %d, %v", split, len(set.Examples), set.Rows, err)
		}
		for _, e := range set.Examples {
			if other, twice := seen[e.ID]; twice || e.Prompt != fmt.Sprintf("only q%d", e.ID) {
				t.Errorf("row %d is in %s and %s: %q", e.ID, split, other, e.Prompt)
			}
			seen[e.ID] = split
		}
	}
	first, _ := carved.Load(dir, "test")
	carved.Seed = 7
	second, _ := carved.Load(dir, "test")
	if len(seen) != 40 || fmt.Sprint(first) == fmt.Sprint(second) {
		t.Errorf("%d rows; two seeds draw the same", len(seen))
	}
	hidden := onlyTask("splits_mnli", Splits{Test: "validation_matched"})
	_, err := hidden.Load(dir, "validation")
	expectError(t, err, "no file of split validation")
	hidden.Splits = Splits{Test: "validation"}
	_, err = hidden.Load(dir, "validation")
	expectError(t, err, "there is no validation split", "serve as test", "train[90%:]")
}

func TestMistakesOfSplits(t *testing.T) {
	for _, c := range []struct {
		splits Splits
		want   string
	}{
		{Splits{Train: "train[:80%]", Validation: "train[80%:]"}, ""},
		{Splits{Train: "train[:90%]", Validation: "train[80%:]"}, "train and validation share rows of train"},
		{Splits{Validation: "validation", Test: "validation"}, "share rows of validation"},
		{Splits{Validation: "train[80%:]"}, "all of which serves as train"},
		{Splits{Test: "test[20%"}, "is no split"},
		{Splits{Test: "test[50%:20%]"}, "is no share"},
		{Splits{Test: "test[:120%]"}, "is no share"},
		{Splits{Test: "test[:100]"}, "is no split"},
		{Splits{Test: "../test"}, "is no share"},
	} {
		if got := strings.Join(c.splits.mistakes(), "; "); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q, expected %q", c.splits, got, c.want)
		}
	}
}

// TestSharesPartASplit: shares that meet are a split's rows, each once.
func TestSharesPartASplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, seed := rapid.IntRange(0, 300).Draw(t, "rows"), rapid.IntRange(0, 9).Draw(t, "seed")
		a := rapid.IntRange(1, 98).Draw(t, "first")
		b := rapid.IntRange(a+1, 99).Draw(t, "second")
		count := make([]int, n)
		for _, text := range []string{fmt.Sprintf("x[:%d%%]", a), fmt.Sprintf("x[%d%%:%d%%]", a, b), fmt.Sprintf("x[%d%%:]", b)} {
			s, err := parseShare(text)
			if err != nil {
				t.Fatal(err)
			}
			for row, member := range s.members(n, seed) {
				if member {
					count[row]++
				}
			}
		}
		if slices.ContainsFunc(count, func(c int) bool { return c != 1 }) {
			t.Fatal(count)
		}
	})
}

func TestRowsAreLeftOutByACondition(t *testing.T) {
	dir := casesFolder(t)
	unlabelled := Task{Name: "n", Source: "some_unlabelled", Prompt: "{{.text}}", Options: []string{"no", "yes"}, Gold: "{{.label}}", Scores: []string{"accuracy"}}
	_, err := unlabelled.Load(dir, "train")
	expectError(t, err, "row 3", "gold -1 is out of range", "`where`")
	unlabelled.Where = "{{ge .label 0}}"
	set, err := unlabelled.Read(dir, "train")
	if err != nil || set.Rows != 4 || set.LeftOut != 1 || len(set.Examples) != 3 || set.Examples[2].ID != 3 {
		t.Errorf("%+v, %v", set, err)
	}
	unlabelled.Source = "hidden_labels"
	_, err = unlabelled.Read(dir, "test")
	expectError(t, err, "`where` leaves out all 3 rows")
	unlabelled.Splits = Splits{Test: "validation"}
	if set, err = unlabelled.Read(dir, "test"); err != nil || set.LeftOut != 0 || len(set.Examples) != 3 {
		t.Errorf("%+v, %v", set, err)
	}
	unlabelled.Where = "{{.text}}"
	_, err = unlabelled.Read(dir, "test")
	expectError(t, err, "row 1", `where writes "a", expected true or false`)

	empty := onlyTask("empty_cells", Splits{})
	_, err = empty.Load(dir, "test")
	expectError(t, err, "row 2", "answer: the text is empty", "`where`")
	empty.Where = `{{ne .answer ""}}`
	if set, err = empty.Read(dir, "test"); err != nil || set.LeftOut != 1 || len(set.Examples) != 2 {
		t.Errorf("%+v, %v", set, err)
	}
	empty.Where = `{{gt .answer 3}}`
	_, err = empty.Read(dir, "test")
	expectError(t, err, "row 1", "cannot be compared")
}

// TestSortedLabelsAreDrawn: of a set sorted by its label, the first hundred are of one class.
func TestSortedLabelsAreDrawn(t *testing.T) {
	task := Task{Name: "n", Source: "sorted_labels", Prompt: "{{.text}}", Options: []string{"bad", "good"}, Gold: "{{.label}}", Scores: []string{"accuracy"}}
	all, err := task.Load(casesFolder(t), "test")
	if err != nil || len(all) != 400 {
		t.Fatal(len(all), err)
	}
	task.Limits.Test = 100
	limited, err := task.Load(casesFolder(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	var sampled []Example
	for _, i := range task.Sample(len(all), 100, 0) {
		sampled = append(sampled, all[i])
	}
	for name, examples := range map[string][]Example{"sample": sampled, "limits": limited} {
		ones := 0
		for _, e := range examples {
			ones += e.Gold
		}
		if len(examples) != 100 || ones < 30 || ones > 70 {
			t.Errorf("%s: %d of %d are of class 1", name, ones, len(examples))
		}
	}
	task.Limits.Seed = 3
	other, err := task.Load(casesFolder(t), "test")
	if err != nil || fmt.Sprint(other) == fmt.Sprint(limited) {
		t.Error("two seeds draw the same")
	}
	builtin := Task{Name: "n", Source: "builtin:syllogisms"}
	if sample := builtin.Sample(len(all), 5, 0); len(sample) != 5 || sample[4] != 4 {
		t.Error("the rows of a built-in task are drawn again")
	}
}

func TestShotsStandBeforeThePrompt(t *testing.T) {
	task := onlyTask("splits_mnli", Splits{Validation: "validation_matched", Test: "validation_mismatched"})
	task.Prompt, task.Answer, task.Shots = "Q: {{.question}}\nA:", " {{.answer}}", 2
	dir := casesFolder(t)
	test, err := task.Load(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(test[1].Prompt, "\n\n")
	if len(parts) != 3 || parts[2] != "Q: mismatched q1\nA:" || !strings.HasPrefix(parts[0], "Q: train q") || !strings.Contains(parts[0], "A: train a") || parts[0] == parts[1] {
		t.Errorf("%q", test[1].Prompt)
	}
	for i, e := range test {
		if !strings.HasPrefix(e.Prompt, parts[0]+"\n\n"+parts[1]+"\n\n") {
			t.Errorf("row %d has other shots", i)
		}
	}
	train, err := task.Load(dir, "train")
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range train {
		if strings.Count(e.Prompt, fmt.Sprintf("train q%d\n", i)) != 1 || strings.Count(e.Prompt, "\n\n") != 2 {
			t.Errorf("row %d: %q", i, e.Prompt)
		}
	}
	if got := task.SplitsRead("test"); !slices.Equal(got, []string{"train", "test"}) {
		t.Error(got)
	}
	task.Shots = 4
	_, err = task.Load(dir, "test")
	expectError(t, err, "shots", "4 examples")
	task.Shots, task.Readable = 1, []string{"test"}
	_, err = task.Load(dir, "test")
	expectError(t, err, "shots", "split train is refused")
}

func TestColumnsListsAndSeveralAnswers(t *testing.T) {
	dir := casesFolder(t)
	gpqa := Task{Name: "n", Source: "columns", Prompt: "{{.Question}}", Options: []string{`{{column "Correct Answer"}}`, `{{column "Incorrect Answer 1"}}`}, Gold: "0", Scores: []string{"accuracy"}}
	examples, err := gpqa.Load(dir, "test")
	if err != nil || examples[1].Options[0] != "y" || examples[1].Options[1] != "b" {
		t.Errorf("%v, %v", examples, err)
	}
	listed := Task{Name: "n", Source: "list_in_text", Prompt: "{{.question}}", OptionsColumn: "{{json .choices}}", Gold: "{{.gold}}", Scores: []string{"accuracy"}}
	if examples, err = listed.Load(dir, "test"); err != nil || !slices.Equal(examples[1].Options, []string{"c", "d"}) || examples[1].Gold != 1 {
		t.Errorf("%v, %v", examples, err)
	}
	listed.OptionsColumn = "choices"
	_, err = listed.Load(dir, "test")
	expectError(t, err, "not a list", "{{json .choices}}")

	golds := Task{Name: "n", Source: "many_golds", Prompt: "{{.question}}", Answer: " {{index .answers 0}}", AnswersColumn: "answers", Scores: []string{"exact"}, MaxNewTokens: 4}
	if err := golds.Validate(); err != nil {
		t.Error(err)
	}
	if examples, err = golds.Load(dir, "test"); err != nil || examples[0].Answer != " Paris" || !slices.Equal(examples[0].RightAnswers(), []string{"Paris", "Paris, France"}) {
		t.Errorf("%v, %v", examples, err)
	}
}

func TestEqualOptionsAreOneAnswer(t *testing.T) {
	task := Task{Name: "n", Source: "equal_options", Prompt: "{{.question}}", OptionsColumn: "choices", Gold: "{{.gold}}", Scores: []string{"accuracy"}}
	examples, err := task.Load(casesFolder(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	e := examples[0]
	if without := (Example{Gold: 1}); !without.Right(1) || without.Right(0) {
		t.Error("an example without texts")
	}
	if !e.Right(0) || !e.Right(1) || e.Right(2) || e.Right(-1) || !e.hasEqualOptions() || examples[1].hasEqualOptions() {
		t.Errorf("%+v", e)
	}
}

func TestAnAnswerEndsAtTheFirstStopText(t *testing.T) {
	task := Task{Stop: []string{"\n", "Q:"}}
	for written, want := range map[string]string{" yes\nQ: no": " yes", "a Q: b\n": "a ", "plain": "plain", "\n": ""} {
		if got := task.Cut(written); got != want {
			t.Errorf("%q is cut to %q, expected %q", written, got, want)
		}
	}
	// Of texts within each other the one that is whole first counts, so that writing may end there.
	for _, stop := range [][]string{{"x\ny", "\n"}, {"\n", "x\ny"}} {
		if got := (Task{Stop: stop}).Cut("ax\ny"); got != "ax" {
			t.Errorf("%q cuts to %q", stop, got)
		}
	}
}
