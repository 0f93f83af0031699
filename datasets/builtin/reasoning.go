package builtin

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// reasoningTasks are questions with four options, the right one in each place equally often.
func reasoningTasks() []task {
	return []task{
		newTask("syllogisms", 0, drawSyllogism),
		newTask("object_ordering", 0, drawOrdering),
		newTask("directions", 0, drawDirections),
		newTask("odd_one_out", 0, drawOddOne),
	}
}

// reasoningItem mixes the right option among three wrong ones.
func reasoningItem(random *rand.Rand, key, context, query, right string, wrong []string) item {
	options := append([]string{right}, wrong...)
	random.Shuffle(len(options), func(i, j int) { options[i], options[j] = options[j], options[i] })
	row := reasoningRow{context, query, options, int32(slices.Index(options, right))}
	return item{row, key, context + " " + query + " " + strings.Join(options, " ")}
}

// placeRight moves the right options so that each of the four places has it equally often in a
// split, whose number of rows is a multiple of four.
func placeRight(random *rand.Rand, items []item) {
	for i, at := range random.Perm(len(items)) {
		row, ok := items[i].row.(reasoningRow)
		if !ok {
			return
		}
		place := int32(at % len(row.Options))
		row.Options[row.CorrectOption], row.Options[place] = row.Options[place], row.Options[row.CorrectOption]
		row.CorrectOption = place
		items[i].row = row
	}
}

// distinct draws so many different values.
func distinct[T comparable](random *rand.Rand, values []T, count int) []T {
	return different(count, func() T { return pick(random, values) })
}

// different draws until it has so many different values.
func different[T comparable](count int, draw func() T) []T {
	var drawn []T
	for len(drawn) < count {
		if v := draw(); !slices.Contains(drawn, v) {
			drawn = append(drawn, v)
		}
	}
	return drawn
}

// drawSyllogism names the right job no more often than two of the wrong ones, so that counting
// words does not find it.
func drawSyllogism(random *rand.Rand) item {
	jobs := distinct(random, wordLists["job"], 5)
	name := pick(random, wordLists["name"])
	context := fmt.Sprintf("All %ss are %ss. No %s is a %s. %s is a %s.", jobs[0], jobs[1], jobs[2], jobs[3], name, jobs[0])
	if random.IntN(2) == 0 {
		context = fmt.Sprintf("No %s is a %s. %s is a %s. All %ss are %ss.", jobs[2], jobs[3], name, jobs[0], jobs[0], jobs[1])
	}
	query := pick(random, []string{"What else is %s?", "So what must %s be too?"})
	return reasoningItem(random, strings.Join(jobs[:4], " "), context, fmt.Sprintf(query, name),
		"a "+jobs[1], []string{"a " + jobs[2], "a " + jobs[3], "a " + jobs[4]})
}

func drawOrdering(random *rand.Rand) item {
	objects := distinct(random, wordLists["object"], 4)
	at := random.IntN(4)
	query := fmt.Sprintf(pick(random, []string{"Which is the %s one?", "What comes %s?"}), []string{"first", "second", "third", "last"}[at])
	others := slices.Delete(slices.Clone(objects), at, at+1)
	intro := pick(random, []string{"On the shelf, from left to right: ", "In a row from the left: "})
	return reasoningItem(random, fmt.Sprint(objects, at), intro+strings.Join(objects, ", ")+".", query, objects[at], others)
}

// turns are what a walker does, with the quarters of a circle to the right.
var turns = []struct {
	name     string
	quarters int
}{{"right", 1}, {"left", 3}, {"around", 2}}

// drawDirections lets someone look somewhere and turn.
func drawDirections(random *rand.Rand) item {
	s := &slots{random: random}
	at, turn := random.IntN(4), pick(random, turns)
	way := fmt.Sprintf("Between {stop} and {stop2} {name} looks %s and turns %s", compass[at], turn.name)
	key := compass[at] + " " + s.value("stop") + " " + s.value("stop2") + " " + turn.name
	right := compass[(at+turn.quarters)%4]
	wrong := slices.DeleteFunc(slices.Clone(compass), func(c string) bool { return c == right })
	query := pick(random, []string{"Which way does {name} look now?", "Where does {name} look in the end?"})
	return reasoningItem(random, key, s.fill(way+"."), s.fill(query), right, wrong)
}

// alike are pairs of kinds with things that some would call both: gold is a colour to them, a
// violet too, and a fig a tree.
var alike = [][2]string{{"metal", "colour"}, {"flower", "colour"}, {"fruit", "colour"}, {"drink", "colour"}, {"fruit", "tree"}, {"fruit", "vegetable"}}

// areAlike tells that two kinds are such a pair.
func areAlike(a, b Category) bool {
	return slices.Contains(alike, [2]string{a.Name, b.Name}) || slices.Contains(alike, [2]string{b.Name, a.Name})
}

func drawOddOne(random *rand.Rand) item {
	kind, other := pick(random, Categories()), pick(random, Categories())
	if kind.Name == other.Name || areAlike(kind, other) {
		return drawOddOne(random)
	}
	same, odd := distinct(random, kind.Members, 3), pick(random, other.Members)
	words := append(slices.Clone(same), odd)
	random.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	slices.Sort(same)
	shown := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == odd })
	return reasoningItem(random, strings.Join(same, " ")+" / "+odd, "Words: "+strings.Join(words, ", ")+". Kind: "+kind.Name+".", "Which one is the stranger?", odd, shown)
}
