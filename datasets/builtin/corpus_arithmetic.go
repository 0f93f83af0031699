package builtin

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// sum is a calculation with small natural numbers.
type sum struct {
	a, b, result int
	operator     byte // + - *
}

// drawSum draws a sum or a difference of a number up to 50 and one up to 20, or of one up to 100
// and one up to 10, or a product of numbers up to 10.
func drawSum(random *rand.Rand) sum {
	a, b := between(random, 1, 50), between(random, 1, 20)
	if random.IntN(4) == 0 {
		a, b = between(random, 1, 100), between(random, 1, 10)
	}
	switch random.IntN(9) {
	case 0, 1, 2, 3:
		if random.IntN(3) == 0 {
			a, b = b, a
		}
		return sum{a, b, a + b, '+'}
	case 4, 5, 6, 7:
		a, b = max(a, b), min(a, b)
		return sum{a, b, a - b, '-'}
	}
	a, b = between(random, 1, 10), between(random, 2, 10)
	return sum{a, b, a * b, '*'}
}

// unitTables are the numbers whose multiples conversions of units need.
var unitTables = []int{7, 10, 12, 24, 60, 100, 1000}

var operatorWords = map[byte][]string{
	'+': {"%d plus %d", "%d and %d more", "the sum of %d and %d", "%d added to %d"},
	'-': {"%d minus %d", "%d less %d", "%d take away %d"},
	'*': {"%d times %d", "%d groups of %d", "%d multiplied by %d"},
}

// worded is the calculation without its result, in signs or in words.
func (s sum) worded(random *rand.Rand) string {
	if random.IntN(2) == 0 {
		return fmt.Sprintf("%d %c %d", s.a, s.operator, s.b)
	}
	return fmt.Sprintf(pick(random, operatorWords[s.operator]), s.a, s.b)
}

func (s sum) equation(random *rand.Rand) string {
	text := s.worded(random)
	if strings.ContainsRune(text, rune(s.operator)) {
		return text + " = " + strconv.Itoa(s.result)
	}
	return text + " is " + strconv.Itoa(s.result)
}

// arithmeticDocument writes sums, counting, tables, units and little stories.
func arithmeticDocument(random *rand.Rand) string {
	switch random.IntN(20) {
	case 0, 1, 2, 3, 4:
		return equations(random, drawSum)
	case 5, 6, 7, 8:
		s := drawSum(random)
		question := pick(random, []string{"What is %s?", "How much is %s?", "Work out %s."})
		return questionAndAnswer(fmt.Sprintf(question, s.worded(random)), strconv.Itoa(s.result))
	case 9, 10:
		return longerSums(random)
	case 11:
		return equations(random, unitTable)
	case 12:
		return doubles(random)
	case 13, 14:
		return counting(random)
	case 15:
		return unitFact(random)
	case 16:
		return neighbours(random)
	}
	return numberStory(random)
}

func unitTable(random *rand.Rand) sum {
	a, b := between(random, 1, 12), pick(random, unitTables)
	return sum{a, b, a * b, '*'}
}

func equations(random *rand.Rand, draw func(*rand.Rand) sum) string {
	parts := make([]string, between(random, 2, 5))
	for i := range parts {
		parts[i] = draw(random).equation(random)
	}
	return strings.Join(parts, pick(random, []string{"\n", ", ", "; "}))
}

// longerSums has three terms, or a product and a term, and the step between.
func longerSums(random *rand.Rand) string {
	a, b, c := between(random, 1, 20), between(random, 1, 20), between(random, 1, 9)
	product := between(random, 2, 6)
	whole := a + b + between(random, 1, 30)
	switch random.IntN(10) {
	case 5:
		return fmt.Sprintf("%d - %d - %d = %d - %d = %d", whole, a, b, whole-a, b, whole-a-b)
	case 8, 9:
		return fmt.Sprintf("%d - %d = %d, %d - %d = %d; %d left", whole, a, whole-a, whole-a, b, whole-a-b, whole-a-b)
	case 6:
		return fmt.Sprintf("%d less %d and %d is %d.", whole, a, b, whole-a-b)
	case 7:
		return questionAndAnswer(fmt.Sprintf("What is %d - %d - %d?", whole, a, b), strconv.Itoa(whole-a-b))
	case 0:
		return fmt.Sprintf("%d + %d + %d = %d + %d = %d", a, b, c, a+b, c, a+b+c)
	case 1:
		return fmt.Sprintf("%d + %d - %d = %d - %d = %d", a+c, b, c, a+b+c, c, a+b)
	case 2:
		return fmt.Sprintf("%d times %d is %d, and %d more is %d.", product, c, product*c, b, product*c+b)
	case 3:
		return questionAndAnswer(fmt.Sprintf("What is %d times %d plus %d?", product, c, b), strconv.Itoa(product*c+b))
	}
	return questionAndAnswer(fmt.Sprintf("What is %d + %d + %d?", a, b, c), strconv.Itoa(a+b+c))
}

func doubles(random *rand.Rand) string {
	a, b := between(random, 1, 30), between(random, 1, 30)
	switch random.IntN(3) {
	case 0:
		return fmt.Sprintf("Twice %d is %d. Half of %d is %d.", a, 2*a, 2*b, b)
	case 1:
		return fmt.Sprintf("Double %d is %d. Double %d is %d.", a, 2*a, b, 2*b)
	}
	return questionAndAnswer(fmt.Sprintf("What is double %d?", a), strconv.Itoa(2*a))
}

// counting runs through multiples of the step, or by ones.
func counting(random *rand.Rand) string {
	step := between(random, 1, 10)
	start, terms := step*random.IntN(6), between(random, 5, 8)
	if step == 1 {
		start = random.IntN(60)
	}
	down := random.IntN(3) == 0
	if first := start; rowOfTask(first, step) || down && rowOfTask(first+step*(terms-1), step) {
		return counting(random)
	}
	values := make([]string, terms)
	for i := range values {
		values[i] = strconv.Itoa(start + step*i)
	}
	if down {
		for i := range values {
			values[i] = strconv.Itoa(start + step*(terms-1-i))
		}
		return fmt.Sprintf("Counting down by %d: %s", step, strings.Join(values, " "))
	}
	return fmt.Sprintf("Counting by %d: %s", step, strings.Join(values, " "))
}

func neighbours(random *rand.Rand) string {
	n := between(random, 1, 98)
	switch random.IntN(4) {
	case 0:
		return fmt.Sprintf("The number after %d is %d.", n, n+1)
	case 1:
		return fmt.Sprintf("The number before %d is %d.", n+1, n)
	case 2:
		m := between(random, 1, 98)
		for m == n {
			m = between(random, 1, 98)
		}
		return fmt.Sprintf("Of %d and %d, the larger one is %d.", n, m, max(n, m))
	}
	return fmt.Sprintf("%d is one more than %d and one less than %d.", n+1, n, n+2)
}

// units are a larger unit, how many smaller ones it holds, and these.
var units = []struct {
	larger, largers string
	factor          int
	smaller         string
}{
	{"metre", "metres", 100, "centimetres"}, {"kilometre", "kilometres", 1000, "metres"},
	{"kilogram", "kilograms", 1000, "grams"}, {"litre", "litres", 1000, "millilitres"},
	{"centimetre", "centimetres", 10, "millimetres"}, {"hour", "hours", 60, "minutes"},
	{"minute", "minutes", 60, "seconds"}, {"day", "days", 24, "hours"}, {"week", "weeks", 7, "days"},
	{"year", "years", 12, "months"}, {"euro", "euros", 100, "cents"}, {"dozen", "dozens", 12, "pieces"},
}

// unitFact tells what one larger unit holds and how many make another amount; amounts are one, two
// and ten only, which leaves the others to the task.
func unitFact(random *rand.Rand) string {
	u := pick(random, units)
	switch random.IntN(6) {
	case 0:
		return fmt.Sprintf("One %s is %d %s.", u.larger, u.factor, u.smaller)
	case 1:
		return fmt.Sprintf("There are %d %s in a %s.", u.factor, u.smaller, u.larger)
	case 2:
		return fmt.Sprintf("%d %s make one %s.", u.factor, u.smaller, u.larger)
	case 3:
		return fmt.Sprintf("A %s has %d %s, so two %s have %d.", u.larger, u.factor, u.smaller, u.largers, 2*u.factor)
	case 4:
		return fmt.Sprintf("From %s to %s, multiply by %d: 1 is %d, 2 is %d, 10 is %d.",
			u.largers, u.smaller, u.factor, u.factor, 2*u.factor, 10*u.factor)
	}
	return fmt.Sprintf("From %s to %s, divide by %d: %d is 1, %d is 2.", u.smaller, u.largers, u.factor, u.factor, 2*u.factor)
}

// numberStory is a sum in a scene of nature; people who buy, find, give or lose things are the
// tasks' themes.
func numberStory(random *rand.Rand) string {
	a, b := between(random, 3, 30), between(random, 2, 15)
	switch random.IntN(8) {
	case 0:
		return fmt.Sprintf("%d birds sit on a tree and %d fly up. That makes %d birds.", a, b, a+b)
	case 1:
		return fmt.Sprintf("Of %d birds on the roof, %d fly off, and %d stay.", a+b, b, a)
	case 2:
		return fmt.Sprintf("%d frogs are in the pond. %d jump in. Count of frogs: %d", a, b, a+b)
	case 3:
		return fmt.Sprintf("%d candles burn. The wind blows out %d. Burning now: %d", a+b, b, a)
	case 4:
		return fmt.Sprintf("%d boats lie in the harbour, %d more come in: %d boats.", a, b, a+b)
	case 5:
		return fmt.Sprintf("%d leaves hang on a branch, %d fall off: %d leaves.", a+b, b, a)
	case 6:
		legs := pick(random, []int{2, 4, 6, 8})
		animals := between(random, 2, 9)
		return fmt.Sprintf("%d animals with %d legs each have %d legs.", animals, legs, animals*legs)
	}
	rows, seats := between(random, 2, 9), between(random, 2, 10)
	return fmt.Sprintf("A hall with %d rows of %d seats has %d seats.", rows, seats, rows*seats)
}
