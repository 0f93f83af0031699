package suite

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// LeavesLengths says whether the suite leaves a length of its rows to the data.
func (s Suite) LeavesLengths() bool {
	return s.Training.Length == 0 || s.Training.AnswerLength == 0 || len(s.Evaluation.Lengths) == 0
}

// WithLengthsOf is the suite with another's lengths of rows where it leaves them to the data.
func (s Suite) WithLengthsOf(other Suite) Suite {
	t, o := &s.Training, other.Training
	if t.Length == 0 {
		if t.Length = o.Length; len(t.Lengths) == 0 {
			t.Lengths = o.Lengths
		}
		for len(t.Lengths) > 0 && t.Lengths[len(t.Lengths)-1] >= t.Length {
			t.Lengths = t.Lengths[: len(t.Lengths)-1 : len(t.Lengths)-1]
		}
		if len(t.Lengths) == 0 {
			t.Lengths = nil
		}
	}
	if t.AnswerLength == 0 {
		t.AnswerLength = min(o.AnswerLength, t.Length-1)
	}
	if len(s.Evaluation.Lengths) == 0 {
		s.Evaluation.Lengths = other.Evaluation.Lengths
	}
	return s
}

// leaveLengths lets the lengths of rows be chosen from the data where a file that has tasks of its
// own does not say them: what it extends (under, nil for none), or the default, has lengths for
// other rows.
func leaveLengths(tree, under *yaml.Node) {
	for _, key := range []struct{ section, name string }{{"training", "length"}, {"training", "answer_length"}, {"evaluation", "lengths"}} {
		section := find(tree, key.section)
		if section == nil {
			section = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
			tree.Content = append(tree.Content, scalar(key.section), section)
		}
		if section.Kind != yaml.MappingNode || find(section, key.name) != nil {
			continue
		}
		value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: "0"}
		if key.name == "lengths" {
			value = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		}
		section.Content = append(section.Content, scalar(key.name), value)
		if key.name == "length" && under != nil {
			if inherited := find(under, "training"); inherited != nil {
				remove(inherited, "lengths")
			}
		}
	}
}

// hasOwnTasks says whether a suite's file, before names are replaced by what they stand for, has a
// task that is not built in.
func hasOwnTasks(tree *yaml.Node) bool {
	for _, key := range []string{"tasks", "knowledge"} {
		for _, item := range items(tree, key) {
			if source := find(item, "source"); source != nil && !strings.HasPrefix(source.Value, "builtin:") {
				return true
			}
		}
	}
	return false
}
