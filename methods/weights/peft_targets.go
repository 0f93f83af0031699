package weights

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// peftTargets say which modules an adapter changes: peft leaves out the tensors of any other.
type peftTargets struct {
	target, exclude peftNames
	layers          []int            // of modules that are named by their ending; none for all
	layerOf         []*regexp.Regexp // each finds a layer's number in a module's name, as its last group
}

// peftNames are a pattern that matches a whole name or, where that is nil, names and endings of
// names.
type peftNames struct {
	pattern *regexp.Regexp
	names   []string
}

// targets reads target_modules, exclude_modules, layers_to_transform and layers_pattern as peft's
// check_target_module_exists does.
func (c peftConfig) targets() (t peftTargets, err error) {
	if t.target, err = readPEFTNames("target_modules", c.Targets); err != nil {
		return t, err
	}
	if t.target.pattern == nil && len(t.target.names) == 0 {
		t.target.names = []string{"q_proj", "v_proj"} // peft's choice for Llama, Qwen2 and Gemma 2
	}
	if t.exclude, err = readPEFTNames("exclude_modules", c.Excluded); err != nil {
		return t, err
	}
	one := 0
	if json.Unmarshal(c.Layers, &one) == nil && string(c.Layers) != "null" {
		t.layers = []int{one}
	} else if len(c.Layers) > 0 {
		if err := json.Unmarshal(c.Layers, &t.layers); err != nil {
			return t, fmt.Errorf("layers_to_transform: %w", err)
		}
	}
	var patterns []string
	pattern := ""
	if json.Unmarshal(c.LayersPattern, &pattern) == nil {
		if pattern != "" {
			patterns = []string{pattern}
		}
	} else if len(c.LayersPattern) > 0 {
		if err := json.Unmarshal(c.LayersPattern, &patterns); err != nil {
			return t, fmt.Errorf("layers_pattern: %w", err)
		}
	}
	if len(patterns) == 0 {
		patterns = []string{`[^.]*`}
	}
	for _, p := range patterns {
		_, err := regexp.Compile(p) // by itself too: a)(?:b is a pattern only between the others' parentheses
		var layerOf *regexp.Regexp
		if err == nil {
			layerOf, err = regexp.Compile(`^.*\.(?:` + p + `)\.(\d+)\.`)
		}
		if err != nil {
			return t, fmt.Errorf("layers_pattern %q: %w", p, err)
		}
		t.layerOf = append(t.layerOf, layerOf)
	}
	return t, nil
}

// readPEFTNames reads a key that holds one pattern or a list of names.
func readPEFTNames(key string, raw json.RawMessage) (n peftNames, err error) {
	pattern := ""
	if len(raw) == 0 || string(raw) == "null" {
		return n, nil
	}
	if json.Unmarshal(raw, &pattern) != nil {
		if err := json.Unmarshal(raw, &n.names); err != nil {
			return n, fmt.Errorf("%s: %w", key, err)
		}
		return n, nil
	}
	if strings.EqualFold(pattern, "all-linear") {
		pattern = `.*_proj`
	}
	if n.pattern, err = regexp.Compile(`^(?:` + pattern + `)$`); err != nil {
		return n, fmt.Errorf("%s %q: %w", key, pattern, err)
	}
	return n, nil
}

// match says whether a module is among the names, and whether it is by the ending of its name.
func (n peftNames) match(module string) (found, byEnding bool) {
	if n.pattern != nil {
		return n.pattern.MatchString(module), false
	}
	if slices.Contains(n.names, module) {
		return true, false
	}
	found = slices.ContainsFunc(n.names, func(name string) bool { return strings.HasSuffix(module, "."+name) })
	return found, found
}

// has says whether the adapter changes a module.
func (t peftTargets) has(module string) bool {
	if excluded, _ := t.exclude.match(module); excluded {
		return false
	}
	found, byEnding := t.target.match(module)
	if !byEnding || len(t.layers) == 0 {
		return found
	}
	for _, layerOf := range t.layerOf {
		if m := layerOf.FindStringSubmatch(module); m != nil {
			layer, err := strconv.Atoi(m[len(m)-1])
			return err == nil && slices.Contains(t.layers, layer)
		}
	}
	return false
}
