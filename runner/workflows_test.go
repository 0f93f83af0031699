package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestTheWorkflowsCallWhatThereIs parses the program's command lines in the workflows, and looks
// for their recipes. actions are pinned by a whole version.
func TestTheWorkflowsCallWhatThereIs(t *testing.T) {
	recipes := readDocument(t, "Justfile")
	for name, least := range map[string]int{"ci.yml": 2, "reproduce.yml": 6} {
		workflow := readDocument(t, ".github/workflows/"+name)
		parsed := 0
		for _, run := range regexp.MustCompile(`(?m)^ +- run: (.*)$`).FindAllStringSubmatch(workflow, -1) {
			line, _, _ := strings.Cut(run[1], " > ")
			if recipe, ok := strings.CutPrefix(line, "just "); ok && !strings.Contains(recipes, "\n"+recipe+":") {
				t.Errorf("%s: the Justfile has no recipe %s", name, recipe)
			}
			args, ok := strings.CutPrefix(line, "bin/runner ")
			if !ok {
				continue
			}
			args = strings.NewReplacer(`"$SUITE"`, "continual16", `"$SEEDS"`, "1").Replace(args)
			c, rest, err := choose(commands(), words(args))
			if err == nil {
				_, err = c.parse(rest)
			}
			if err != nil {
				t.Errorf("%s: runner %s: %v", name, args, err)
			}
			parsed++
		}
		if parsed < least {
			t.Errorf("%s: only %d commands were found", name, parsed)
		}
		for _, uses := range regexp.MustCompile(`uses: (.*)`).FindAllStringSubmatch(workflow, -1) {
			if !regexp.MustCompile(`^[\w-]+/[\w-]+@v\d+\.\d+\.\d+$`).MatchString(uses[1]) {
				t.Errorf("%s: %s is not pinned by a version", name, uses[1])
			}
		}
	}
}
