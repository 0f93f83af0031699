package builtin

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// translationTasks are English phrases with their German.
func translationTasks() []task {
	return []task{
		newTask("country_phrases", 0, drawCountryPhrase),
		newTask("language_phrases", 0, drawLanguagePhrase),
		newTask("date_phrases", 0, drawDatePhrase),
		newTask("number_phrases", 0, drawNumberPhrase),
	}
}

func translationItem(key, english, german string) item {
	return item{translationRow{translationPair{german, english}}, key, english}
}

// withoutGermanArticle are the countries that German names without an article, as most are.
func withoutGermanArticle() []Country {
	article := list("CH,TR,IR,IQ,US,NL,SK,UA,MN,PH,LB,SD,AE,DO,CF,GB,CI")
	return slices.DeleteFunc(Countries(), func(c Country) bool {
		return slices.Contains(article, c.Code) || strings.HasPrefix(c.Name, "United")
	})
}

func drawCountryPhrase(random *rand.Rand) item {
	countries := withoutGermanArticle()
	from, to := pick(random, countries), pick(random, countries)
	if from.Code == to.Code {
		return drawCountryPhrase(random)
	}
	phrase := pick(random, [][2]string{
		{"the road from %s to %s", "die Straße von %s nach %s"}, {"by train from %s to %s", "mit dem Zug von %s nach %s"}, {"a letter from %s to %s", "ein Brief von %s nach %s"}})
	return translationItem(from.Code+" "+to.Code, fmt.Sprintf(phrase[0], from.Name, to.Name), fmt.Sprintf(phrase[1], from.German, to.German))
}

func drawLanguagePhrase(random *rand.Rand) item {
	languages := Languages()
	first, second := pick(random, languages), pick(random, languages)
	if first.Name == second.Name {
		return drawLanguagePhrase(random)
	}
	phrase := pick(random, [][2]string{{"he speaks %s and %s", "er spricht %s und %s"}, {"she learns %s and %s", "sie lernt %s und %s"},
		{"we read %s and %s", "wir lesen %s und %s"}})
	// Both orders of two languages are one item.
	key := min(first.Name, second.Name) + " " + max(first.Name, second.Name)
	return translationItem(key, fmt.Sprintf(phrase[0], first.Name, second.Name), fmt.Sprintf(phrase[1], first.German, second.German))
}

func drawDatePhrase(random *rand.Rand) item {
	weekday, month, day := random.IntN(7), random.IntN(12), between(random, 1, 28)
	phrase := pick(random, [][2]string{{"on %s, %d %s", "am %s, dem %d. %s"}, {"%s, %d %s", "%s, %d. %s"}, {"until %s, %d %s", "bis %s, %d. %s"}})
	return translationItem(fmt.Sprintf("%d %d %d", weekday, day, month), fmt.Sprintf(phrase[0], weekdays[weekday], day, months[month]),
		fmt.Sprintf(phrase[1], germanWeekdays[weekday], day, germanMonths[month]))
}

// countedNouns are plurals; the corpus never counts them.
var countedNouns = [][2]string{{"apples", "Äpfel"}, {"eggs", "Eier"}, {"letters", "Briefe"}, {"stars", "Sterne"}, {"steps", "Schritte"},
	{"days", "Tage"}, {"years", "Jahre"}, {"friends", "Freunde"}, {"doors", "Türen"}, {"pages", "Seiten"}, {"songs", "Lieder"}, {"islands", "Inseln"}}

func drawNumberPhrase(random *rand.Rand) item {
	n, noun := between(random, 2, 99), pick(random, countedNouns)
	return translationItem(fmt.Sprintf("%d %s", n, noun[0]), englishNumber(n)+" "+noun[0], germanNumber(n)+" "+noun[1])
}
