package builtin

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// batteryPrompts are all questions of both halves.
func batteryPrompts() map[string]bool {
	prompts := map[string]bool{}
	for _, row := range knowledgeChoiceRows() {
		prompts[row.Query] = true
	}
	for _, row := range knowledgeCompletionRows() {
		prompts[row.Question] = true
	}
	return prompts
}

func TestBatteryHasDistinctQuestionsOfEveryKind(t *testing.T) {
	if n := len(batteryPrompts()); n != knowledgeItems {
		t.Errorf("the battery has %d distinct questions, want %d", n, knowledgeItems)
	}
	choices, completions := knowledgeBattery()
	count := map[string]int{}
	for _, item := range choices {
		count["choice "+item.relation.name]++
	}
	for _, item := range completions {
		count["completion "+item.relation.name]++
	}
	for _, r := range knowledgeRelations() {
		if count["choice "+r.name] < 2 || count["completion "+r.name] < 2 {
			t.Errorf("%s: %d choices and %d completions", r.name, count["choice "+r.name], count["completion "+r.name])
		}
	}
}

func TestChoiceRowsAreBalancedAndRight(t *testing.T) {
	rows := knowledgeChoiceRows()
	places := make([]int, knowledgeOptions)
	for _, row := range rows {
		if len(row.Options) != knowledgeOptions || len(slices.Compact(slices.Sorted(slices.Values(row.Options)))) != knowledgeOptions {
			t.Fatalf("%q has the options %q", row.Query, row.Options)
		}
		places[row.CorrectOption]++
	}
	for place, n := range places {
		if n != len(rows)/knowledgeOptions {
			t.Errorf("the right option stands in place %d %d times of %d", place, n, len(rows))
		}
	}
	if !slices.EqualFunc(rows, knowledgeChoiceRows(), func(a, b choiceRow) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
		t.Error("two calls give different rows")
	}
}

// An answer that is right for the subject in a relation may not be offered as a wrong option;
// capitals, for instance, are checked against the countries.
func TestChoicesAgreeWithTheCountries(t *testing.T) {
	checked := 0
	for _, row := range knowledgeChoiceRows() {
		for _, country := range Countries() {
			if row.Query == "What is the capital of "+country.Name+"?" || row.Query == "Which city is the capital of "+country.Name+"?" {
				checked++
				if got := row.Options[row.CorrectOption]; got != country.Capital {
					t.Errorf("%q is answered by %q", row.Query, got)
				}
			}
			if strings.Contains(row.Query, "continent") && strings.Contains(row.Query, country.Name) {
				checked++
				if got := row.Options[row.CorrectOption]; got != country.Continent {
					t.Errorf("%q is answered by %q", row.Query, got)
				}
			}
		}
	}
	if checked < 15 {
		t.Errorf("only %d questions were checked", checked)
	}
}

func TestCompletionAnswersAreShort(t *testing.T) {
	answers := map[string]string{}
	for _, row := range knowledgeCompletionRows() {
		if n := len(strings.Fields(row.Answer)); n < 1 || n > 3 {
			t.Errorf("%q has the answer %q", row.Question, row.Answer)
		}
		answers[row.Question] = row.Answer
	}
	for question, want := range map[string]string{
		"What is the capital city of Japan?":          "Tokyo",
		"Name the country whose capital is Brasilia.": "Brazil",
		"Where in the world is Romania?":              "Europe",
		"Which currency is used in Kazakhstan?":       "tenge",
		"Which language do people speak in Germany?":  "German",
		"Give the German word for Austria.":           "Österreich",
		"Give the chemical symbol for magnesium.":     "Mg",
		"The symbol Cu stands for which element?":     "copper",
		"A trout is what kind of thing?":              "fish",
		"To which group does tea belong?":             "drink",
		"Name the month before October.":              "September",
	} {
		if answers[question] != want {
			t.Errorf("%q is answered by %q, want %q", question, answers[question], want)
		}
	}
}

// Every question that the corpus may ask about a fact differs from all of the battery's, across
// relations too.
func TestCorpusCannotAskABatteryQuestion(t *testing.T) {
	prompts := batteryPrompts()
	for _, r := range knowledgeRelations() {
		if len(r.questions) < 6 || len(r.statements) < 6 {
			t.Errorf("%s has %d questions and %d statements", r.name, len(r.questions), len(r.statements))
		}
		for i, f := range r.facts {
			open := 0
			for j, question := range r.questions {
				if r.heldOutWording(i, j) {
					continue
				}
				open++
				if prompts[f.word(question)] {
					t.Errorf("%s: the corpus may ask %q", r.name, f.word(question))
				}
			}
			if open < 6 {
				t.Errorf("%s: %q is asked for in %d wordings", r.name, f.subject, open)
			}
		}
		for _, f := range r.others {
			for _, question := range r.questions {
				if prompts[f.word(question)] {
					t.Errorf("%s: the corpus may ask %q", r.name, f.word(question))
				}
			}
		}
	}
}

// No relation may answer one question twice in different ways.
func TestQuestionsHaveOneAnswer(t *testing.T) {
	answers := map[string]string{}
	for _, r := range knowledgeRelations() {
		for _, f := range slices.Concat(r.facts, r.others) {
			for _, question := range r.questions {
				text := f.word(question)
				if before, found := answers[text]; found && before != f.answer {
					t.Errorf("%q is answered by %q and by %q", text, before, f.answer)
				}
				answers[text] = f.answer
			}
		}
	}
}

func TestWithArticle(t *testing.T) {
	for thing, want := range map[string]string{"apple": "an apple", "pear": "a pear", "gold": "gold", "scissors": "scissors"} {
		if got := withArticle(thing); got != want {
			t.Errorf("withArticle(%q) = %q, want %q", thing, got, want)
		}
	}
	var members []string
	for _, category := range Categories() {
		members = append(members, category.Members...)
	}
	for _, thing := range withoutArticle {
		if !slices.Contains(members, thing) {
			t.Errorf("%q is no member of a category", thing)
		}
	}
}
