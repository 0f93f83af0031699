package builtin

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// found are contexts with questions whose answer stands in the context; the answer is the template
// after the question.
var found = []struct {
	context   string
	questions [][2]string
}{
	{"{name} sits on the first chair, {name2} on the second and {name3} on the third.", [][2]string{
		{"Who sits on the first chair?", "{name}"}, {"Who sits on the second chair?", "{name2}"}, {"Who sits on the third chair?", "{name3}"},
		{"Who sits next to {name}?", "{name2}"}, {"Who sits in the middle?", "{name2}"}}},
	{"{name} has a {colour} {object}. {name2} has a {colour2} {object2}.", [][2]string{
		{"What colour is {name}'s {object}?", "{colour}"}, {"What colour is {name2}'s {object2}?", "{colour2}"},
		{"Who has a {colour} {object}?", "{name}"}, {"Who has a {colour2} {object2}?", "{name2}"},
		{"What does {name} have?", "a {colour} {object}"}}},
	{"{name} is in the {place}. {name2} is in the {place2}. {name3} is in the {place3}.", [][2]string{
		{"Where is {name}?", "in the {place}"}, {"Where is {name2}?", "in the {place2}"}, {"Where is {name3}?", "in the {place3}"},
		{"Who is in the {place}?", "{name}"}, {"Who is in the {place3}?", "{name3}"}}},
	{"{name} went to the {stop}, then to the {stop2} and then to the {stop3}.", [][2]string{
		{"Where did {name} go first?", "to the {stop}"}, {"Where did {name} go last?", "to the {stop3}"},
		{"Where did {name} go after the {stop}?", "to the {stop2}"}, {"Where did {name} go before the {stop3}?", "to the {stop2}"}}},
	{"{name} is a {job}. {name2} is a {job2}. {name3} is a {job3}.", [][2]string{
		{"Who is the {job}?", "{name}"}, {"Who is the {job2}?", "{name2}"}, {"What is {name3}'s work?", "{job3}"}, {"What is {name}'s work?", "{job}"}}},
	{"All boxes in the {place} are {colour}. All boxes in the {place2} are {colour2}. {name}'s box is in the {place2}.", [][2]string{
		{"What colour is {name}'s box?", "{colour2}"}, {"What colour are the boxes in the {place}?", "{colour}"}}},
	{"{name} is older than {name2}.", [][2]string{{"Who is older?", "{name}"}, {"Who is younger?", "{name2}"}}},
	{"{name} came home before {name2}, and {name2} came home before {name3}.", [][2]string{
		{"Who came home first?", "{name}"}, {"Who came home last?", "{name3}"}}},
	{"The {object} of {name} lies under the {object2} of {name2}.", [][2]string{
		{"What lies under the {object2}?", "the {object}"}, {"Whose {object2} is it?", "{name2}"}, {"Whose {object} is it?", "{name}"}}},
	{"{name} eats {food} on {day} and {food2} on {day2}.", [][2]string{
		{"What does {name} eat on {day}?", "{food}"}, {"What does {name} eat on {day2}?", "{food2}"}, {"When does {name} eat {food2}?", "on {day2}"}}},
	{"{name} gave the {object} to {name2}. {name2} gave it to {name3}.", [][2]string{
		{"Who has the {object} now?", "{name3}"}, {"Who had the {object} first?", "{name}"}, {"What did {name2} get?", "the {object}"}}},
}

// reasoningDocument asks about a context, or tells of categories and of the compass.
func reasoningDocument(random *rand.Rand) string {
	switch random.IntN(18) {
	case 16, 17:
		return kindOfKind(random)
	case 10, 11, 12:
		return turning(random)
	case 13, 14, 15:
		return stranger(random)
	case 0, 1, 2, 3:
		s := &slots{random: random}
		kind := pick(random, found)
		context, asked := s.fill(kind.context), pick(random, kind.questions)
		return context + "\n" + questionAndAnswer(s.fill(asked[0]), s.fill(asked[1]))
	case 4:
		return compassFact(random)
	case 5, 6:
		return sameCategory(random)
	case 7:
		return categoryList(random)
	}
	return pickByCategory(random)
}

var compass = list("north,east,south,west")

// compassFact tells how two directions lie to each other, one step at a time; ways with several
// turns are the task's.
func compassFact(random *rand.Rand) string {
	at := random.IntN(4)
	sides := []struct {
		name  string
		shift int
	}{{"right", 1}, {"left", 3}}
	if random.IntN(3) == 0 {
		return capitalised(fmt.Sprintf(pick(random, []string{
			"The opposite of %s is %s.", "%s is opposite of %s on the compass.", "Behind someone who looks %s is %s.",
		}), compass[at], compass[(at+2)%4]))
	}
	side := pick(random, sides)
	to := compass[(at+side.shift)%4]
	switch random.IntN(4) {
	case 0:
		return fmt.Sprintf("On the compass, %s of %s is %s.", side.name, compass[at], to)
	case 1:
		return fmt.Sprintf("%s is to the %s of %s.", capitalised(to), side.name, compass[at])
	case 2:
		return fmt.Sprintf("From %s one step to the %s is %s.", compass[at], side.name, to)
	}
	return questionAndAnswer(fmt.Sprintf("What is on the %s of %s?", side.name, compass[at]), to)
}

// turning tells where someone looks after one turn or two, without a way that is walked, which is
// the task's.
func turning(random *rand.Rand) string {
	s := &slots{random: random}
	at, turn, second := random.IntN(4), pick(random, turns), pick(random, turns)
	to := compass[(at+turn.quarters)%4]
	switch random.IntN(6) {
	case 0:
		return fmt.Sprintf("Side: %s\nTurn: %s\nSide now: %s", compass[at], turn.name, to)
	case 1:
		return fmt.Sprintf("Side: %s\nTurns: %s, %s\nSide now: %s", compass[at], turn.name, second.name, compass[(at+turn.quarters+second.quarters)%4])
	case 2:
		return s.fill(fmt.Sprintf("{name} looks %s and turns %s: %s.", compass[at], turn.name, to))
	case 3:
		return s.fill(fmt.Sprintf("The boat heads %s. It turns %s and heads %s.", compass[at], turn.name, to))
	case 4:
		return s.fill(fmt.Sprintf("{name} stands in the {place} and looks %s. {name} turns %s, then %s: %s.", compass[at], turn.name, second.name,
			compass[(at+turn.quarters+second.quarters)%4]))
	}
	return fmt.Sprintf("A car drives %s, turns %s and drives %s.", compass[at], turn.name, to)
}

// kindOfKind concludes from invented kinds of things, without the words of the task of syllogisms.
func kindOfKind(random *rand.Rand) string {
	s := &slots{random: random}
	words := different(4, func() string { return copiedWord(random, "invented") })
	asked, kind := words[0], words[1]
	if random.IntN(2) == 0 {
		asked, kind = words[2], words[3]
	}
	rules := fmt.Sprintf("Every %s is a %s, and every %s is a %s.", words[0], words[1], words[2], words[3])
	switch random.IntN(3) {
	case 0:
		rules = fmt.Sprintf("All %ss are %ss. All %ss are %ss.", words[0], words[1], words[2], words[3])
	case 1:
		rules = fmt.Sprintf("All %ss are %ss.", asked, kind)
	}
	return s.fill(fmt.Sprintf("%s {name} is a %s, so {name} is a %s.", rules, asked, kind))
}

// stranger finds the one of another kind among three things or five.
func stranger(random *rand.Rand) string {
	first, second := twoCategories(random)
	odd := pick(random, second.Members)
	words := append(members(random, first, 2+2*random.IntN(2)), odd)
	random.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	listed := strings.Join(words, ", ")
	switch random.IntN(4) {
	case 0:
		return "Words: " + listed + "\nStranger: " + odd
	case 1:
		return "Words: " + listed + "\nKind: " + first.Name + "\nStranger: " + odd
	case 2:
		return fmt.Sprintf("%s: all are kinds of %s but %s.", capitalised(listed), first.Name, odd)
	}
	return fmt.Sprintf("Of %s, the stranger is %s.", listed, odd)
}

// twoCategories draws different categories that do not overlap.
func twoCategories(random *rand.Rand) (first, second Category) {
	first, second = pick(random, parsedCategories()), pick(random, parsedCategories())
	for first.Name == second.Name || alsoRight(first.Name, second.Name) || alsoRight(second.Name, first.Name) || areAlike(first, second) {
		first, second = pick(random, parsedCategories()), pick(random, parsedCategories())
	}
	return first, second
}

// members draws different members of a category.
func members(random *rand.Rand, category Category, count int) []string {
	all := slices.Clone(category.Members)
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:count]
}

// sameCategory puts two things of one kind beside one of another; four things are what the task of
// the odd one out asks about.
func sameCategory(random *rand.Rand) string {
	first, second := twoCategories(random)
	same := members(random, first, 2)
	odd := withArticle(pick(random, second.Members))
	one, other := withArticle(same[0]), withArticle(same[1])
	switch random.IntN(4) {
	case 0:
		return fmt.Sprintf("%s and %s are both kinds of %s; %s is not.", capitalised(one), other, first.Name, odd)
	case 1:
		return fmt.Sprintf("%s is the same kind of thing as %s: %s.", capitalised(one), other, first.Name)
	case 2:
		return fmt.Sprintf("%s is no %s. It is another kind of thing: %s.", capitalised(odd), first.Name, second.Name)
	}
	return fmt.Sprintf("%s is a kind of %s, but %s is a kind of %s.", capitalised(one), first.Name, odd, second.Name)
}

func categoryList(random *rand.Rand) string {
	category := pick(random, parsedCategories())
	listed := strings.Join(members(random, category, between(random, 3, 6)), ", ")
	title := pick(random, []string{"Kinds of %s: %s", "Some kinds of %s: %s", "Examples of %s: %s"})
	return fmt.Sprintf(title, category.Name, listed)
}

// pickByCategory asks which of two things is of a kind.
func pickByCategory(random *rand.Rand) string {
	first, second := twoCategories(random)
	right, wrong := pick(random, first.Members), pick(random, second.Members)
	name := pick(random, wordLists["name"])
	one, other := right, wrong
	if random.IntN(2) == 0 {
		one, other = wrong, right
	}
	switch random.IntN(3) {
	case 0:
		return fmt.Sprintf("%s writes down the words %s and %s.\n", name, one, other) +
			questionAndAnswer(fmt.Sprintf("Which one is a kind of %s?", first.Name), right)
	case 1:
		return fmt.Sprintf("Two words: %s and %s.\n", one, other) +
			questionAndAnswer(fmt.Sprintf("Which word names a kind of %s?", first.Name), right)
	}
	return fmt.Sprintf("On the card are %s and %s.\n", one, other) +
		questionAndAnswer(fmt.Sprintf("Which kind of thing is the %s one?", map[bool]string{true: "first", false: "second"}[one == right]), first.Name)
}
