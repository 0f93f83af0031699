package builtin

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

var (
	ordinals  = list("first,second,third,fourth,fifth")
	syllables = list("ba,be,bo,da,de,do,fa,fi,fo,ga,gi,go,ka,ki,ko,la,li,lo,ma,mi,mo,na,ni,no,pa,pe,po,ra,ri,ro,sa,se,so,ta,ti,to,va,vi,vo,za,zo")
	endings   = list("n,r,s,l,t,k,m,ng,nd,rt,st") // of some invented words
	// copied are the lists from which words to copy come.
	copied = list("city,name,surname,colour,object,animals,river,job,country,brand")
	// brands are made of a first and a last part.
	firstParts = list("iron,moon,snow,wood,black,white,red,gold,sun,star,north,south,east,west,king,green,blue,silver,stone,oak,pine,lake,sea,high,fair")
	lastParts  = list("field,ton,land,side,well,ford,port,gate,hill,wall,bridge,stone,view,line,brook,hall,berg,wind,star,wood,way,rise")
)

// brand is an invented name, never that of a company of the task of market headlines.
func brand(random *rand.Rand) string {
	name := capitalised(pick(random, firstParts) + pick(random, lastParts))
	if slices.Contains(companies, name) {
		return brand(random)
	}
	return name
}

// copiedWord draws a word of any list, an invented one or a number.
func copiedWord(random *rand.Rand, kind string) string {
	switch kind {
	case "number":
		return strconv.Itoa(between(random, 1, 999))
	case "invented":
		word := pick(random, syllables) + pick(random, syllables)
		if random.IntN(2) == 0 {
			word += pick(random, syllables)
		}
		if random.IntN(2) == 0 {
			word += pick(random, endings)
		}
		return word
	}
	return (&slots{random: random}).draw(kind)
}

// copiedWords draws different words of one kind.
func copiedWords(random *rand.Rand, count int) []string {
	kind := pick(random, append([]string{"number", "invented", "invented"}, copied...))
	return different(count, func() string { return copiedWord(random, kind) })
}

// copyingDocument repeats, turns round or picks from a list of words.
func copyingDocument(random *rand.Rand) string {
	words := copiedWords(random, between(random, 3, 5))
	listed := strings.Join(words, ", ")
	at := random.IntN(len(words))
	switch random.IntN(8) {
	case 0, 1:
		plain := strings.Join(words, " ")
		return "Repeat: " + plain + "\nAgain: " + plain
	case 2:
		backwards := slices.Clone(words)
		slices.Reverse(backwards)
		return "Forwards: " + listed + "\nBackwards: " + strings.Join(backwards, ", ")
	case 3:
		return "Swap: " + words[0] + " and " + words[1] + "\nSwapped: " + words[1] + " and " + words[0]
	case 4:
		return "List: " + listed + "\n" + capitalised(ordinals[at]) + ": " + words[at]
	case 5:
		return "List: " + listed + "\nLast: " + words[len(words)-1] + "\nFirst: " + words[0]
	case 6:
		if at == len(words)-1 {
			at--
		}
		return "List: " + listed + "\nAfter " + words[at] + ": " + words[at+1]
	}
	missing := slices.Delete(slices.Clone(words), at, at+1)
	return "All: " + listed + "\nSome: " + strings.Join(missing, ", ") + "\nMissing: " + words[at]
}
