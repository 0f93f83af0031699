package suite

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
)

// Resolved is the suite as YAML with every default written out; loading it gives the same suite,
// but for the backbones that it is only meant for.
func (s Suite) Resolved() (string, error) {
	if s.Backbone != "" {
		s.Backbones = nil
	}
	text, err := encodeYAML(s)
	if err != nil {
		return "", fmt.Errorf("show suite %s: %w", s.Name, err)
	}
	return text, nil
}

// Extension is a suite file that extends another suite by what a tuning chose.
type Extension struct {
	Extends string       `yaml:"extends"`
	Name    string       `yaml:"name"`
	Tuning  Tuning       `yaml:"tuning"`
	Methods []MethodSpec `yaml:"methods"`
}

// ReadExtension reads a file that YAML wrote; name is the file's in messages.
func ReadExtension(text []byte, name string) (e Extension, err error) {
	tree, err := parseYAML(text, name)
	if err != nil {
		return e, err
	}
	c := checker{file: name}
	c.check(tree, reflect.TypeFor[Extension](), "")
	return e, errors.Join(c.err(), tree.Decode(&e))
}

// YAML is the file's text.
func (e Extension) YAML() (string, error) {
	text, err := encodeYAML(e)
	if err != nil {
		return "", fmt.Errorf("write suite %s: %w", e.Name, err)
	}
	return text, nil
}

// ParamsByKey are a method's parameters, a struct with yaml tags, by their keys in a suite.
func ParamsByKey(params any) (byKey map[string]any, err error) {
	var n yaml.Node
	if err = n.Encode(params); err == nil {
		err = n.Decode(&byKey)
	}
	return byKey, err
}

func encodeYAML(v any) (string, error) {
	var out strings.Builder
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(v)
	return out.String(), err
}
