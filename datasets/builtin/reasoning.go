package builtin

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// reasoningTasks are questions with four options, the right one in each place
// equally often.
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

// distinct draws so many different values.
func distinct[T comparable](random *rand.Rand, values []T, count int) []T {
	var drawn []T
	for len(drawn) < count {
		if v := pick(random, values); !slices.Contains(drawn, v) {
			drawn = append(drawn, v)
		}
	}
	return drawn
}

func drawSyllogism(random *rand.Rand) item {
	jobs := distinct(random, wordLists["job"], 5)
	name := pick(random, wordLists["name"])
	context := fmt.Sprintf("All %ss are %ss. No %s is a %s. %s is a %s.", jobs[0], jobs[1], jobs[1], jobs[2], name, jobs[0])
	if random.IntN(2) == 0 {
		context = fmt.Sprintf("No %s is a %s. %s is a %s. All %ss are %ss.", jobs[1], jobs[2], name, jobs[0], jobs[0], jobs[1])
	}
	query := pick(random, []string{"What else is %s?", "So what must %s be too?"})
	return reasoningItem(random, strings.Join(append(jobs[:3:3], name), " "), context, fmt.Sprintf(query, name),
		"a "+jobs[1], []string{"a " + jobs[2], "a " + jobs[3], "a " + jobs[4]})
}

func drawOrdering(random *rand.Rand) item {
	objects := distinct(random, wordLists["object"], 5)
	at := random.IntN(5)
	query := []string{"Which is the first from the left?", "Which is the second from the left?", "Which one is in the middle?",
		"Which is the second from the right?", "Which is the first from the right?"}[at]
	others := slices.Delete(slices.Clone(objects), at, at+1)
	random.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	intro := pick(random, []string{"On the shelf, from left to right: ", "In a row from the left: "})
	return reasoningItem(random, fmt.Sprint(objects, at), intro+strings.Join(objects, ", ")+".", query, objects[at], others[:3])
}

func drawDirections(random *rand.Rand) item {
	at := random.IntN(4)
	there, back := compass[at], compass[(at+2)%4]
	far, near := between(random, 1, 20), between(random, 1, 20)
	if far-near < 3 && near-far < 3 {
		return drawDirections(random)
	}
	right := there
	if near > far {
		right = back
	}
	name := pick(random, wordLists["name"])
	context := fmt.Sprintf(pick(random, []string{"%s walks %d steps %s, then %d steps %s.", "%s goes %d steps to the %s and %d steps to the %s."}), name, far, there, near, back)
	var wrong []string
	for _, c := range compass {
		if c != right {
			wrong = append(wrong, c)
		}
	}
	query := pick(random, []string{"On which side of the start is %s now?", "Where does %s stand, seen from the start?"})
	return reasoningItem(random, fmt.Sprintf("%s %d %d", there, far, near), context, fmt.Sprintf(query, name), right, wrong)
}

func drawOddOne(random *rand.Rand) item {
	categories := Categories()
	kinds := distinct(random, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}[:len(categories)], 2)
	same, odd := distinct(random, categories[kinds[0]].Members, 3), pick(random, categories[kinds[1]].Members)
	if slices.Contains(categories[kinds[0]].Members, odd) {
		return drawOddOne(random)
	}
	words := append(slices.Clone(same), odd)
	random.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	slices.Sort(same)
	query := pick(random, []string{"Which one does not belong to the others?", "Which one is the odd one out?"})
	shown := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == odd })
	return reasoningItem(random, strings.Join(same, " ")+" / "+odd, capitalised(strings.Join(words, ", "))+".", query, odd, shown)
}
