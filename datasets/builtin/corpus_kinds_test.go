package builtin

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// written collects documents of one generator.
func written(write func(*rand.Rand) string, n int) []string {
	random := rand.New(rand.NewPCG(5, 6))
	documents := make([]string, n)
	for i := range documents {
		documents[i] = write(random)
	}
	return documents
}

var (
	chain  = regexp.MustCompile(`\d+(?: [-+*] \d+)*(?: = \d+(?: [-+*] \d+)*)+`)
	worded = regexp.MustCompile(`(\d+) (plus|minus|times|less|take away|added to|multiplied by|groups of) (\d+) is (\d+)`)
)

// evaluate calculates from left to right.
func evaluate(t *testing.T, expression string) int {
	t.Helper()
	terms := strings.Fields(expression)
	number := func(i int) int {
		n, err := strconv.Atoi(terms[i])
		if err != nil {
			t.Fatalf("evaluate %q: %v", expression, err)
		}
		return n
	}
	value := number(0)
	for i := 1; i < len(terms); i += 2 {
		switch terms[i] {
		case "+":
			value += number(i + 1)
		case "-":
			value -= number(i + 1)
		case "*":
			value *= number(i + 1)
		}
	}
	return value
}

func TestSumsOfTheCorpusAreRight(t *testing.T) {
	signs := map[string]string{"plus": "+", "added to": "+", "minus": "-", "less": "-", "take away": "-",
		"times": "*", "multiplied by": "*", "groups of": "*"}
	chains, sums := 0, 0
	for _, document := range written(arithmeticDocument, 5000) {
		for _, equation := range chain.FindAllString(document, -1) {
			chains++
			sides := strings.Split(equation, " = ")
			for _, side := range sides[1:] {
				if evaluate(t, side) != evaluate(t, sides[0]) {
					t.Errorf("%q is wrong", equation)
				}
			}
		}
		for _, match := range worded.FindAllStringSubmatch(document, -1) {
			sums++
			if got := evaluate(t, match[1]+" "+signs[match[2]]+" "+match[3]); strconv.Itoa(got) != match[4] {
				t.Errorf("%q is wrong", match[0])
			}
		}
	}
	if chains < 1000 || sums < 1000 {
		t.Errorf("only %d equations and %d worded sums were seen", chains, sums)
	}
}

var heldName = regexp.MustCompile(`[A-Z][a-z]+|\d+`)

// A headline of the corpus takes its names and numbers from the article.
func TestHeadlinesCopyFromTheirArticles(t *testing.T) {
	ours := strings.Fields("New Old Young No Trains Buses Truck School Visitors Work " +
		"Library Museum Theatre Station Town Hospital Airport Zoo Swimming Church Cinema")
	headlines := map[string]bool{}
	for _, document := range written(headlineDocument, 3000) {
		article, headline, found := strings.Cut(document, "\nHeadline: ")
		if !found || !strings.HasPrefix(article, "Article: ") {
			t.Fatalf("%q is no article with a headline", document)
		}
		headlines[headline] = true
		for _, name := range heldName.FindAllString(headline, -1) {
			if !strings.Contains(strings.ToLower(article), strings.ToLower(name)) && !slices.Contains(ours, name) {
				t.Errorf("%q stands in the headline alone: %q", name, document)
			}
		}
		for _, theme := range []string{"degrees", " rain", " sun ", "snow", "goal", "match", "share", "stock", "capital", "currency"} {
			if strings.Contains(article, theme) {
				t.Errorf("%q is on a theme of the tasks", article)
			}
		}
	}
	if len(headlines) < 2000 {
		t.Errorf("only %d headlines of 3000 differ", len(headlines))
	}
}

func TestAnswersStandInTheirContexts(t *testing.T) {
	for _, kind := range found {
		for _, question := range kind.questions {
			s := &slots{random: rand.New(rand.NewPCG(1, 2))}
			context, answer := s.fill(kind.context), s.fill(question[1])
			s.fill(question[0])
			for _, word := range strings.Fields(answer) {
				if word != "to" && !strings.Contains(strings.ToLower(context), word) && !strings.Contains(context, word) {
					t.Errorf("the answer %q does not stand in %q", answer, context)
				}
			}
			if distinct := slices.Compact(slices.Sorted(slices.Values(s.values))); len(distinct) != len(s.values) {
				t.Errorf("%q fills two slots alike", context)
			}
		}
	}
}

func TestGermanNumbers(t *testing.T) {
	for n, want := range map[int][2]string{
		0: {"zero", "null"}, 1: {"one", "eins"}, 12: {"twelve", "zwölf"}, 16: {"sixteen", "sechzehn"}, 17: {"seventeen", "siebzehn"},
		21: {"twenty-one", "einundzwanzig"}, 30: {"thirty", "dreißig"}, 47: {"forty-seven", "siebenundvierzig"},
		66: {"sixty-six", "sechsundsechzig"}, 70: {"seventy", "siebzig"}, 99: {"ninety-nine", "neunundneunzig"},
		100: {"one hundred", "einhundert"}, 700: {"seven hundred", "siebenhundert"}, 1000: {"one thousand", "eintausend"},
	} {
		if got := [2]string{englishNumber(n), germanNumber(n)}; got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 30: "30th"} {
		if got := ordinalNumber(n); got != want {
			t.Errorf("ordinalNumber(%d) = %q, want %q", n, got, want)
		}
	}
}

// Phrases with countries, languages, days, months or written numbers are what the translation tasks
// ask for.
func TestTranslatedPairsLeaveTheTasksWordsOut(t *testing.T) {
	words, numbers := dictionary()
	taken := map[string]bool{}
	for _, f := range slices.Concat(words, numbers) {
		for _, word := range strings.FieldsFunc(f.subject, func(r rune) bool { return r == ' ' || r == '-' }) {
			taken[word] = true
		}
	}
	pairs := map[string]string{}
	for _, document := range written(germanDocument(), 80_000) {
		pair, isPair := strings.CutPrefix(document, "English: ")
		if !isPair {
			continue
		}
		english, german, found := strings.Cut(pair, "\nGerman: ")
		if !found || german == "" {
			t.Fatalf("%q is no pair", document)
		}
		pairs[english] = german
		for word := range strings.FieldsSeq(english) {
			if taken[strings.Trim(word, ".,")] {
				t.Errorf("%q holds %q", english, word)
			}
		}
	}
	for english, want := range map[string]string{
		"the red dog": "der rote Hund", "a big house": "ein großes Haus", "an old cat": "eine alte Katze",
		"the 3rd flower": "die 3. Blume", "The bridge is long.": "Die Brücke ist lang.", "from Vienna to Rome": "von Wien nach Rom",
		"School starts in the autumn.": "Die Schule beginnt im Herbst.",
	} {
		if got := pairs[english]; got != want {
			t.Errorf("%q is %q, want %q", english, got, want)
		}
	}
}

func TestCompass(t *testing.T) {
	documents := written(compassFact, 500)
	for _, want := range []string{
		"On the compass, right of north is east.", "South is to the left of west.", "The opposite of east is west.",
		"Question: What is on the left of north?\nAnswer: west", "From west one step to the right is north.",
	} {
		if !slices.Contains(documents, want) {
			t.Errorf("the corpus lacks %q", want)
		}
	}
}

func TestAnUnknownSlotIsAProgrammingError(t *testing.T) {
	defer func() {
		if message, _ := recover().(string); !strings.Contains(message, `"planet"`) {
			t.Errorf("the panic says %q", message)
		}
	}()
	(&slots{random: rand.New(rand.NewPCG(1, 1))}).fill("to {planet}")
}

func TestEveryTemplateHasKnownSlots(t *testing.T) {
	for _, kind := range reports {
		for _, template := range slices.Concat(kind.articles, kind.headlines) {
			s := &slots{random: rand.New(rand.NewPCG(2, 3))}
			if text := s.fill(template); text == "" || strings.ContainsAny(text, "{}") {
				t.Errorf("%q becomes %q", template, text)
			}
		}
	}
}

// A row of numbers in the corpus is none that the task of number sequences may ask about, in
// whatever split.
func TestRowsOfTheCorpusAreNotTheTasks(t *testing.T) {
	row := regexp.MustCompile(`^(?:Row: |Counting (?:down )?by \d+: )(\d+),? (\d+)`)
	seen := 0
	for _, document := range slices.Concat(written(rowDocument, 3000), written(counting, 3000)) {
		match := row.FindStringSubmatch(document)
		if match == nil {
			t.Fatalf("%q is no row", document)
		}
		first, _ := strconv.Atoi(match[1])
		second, _ := strconv.Atoi(match[2])
		if rowOfTask(first, max(second-first, first-second)) {
			t.Errorf("%q is a row of the task", document)
		}
		seen++
	}
	if seen != 6000 {
		t.Errorf("%d rows were looked at", seen)
	}
}

// What is concluded from invented kinds follows from the rule of the thing's own kind.
func TestConclusionsFollow(t *testing.T) {
	rule := regexp.MustCompile(`(?:All|[Ee]very) (\w+?)s? (?:are|is a) (\w+?)s?[.,]`)
	claim := regexp.MustCompile(`is a (\w+), so \w+ is a (\w+)\.$`)
	for _, document := range written(kindOfKind, 2000) {
		concluded := claim.FindStringSubmatch(document)
		if concluded == nil {
			t.Fatalf("%q concludes nothing", document)
		}
		follows := false
		for _, r := range rule.FindAllStringSubmatch(document, -1) {
			follows = follows || strings.TrimSuffix(concluded[1], "s") == strings.TrimSuffix(r[1], "s") && strings.TrimSuffix(concluded[2], "s") == strings.TrimSuffix(r[2], "s")
		}
		if !follows {
			t.Errorf("%q does not follow", document)
		}
	}
}

func TestTurnsAreRight(t *testing.T) {
	quarters := map[string]int{"right": 1, "around": 2, "left": 3}
	side := regexp.MustCompile(`north|east|south|west`)
	turn := regexp.MustCompile(`\b(?:right|left|around)\b`)
	for _, document := range written(turning, 2000) {
		sides := side.FindAllString(document, -1)
		at := slices.Index(compass, sides[0])
		for _, name := range turn.FindAllString(document, -1) {
			at += quarters[name]
		}
		if got := sides[len(sides)-1]; got != compass[at%4] {
			t.Errorf("%q ends in %s, not %s", document, got, compass[at%4])
		}
	}
}

// Stranger documents have three words or five, so that the four of the task of the odd one out
// never stand in them alone.
func TestStrangersAreOfAnotherKind(t *testing.T) {
	kinds := map[string][]string{}
	for _, c := range parsedCategories() {
		for _, member := range c.Members {
			kinds[member] = append(kinds[member], c.Name)
		}
	}
	listed := regexp.MustCompile(`^Words: (.+)\n(?:Kind: (.+)\n)?Stranger: (.+)$`)
	seen := 0
	for _, document := range written(stranger, 2000) {
		match := listed.FindStringSubmatch(document)
		if match == nil {
			continue
		}
		seen++
		words := strings.Split(match[1], ", ")
		if len(words) != 3 && len(words) != 5 {
			t.Errorf("%q lists %d words", document, len(words))
		}
		for _, kind := range kinds[match[3]] {
			shared := true
			for _, word := range words {
				shared = shared && slices.Contains(kinds[word], kind)
			}
			if shared {
				t.Errorf("%q: the stranger is a %s as all are", document, kind)
			}
		}
	}
	if seen < 500 {
		t.Errorf("only %d documents were looked at", seen)
	}
}

// An invented brand is never one of the companies that the task of market headlines asks about.
func TestBrandsAreNoCompanies(t *testing.T) {
	for _, name := range written(brand, 5000) {
		if slices.Contains(companies, name) {
			t.Errorf("%s is a company of the task", name)
		}
	}
}
