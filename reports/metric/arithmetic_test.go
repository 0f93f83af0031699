package metric

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Whoever calculates what an explanation prints finds the number: each equation holds as it stands,
// and the last one ends in the metric's value.
func TestArithmeticEndsInTheValue(t *testing.T) {
	for _, c := range readGolden(t).Cases {
		holds(t, Matrix{R: c.R, K: c.K, Joint: c.Joint, Perplexity: make([]float64, c.N+1)})
	}
	for _, c := range readReference(t).Metrics {
		holds(t, Matrix{R: c.R, K: c.K, Joint: c.Joint})
	}
}

func TestArithmeticEndsInTheValueOfAnyRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5).Draw(t, "tasks")
		// Scores of a few examples, any numbers, and some that differ only in digits that are not
		// printed.
		score := rapid.OneOf(
			rapid.Map(rapid.IntRange(0, 7), func(k int) float64 { return float64(k) / 7 }),
			rapid.Float64Range(0, 1),
			rapid.Map(rapid.IntRange(0, 9), func(k int) float64 { return 0.123456789 + 1e-10*float64(k) }))
		list := func(n int) []float64 { return rapid.SliceOfN(score, n, n).Draw(t, "scores") }
		m := Matrix{K: list(n + 1), Joint: list(n), Perplexity: list(n + 1)}
		for range n + 1 {
			m.R = append(m.R, list(n))
		}
		holds(t, m)
	})
}

func TestArithmeticOfNearlyEqualNumbersHasTheirDigits(t *testing.T) {
	d, _ := Find("knowledge_delta")
	m := Matrix{R: [][]float64{{0}, {0}}, K: []float64{0.1234567891, 0.1234567894}}
	got := strings.Join(d.Trace(m).Arithmetic(), "\n")
	if !strings.HasPrefix(got, "knowledge_delta = 0.1234567894 − 0.1234567891 = 2.99999997") {
		t.Error(got)
	}
}

func holds(t rapid.TB, m Matrix) {
	t.Helper()
	definitions := Definitions
	for _, key := range []string{"R[0][1]", "R[1][1]", "K[0]", "K[1]"} {
		d, _ := Find(key)
		definitions = append(definitions[:len(definitions):len(definitions)], d)
	}
	for _, d := range definitions {
		trace := d.Trace(m)
		if !trace.Value.Defined() {
			continue
		}
		last := math.NaN()
		for _, line := range trace.Arithmetic() {
			name, rest, _ := strings.Cut(line, " = ")
			equations := []string{rest}
			if terms, ok := strings.CutPrefix(line, "terms: "); ok {
				equations = strings.Split(terms, "; ")
				name = "terms"
			}
			for _, equation := range equations {
				if name == "terms" {
					_, equation, _ = strings.Cut(equation, ": ")
				}
				sides := strings.Split(equation, " = ")
				for _, side := range sides {
					x, y := calculate(t, side), calculate(t, sides[len(sides)-1])
					if !(math.Abs(x-y) <= 1e-5*math.Abs(y)+2e-15) {
						t.Errorf("%s: %q is false: %v is not %v", d.Key, line, x, y)
					}
					last = y
				}
			}
			if name != "terms" && name != d.Key {
				t.Errorf("%q is no line of %s", line, d.Key)
			}
		}
		if !(math.Abs(last-trace.Value.Number) <= 1e-7*math.Abs(trace.Value.Number)+2e-15) {
			t.Errorf("%s: the arithmetic ends in %v, the value is %v", d.Key, last, trace.Value.Number)
		}
	}
}

// calculate is what a printed expression is.
func calculate(t rapid.TB, expression string) float64 {
	t.Helper()
	tree, err := parser.ParseExpr(strings.ReplaceAll(expression, "−", "-"))
	if err != nil {
		t.Fatalf("%q: %v", expression, err)
	}
	var of func(ast.Expr) float64
	of = func(e ast.Expr) float64 {
		switch e := e.(type) {
		case *ast.BasicLit:
			x, err := strconv.ParseFloat(e.Value, 64)
			if err != nil {
				t.Fatalf("%q: %v", expression, err)
			}
			return x
		case *ast.ParenExpr:
			return of(e.X)
		case *ast.UnaryExpr:
			return -of(e.X)
		case *ast.BinaryExpr:
			x, y := of(e.X), of(e.Y)
			switch e.Op {
			case token.ADD:
				return x + y
			case token.SUB:
				return x - y
			case token.MUL:
				return x * y
			case token.QUO:
				return x / y
			}
		case *ast.CallExpr:
			numbers := make([]float64, len(e.Args))
			for i, a := range e.Args {
				numbers[i] = of(a)
			}
			at := func(i int) float64 { return numbers[i] }
			switch name := fmt.Sprint(e.Fun); name {
			case "mean":
				return Mean(0, len(numbers)-1, at)
			case "min":
				return extreme(0, len(numbers)-1, math.Min, at)
			case "max":
				return extreme(0, len(numbers)-1, math.Max, at)
			}
		}
		t.Fatalf("%q cannot be calculated", expression)
		return 0
	}
	return of(tree)
}
