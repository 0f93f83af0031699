package reports

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
	Readings   []reading
	terms      []term
	definition definition
}

// Arithmetic are the lines that make the value, which is defined, of the numbers
// that were read: the terms of a mean where they are no plain numbers, and the
// equation that ends in the value.
func (t Trace) Arithmetic() []string {
	d := t.definition
	if len(t.terms) == 0 {
		written := d.arithmetic(numbersOf(t.Readings))
		if written != precise(t.Value.Number) {
			written += " = " + precise(t.Value.Number)
		}
		return []string{d.Key + " = " + written}
	}
	var sum, terms, lines []string
	for _, t := range t.terms {
		written := d.arithmetic(numbersOf(t.read))
		if written != precise(t.x) {
			terms = append(terms, fmt.Sprintf("%d: %s = %s", t.index, written, precise(t.x)))
		}
		sum = append(sum, precise(t.x))
	}
	if len(terms) > 0 {
		lines = append(lines, "terms: "+strings.Join(terms, "; "))
	}
	return append(lines, fmt.Sprintf("%s = %s / %d = %s", d.Key, added(sum), len(sum), precise(t.Value.Number)))
}

// Ways to write a term of a formula with its numbers.

func only(read []string) string { return read[0] }

func subtraction(read []string) string { return read[0] + " − " + bracketed(read[1]) }

func quotient(read []string) string { return read[0] + " / " + bracketed(read[1]) }

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
	return called("max")(read[:last]) + " − " + bracketed(read[last])
}

// added is a sum in brackets, of one number the number.
func added(numbers []string) string {
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

func bracketed(number string) string {
	if strings.HasPrefix(number, "-") {
		return "(" + number + ")"
	}
	return number
}

func numbersOf(readings []reading) []string {
	list := make([]string, len(readings))
	for i, x := range readings {
		list[i] = precise(x.X)
	}
	return list
}

// precise writes a number with eight digits, and what is a rounding error of 0 as
// 0.
func precise(x float64) string {
	if math.Abs(x) < 1e-15 {
		x = 0
	}
	return strconv.FormatFloat(x, 'g', 8, 64)
}
