package builtin

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// freeHeadline is an article with a headline that takes any of its pieces, in any order and with
// any words between: what is learned is to copy, not how headlines look.
func freeHeadline(random *rand.Rand) string {
	s := &slots{random: random}
	pieces := [][2]string{ // in the article, and what a headline takes of it
		{"in {city}", "{city}"}, {"on {day}", "{day}"}, {"in {month}", "{month}"}, {"for {many} euros", "{many} euros"}, {"with {n} guests", "{n} guests"},
		{"near the {building}", "{building}"}, {"after the {event}", "{event}"}, {"with {name} {surname}", "{name} {surname}"}, {"for the {job}", "{job}"},
		{"by {band}", "{band}"}, {"by the {river}", "{river}"}, {"with {n2} {animals}", "{n2} {animals}"}, {"and a {colour} {object}", "{colour} {object}"},
		{"in the year {year}", "{year}"}, {"through {country}", "{country}"}, {"for {brand}", "{brand}"}, {"of {brand2}", "{brand2}"},
		{"with {n3} million coins", "{n3} million coins"}, {"at {number} percent", "{number} percent"}, {"before the {place}", "{place}"}, {"from {city2}", "{city2}"}, {"like {name2}", "{name2}"},
	}
	subjects := [][2]string{{"{surname2}", "{surname2}"}, {"The {building2}", "{building2}"}, {"A {job2}", "{job2}"}, {"The {food}", "{food}"}, {"{city3}", "{city3}"},
		{"{brand3}", "{brand3}"}, {"{country2}", "{country2}"}}
	subject := pick(random, subjects)
	random.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
	chosen := pieces[:between(random, 2, 4)]
	verb := pick(random, list("waits,opens,sings,stands,works,plays,turns,returns,looks,stays,moves,shines,starts,arrives,sleeps"))
	article := []string{subject[0], verb}
	taken := []string{subject[1]}
	for _, p := range chosen {
		article, taken = append(article, p[0]), append(taken, p[1])
	}
	random.Shuffle(len(taken), func(i, j int) { taken[i], taken[j] = taken[j], taken[i] })
	taken = taken[:between(random, 2, min(4, len(taken)))]
	glue := []string{" ", ", ", ": ", " and ", " with ", " or ", " at ", " for ", " - ", " by "}
	headline := taken[0]
	for _, t := range taken[1:] {
		headline += pick(random, glue) + t
	}
	return s.fill("Article: " + strings.Join(article, " ") + ".\nHeadline: " + headline)
}

// mixedPhrase is one or two words of different kinds with their German: countries, languages,
// weekdays, months and numbers, never two of a kind together and never a whole date, which the
// tasks ask for.
func mixedPhrase(words [][]fact) func(*rand.Rand) string {
	links := [][2]string{{", ", ", "}, {" and ", " und "}, {" or ", " oder "}, {" not ", " nicht "}, {" with ", " mit "}, {" without ", " ohne "}}
	return func(random *rand.Rand) string {
		kinds := random.Perm(len(words))[:between(random, 1, 2)]
		var english, german string
		for i, k := range kinds {
			f := pick(random, words[k])
			if i > 0 {
				link := pick(random, links)
				english, german = english+link[0], german+link[1]
			}
			english, german = english+f.subject, german+f.answer
		}
		if random.IntN(4) == 0 {
			number := strconv.Itoa(between(random, 1, 99))
			if random.IntN(2) == 0 {
				english, german = number+" "+english, number+" "+german
			} else {
				english, german = english+" "+number, german+" "+number
			}
		}
		return "English: " + english + "\nGerman: " + german
	}
}

// scenes are sums told as little stories, the result last. Their things and verbs are not those of
// the tasks.
var scenes = []struct {
	story, asked string
	operator     byte
}{
	{"{name} climbs {a} stairs and then {b} more", "How many stairs did {name} climb?", '+'},
	{"{name} reads {a} pages in the morning and {b} at night", "How many pages did {name} read?", '+'},
	{"{a} bees are on the flower and {b} come", "How many bees are on the flower?", '+'},
	{"{a} guests sit in the hall and {b} stand", "How many guests are in the hall?", '+'},
	{"{name} is {a} years old", "How old is {name} in {b} years?", '+'},
	{"There are {a} red and {b} blue balloons", "How many balloons are there?", '+'},
	{"The bus has {a} riders and {b} get on", "How many riders has the bus?", '+'},
	{"The bus has {a} riders and {b} get off", "How many riders has the bus?", '-'},
	{"Of {a} ducks on the lake, {b} fly away", "How many ducks stay?", '-'},
	{"A rope of {a} metres is cut by {b} metres", "How long is the rope?", '-'},
	{"{name} bakes {a} rolls and eats {b}", "How many rolls are there?", '-'},
	{"{a} lamps burn and {b} go out", "How many lamps burn?", '-'},
	{"{name} plants {a} trees and {b} die", "How many trees live?", '-'},
	{"A page has {a} lines and {b} of them are empty", "How many lines are not empty?", '-'},
	{"There are {a} rows of {b} chairs", "How many chairs are there?", '*'},
	{"{a} cars have {b} wheels each", "How many wheels are there?", '*'},
	{"{name} swims {a} laps on each of {b} days", "How many laps are that?", '*'},
}

// sceneDocument tells a scene and its result, as a statement or a question.
func sceneDocument(random *rand.Rand) string {
	scene := pick(random, scenes)
	s := drawSum(random)
	for s.operator != scene.operator || min(s.a, s.b) < 2 {
		s = drawSum(random)
	}
	numbers := strings.NewReplacer("{a}", strconv.Itoa(s.a), "{b}", strconv.Itoa(s.b))
	names := &slots{random: random}
	story, asked := names.fill(numbers.Replace(scene.story)), names.fill(numbers.Replace(scene.asked))
	result := strconv.Itoa(s.result)
	switch random.IntN(3) {
	case 0:
		return questionAndAnswer(story+". "+asked, result)
	case 1:
		return fmt.Sprintf("%s: %d %c %d = %s", story, s.a, s.operator, s.b, result)
	}
	return story + ". " + asked + " " + result
}

// roundProducts are products with 10, 100 and 1000, for numbers of one or two digits.
func roundProducts(random *rand.Rand) string {
	n, factor := between(random, 2, 99), pick(random, []int{10, 100, 1000})
	switch random.IntN(4) {
	case 0:
		return questionAndAnswer(fmt.Sprintf("What is %d times %d?", n, factor), strconv.Itoa(n*factor))
	case 1:
		return fmt.Sprintf("%d * %d = %d; %d * %d = %d", n, factor, n*factor, factor, n, n*factor)
	case 2:
		zeros := map[int]string{10: "a zero", 100: "two zeros", 1000: "three zeros"}[factor]
		return fmt.Sprintf("%d with %s behind it is %d.", n, zeros, n*factor)
	}
	return questionAndAnswer(fmt.Sprintf("How much are %d groups of %d?", n, factor), strconv.Itoa(n*factor))
}

// rowDocument continues rows, up or down, and names their step.
func rowDocument(random *rand.Rand) string {
	step := between(random, 1, 10)
	first, sign := between(random, 0, highestStart), 1
	if random.IntN(2) == 0 {
		first, sign = first+5*step, -1
	}
	if rowOfTask(first, step) {
		return rowDocument(random)
	}
	var terms []string
	for i := range 5 {
		terms = append(terms, strconv.Itoa(first+sign*i*step))
	}
	shown := strings.Join(terms[:4], ", ")
	last := first + 3*sign*step
	switch random.IntN(5) {
	case 3, 4:
		operator := '+'
		if sign < 0 {
			operator = '-'
		}
		return fmt.Sprintf("Row: %s\nStep: %d\nNext: %d %c %d = %d", shown, sign*step, last, operator, step, last+sign*step)
	case 0:
		return "Row: " + shown + "\nStep: " + strconv.Itoa(sign*step) + "\nNext: " + terms[4]
	case 1:
		return "Row: " + shown + ", " + terms[4] + "\nStep: " + strconv.Itoa(sign*step)
	}
	return "Row: " + shown + "\nNext: " + terms[4]
}

// numberPairs are numbers alone in English and German.
func numberPairs(random *rand.Rand) string {
	n, m := random.IntN(101), random.IntN(101)
	link := pick(random, [][2]string{{", ", ", "}, {" and ", " und "}, {" or ", " oder "}})
	return "English: " + englishNumber(n) + link[0] + englishNumber(m) + "\nGerman: " + germanNumber(n) + link[1] + germanNumber(m)
}

// mixedDocument draws among all of these.
func mixedDocument() func(*rand.Rand) string {
	var cities []fact
	for _, c := range germanCities {
		cities = append(cities, fact{c[0], c[1]})
	}
	phrase := mixedPhrase(append(dictionaryKinds(), cities))
	return func(random *rand.Rand) string {
		switch random.IntN(20) {
		case 16, 17:
			return numberPairs(random)
		case 18, 19:
			return freeHeadline(random)
		case 0, 1, 2, 3:
			return freeHeadline(random)
		case 4, 5, 6, 7, 8:
			return phrase(random)
		case 9, 10, 11:
			return sceneDocument(random)
		case 12, 13:
			return roundProducts(random)
		}
		return rowDocument(random)
	}
}
