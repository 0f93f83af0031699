package builtin

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// The sizes of the knowledge battery's two halves.
const (
	knowledgeItems   = 320
	knowledgeSeed    = 0x6b6e6f77
	knowledgeOptions = 4
)

// heldOutWording tells whether a question about the fact with this number in its relation belongs
// to the battery in this wording. Such a question never occurs in the corpus, which asks for the
// same fact in the relation's other wordings, and for other facts in this one.
func (r relation) heldOutWording(fact, wording int) bool {
	return wording == r.choiceWording(fact) || wording == r.completionWording(fact)
}

func (r relation) choiceWording(fact int) int { return fact % len(r.questions) }

func (r relation) completionWording(fact int) int {
	return (fact + len(r.questions)/2) % len(r.questions)
}

// word puts a fact into a wording.
func (f fact) word(wording string) string {
	text := strings.ReplaceAll(wording, "{s}", f.subject)
	text = strings.ReplaceAll(text, "{S}", capitalised(f.subject))
	return strings.ReplaceAll(text, "{a}", f.answer)
}

// capitalised makes the first letter, an ASCII one, a capital.
func capitalised(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// batteryItem is a fact of a relation by its number.
type batteryItem struct {
	relation relation
	fact     int
}

// knowledgeBattery spreads the battery's items evenly over all facts of all relations; the even
// ones are choices, the odd ones completions.
func knowledgeBattery() (choices, completions []batteryItem) {
	var all []batteryItem
	for _, r := range knowledgeRelations() {
		for i := range r.facts {
			all = append(all, batteryItem{r, i})
		}
	}
	for k := range knowledgeItems {
		item := all[k*len(all)/knowledgeItems]
		if k%2 == 0 {
			choices = append(choices, item)
		} else {
			completions = append(completions, item)
		}
	}
	return choices, completions
}

// knowledgeChoiceRows are the battery's questions with four options of the same kind, of which the
// right one stands equally often in each place.
func knowledgeChoiceRows() []choiceRow {
	items, _ := knowledgeBattery()
	random := rand.New(rand.NewPCG(knowledgeSeed, 0))
	places := random.Perm(len(items))
	rows := make([]choiceRow, len(items))
	for i, item := range items {
		f := item.relation.facts[item.fact]
		place := places[i] % knowledgeOptions
		rows[i] = choiceRow{
			Query:         f.word(item.relation.questions[item.relation.choiceWording(item.fact)]),
			Options:       slices.Insert(wrongAnswers(item.relation, f, random), place, f.answer),
			CorrectOption: int32(place),
		}
	}
	return rows
}

// wrongAnswers draws answers to other questions of the relation.
func wrongAnswers(r relation, f fact, random *rand.Rand) []string {
	var answers []string
	for _, other := range r.facts {
		if other.answer != f.answer && !slices.Contains(answers, other.answer) && !alsoRight(f.answer, other.answer) {
			answers = append(answers, other.answer)
		}
	}
	random.Shuffle(len(answers), func(i, j int) { answers[i], answers[j] = answers[j], answers[i] })
	return answers[: knowledgeOptions-1 : knowledgeOptions-1]
}

// alsoRight are the pairs of kinds of which the second may be said of the first too: a bird is an
// animal, and gold is a colour.
func alsoRight(kind, other string) bool {
	switch kind {
	case "bird", "fish", "insect":
		return other == "animal"
	case "metal", "flower", "fruit":
		return other == "colour"
	}
	return false
}

// knowledgeCompletionRows are the battery's questions with a short written answer.
func knowledgeCompletionRows() []completionRow {
	_, items := knowledgeBattery()
	rows := make([]completionRow, len(items))
	for i, item := range items {
		f := item.relation.facts[item.fact]
		rows[i] = completionRow{
			Question: f.word(item.relation.questions[item.relation.completionWording(item.fact)]),
			Answer:   f.answer,
		}
	}
	return rows
}
