package builtin

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

var (
	germanWeekdays = strings.Fields("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag")
	germanMonths   = strings.Fields("Januar Februar März April Mai Juni Juli August September Oktober November Dezember")

	englishUnits = strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen " +
		"fifteen sixteen seventeen eighteen nineteen")
	englishTens = strings.Fields("- ten twenty thirty forty fifty sixty seventy eighty ninety")
	germanUnits = strings.Fields("null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn " +
		"fünfzehn sechzehn siebzehn achtzehn neunzehn")
	germanTens = strings.Fields("- zehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
)

// englishNumber is a number below 100, or a round hundred up to 1000, in words.
func englishNumber(n int) string {
	switch {
	case n == 1000:
		return "one thousand"
	case n >= 100:
		return englishUnits[n/100] + " hundred"
	case n < 20:
		return englishUnits[n]
	case n%10 == 0:
		return englishTens[n/10]
	}
	return englishTens[n/10] + "-" + englishUnits[n%10]
}

// germanNumber is the same number in German words.
func germanNumber(n int) string {
	switch {
	case n == 1000:
		return "eintausend"
	case n >= 100:
		return strings.TrimSuffix(germanUnits[n/100], "s") + "hundert"
	case n < 20:
		return germanUnits[n]
	case n%10 == 0:
		return germanTens[n/10]
	case n%10 == 1:
		return "einund" + germanTens[n/10]
	}
	return germanUnits[n%10] + "und" + germanTens[n/10]
}

// ordinalNumber is an English ordinal in digits, such as 21st.
func ordinalNumber(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

// germanCities are cities by their English and their German name.
var germanCities = [][2]string{
	{"Paris", "Paris"}, {"Rome", "Rom"}, {"Vienna", "Wien"}, {"Munich", "München"}, {"Cologne", "Köln"}, {"Prague", "Prag"},
	{"Warsaw", "Warschau"}, {"Moscow", "Moskau"}, {"Athens", "Athen"}, {"Lisbon", "Lissabon"}, {"Brussels", "Brüssel"},
	{"Venice", "Venedig"}, {"Milan", "Mailand"}, {"Geneva", "Genf"}, {"Zurich", "Zürich"}, {"Copenhagen", "Kopenhagen"},
	{"Naples", "Neapel"}, {"Florence", "Florenz"}, {"Berlin", "Berlin"}, {"Hamburg", "Hamburg"}, {"London", "London"},
	{"Madrid", "Madrid"}, {"Oslo", "Oslo"}, {"Dublin", "Dublin"}, {"Dresden", "Dresden"}, {"Salzburg", "Salzburg"},
}

// citySentences and personSentences hold the word order and the function words of the translation
// tasks, with cities and people in place of their nouns.
var (
	citySentences = [][2]string{
		{"from %s to %s", "von %s nach %s"}, {"The train goes from %s to %s.", "Der Zug fährt von %s nach %s."},
		{"between %s and %s", "zwischen %s und %s"}, {"The road from %s to %s is long.", "Die Straße von %s nach %s ist lang."},
		{"We like %s and %s.", "Wir mögen %s und %s."}, {"not in %s but in %s", "nicht in %s, sondern in %s"},
		{"%s or %s", "%s oder %s"}, {"She lives in %s, not in %s.", "Sie wohnt in %s, nicht in %s."},
		{"They drive from %s to %s.", "Sie fahren von %s nach %s."}, {"He comes from %s and works in %s.", "Er kommt aus %s und arbeitet in %s."},
	}
	personSentences = [][2]string{
		{"%s and %s", "%s und %s"}, {"%s comes with %s.", "%s kommt mit %s."}, {"%s sings and %s dances.", "%s singt und %s tanzt."},
		{"%s speaks slowly, %s speaks quickly.", "%s spricht langsam, %s spricht schnell."},
		{"%s speaks with %s.", "%s spricht mit %s."}, {"%s learns with %s.", "%s lernt mit %s."},
		{"%s and %s learn a song.", "%s und %s lernen ein Lied."}, {"%s and %s speak quietly.", "%s und %s sprechen leise."},
		{"%s helps and %s sleeps.", "%s hilft und %s schläft."}, {"%s and %s are here today.", "%s und %s sind heute hier."},
		{"%s eats without %s.", "%s isst ohne %s."}, {"%s reads, but %s writes.", "%s liest, aber %s schreibt."},
		{"I know %s and %s.", "Ich kenne %s und %s."}, {"%s arrives before %s.", "%s kommt vor %s an."},
	}
	timeSentences = [][2]string{
		{"in the morning", "am Morgen"}, {"in the evening", "am Abend"}, {"in the spring", "im Frühling"}, {"in the summer", "im Sommer"},
		{"in the autumn", "im Herbst"}, {"in the winter", "im Winter"}, {"at the weekend", "am Wochenende"}, {"at the station", "am Bahnhof"},
		{"today", "heute"}, {"tomorrow", "morgen"}, {"yesterday", "gestern"},
	}
	timedSentences = [][2]string{
		{"The shop opens %s.", "Der Laden öffnet %s."}, {"The party is %s.", "Die Feier ist %s."}, {"We work %s.", "Wir arbeiten %s."},
		{"We meet %s.", "Wir treffen uns %s."}, {"School starts %s.", "Die Schule beginnt %s."}, {"I read %s.", "Ich lese %s."},
		{"The train comes %s.", "Der Zug kommt %s."},
	}
)

// germanSentence is a simple sentence or phrase in both languages.
func germanSentence(random *rand.Rand) string {
	var english, german string
	switch random.IntN(6) {
	case 0, 1:
		pattern, from := pick(random, citySentences), pick(random, germanCities)
		to := pick(random, germanCities)
		for to == from {
			to = pick(random, germanCities)
		}
		english, german = fmt.Sprintf(pattern[0], from[0], to[0]), fmt.Sprintf(pattern[1], from[1], to[1])
	case 2:
		s := &slots{random: random}
		pattern, first, second := pick(random, personSentences), s.value("name"), s.value("name2")
		english, german = fmt.Sprintf(pattern[0], first, second), fmt.Sprintf(pattern[1], first, second)
	case 3:
		n, adjective := pick(random, nouns), pick(random, adjectives)
		english = "The " + n.english + " is " + adjective[0] + "."
		german = capitalised(definite[n.gender]) + " " + n.german + " ist " + adjective[1] + "."
	case 4:
		n, name := pick(random, nouns), pick(random, wordLists["name"])
		english, german = name+" sees the "+n.english+".", name+" sieht "+accusative[n.gender]+" "+n.german+"."
	case 5:
		pattern, when := pick(random, timedSentences), pick(random, timeSentences)
		english, german = fmt.Sprintf(pattern[0], when[0]), fmt.Sprintf(pattern[1], when[1])
	}
	return "English: " + english + "\nGerman: " + german
}
