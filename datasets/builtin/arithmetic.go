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
		newTask("number_sequences", 0, drawSequence),
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

// A purchase is of mostPieces of each of two goods at most, at dearest euros the piece at most, and
// of mostEuros altogether.
const (
	mostPieces = 3
	dearest    = 10
	mostEuros  = 40
)

// purchaseKey names a purchase whichever of its goods comes first.
func purchaseKey(n, price, n2, price2 int) string {
	if n2 < n || n2 == n && price2 < price {
		n, price, n2, price2 = n2, price2, n, price
	}
	return fmt.Sprintf("%d*%d+%d*%d", n, price, n2, price2)
}

// purchaseCount is how many purchases there are.
func purchaseCount() int {
	keys := map[string]bool{}
	kinds := mostPieces * dearest
	for i := range kinds * kinds {
		n, price, n2, price2 := i%mostPieces+1, i/mostPieces%dearest+1, i/kinds%mostPieces+1, i/kinds/mostPieces+1
		if n*price+n2*price2 <= mostEuros {
			keys[purchaseKey(n, price, n2, price2)] = true
		}
	}
	return len(keys)
}

var purchases = []string{
	"A %[1]s costs %[2]d euros, a %[3]s %[4]d. {name} buys %[5]s and %[6]s. How many euros is that?",
	"{name} buys %[5]s at %[2]d euros apiece and %[6]s at %[4]d euros apiece. How many euros does {name} pay?",
}

func drawPurchase(random *rand.Rand) item {
	first, second := pick(random, goods), pick(random, goods)
	price, price2 := between(random, 1, dearest), between(random, 1, dearest)
	n, n2 := between(random, 1, mostPieces), between(random, 1, mostPieces)
	total := n*price + n2*price2
	if first == second || total > mostEuros {
		return drawPurchase(random)
	}
	s := &slots{random: random}
	question := s.fill(fmt.Sprintf(pick(random, purchases), first, price, second, price2, counted(n, first), counted(n2, second)))
	key := purchaseKey(n, price, n2, price2)
	return arithmeticItem(key, question, fmt.Sprintf("%d * %d = %d, %d * %d = %d, %d + %d = %d", n, price, n*price, n2, price2, n2*price2,
		n*price, n2*price2, total), total)
}

// counted is such as "1 cup" or "3 cups".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if strings.HasSuffix(thing, "sh") {
		return fmt.Sprintf("%d %ses", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
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

// drawSequence never starts at a multiple of its step, as counting does.
func drawSequence(random *rand.Rand) item {
	step, start := between(random, 2, 10), between(random, 1, 60)
	if start%step == 0 {
		return drawSequence(random)
	}
	sign := "+"
	if random.IntN(2) == 0 {
		sign, start, step = "-", start+5*step, -step
	}
	var shown []string
	for i := range 4 {
		shown = append(shown, strconv.Itoa(start+i*step))
	}
	next := start + 4*step
	wording := pick(random, []string{"%s, which number comes next?", "What follows %s?", "Continue the row %s."})
	return arithmeticItem(strings.Join(shown, " "), fmt.Sprintf(wording, strings.Join(shown, ", ")),
		fmt.Sprintf("%d %s %d = %d", start+3*step, sign, max(step, -step), next), next)
}
