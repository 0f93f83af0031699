package prompt

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// listSource is where a list of a row comes from: a column and the fields below it, or a template
// that gives a list.
type listSource struct {
	key      string
	path     []string
	template *template.Template
}

func compileList(key, text string, columns map[string]bool) (*listSource, error) {
	if !strings.Contains(text, "{{") {
		path := strings.Split(text, ".")
		if slices.Contains(path, "") {
			return nil, fmt.Errorf("%s %q is not a column's name", key, text)
		}
		columns[path[0]] = true
		return &listSource{key: key, path: path}, nil
	}
	t, err := parseTemplate(key, text, true, columns)
	if err != nil {
		return nil, err
	}
	nodes := t.Tree.Root.Nodes
	action, ok := nodes[0].(*parse.ActionNode)
	if len(nodes) != 1 || !ok || len(action.Pipe.Decl) > 0 {
		return nil, fmt.Errorf("parse %s: expected one {{…}} that gives a list, with nothing around it", key)
	}
	// The last function of the pipeline prints a text; here it is to give the list.
	last := action.Pipe.Cmds[len(action.Pipe.Cmds)-1]
	last.Args[0] = parse.NewIdentifier("asList").SetPos(action.Pipe.Pos)
	return &listSource{key: key, template: t}, nil
}

// String names the source for errors.
func (s *listSource) String() string {
	if s.template != nil {
		return s.key
	}
	return s.key + " " + strings.Join(s.path, ".")
}

func (s *listSource) list(row map[string]any) ([]any, error) {
	if s.template != nil {
		text, err := render(s.template, row)
		if err != nil {
			return nil, err
		}
		v, err := parseJSON(text)
		list, ok := v.([]any)
		if err != nil || !ok {
			return nil, fmt.Errorf("%s is %s, not a list", s.key, describe(v))
		}
		return list, nil
	}
	value := any(row)
	for i, field := range s.path {
		fields, ok := value.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: %s is %s, not a struct", s, strings.Join(s.path[:i], "."), describe(value))
		}
		if value, ok = fields[field]; !ok {
			return nil, fmt.Errorf("%s: there is no %s; there is %s", s, strings.Join(s.path[:i+1], "."), listKeys(fields))
		}
	}
	list, ok := value.([]any)
	if !ok {
		hint := ""
		if _, isText := value.(string); isText {
			hint = fmt.Sprintf("; {{json .%[1]s}} reads a list that is written as text, {{split \";\" .%[1]s}} cuts one", strings.Join(s.path, "."))
		}
		return nil, fmt.Errorf("%s is %s, not a list%s", s, describe(value), hint)
	}
	return list, nil
}

// asList writes a list as JSON, for listSource.
func asList(source string, v any) (string, error) {
	list, ok := v.([]any)
	if texts, isTexts := v.([]string); isTexts {
		for _, text := range texts {
			list = append(list, text)
		}
		ok = true
	}
	if !ok {
		return "", &valueError{source, describe(v) + ", not a list"}
	}
	if list == nil {
		list = []any{}
	}
	encoded, err := json.Marshal(list)
	return string(encoded), err
}
