package builtin

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var wholeNumber = regexp.MustCompile(`\d+`)

// numbersIn are the numbers of a text in order.
func numbersIn(t *testing.T, text string) []int {
	t.Helper()
	var numbers []int
	for _, digits := range wholeNumber.FindAllString(text, -1) {
		n, err := strconv.Atoi(digits)
		if err != nil {
			t.Fatalf("read the numbers of %q: %v", text, err)
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// solvers answer a question from its words and numbers alone, without what the generators know; -1
// where the words are not understood.
var solvers = map[string]func(question string, n []int) int{
	"add_subtract_stories": func(question string, n []int) int {
		if len(n) != 2 {
			return -1
		}
		if strings.Contains(question, "left") || strings.Contains(question, "still") || strings.Contains(question, "remain") {
			return n[0] - n[1]
		}
		return n[0] + n[1]
	},
	"two_step_purchases": func(question string, n []int) int {
		switch {
		case len(n) == 3 && strings.HasPrefix(question, "A "): // two prices, the money
			return n[2] - n[0] - n[1]
		case len(n) == 3: // the money, two prices
			return n[0] - n[1] - n[2]
		}
		return -1
	},
	"unit_conversion": func(question string, n []int) int {
		sizes := map[string]int{"centimetres metres": 100, "metres kilometres": 1000, "grams kilograms": 1000, "kilograms tonnes": 1000,
			"millilitres litres": 1000, "cents euros": 100, "years centuries": 100, "years decades": 10, "millimetres centimetres": 10,
			"centimetres decimetres": 10, "minutes hours": 60, "seconds minutes": 60, "hours days": 24, "days weeks": 7, "months years": 12, "pieces dozens": 12}
		words := strings.Fields(strings.Trim(question, "?."))
		amount := slices.IndexFunc(words, func(w string) bool { return wholeNumber.MatchString(w) })
		from, to := words[amount+1], words[len(words)-1]
		if strings.HasPrefix(question, "How many") {
			to = words[2]
		}
		if size := sizes[to+" "+from]; size > 0 && len(n) == 1 {
			return n[0] * size
		}
		return -1
	},
	"number_sequences": func(question string, n []int) int {
		if len(n) != 5 {
			return -1
		}
		step, row := n[4], n[:4]
		if strings.HasPrefix(question, "Count") {
			step, row = n[0], n[1:]
		}
		if strings.Contains(question, " down by ") {
			step = -step
		}
		if row[1]-row[0] != step || row[2]-row[1] != step || row[3]-row[2] != step {
			return -1
		}
		return row[3] + step
	},
}

func TestQuestionsHaveTheirAnswers(t *testing.T) {
	stream := split(t)
	for _, task := range arithmeticTasks() {
		for _, part := range Splits {
			for i, it := range stream[task.name][part] {
				row := it.row.(arithmeticRow)
				_, answer, _ := strings.Cut(row.Answer, "#### ")
				if want := solvers[task.name](row.Question, numbersIn(t, row.Question)); strconv.Itoa(want) != answer {
					t.Errorf("%s, %s, row %d: %q gives %d, not %s", task.name, part, i, row.Question, want, answer)
				}
			}
		}
	}
}

// The walker is turned step by step on the four sides.
func TestDirectionsAreRight(t *testing.T) {
	right := map[string]string{"north": "east", "east": "south", "south": "west", "west": "north"}
	quarters := map[string]int{"right": 1, "around": 2, "left": 3}
	walk := regexp.MustCompile(`^Between \w+ and \w+ \w+ looks (\w+) and turns (\w+)\.$`)
	stream := split(t)
	for _, part := range Splits {
		answers := map[string]int{}
		items := stream["directions"][part]
		for i, it := range items {
			row := it.row.(reasoningRow)
			match := walk.FindStringSubmatch(row.Context)
			if match == nil {
				t.Fatalf("%s, row %d: %q is no walk", part, i, row.Context)
			}
			side := match[1]
			for range quarters[match[2]] {
				side = right[side]
			}
			got := row.Options[row.CorrectOption]
			if got != side {
				t.Errorf("%s, row %d: %s ends with %s, not %s", part, i, row.Context, side, got)
			}
			answers[got]++
		}
		for side, n := range answers {
			if 10*n < len(items) {
				t.Errorf("%s: only %d of %d answers are %s", part, n, len(items), side)
			}
		}
	}
}

// Each place of the four has the right option equally often in each split, and the options that a
// syllogism names are named alike.
func TestOptionsHaveNoLeak(t *testing.T) {
	stream := split(t)
	for _, task := range reasoningTasks() {
		for _, part := range Splits {
			var places [4]int
			items := stream[task.name][part]
			for i, it := range items {
				row := it.row.(reasoningRow)
				places[row.CorrectOption]++
				if task.name != "syllogisms" {
					continue
				}
				var named []int
				for _, option := range row.Options {
					named = append(named, strings.Count(row.Context, strings.TrimPrefix(option, "a ")))
				}
				slices.Sort(named)
				if !slices.Equal(named, []int{0, 1, 1, 1}) {
					t.Errorf("%s, row %d: %q names its options %v times", part, i, row.Context, named)
				}
			}
			for place, n := range places {
				if n != len(items)/4 {
					t.Errorf("%s, %s: the right option stands %d of %d times in place %d", task.name, part, n, len(items), place)
				}
			}
		}
	}
}

// The same purchase, the same addition and the same pair of languages are one item in either order.
func TestOrderMakesNoOtherItem(t *testing.T) {
	if a, b := purchaseKey(20, 7, 3), purchaseKey(20, 3, 7); a != b {
		t.Errorf("one purchase has the keys %s and %s", a, b)
	}
	stream, seen := split(t), map[string]bool{}
	for _, part := range Splits {
		for _, it := range stream["add_subtract_stories"][part] {
			calculation, _, _ := strings.Cut(it.row.(arithmeticRow).Answer, " = ")
			if n := numbersIn(t, calculation); strings.Contains(calculation, "+") {
				sum := strconv.Itoa(min(n[0], n[1])) + "+" + strconv.Itoa(max(n[0], n[1]))
				if seen[sum] {
					t.Errorf("%s is asked twice", sum)
				}
				seen[sum] = true
			}
		}
		for _, it := range stream["language_phrases"][part] {
			words := strings.Fields(it.text)
			first, second, _ := strings.Cut(strings.Join(words[2:], " "), " and ")
			pair := min(first, second) + "+" + max(first, second)
			if seen[pair] {
				t.Errorf("%s is asked twice", pair)
			}
			seen[pair] = true
		}
	}
}
