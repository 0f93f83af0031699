package convert

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The kinds of values. A null has none.
const (
	nothing = iota
	boolKind
	intKind
	wideKind // of whole numbers, one that a double does not hold
	floatKind
	textKind
	listKind
	structKind
)

var kindNames = []string{"null", "a boolean", "a whole number", "a whole number", "a number", "a text", "a list", "an object"}

// kind is the type of a column, or of what is in it.
type kind struct {
	of     int
	item   *kind            // of a list
	fields map[string]*kind // of a struct
	line   int              // where it was seen first
}

// cell is a value of a CSV or TSV file: a text that may be a number.
type cell string

// learn makes the kind fit a value too. path names the column for errors.
func (k *kind) learn(v any, line int, path string) error {
	of, err := kindOf(v)
	if err != nil {
		return fmt.Errorf("line %d: column %s: %w", line, path, err)
	}
	if _, isCell := v.(cell); isCell && of != nothing && k.of != nothing {
		k.of = joinCells(k.of, of)
		return nil
	}
	switch {
	case of == nothing:
		return nil
	case k.of == nothing:
		k.of, k.line = of, line
	case k.of == of:
	case k.of == intKind && (of == wideKind || of == floatKind):
		k.of, k.line = of, line
	case of == intKind && (k.of == wideKind || k.of == floatKind):
	case k.of == wideKind && of == floatKind, k.of == floatKind && of == wideKind:
		return fmt.Errorf("line %d: column %s is %s, in line %d it is %s: a double does not hold the whole one exactly, so write all as texts", line, path, kindNames[of], k.line, kindNames[k.of])
	default:
		return fmt.Errorf("line %d: column %s is %s, in line %d it is %s: a column holds values of one kind", line, path, kindNames[of], k.line, kindNames[k.of])
	}
	switch v := v.(type) {
	case []any:
		if k.item == nil {
			k.item = &kind{}
		}
		for _, item := range v {
			if err := k.item.learn(item, line, path+"[]"); err != nil {
				return err
			}
		}
	case map[string]any:
		if k.fields == nil {
			k.fields = map[string]*kind{}
		}
		if len(v) == 0 && path != "" {
			return fmt.Errorf("line %d: column %s is an object without keys, which Parquet cannot hold: leave it out or write null", line, path)
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			field := k.fields[name]
			if field == nil {
				field = &kind{}
				k.fields[name] = field
			}
			at := name
			if path != "" {
				at = path + "." + name
			}
			if err := field.learn(v[name], line, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func kindOf(v any) (int, error) {
	switch v := v.(type) {
	case nil:
		return nothing, nil
	case bool:
		return boolKind, nil
	case json.Number:
		if _, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return kindOfWhole(string(v)), nil
		}
		if !strings.ContainsAny(string(v), ".eE") {
			return nothing, fmt.Errorf("the whole number %s has no room in 64 bits: write it as a text", v)
		}
		if !survives(string(v)) {
			return nothing, fmt.Errorf("the number %.40s has no room in 64 bits: round it, or write it as a text", v)
		}
		return floatKind, nil
	case string:
		return textKind, nil
	case []any:
		return listKind, nil
	case map[string]any:
		return structKind, nil
	case cell:
		return kindOfCell(string(v)), nil
	}
	return nothing, fmt.Errorf("a value of type %T", v)
}

// kindOfWhole is the kind of a whole number of 64 bits.
func kindOfWhole(text string) int {
	if survives(text) {
		return intKind
	}
	return wideKind
}

// survives says whether a number's text is the same number once it was a double: the double has the
// same digits when it is written with as many, zeros at a fraction's end aside, or with as few as
// read back. Decimals of up to 15 digits survive, and those that a program wrote of a double, such
// as 0.10000000000000001. A whole number survives where a double is exactly that.
func survives(text string) bool {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return false
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(text, "-")), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+strings.TrimRight(fraction, "0"), "0")
	if digits == "" {
		return true
	}
	for _, after := range []int{len(digits) - 1, -1} {
		written, _, _ := strings.Cut(strconv.FormatFloat(math.Abs(x), 'e', after, 64), "e")
		if strings.Replace(written, ".", "", 1) == digits {
			return true
		}
	}
	return false
}

// kindOfCell is what a cell may be read as. 007, +1, True and numbers that no double holds are
// texts: written back they would be others.
func kindOfCell(text string) int {
	switch text {
	case "":
		return nothing
	case "true", "false":
		return boolKind
	}
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || digits[0] < '0' && digits[0] != '.' || digits[0] > '9' || len(digits) > 1 && digits[0] == '0' && digits[1] != '.' {
		return textKind
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return kindOfWhole(text)
	}
	if strings.ContainsAny(digits, "_xXpP") || !strings.ContainsAny(digits, ".eE") {
		return textKind
	}
	if survives(text) {
		return floatKind
	}
	return textKind
}

// joinCells is the kind of a column with cells of two.
func joinCells(a, b int) int {
	switch {
	case a == b:
		return a
	case a == intKind && (b == wideKind || b == floatKind):
		return b
	case b == intKind && (a == wideKind || a == floatKind):
		return a
	}
	return textKind
}

// settle makes texts of what is null everywhere.
func (k *kind) settle() {
	if k.of == nothing {
		k.of = textKind
	}
	if k.of == listKind && k.item == nil {
		k.item = &kind{}
	}
	if k.item != nil {
		k.item.settle()
	}
	for _, name := range k.names() {
		k.fields[name].settle()
	}
}

// names are the fields of a struct in the order of the columns.
func (k *kind) names() []string { return slices.Sorted(maps.Keys(k.fields)) }

// String is the type as data inspect writes it.
func (k *kind) String() string {
	switch k.of {
	case listKind:
		return "list<" + k.item.String() + ">"
	case structKind:
		var fields []string
		for _, name := range k.names() {
			fields = append(fields, name+": "+k.fields[name].String())
		}
		return "struct<" + strings.Join(fields, ", ") + ">"
	}
	return []string{boolKind: "boolean", intKind: "int64", wideKind: "int64", floatKind: "double", textKind: "string"}[k.of]
}
