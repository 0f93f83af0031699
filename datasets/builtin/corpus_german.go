package builtin

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// dictionaryWordings tell a German word; a bare "English: … German: …" about these words is what
// the translation tasks look like, so it is none of them.
var dictionaryWordings = []string{
	"{s} is {a} in German.", "The German word for {s} is {a}.", "Germans call {s} {a}.", "In German, {s} is called {a}.",
	"{a} is German and means {s}.", "Dictionary: {s} = {a}", "The word {a} means {s}.",
}

// dictionaryKinds holds English words with their German by kind: countries, languages, weekdays,
// months, and the numbers from 0 to 100.
func dictionaryKinds() [][]fact {
	kinds := make([][]fact, 5)
	for _, country := range Countries() {
		kinds[0] = append(kinds[0], fact{country.Name, country.German})
	}
	for _, language := range Languages() {
		kinds[1] = append(kinds[1], fact{language.Name, language.German})
	}
	for i, day := range weekdays {
		kinds[2] = append(kinds[2], fact{day, germanWeekdays[i]})
	}
	for i, month := range months {
		kinds[3] = append(kinds[3], fact{month, germanMonths[i]})
	}
	for n := range 101 {
		kinds[4] = append(kinds[4], fact{englishNumber(n), germanNumber(n)})
	}
	return kinds
}

// dictionary holds the German words that statements tell.
func dictionary() (words, numbers []fact) {
	kinds := dictionaryKinds()
	words, numbers = slices.Concat(kinds[:4]...), kinds[4]
	for n := 200; n <= 1000; n += 100 {
		numbers = append(numbers, fact{englishNumber(n), germanNumber(n)})
	}
	return words, numbers
}

// germanDocument writes dictionary statements and pairs of phrases.
func germanDocument() func(*rand.Rand) string {
	words, numbers := dictionary()
	return func(random *rand.Rand) string {
		switch random.IntN(20) {
		case 0, 1, 2:
			return pick(random, words).word(pick(random, dictionaryWordings))
		case 3:
			return plurals(random)
		case 4:
			return pick(random, words).word("{s} is {a} in German, ") + pick(random, words).word("and {s} is {a}.")
		case 5, 6:
			return pick(random, numbers).word(pick(random, dictionaryWordings))
		case 7:
			return numberRun(random)
		case 8:
			n := random.IntN(101)
			return pick(random, []string{
				strconv.Itoa(n) + " is written " + englishNumber(n) + ".",
				strconv.Itoa(n) + " is " + germanNumber(n) + " in German.",
			})
		case 9, 10, 11, 12, 13:
			english, german := nounPhrase(random)
			return "English: " + english + "\nGerman: " + german
		case 14:
			english, german := nounPhrase(random)
			english2, german2 := nounPhrase(random)
			link := pick(random, [][2]string{{"and", "und"}, {"or", "oder"}, {"and also", "und auch"}, {"but not", "aber nicht"}})
			return "English: " + english + " " + link[0] + " " + english2 + "\nGerman: " + german + " " + link[1] + " " + german2
		}
		return germanSentence(random)
	}
}

// plurals are nouns that the task of number phrases counts, without numbers.
func plurals(random *rand.Rand) string {
	noun := pick(random, countedNouns)
	return fact{noun[0], noun[1]}.word(pick(random, dictionaryWordings))
}

// numberRun counts in English and in German.
func numberRun(random *rand.Rand) string {
	start, step := random.IntN(90), 1
	if random.IntN(3) == 0 {
		start, step = 10*between(random, 0, 7), 10
	}
	var english, german []string
	for i := range 4 {
		if n := start + i*step; n <= 100 {
			english, german = append(english, englishNumber(n)), append(german, germanNumber(n))
		}
	}
	return "Counting in English: " + strings.Join(english, ", ") + "\nCounting in German: " + strings.Join(german, ", ")
}

// noun is an English noun with its German one and the gender of this: m, f or n.
type noun struct {
	english, german string
	gender          byte
}

var nouns = []noun{
	{"dog", "Hund", 'm'}, {"table", "Tisch", 'm'}, {"chair", "Stuhl", 'm'}, {"ball", "Ball", 'm'}, {"tree", "Baum", 'm'},
	{"apple", "Apfel", 'm'}, {"bird", "Vogel", 'm'}, {"fish", "Fisch", 'm'}, {"key", "Schlüssel", 'm'}, {"garden", "Garten", 'm'},
	{"hat", "Hut", 'm'}, {"spoon", "Löffel", 'm'}, {"cat", "Katze", 'f'}, {"door", "Tür", 'f'}, {"lamp", "Lampe", 'f'},
	{"flower", "Blume", 'f'}, {"bag", "Tasche", 'f'}, {"street", "Straße", 'f'}, {"cup", "Tasse", 'f'}, {"clock", "Uhr", 'f'},
	{"cow", "Kuh", 'f'}, {"bridge", "Brücke", 'f'}, {"mouse", "Maus", 'f'}, {"pear", "Birne", 'f'}, {"house", "Haus", 'n'},
	{"book", "Buch", 'n'}, {"car", "Auto", 'n'}, {"horse", "Pferd", 'n'}, {"child", "Kind", 'n'}, {"window", "Fenster", 'n'},
	{"ship", "Schiff", 'n'}, {"picture", "Bild", 'n'}, {"bicycle", "Fahrrad", 'n'}, {"knife", "Messer", 'n'}, {"bed", "Bett", 'n'},
}

var adjectives = [][2]string{
	{"red", "rot"}, {"blue", "blau"}, {"green", "grün"}, {"yellow", "gelb"}, {"black", "schwarz"}, {"white", "weiß"},
	{"brown", "braun"}, {"grey", "grau"}, {"big", "groß"}, {"small", "klein"}, {"old", "alt"}, {"new", "neu"},
	{"beautiful", "schön"}, {"long", "lang"}, {"good", "gut"}, {"heavy", "schwer"},
}

var (
	definite   = map[byte]string{'m': "der", 'f': "die", 'n': "das"}
	indefinite = map[byte]string{'m': "ein", 'f': "eine", 'n': "ein"}
	accusative = map[byte]string{'m': "den", 'f': "die", 'n': "das"}
	ending     = map[byte]string{'m': "er", 'f': "e", 'n': "es"} // of an adjective after the indefinite article
)

// nounPhrase is a noun with article and mostly an adjective, in the nominative.
func nounPhrase(random *rand.Rand) (english, german string) {
	n, adjective := pick(random, nouns), pick(random, adjectives)
	article := "a "
	if strings.ContainsRune("aeiou", rune(adjective[0][0])) {
		article = "an "
	}
	switch random.IntN(5) {
	case 0, 1:
		return "the " + adjective[0] + " " + n.english, definite[n.gender] + " " + adjective[1] + "e " + n.german
	case 2, 3:
		return article + adjective[0] + " " + n.english, indefinite[n.gender] + " " + adjective[1] + ending[n.gender] + " " + n.german
	}
	number := between(random, 1, 31)
	return "the " + ordinalNumber(number) + " " + n.english, definite[n.gender] + " " + strconv.Itoa(number) + ". " + n.german
}
