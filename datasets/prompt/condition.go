package prompt

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
)

// Condition is a template over a row that writes true or false. It is safe for concurrent use.
type Condition struct {
	template *template.Template
	columns  []string
}

// CompileCondition parses the condition of a key.
func CompileCondition(key, text string) (*Condition, error) {
	columns := map[string]bool{}
	t, err := parseTemplate(key, text, true, columns)
	if err != nil {
		return nil, err
	}
	if len(columns) == 0 {
		return nil, fmt.Errorf("%s: %q names no column, so that it is the same of every row; expected a condition such as {{ge .label 0}}", key, Shorten(text))
	}
	return &Condition{t, slices.Sorted(maps.Keys(columns))}, nil
}

// Columns returns the top-level columns that the condition reads, sorted.
func (c *Condition) Columns() []string { return slices.Clone(c.columns) }

// Holds says whether the condition is true of a row.
func (c *Condition) Holds(row map[string]any) (bool, error) {
	text, err := render(c.template, row)
	if err != nil {
		return false, err
	}
	switch strings.TrimSpace(text) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("%s writes %q, expected true or false, as of {{ge .label 0}}", c.template.Name(), Shorten(text))
}
