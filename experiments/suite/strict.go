package suite

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"secura/spelling"
)

// parseYAML reads exactly one document whose top is a mapping.
func parseYAML(data []byte, name string) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	err := decoder.Decode(&document)
	if err == io.EOF {
		return nil, fmt.Errorf("%s is empty", name)
	}
	if err == nil {
		if err = decoder.Decode(&second); err == nil {
			return nil, fmt.Errorf("%s:%d: a second document; a file holds one", name, second.Line)
		}
		if err == io.EOF {
			err = nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s is not a mapping of keys to values", name)
	}
	return document.Content[0], nil
}

// checker holds YAML nodes against Go types more strictly than yaml.v3 does: 1.5 or 010 are no
// integers, NaN no number, on no bool, null no value; a key is known and stands once. It collects
// all mistakes, and takes what is wrong out of the tree, so that the rest can be read: a key with
// its value, and of the lists of tasks and methods the whole item.
type checker struct {
	file     string
	mistakes []error
	// lost says whether an item of a list was taken out.
	lost bool
}

func (c *checker) wrong(n *yaml.Node, format string, args ...any) {
	place := c.file
	if n.Line > 0 {
		place = fmt.Sprintf("%s:%d", c.file, n.Line)
	}
	c.mistakes = append(c.mistakes, fmt.Errorf("%s: "+format, append([]any{place}, args...)...))
}

func (c *checker) err() error { return Told(c.mistakes...) }

// check holds n against t; key is the path of n for messages. It says whether n, without what was
// taken out of it, can be read.
func (c *checker) check(n *yaml.Node, t reflect.Type, key string) bool {
	before := len(c.mistakes)
	right := func() bool { return len(c.mistakes) == before }
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		c.wrong(n, "%s: anchors and aliases are not read; write the value out", key)
		return false
	}
	if n.ShortTag() == "!!null" {
		c.wrong(n, "%s has no value", key)
		return false
	}
	switch t.Kind() {
	case reflect.Struct:
		return c.mapping(n, key, func(name, value *yaml.Node) bool {
			field, ok := fieldOf(t, name.Value)
			if !ok {
				c.wrong(name, "%s", spelling.Unknown("key", name.Value, keysOf(t)))
				return false
			}
			return c.check(value, t.FieldByIndex(field).Type, join(key, name.Value))
		})
	case reflect.Map:
		return c.mapping(n, key, func(name, value *yaml.Node) bool { return c.check(value, t.Elem(), join(key, name.Value)) })
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			c.wrong(n, "%s must be a list", key)
			return false
		}
		var kept []*yaml.Node
		for i, item := range n.Content {
			found := len(c.mistakes)
			if c.check(item, t.Elem(), fmt.Sprintf("%s[%d]", key, i)); len(c.mistakes) == found {
				kept = append(kept, item)
			}
		}
		if t.Elem().Kind() != reflect.Struct {
			return right()
		}
		c.lost = c.lost || len(kept) < len(n.Content)
		n.Content = kept
		return true
	case reflect.Interface:
		c.any(n, key)
	default:
		c.scalar(n, t.Kind(), key)
	}
	return right()
}

func (c *checker) mapping(n *yaml.Node, key string, each func(name, value *yaml.Node) bool) bool {
	if n.Kind != yaml.MappingNode {
		c.wrong(n, "%s must be a mapping of keys to values", key)
		return false
	}
	seen := map[string]int{}
	var kept []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i]
		if name.Kind != yaml.ScalarNode || name.ShortTag() != "!!str" {
			c.wrong(name, "%s: the key %q is not a name", key, name.Value)
			continue
		}
		if line, twice := seen[name.Value]; twice {
			c.wrong(name, "key %q stands already in line %d", name.Value, line)
			continue
		}
		seen[name.Value] = name.Line
		if each(name, n.Content[i+1]) {
			kept = append(kept, name, n.Content[i+1])
		}
	}
	n.Content = kept
	return true
}

// any checks a value whose type only a method knows.
func (c *checker) any(n *yaml.Node, key string) {
	switch n.Kind {
	case yaml.MappingNode:
		c.check(n, reflect.TypeFor[map[string]any](), key)
	case yaml.SequenceNode:
		c.check(n, reflect.TypeFor[[]any](), key)
	default:
		switch n.ShortTag() {
		case "!!int":
			c.scalar(n, reflect.Int, key)
		case "!!float":
			c.scalar(n, reflect.Float64, key)
		case "!!bool":
			c.scalar(n, reflect.Bool, key)
		default:
			c.scalar(n, reflect.String, key)
		}
	}
}

func (c *checker) scalar(n *yaml.Node, kind reflect.Kind, key string) {
	if n.Kind != yaml.ScalarNode {
		hint := ""
		if n.Kind == yaml.MappingNode && len(n.Content) > 0 && n.Content[0].Kind == yaml.MappingNode { // {{.question}}
			hint = "; put a template in quotes, as in '{{.question}}'"
		}
		c.wrong(n, "%s must be a single value%s", key, hint)
		return
	}
	tag, digits := n.ShortTag(), strings.TrimLeft(n.Value, "+-")
	octal := tag == "!!int" && len(digits) > 1 && digits[0] == '0' // 010 would be 8
	ok := false
	switch kind {
	case reflect.String:
		ok = tag == "!!str"
	case reflect.Bool:
		ok = tag == "!!bool" && (n.Value == "true" || n.Value == "false")
	case reflect.Int, reflect.Int64:
		var v int64
		ok = tag == "!!int" && n.Decode(&v) == nil && !octal
	case reflect.Float64:
		var v float64
		ok = (tag == "!!float" || tag == "!!int") && n.Decode(&v) == nil && !octal && !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	if !ok {
		found := n.Value
		if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 { // as in seeds: "2", no number
			found = "the text " + strconv.Quote(n.Value)
		}
		c.wrong(n, "%s must be %s", key, expected(kind, found))
	}
}

// expected says what a value of a kind must be, and what was found instead.
func expected(kind reflect.Kind, found any) string {
	switch kind {
	case reflect.String:
		return fmt.Sprintf(`text; write "%v" in quotes`, found)
	case reflect.Bool:
		return fmt.Sprintf("true or false, not %v", found)
	case reflect.Int, reflect.Int64:
		return fmt.Sprintf("a whole number, not %v", found)
	case reflect.Float64:
		return fmt.Sprintf("a finite number, not %v", found)
	}
	panic(fmt.Sprintf("a suite has no values of kind %s", kind))
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// fieldOf finds a struct's field by its YAML key.
func fieldOf(t reflect.Type, key string) (index []int, ok bool) {
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if options == "inline" {
			if below, ok := fieldOf(t.Field(i).Type, key); ok {
				return append([]int{i}, below...), true
			}
		} else if name == key && name != "-" && name != "" {
			return []int{i}, true
		}
	}
	return nil, false
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if options == "inline" {
			keys = append(keys, keysOf(field.Type)...)
		} else if name != "-" && name != "" {
			keys = append(keys, name)
		}
	}
	return keys
}

// decodeParams sets the fields of the struct that into points at, which holds the preset's values,
// to a method's parameters as YAML or a manifest's JSON gave them. Unknown keys and wrong types are
// errors, all at once. The struct's fields need yaml tags.
func decodeParams(method string, params map[string]any, into any) error {
	var mistakes []error
	wrong := func(text string) { mistakes = append(mistakes, fmt.Errorf("parameters of %s: %s", method, text)) }
	target := reflect.ValueOf(into).Elem()
	for _, key := range slices.Sorted(maps.Keys(params)) {
		index, ok := fieldOf(target.Type(), key)
		if !ok {
			wrong(spelling.Unknown("key", key, keysOf(target.Type())))
			continue
		}
		if field := target.FieldByIndex(index); !assign(field, params[key]) {
			wrong(key + " must be " + expected(field.Kind(), params[key]))
		}
	}
	return Told(mistakes...)
}

// assign sets a field to a value; false where that is of another kind. Of numbers JSON does not
// tell which are whole.
func assign(field reflect.Value, value any) bool {
	v := reflect.ValueOf(value)
	switch {
	case v.CanFloat() && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)):
		return false
	case v.IsValid() && v.Kind() == field.Kind():
	case v.CanInt() && field.CanFloat():
	case v.CanFloat() && field.CanInt() && v.Float() == math.Trunc(v.Float()) && math.Abs(v.Float()) < 1<<53:
	default:
		return false
	}
	field.Set(v.Convert(field.Type()))
	return true
}
