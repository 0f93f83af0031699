package datasets

import (
	"slices"
	"strings"
)

// Example is one row as the model meets it.
type Example struct {
	Task string
	ID   int // number of the row in the source's split, from 0
	// System is what a conversation's system turn says; empty for none.
	System string
	Prompt string
	// Answer is what the model should write; with options the right one.
	Answer string
	// Golds are all right answers where there are several.
	Golds   []string
	Options []string // nil where the answer is written
	Gold    int      // index of the right option
	// Original is the text that the answer simplifies, where a score compares with it.
	Original string
}

// Right says whether an option is the right one, or reads like it: equal texts are one answer. An
// example may have the number of its right option alone, as one of random tokens has.
func (e Example) Right(option int) bool {
	return option == e.Gold || option >= 0 && max(option, e.Gold) < len(e.Options) && strings.TrimSpace(e.Options[option]) == strings.TrimSpace(e.Options[e.Gold])
}

// RightAnswers are the answers of which any counts, without the white space around them.
func (e Example) RightAnswers() []string {
	golds := e.Golds
	if golds == nil {
		golds = []string{e.Answer}
	}
	trimmed := make([]string, len(golds))
	for i, g := range golds {
		trimmed[i] = strings.TrimSpace(g)
	}
	return trimmed
}

// Cut is what a written answer says before the first of the task's stop texts, that is, the one
// that is whole first. What follows it changes nothing.
func (t Task) Cut(written string) string {
	for _, stop := range t.Stop {
		if i := strings.Index(written, stop); i >= 0 {
			written = written[:i+len(stop)]
		}
	}
	for _, stop := range t.Stop {
		if i := strings.Index(written, stop); i >= 0 {
			written = written[:i]
		}
	}
	return written
}

// Stopped says whether a written answer has one of the task's stop texts.
func (t Task) Stopped(written string) bool {
	return slices.ContainsFunc(t.Stop, func(stop string) bool { return strings.Contains(written, stop) })
}

// hasEqualOptions says whether two of an example's options read alike.
func (e Example) hasEqualOptions() bool {
	for i, o := range e.Options {
		if slices.ContainsFunc(e.Options[:i], func(other string) bool { return strings.TrimSpace(other) == strings.TrimSpace(o) }) {
			return true
		}
	}
	return false
}
