package chat

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// operator evaluates a binary operator as Python does; its name is the first argument, the right
// side the second.
func operator(r *rendering, left *exec.Value, arguments []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	name, right := arguments[0].String(), arguments[1]
	if comparisons[name] {
		for _, side := range []*exec.Value{left, right} {
			if err := r.read(side); err != nil {
				return nil, err
			}
		}
		holds, err := compare(name, left, right)
		return exec.AsValue(holds), err
	}
	switch {
	case name == "~":
		a, err := writeText(r, left)
		if err != nil {
			return nil, err
		}
		b, err := writeText(r, right)
		return exec.AsValue(a + b), err
	case left.IsString() && right.IsString() && name == "+":
		return exec.AsValue(left.String() + right.String()), nil
	case left.IsString() && right.IsInteger() && name == "*":
		n := max(right.Integer(), 0)
		if size(left) > 0 && n > largestWork/size(left) {
			return nil, r.work(largestWork + 1)
		}
		return exec.AsValue(strings.Repeat(left.String(), n)), r.work(n * size(left))
	case left.IsList() && right.IsList() && name == "+":
		return exec.AsValue(exec.ValuesList(slices.Concat(elements(left), elements(right)))), nil
	case left.IsInteger() && right.IsInteger() && name != "/":
		return integers(name, left.Integer(), right.Integer())
	case left.IsNumber() && right.IsNumber():
		return floats(name, left.Float(), right.Float())
	}
	return nil, fmt.Errorf("%s does not go between %s and %s", name, kind(left), kind(right))
}

// largestInteger bounds what is computed with, so that nothing overflows.
const largestInteger = 1 << 53

func integers(name string, a, b int) (*exec.Value, error) {
	if b == 0 && (name == "%" || name == "//") {
		return nil, fmt.Errorf("%d %s 0 is not a number", a, name)
	}
	if max(a, -a, b, -b) > largestInteger || a == math.MinInt || b == math.MinInt || name == "*" && a != 0 && max(b, -b) > largestInteger/max(a, -a) {
		return nil, fmt.Errorf("%d %s %d is too large", a, name, b)
	}
	switch name {
	case "+":
		return exec.AsValue(a + b), nil
	case "-":
		return exec.AsValue(a - b), nil
	case "*":
		return exec.AsValue(a * b), nil
	case "%": // the sign is the divisor's
		return exec.AsValue((a%b + b) % b), nil
	case "//": // rounded down
		return exec.AsValue((a - (a%b+b)%b) / b), nil
	}
	return nil, fmt.Errorf("the operator %s is not supported", name)
}

func floats(name string, a, b float64) (*exec.Value, error) {
	switch name {
	case "+":
		return exec.AsValue(a + b), nil
	case "-":
		return exec.AsValue(a - b), nil
	case "*":
		return exec.AsValue(a * b), nil
	case "/":
		if b == 0 {
			return nil, fmt.Errorf("%v / 0 is not a number", a)
		}
		return exec.AsValue(a / b), nil
	}
	return nil, fmt.Errorf("the operator %s is not supported between %v and %v", name, a, b)
}

// compare evaluates a comparison by its operator or the name of its test.
func compare(name string, a, b *exec.Value) (bool, error) {
	switch name {
	case "==", "eq", "equalto":
		return equal(a, b), nil
	case "!=", "ne":
		return !equal(a, b), nil
	case "in":
		return contains(b, a)
	}
	order := 0
	switch {
	case a.IsNumber() && b.IsNumber():
		order = int(math.Copysign(1, a.Float()-b.Float()))
		if a.Float() == b.Float() {
			order = 0
		}
	case a.IsString() && b.IsString():
		order = strings.Compare(a.String(), b.String())
	default:
		return false, fmt.Errorf("%s does not go between %s and %s", name, kind(a), kind(b))
	}
	switch name {
	case "<", "lt", "lessthan":
		return order < 0, nil
	case ">", "gt", "greaterthan":
		return order > 0, nil
	case "<=", "le":
		return order <= 0, nil
	}
	return order >= 0, nil
}

// equal tells values of different kinds apart; numbers are one kind.
func equal(a, b *exec.Value) bool {
	if _, ok := a.Interface().(*namespace); ok {
		return a.Interface() == b.Interface()
	}
	switch {
	case a.IsString() && b.IsString():
		return a.String() == b.String()
	case a.IsNil() && b.IsNil():
		return isNone(a) == isNone(b)
	case a.IsBool() && b.IsNumber():
		return number(a) == b.Float()
	case a.IsNumber() && b.IsBool():
		return a.Float() == number(b)
	}
	return a.EqualValueTo(b)
}

// number is a truth value as Python counts it.
func number(v *exec.Value) float64 {
	if v.Bool() {
		return 1
	}
	return 0
}

func contains(in, part *exec.Value) (bool, error) {
	switch {
	case in.IsString() && part.IsString():
		return strings.Contains(in.String(), part.String()), nil
	case in.IsList():
		for _, element := range elements(in) {
			if equal(element, part) {
				return true, nil
			}
		}
		return false, nil
	case in.IsDict():
		for _, pair := range pairs(in) {
			if equal(pair.Key, part) {
				return true, nil
			}
		}
		return false, nil
	case undefined(in):
		return false, nil
	}
	return false, fmt.Errorf("in does not go between %s and %s", kind(part), kind(in))
}

func negation(_ *rendering, in *exec.Value, _ []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	return exec.AsValue(!in.IsTrue()), nil
}

// truth is whether a condition holds.
func truth(_ *rendering, in *exec.Value, _ []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	return exec.AsValue(in.IsTrue()), nil
}

// none is the language's none, which is defined, unlike the library's nil.
var none = (*noneValue)(nil)

type noneValue struct{}

func isNone(v *exec.Value) bool {
	_, ok := v.Interface().(*noneValue)
	return ok
}

func undefined(v *exec.Value) bool { return v.IsNil() && !isNone(v) }

// kind names a value's kind in errors.
func kind(v *exec.Value) string {
	switch {
	case isNone(v):
		return "none"
	case v.IsNil():
		return "what is undefined"
	case v.IsString():
		return "a text"
	case v.IsBool():
		return "a truth value"
	case v.IsNumber():
		return "a number"
	case v.IsList():
		return "a list"
	case v.IsDict():
		return "a dictionary"
	}
	return "a namespace or a loop"
}

// elementOf is x[key], x.0 or x.name.
func elementOf(r *rendering, in *exec.Value, arguments []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	if in.IsString() || in.IsDict() {
		if err := r.work(len(pairs(in)) + size(in)); err != nil {
			return nil, err
		}
	}
	return lookup(in, arguments[0])
}

// lookup finds an element; what is not there is undefined, but nothing can be looked up in what is
// undefined.
func lookup(in, key *exec.Value) (*exec.Value, error) {
	if undefined(in) {
		return nil, fmt.Errorf("there is no %s: what should have it is undefined", key.String())
	}
	if space, ok := in.Interface().(*namespace); ok {
		if value, ok := space.values[key.String()]; ok {
			return value, nil
		}
		return exec.AsValue(nil), nil
	}
	switch {
	case in.IsDict():
		for _, pair := range pairs(in) {
			if equal(pair.Key, key) {
				return pair.Value, nil
			}
		}
	case in.IsList() && key.IsInteger():
		list := elements(in)
		if i, ok := place(key.Integer(), len(list)); ok {
			return list[i], nil
		}
	case in.IsString() && key.IsInteger():
		characters := []rune(in.String())
		if i, ok := place(key.Integer(), len(characters)); ok {
			return exec.AsValue(string(characters[i])), nil
		}
	case key.IsString():
		if getter, ok := in.Interface().(exec.AttributeGetter); ok { // loop
			value, _ := getter.GetAttribute(key.String())
			if value.IsCallable() {
				return nil, fmt.Errorf("loop.%s is not supported", key.String())
			}
			return value, nil
		}
	}
	return exec.AsValue(nil), nil
}

// place is the index in a list of n, counted from its end where it is negative.
func place(i, n int) (int, bool) {
	if i < 0 {
		i += n
	}
	return i, i >= 0 && i < n
}

// slice is x[start:stop:step].
func slice(r *rendering, in *exec.Value, arguments []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	bounds := [3]int{0, 0, 1}
	for i, a := range arguments {
		if !a.IsNil() && !a.IsInteger() {
			return nil, fmt.Errorf("a slice is bounded by integers, not by %s", kind(a))
		}
		if a.IsInteger() {
			bounds[i] = a.Integer()
		}
	}
	parts, err := sequence(in)
	if err != nil || in.IsDict() {
		return nil, fmt.Errorf("%s cannot be sliced", kind(in))
	}
	if err := r.work(8 * len(parts)); err != nil {
		return nil, err
	}
	step := bounds[2]
	if step == 0 {
		return nil, fmt.Errorf("a slice's step is 0")
	}
	first, last := 0, len(parts) // as Python clamps them
	if step < 0 {
		first, last = -1, len(parts)-1
	}
	clamp := func(i int) int {
		if i < 0 {
			i += len(parts)
		}
		return max(first, min(i, last))
	}
	start, stop := first, last
	if step < 0 {
		start, stop = last, first
	}
	if !arguments[0].IsNil() {
		start = clamp(bounds[0])
	}
	if !arguments[1].IsNil() {
		stop = clamp(bounds[1])
	}
	out := exec.ValuesList{}
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		out = append(out, parts[i])
	}
	if !in.IsString() {
		return exec.AsValue(out), nil
	}
	var text strings.Builder
	for _, part := range out {
		text.WriteString(part.String())
	}
	return exec.AsValue(text.String()), nil
}

// sequence is what a loop over a value goes through: a text's characters, a list's elements or a
// dictionary's keys; nothing where it is undefined.
func sequence(v *exec.Value) ([]*exec.Value, error) {
	switch {
	case undefined(v):
		return nil, nil
	case v.IsString():
		var list []*exec.Value
		for _, c := range v.String() {
			list = append(list, exec.AsValue(string(c)))
		}
		return list, nil
	case v.IsList():
		return elements(v), nil
	case v.IsDict():
		var keys []*exec.Value
		for _, pair := range pairs(v) {
			keys = append(keys, pair.Key)
		}
		return keys, nil
	}
	return nil, fmt.Errorf("%s has no elements", kind(v))
}

// loop pays for a loop's rounds, each of which takes the given steps.
func loop(r *rendering, in *exec.Value, arguments []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	list, err := sequence(in)
	if err != nil {
		return nil, err
	}
	if err := r.work(len(list) * arguments[0].Integer()); err != nil {
		return nil, err
	}
	return exec.AsValue(exec.ValuesList(list)), nil
}
