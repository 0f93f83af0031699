package builtin

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSplitsHaveEnoughRows(t *testing.T) {
	for name, splits := range split(t) {
		if n := len(splits["test"]); n < 64 {
			t.Errorf("%s has %d test rows", name, n)
		}
		if n := len(splits["train"]); n < 256 {
			t.Errorf("%s has %d training rows", name, n)
		}
		for part, items := range splits {
			for i, it := range items {
				if n := utf8.RuneCountInString(it.text); n < 8 || n > 150 {
					t.Errorf("%s, %s, row %d has %d characters: %s", name, part, i, n, it.text)
				}
			}
		}
	}
	if len(knowledgeChoiceRows())+len(knowledgeCompletionRows()) < 256 {
		t.Error("the battery has fewer than 256 items")
	}
}

var calculation = regexp.MustCompile(`(\d+) ([-+*]) (\d+) = (\d+)`)

// The rationale's last result is the answer, every step of it is right, and the numbers of the
// question are those that it starts from.
func TestArithmeticAnswersAreRight(t *testing.T) {
	stream, checked := split(t), 0
	for _, task := range arithmeticTasks() {
		for part, items := range stream[task.name] {
			for i, it := range items {
				row := it.row.(arithmeticRow)
				rationale, answer, _ := strings.Cut(row.Answer, " #### ")
				last := ""
				for _, m := range calculation.FindAllStringSubmatch(rationale, -1) {
					a, _ := strconv.Atoi(m[1])
					b, _ := strconv.Atoi(m[3])
					want := map[string]int{"+": a + b, "-": a - b, "*": a * b}[m[2]]
					if strconv.Itoa(want) != m[4] {
						t.Errorf("%s, %s, row %d: %s", task.name, part, i, m[0])
					}
					last = m[4]
					checked++
				}
				if last == "" || last != answer {
					t.Errorf("%s, %s, row %d: the rationale %q does not give %q", task.name, part, i, rationale, answer)
				}
				first := calculation.FindStringSubmatch(rationale)
				if !strings.Contains(row.Question, first[1]) {
					t.Errorf("%s, %s, row %d: %q has no %s", task.name, part, i, row.Question, first[1])
				}
			}
		}
	}
	if checked < 2000 {
		t.Errorf("only %d calculations were checked", checked)
	}
}

// Each headline's words stand in the article, but for those of the house style.
func TestHeadlinesTellWhatTheArticleTells(t *testing.T) {
	style := strings.Fields("degrees and up down percent on million guests")
	for _, task := range summaryTasks() {
		for part, items := range split(t)[task.name] {
			for i, it := range items {
				row := it.row.(summaryRow)
				article := strings.Fields(normalised(row.Article))
				for _, word := range strings.Fields(normalised(row.Highlights)) {
					if !has(article, word) && !has(style, word) {
						t.Errorf("%s, %s, row %d: %q is not in %q", task.name, part, i, word, row.Article)
					}
				}
			}
		}
	}
}

func TestGermanOfTheTasks(t *testing.T) {
	want := map[string]string{}
	for _, task := range translationTasks() {
		for _, items := range split(t)[task.name] {
			for _, it := range items {
				pair := it.row.(translationRow).Translation
				want[pair.English] = pair.German
			}
		}
	}
	spots := 0
	for english, german := range map[string]string{
		"the road from Austria to France": "die Straße von Österreich nach Frankreich", "he speaks Danish and Greek": "er spricht Dänisch und Griechisch",
		"Monday, 3 May": "Montag, 3. Mai", "until Thursday, 8 January": "bis Donnerstag, 8. Januar", "on Sunday, 16 May": "am Sonntag, dem 16. Mai",
		"twenty-one apples": "einundzwanzig Äpfel", "sixteen letters": "sechzehn Briefe", "seventy-seven years": "siebenundsiebzig Jahre", "thirty eggs": "dreißig Eier",
	} {
		if got, ok := want[english]; ok {
			spots++
			if got != german {
				t.Errorf("%s is %s, expected %s", english, got, german)
			}
		}
	}
	if spots < 2 {
		t.Errorf("only %d of the spot checks are among the rows", spots)
	}
}

// The right option stands in each place about equally often, and is not told by its length.
func TestOptionsAreBalanced(t *testing.T) {
	for _, task := range reasoningTasks() {
		var places [4]int
		longest, all := 0, 0
		for _, items := range split(t)[task.name] {
			for i, it := range items {
				row := it.row.(reasoningRow)
				right := row.Options[row.CorrectOption]
				places[row.CorrectOption]++
				all++
				longer := true
				for j, o := range row.Options {
					if int32(j) != row.CorrectOption {
						longer = longer && len(o) < len(right)
						if o == right {
							t.Errorf("%s, row %d has %q twice", task.name, i, o)
						}
					}
				}
				if longer {
					longest++
				}
			}
		}
		for place, n := range places {
			if 5*n < all || 10*n > 3*all {
				t.Errorf("%s: the right option stands %d of %d times in place %d", task.name, n, all, place)
			}
		}
		if 5*longest > 2*all {
			t.Errorf("%s: the right option is the longest %d of %d times", task.name, longest, all)
		}
	}
}

func has(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}
