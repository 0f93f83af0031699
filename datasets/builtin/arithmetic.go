package builtin

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// arithmeticTasks are worded sums with small numbers. Two items of a task never ask for the same
// calculation.
func arithmeticTasks() []task {
	return []task{
		newTask("add_subtract_stories", 0, drawStory),
		newTask("two_step_purchases", purchaseCount(), drawPurchase),
		newTask("unit_conversion", conversionCount(), drawConversion),
		newTask("number_sequences", sequenceCount(), drawSequence),
	}
}

func arithmeticItem(key, question, rationale string, result int) item {
	return item{arithmeticRow{question, fmt.Sprintf("%s #### %d", rationale, result)}, key, question}
}

// things are what stories count; none of them is counted in the corpus.
var things = list("apples,stamps,coins,shells,cards,marbles,buttons,stickers,pencils,cookies,tickets,beads,plums,badges")

var gains = []string{
	"{name} has {a} {things} and buys {b} more. How many {things} does {name} have now?",
	"{name} owns {a} {things} and gets {b} more from {name2}. How many {things} are that?",
	"{name} collects {a} {things} on Monday and {b} on Tuesday. How many {things} in all?",
}

var losses = []string{
	"{name} has {a} {things} and gives {b} to {name2}. How many {things} are left?",
	"{name} had {a} {things} but lost {b} of them. How many {things} does {name} still have?",
	"From {a} {things}, {name} sells {b}. How many {things} remain?",
}

// drawStory keeps amounts above 1, for the plural. In additions the order of the amounts makes no
// other item.
func drawStory(random *rand.Rand) item {
	s := &slots{random: random}
	a, b := between(random, 2, 30), between(random, 2, 20)
	templates, operator, result := gains, "+", a+b
	if random.IntN(2) == 0 {
		templates, operator = losses, "-"
		a += b
		result = a - b
	}
	if result > 40 || a > 40 {
		return drawStory(random)
	}
	template := strings.NewReplacer("{a}", strconv.Itoa(a), "{b}", strconv.Itoa(b), "{things}", pick(random, things)).Replace(pick(random, templates))
	sum := fmt.Sprintf("%d %s %d", a, operator, b)
	key := sum
	if operator == "+" {
		key = fmt.Sprintf("%d + %d", max(a, b), min(a, b))
	}
	return arithmeticItem(key, s.fill(template), fmt.Sprintf("%s = %d", sum, result), result)
}

// goods are sold one by one.
var goods = list("pen,cup,map,bun,pin,mug,rose,candle,brush,comb")

// A purchase is of two goods at dearest euros at most, paid with one of the notes.
const dearest = 19

var notes = []int{20, 30, 40, 50}

// purchaseKey names a purchase whichever of its goods comes first.
func purchaseKey(note, price, price2 int) string {
	return fmt.Sprintf("%d-%d-%d", note, min(price, price2), max(price, price2))
}

// purchaseCount is how many purchases there are.
func purchaseCount() int {
	keys := map[string]bool{}
	for _, note := range notes {
		for price := 2; price <= dearest; price++ {
			for price2 := 2; price2 <= dearest; price2++ {
				if price+price2 < note {
					keys[purchaseKey(note, price, price2)] = true
				}
			}
		}
	}
	return len(keys)
}

var purchases = []string{
	"A %[2]s costs %[3]d euros, a %[4]s %[5]d. {name} buys both with %[1]d euros. How many euros are left?",
	"{name} has %[1]d euros and pays %[3]d for a %[2]s and %[5]d for a %[4]s. How many euros does {name} keep?",
}

func drawPurchase(random *rand.Rand) item {
	first, second, note := pick(random, goods), pick(random, goods), pick(random, notes)
	price, price2 := between(random, 2, dearest), between(random, 2, dearest)
	rest := note - price - price2
	if first == second || rest <= 0 {
		return drawPurchase(random)
	}
	s := &slots{random: random}
	question := s.fill(fmt.Sprintf(pick(random, purchases), note, first, price, second, price2))
	return arithmeticItem(purchaseKey(note, price, price2), question,
		fmt.Sprintf("%d - %d = %d, %d - %d = %d", note, price, note-price, note-price, price2, rest), rest)
}

// conversions are pairs of units and how many of the second one of the first is, with the largest
// amount that is asked for.
var conversions = []struct {
	from, to     string
	factor, most int
}{
	{"metres", "centimetres", 100, 50}, {"kilometres", "metres", 1000, 50}, {"kilograms", "grams", 1000, 50}, {"tonnes", "kilograms", 1000, 50},
	{"litres", "millilitres", 1000, 50}, {"euros", "cents", 100, 50}, {"centuries", "years", 100, 50}, {"decades", "years", 10, 50},
	{"centimetres", "millimetres", 10, 50}, {"decimetres", "centimetres", 10, 50}, {"hours", "minutes", 60, 12}, {"minutes", "seconds", 60, 12},
	{"days", "hours", 24, 12}, {"weeks", "days", 7, 12}, {"years", "months", 12, 12}, {"dozens", "pieces", 12, 12},
}

// conversionCount is how many conversions there are, from 3 on.
func conversionCount() (n int) {
	for _, c := range conversions {
		n += c.most - 2
	}
	return n
}

func drawConversion(random *rand.Rand) item {
	c := pick(random, conversions)
	n := between(random, 3, c.most)
	wording := pick(random, []string{"How many %[3]s are %[1]d %[2]s?", "Convert %[1]d %[2]s into %[3]s.", "%[1]d %[2]s make how many %[3]s?"})
	return arithmeticItem(fmt.Sprintf("%d %s in %s", n, c.from, c.to), fmt.Sprintf(wording, n, c.from, c.to),
		fmt.Sprintf("%d * %d = %d", n, c.factor, n*c.factor), n*c.factor)
}

// rowOfTask tells the rows of numbers that the task of sequences asks about from those that the
// corpus has.
func rowOfTask(first, step int) bool { return (first+step)%2 == 0 }

// The rows of the task go in steps from 2 to longestStep, upwards from a number up to highestStart
// or down to one.
const (
	longestStep  = 10
	highestStart = 50
)

// sequenceCount is how many rows the task has.
func sequenceCount() (n int) {
	for step := 2; step <= longestStep; step++ {
		for start := 1; start <= highestStart; start++ {
			for _, first := range []int{start, start + 5*step} {
				if rowOfTask(first, step) {
					n++
				}
			}
		}
	}
	return n
}

func drawSequence(random *rand.Rand) item {
	step, start := between(random, 2, longestStep), between(random, 1, highestStart)
	down := random.IntN(2) == 0
	if down {
		start, step = start+5*step, -step
	}
	if !rowOfTask(start, max(step, -step)) {
		return drawSequence(random)
	}
	var shown []string
	for i := range 4 {
		shown = append(shown, strconv.Itoa(start+i*step))
	}
	last, next := start+3*step, start+4*step
	way, size, operator := "up", step, '+'
	if down {
		way, size, operator = "down", -step, '-'
	}
	wording := pick(random, []string{"%[1]s goes %[2]s by %[3]d. What comes next?",
		"Count %[2]s by %[3]d: %[1]s. Which number follows?", "Continue the row %[1]s, %[2]s by %[3]d."})
	row := strings.Join(shown, ", ")
	return arithmeticItem(row, fmt.Sprintf(wording, row, way, size), fmt.Sprintf("%d %c %d = %d", last, operator, size, next), next)
}
