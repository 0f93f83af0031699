package suite

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"secura/spelling"
)

// expand replaces, in the lists of tasks and methods, names by what they stand for, so that the
// tree has one shape. A task's name stands for one of inherited, else for a built-in task.
func expand(c *checker, tree *yaml.Node, inherited []*yaml.Node) {
	stream, knowledge, err := BuiltinTasks()
	if err != nil {
		c.mistakes = append(c.mistakes, err)
		return
	}
	builtin := append(stream, knowledge...)
	known := map[string]any{}
	var names []string
	for _, t := range builtin {
		known[t.Name], names = t, append(names, t.Name)
	}
	for _, t := range inherited {
		name := find(t, "name").Value
		if _, twice := known[name]; !twice {
			names = append(names, name)
		}
		known[name] = t
	}
	for _, key := range []string{"tasks", "knowledge"} {
		var kept []*yaml.Node
		for _, item := range items(tree, key) {
			task, ok := known[item.Value]
			switch {
			case item.Kind != yaml.ScalarNode:
			case ok:
				encode(item, task)
			default:
				c.wrong(item, "%s", spelling.Unknown("task", item.Value, names))
				c.lost = true
				continue
			}
			kept = append(kept, item)
		}
		if list := find(tree, key); list != nil && list.Kind == yaml.SequenceNode {
			list.Content = kept
		}
	}
	for _, item := range items(tree, "methods") {
		switch {
		case item.Kind == yaml.ScalarNode && item.ShortTag() == "!!str":
			encode(item, map[string]string{"preset": item.Value, "name": item.Value})
		case item.Kind == yaml.MappingNode && find(item, "name") == nil:
			if preset := find(item, "preset"); preset != nil {
				item.Content = append(item.Content, scalar("name"), scalar(preset.Value))
			}
		}
	}
}

// addMethods adds the presets of these names to the tree's list of methods, but for those that it
// has.
func addMethods(tree *yaml.Node, names []string) {
	list := find(tree, "methods")
	if list == nil || list.Kind != yaml.SequenceNode {
		return
	}
	for _, name := range names {
		if _, err := element(list, name); err != nil {
			item := &yaml.Node{}
			encode(item, map[string]string{"preset": name, "name": name})
			list.Content = append(list.Content, item)
		}
	}
}

// tasksIn are copies of the tasks that a suite's tree defines, those of its knowledge battery too.
func tasksIn(tree *yaml.Node) (list []*yaml.Node) {
	for _, key := range []string{"tasks", "knowledge"} {
		for _, item := range items(tree, key) {
			if name := find(item, "name"); name != nil && name.Kind == yaml.ScalarNode {
				list = append(list, clone(item))
			}
		}
	}
	return list
}

// clone is a node that the tree's changes leave alone.
func clone(n *yaml.Node) *yaml.Node {
	own := *n
	own.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		own.Content[i] = clone(child)
	}
	return &own
}

// encode puts v's YAML in place of n and keeps n's line.
func encode(n *yaml.Node, v any) {
	line := n.Line
	var fresh yaml.Node
	if err := fresh.Encode(v); err != nil {
		panic(err) // cannot be: plain structs and maps
	}
	*n = fresh
	relabel(n, line)
}

func relabel(n *yaml.Node, line int) {
	n.Line = line
	for _, child := range n.Content {
		relabel(child, line)
	}
}

// set applies KEY=VALUE to the tree.
func set(tree *yaml.Node, setting string) error {
	key, text, ok := strings.Cut(setting, "=")
	if !ok || key == "" {
		return errors.New("not KEY=VALUE")
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return err
	}
	if len(document.Content) != 1 {
		return errors.New("no value")
	}
	value := document.Content[0]
	path := strings.Split(key, ".")
	n := tree
	for i, name := range path {
		last := i == len(path)-1
		switch n.Kind {
		case yaml.MappingNode:
			child := find(n, name)
			if child == nil {
				child = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
				n.Content = append(n.Content, scalar(name), child)
			}
			n = child
		case yaml.SequenceNode:
			child, err := element(n, name)
			if err != nil {
				return fmt.Errorf("%s: %w", strings.Join(path[:i], "."), err)
			}
			n = child
		default:
			return fmt.Errorf("%s is a single value and has no key %q", strings.Join(path[:i], "."), name)
		}
		if last {
			*n = *value
			relabel(n, 0)
		}
	}
	if path[0] == "backbones" {
		remove(tree, "backbone") // the list stands instead of it
	}
	return nil
}

// element finds a list's item by its name, preset or index.
func element(list *yaml.Node, name string) (*yaml.Node, error) {
	var names []string
	for _, item := range list.Content {
		if n := find(item, "name"); n != nil {
			if n.Value == name {
				return item, nil
			}
			names = append(names, n.Value)
		}
	}
	if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(list.Content) {
		return list.Content[i], nil
	}
	return nil, errors.New(spelling.Unknown("item", name, names))
}

// merge lays over upon under: mappings key by key, everything else whole.
func merge(under, over *yaml.Node) *yaml.Node {
	if under.Kind != yaml.MappingNode || over.Kind != yaml.MappingNode {
		return over
	}
	for i := 0; i+1 < len(over.Content); i += 2 {
		name, value := over.Content[i], over.Content[i+1]
		if child := find(under, name.Value); child != nil {
			*child = *merge(child, value)
		} else {
			under.Content = append(under.Content, name, value)
		}
	}
	return under
}

func items(tree *yaml.Node, key string) []*yaml.Node {
	if list := find(tree, key); list != nil && list.Kind == yaml.SequenceNode {
		return list.Content
	}
	return nil
}

// find returns the value of a key in a mapping, nil where there is none.
func find(n *yaml.Node, key string) *yaml.Node {
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i+1]
			}
		}
	}
	return nil
}

// remove takes a key and its value out of a mapping.
func remove(n *yaml.Node, key string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

func scalar(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}
