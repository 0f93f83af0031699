package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// asText is a value as it is printed.
func asText(r *rendering, in *exec.Value, _ []*exec.Value, _ map[string]*exec.Value) (*exec.Value, error) {
	if in.IsString() {
		return in, nil
	}
	text, err := writeText(r, in)
	return exec.AsValue(text), err
}

func writeText(r *rendering, v *exec.Value) (string, error) {
	if v.IsString() {
		return v.String(), nil
	}
	out := writer{r: r}
	out.value(v, false)
	return out.text.String(), out.err
}

// toJSON writes a value as json.dumps(ensure_ascii=False) does: keys in their order, a space after
// comma and colon unless it is indented.
func toJSON(r *rendering, in *exec.Value, arguments []*exec.Value, named map[string]*exec.Value) (*exec.Value, error) {
	for name := range named {
		if name != "indent" && name != "ensure_ascii" {
			return nil, fmt.Errorf("tojson: %s is not supported", name)
		}
	}
	if named["ensure_ascii"] != nil && named["ensure_ascii"].IsTrue() {
		return nil, errors.New("tojson: ensure_ascii is not supported")
	}
	indent := named["indent"]
	if indent == nil && len(arguments) > 0 {
		return nil, errors.New("tojson takes named arguments only")
	}
	out := writer{r: r, indent: -1}
	if indent != nil && !indent.IsNil() {
		if !indent.IsInteger() || indent.Integer() < 0 || indent.Integer() > 16 {
			return nil, errors.New("tojson: indent must lie between 0 and 16")
		}
		out.indent = indent.Integer()
	}
	out.json(in, 1)
	return exec.AsValue(out.text.String()), out.err
}

// writer writes values and pays for each byte.
type writer struct {
	r      *rendering
	text   strings.Builder
	indent int // of JSON, -1: on one line
	err    error
}

func (w *writer) write(s string) {
	if w.err == nil {
		if w.err = w.r.work(len(s) + 1); w.err == nil {
			w.text.WriteString(s)
		}
	}
}

// value writes a value as Python prints it, quoted within lists. What is undefined writes nothing.
func (w *writer) value(v *exec.Value, quoted bool) {
	switch {
	case w.err != nil:
	case isNone(v):
		w.write("None")
	case v.IsNil() && quoted:
		w.write("Undefined")
	case v.IsNil():
	case v.IsString() && quoted:
		w.write(quote(v.String()))
	case v.IsString() || v.IsBool() || v.IsNumber():
		w.write(v.String())
	case v.IsList():
		w.list(elements(v), "[", "]", func(e *exec.Value) { w.value(e, true) })
	case v.IsDict():
		w.write("{")
		for i, pair := range pairs(v) {
			if i > 0 {
				w.write(", ")
			}
			w.value(pair.Key, true)
			w.write(": ")
			w.value(pair.Value, true)
		}
		w.write("}")
	default:
		w.err = fmt.Errorf("%s cannot be written", kind(v))
	}
}

func (w *writer) list(parts []*exec.Value, open, end string, each func(*exec.Value)) {
	w.write(open)
	for i, part := range parts {
		if i > 0 {
			w.write(", ")
		}
		each(part)
	}
	w.write(end)
}

// quote is Python's repr of a text.
func quote(s string) string {
	mark := `'`
	if strings.Contains(s, `'`) && !strings.Contains(s, `"`) {
		mark = `"`
	}
	var out strings.Builder
	out.WriteString(mark)
	for _, c := range s {
		switch {
		case c == '\\' || string(c) == mark:
			out.WriteRune('\\')
			out.WriteRune(c)
		case c == '\n':
			out.WriteString(`\n`)
		case c == '\r':
			out.WriteString(`\r`)
		case c == '\t':
			out.WriteString(`\t`)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&out, `\x%02x`, c)
		default:
			out.WriteRune(c)
		}
	}
	return out.String() + mark
}

func (w *writer) json(v *exec.Value, depth int) {
	switch {
	case w.err != nil:
	case depth > 2*deepestValue:
		w.err = errors.New("tojson: the value lies too deep")
	case isNone(v):
		w.write("null")
	case v.IsBool():
		w.write(strconv.FormatBool(v.Bool()))
	case v.IsNumber():
		w.write(v.String())
	case v.IsString():
		w.write(quoteJSON(v.String()))
	case v.IsList():
		w.block("[", "]", elements(v), depth, func(e *exec.Value) { w.json(e, depth+1) })
	case v.IsDict():
		all := pairs(v)
		keys := make([]*exec.Value, len(all))
		values := make(map[*exec.Value]*exec.Value, len(all))
		for i, pair := range all {
			keys[i], values[pair.Key] = pair.Key, pair.Value
		}
		w.block("{", "}", keys, depth, func(key *exec.Value) {
			w.write(quoteJSON(key.String()) + ": ")
			w.json(values[key], depth+1)
		})
	default:
		w.err = fmt.Errorf("tojson: %s cannot be written", kind(v))
	}
}

// block writes the parts of a list or dictionary on one line or indented.
func (w *writer) block(open, end string, parts []*exec.Value, depth int, each func(*exec.Value)) {
	if w.indent < 0 || len(parts) == 0 {
		w.list(parts, open, end, each)
		return
	}
	w.write(open)
	for i, part := range parts {
		if i > 0 {
			w.write(",")
		}
		w.write("\n" + strings.Repeat(" ", w.indent*depth))
		each(part)
	}
	w.write("\n" + strings.Repeat(" ", w.indent*(depth-1)) + end)
}

// quoteJSON writes a text as JSON without the escapes that HTML needs.
func quoteJSON(s string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		return `""` // a string can always be encoded
	}
	// Go escapes two separators of lines, Python does not.
	return strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029", `\\`, `\\`).Replace(strings.TrimSuffix(out.String(), "\n"))
}
