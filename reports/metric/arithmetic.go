package metric

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Trace is a metric of a cell with what it was made of.
type Trace struct {
	Value Value
	// Readings are the numbers that were read, in order.
	Readings   []Reading
	terms      []term
	definition Definition
	matrix     Matrix
}

// Arithmetic are the lines that make the value, which is defined, of the numbers that were read:
// the terms of a mean where they are no plain numbers, and the equation that ends in the value.
// Numbers have eight digits, and more where a reader who calculates with eight would not find the
// value.
func (t Trace) Arithmetic() []string {
	digits := t.digits()
	write := func(x float64) string { return written(x, digits) }
	numbers := func(read []Reading) []string {
		list := make([]string, len(read))
		for i, r := range read {
			list[i] = strconv.FormatFloat(r.X, 'g', digits, 64)
		}
		return list
	}
	d, value := t.definition, write(t.Value.Number)
	if len(t.terms) == 0 {
		equation := d.arithmetic(numbers(t.Readings))
		if equation != value {
			equation += " = " + value
		}
		return []string{d.Key + " = " + equation}
	}
	var sum, terms, lines []string
	for _, t := range t.terms {
		x := write(t.x)
		if equation := d.arithmetic(numbers(t.read)); equation != x {
			terms = append(terms, fmt.Sprintf("%d: %s = %s", t.index, equation, x))
		}
		sum = append(sum, x)
	}
	if len(terms) > 0 {
		lines = append(lines, "terms: "+strings.Join(terms, "; "))
	}
	return append(lines, fmt.Sprintf("%s = %s / %d = %s", d.Key, Added(sum), len(sum), value))
}

// digits is how many significant ones the arithmetic takes, so that each of its equations holds as
// it is printed: 8, or -1 for all. A difference of two numbers that are nearly equal, as
// 0.123456789 − 0.123456788, takes more than 8.
func (t Trace) digits() int {
	const digits = 8
	rounded := t.definition.Trace(t.matrix.rounded(digits))
	if !rounded.Value.Defined() || !agree(rounded.Value.Number, t.Value.Number) {
		return -1
	}
	sum := 0.0
	for i, term := range t.terms {
		if !agree(rounded.terms[i].x, term.x) {
			return -1
		}
		sum += rounding(term.x, digits)
	}
	if n := len(t.terms); n > 0 && !agree(sum/float64(n), t.Value.Number) {
		return -1
	}
	return digits
}

// agree says that two results are one to five digits, or both a rounding error of 0.
func agree(x, y float64) bool { return math.Abs(x-y) <= 1e-5*math.Abs(y)+zero }

// zero is what a rounding error stays below.
const zero = 1e-15

// Ways to write a term of a formula with its numbers.

func only(read []string) string { return read[0] }

func subtraction(read []string) string { return read[0] + " − " + Bracketed(read[1]) }

func quotient(read []string) string { return read[0] + " / " + Bracketed(read[1]) }

func called(function string) func([]string) string {
	return func(read []string) string {
		if len(read) == 1 {
			return read[0]
		}
		return function + "(" + strings.Join(read, ", ") + ")"
	}
}

func peakMinus(read []string) string {
	last := len(read) - 1
	return called("max")(read[:last]) + " − " + Bracketed(read[last])
}

// Added is a sum in brackets, of one number the number.
func Added(numbers []string) string {
	switch len(numbers) {
	case 0:
		return "0"
	case 1:
		return numbers[0]
	}
	var s strings.Builder
	s.WriteString("(" + numbers[0])
	for _, x := range numbers[1:] {
		if rest, negative := strings.CutPrefix(x, "-"); negative {
			s.WriteString(" − " + rest)
		} else {
			s.WriteString(" + " + x)
		}
	}
	return s.String() + ")"
}

func Bracketed(number string) string {
	if strings.HasPrefix(number, "-") {
		return "(" + number + ")"
	}
	return number
}

// Precise writes a number with eight digits, and what is a rounding error of 0 as 0.
func Precise(x float64) string { return written(x, 8) }

func written(x float64, digits int) string {
	if math.Abs(x) < zero {
		x = 0
	}
	return strconv.FormatFloat(x, 'g', digits, 64)
}

// rounding is the number that is written with so many digits.
func rounding(x float64, digits int) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', digits, 64), 64)
	return y
}
