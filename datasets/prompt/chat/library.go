package chat

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
)

// configuration is how transformers sets Jinja up.
func configuration() *config.Config {
	c := config.New()
	c.TrimBlocks = true // see stripLeft for the other setting
	return c
}

// environment is what templates can use: nothing that reads files, the clock or a source of chance.
func environment() *exec.Environment {
	all := map[string]exec.FilterFunction{
		operatorFilter: charged(operator), itemFilter: charged(elementOf), attributeFilter: charged(elementOf), sliceFilter: charged(slice),
		methodFilter: charged(method), notFilter: charged(negation), truthFilter: charged(truth), printFilter: charged(asText), loopFilter: charged(loop),
	}
	for _, name := range slices.Concat(libraryFilters, choosingFilters, slices.Collect(maps.Keys(ownFilters))) {
		f, _ := supported(name)
		all[name] = charged(f)
	}
	tests := map[string]exec.TestFunction{}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(valueTests)), slices.Collect(maps.Keys(comparisons))) {
		tests[name] = func(_ *exec.Evaluator, in *exec.Value, arguments *exec.VarArgs) (bool, error) {
			return runTest(name, in, arguments.Args)
		}
	}
	return &exec.Environment{
		Filters:           exec.NewFilterSet(all),
		ControlStructures: controlStructures(),
		Tests:             exec.NewTestSet(tests),
		Context:           exec.NewContext(map[string]any{}),
		Methods:           exec.Methods{}, // see method
	}
}

// filter is a filter of a template: of a value and arguments.
type filter func(r *rendering, in *exec.Value, arguments []*exec.Value, named map[string]*exec.Value) (*exec.Value, error)

// charged makes a filter pay for what it reads and writes.
func charged(f filter) exec.FilterFunction {
	return func(e *exec.Evaluator, in *exec.Value, arguments *exec.VarArgs) *exec.Value {
		r := of(e.Environment.Context)
		if in.IsError() {
			return exec.AsValue(r.fail(in))
		}
		paid := 8
		if in.IsString() {
			paid += len(in.String())
		}
		if err := r.work(paid); err != nil {
			return exec.AsValue(err)
		}
		out, err := f(r, in, arguments.Args, arguments.KwArgs)
		if err == nil {
			err = r.work(size(out))
		}
		if err != nil {
			return exec.AsValue(r.fail(err))
		}
		return out
	}
}

// size is a value's length in bytes or elements.
func size(v *exec.Value) int {
	switch {
	case v.IsString():
		return len(v.String())
	case v.IsList():
		return 16 * v.Len()
	}
	return 1
}

// libraryFilters are as the library has them, choosingFilters go through a list, and ownFilters are
// evaluated here, since the library's are not Jinja's.
var (
	libraryFilters  = []string{"abs", "capitalize", "first", "float", "int", "last", "title"}
	choosingFilters = []string{"map", "select", "reject", "selectattr", "rejectattr"}
	ownFilters      = map[string]filter{
		"default": fallback, "d": fallback, "upper": upper, "lower": lower, "list": list, "length": length, "count": length, "trim": trim, "items": items, "join": join,
		"replace": replace, "string": asText, "safe": asText, "tojson": toJSON,
	}
)

// supported finds a filter that a template may use.
func supported(name string) (filter, bool) {
	switch {
	case slices.Contains(libraryFilters, name):
		return library(name), true
	case slices.Contains(choosingFilters, name):
		return choose(name), true
	}
	f, ok := ownFilters[name]
	return f, ok
}

// library is a filter as the library has it, where that is Jinja's, and its result not longer than
// a few times what it reads.
func library(name string) filter {
	return func(r *rendering, in *exec.Value, arguments []*exec.Value, named map[string]*exec.Value) (*exec.Value, error) {
		f, ok := builtins.Filters.Get(name)
		if !ok {
			return nil, fmt.Errorf("the template library has no filter %s", name)
		}
		if in.IsBool() || name == "abs" && !in.IsNumber() {
			return nil, fmt.Errorf("the filter %s does not take %s", name, kind(in))
		}
		if err := r.work(size(in)); err != nil {
			return nil, err
		}
		out := f(nil, in, &exec.VarArgs{Args: arguments, KwArgs: named})
		if out.IsError() {
			return nil, out
		}
		return out, nil
	}
}

// choose are the filters that go through a list by the name of an attribute, a filter or a test.
func choose(name string) filter {
	return func(r *rendering, in *exec.Value, arguments []*exec.Value, named map[string]*exec.Value) (*exec.Value, error) {
		out := exec.ValuesList{}
		byAttribute := name == "selectattr" || name == "rejectattr"
		if (byAttribute || name == "map" && named["attribute"] == nil) && len(arguments) == 0 {
			return nil, fmt.Errorf("%s needs an argument", name)
		}
		parts, err := sequence(in)
		if err != nil {
			return nil, err
		}
		for _, element := range parts {
			if err := r.work(8); err != nil {
				return nil, err
			}
			if name == "map" {
				mapped, err := mapOne(r, element, arguments, named)
				if err != nil {
					return nil, err
				}
				out = append(out, mapped)
				continue
			}
			value, rest := element, arguments
			if byAttribute {
				if value, err = lookup(element, arguments[0]); err != nil {
					return nil, err
				}
				rest = arguments[1:]
			}
			holds := value.IsTrue()
			if len(rest) > 0 {
				if holds, err = runTest(rest[0].String(), value, rest[1:]); err != nil {
					return nil, err
				}
			}
			if holds == strings.HasPrefix(name, "select") {
				out = append(out, element)
			}
		}
		return exec.AsValue(out), nil
	}
}

func mapOne(r *rendering, element *exec.Value, arguments []*exec.Value, named map[string]*exec.Value) (*exec.Value, error) {
	if attribute := named["attribute"]; attribute != nil {
		value, err := lookup(element, attribute)
		if err == nil && undefined(value) && named["default"] != nil {
			value = named["default"]
		}
		return value, err
	}
	f, ok := supported(arguments[0].String())
	if !ok {
		return nil, fmt.Errorf("map: the filter %s is not supported", arguments[0].String())
	}
	return f(r, element, arguments[1:], nil)
}

// valueTests ask what a value is.
var valueTests = map[string]func(v *exec.Value) bool{
	"boolean": (*exec.Value).IsBool, "defined": func(v *exec.Value) bool { return !undefined(v) },
	"even": func(v *exec.Value) bool { return v.IsInteger() && v.Integer()%2 == 0 }, "false": func(v *exec.Value) bool { return v.IsBool() && !v.Bool() },
	"float": (*exec.Value).IsFloat, "integer": (*exec.Value).IsInteger, "iterable": (*exec.Value).IsIterable, "mapping": (*exec.Value).IsDict,
	"none": isNone, "number": (*exec.Value).IsNumber, "odd": func(v *exec.Value) bool { return v.IsInteger() && v.Integer()%2 != 0 },
	"sequence": (*exec.Value).IsIterable, "string": (*exec.Value).IsString, "true": func(v *exec.Value) bool { return v.IsBool() && v.Bool() },
	"undefined": undefined,
}

// comparisons are tests that are operators.
var comparisons = map[string]bool{"==": true, "!=": true, "<": true, ">": true, "<=": true, ">=": true, "in": true,
	"eq": true, "equalto": true, "ne": true, "lt": true, "lessthan": true, "gt": true, "greaterthan": true, "le": true, "ge": true}

func runTest(name string, v *exec.Value, arguments []*exec.Value) (bool, error) {
	if v.IsError() {
		return false, v
	}
	if test, ok := valueTests[name]; ok {
		return test(v), nil
	}
	if !comparisons[name] {
		return false, fmt.Errorf("the test %s is not supported", name)
	}
	if len(arguments) != 1 {
		return false, errors.New(name + " needs a right side")
	}
	return compare(name, v, arguments[0])
}
