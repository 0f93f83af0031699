// Package datasets turns Parquet files into rows and tasks into examples.
package datasets

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"secura/datasets/score"
)

// Task says where a task's rows lie, how a row becomes an example, and how
// its answers are scored. Templates are Go text/template over the row's
// columns. It is decoded from a suite's YAML.
type Task struct {
	Name string `yaml:"name" json:"name"`
	// Family groups tasks of one kind, such as "arithmetic".
	Family string `yaml:"family" json:"family"`
	// Source is "builtin:NAME", a Parquet file with {split} in its path, or a
	// folder that holds SPLIT.parquet or SPLIT-*.parquet.
	Source string `yaml:"source" json:"source"`

	// Prompt is what the model reads.
	Prompt string `yaml:"prompt" json:"prompt"`
	// Answer is what it should write; with options it is left empty.
	Answer string `yaml:"answer,omitempty" json:"answer,omitempty"`
	// OptionsColumn names the column with the list of options.
	OptionsColumn string `yaml:"options_column,omitempty" json:"options_column,omitempty"`
	// Options are templates over the row, one for each option, where no column
	// has them as a list.
	Options []string `yaml:"options,omitempty" json:"options,omitempty"`
	// ClassLabel names a column of class numbers whose names stand in the file's
	// Hugging Face metadata: the options of every row. Gold is then that column,
	// unless it says otherwise.
	ClassLabel string `yaml:"class_label,omitempty" json:"class_label,omitempty"`
	// Option makes one option's text; its dot is the option.
	Option string `yaml:"option,omitempty" json:"option,omitempty"`
	// Gold names the right option: its index from 0, or one of GoldLabels.
	Gold string `yaml:"gold,omitempty" json:"gold,omitempty"`
	// GoldLabels are the labels of the options in order where Gold is a label.
	GoldLabels []string `yaml:"gold_labels,omitempty" json:"gold_labels,omitempty"`

	// Scores are the names of the scores; the first one is the R of the reports.
	Scores []string `yaml:"scores" json:"scores"`
	// MaxNewTokens bounds a written answer.
	MaxNewTokens int `yaml:"max_new_tokens,omitempty" json:"max_new_tokens,omitempty"`
	// Limits bounds the examples that are read of each split.
	Limits Limits `yaml:"limits,omitempty" json:"limits,omitzero"`
	// Splits are the only splits that may be read, whoever asks; all where none
	// is named. A tuning's tasks have train and validation here.
	Splits []string `yaml:"splits,omitempty" json:"splits,omitempty"`
}

// Allow says whether a split of the task may be read; the error names the
// splits that may.
func (t Task) Allow(split string) error {
	if len(t.Splits) == 0 || slices.Contains(t.Splits, split) {
		return nil
	}
	return fmt.Errorf("task %s: split %s is refused: only %s may be read (the task's `splits`)", t.Name, split, strings.Join(t.Splits, " and "))
}

// Limits bounds the number of examples of each split; 0 is no bound.
type Limits struct {
	Train      int `yaml:"train,omitempty" json:"train,omitempty"`
	Validation int `yaml:"validation,omitempty" json:"validation,omitempty"`
	Test       int `yaml:"test,omitempty" json:"test,omitempty"`
	// Seed, if not 0, draws the examples from the whole split instead of taking
	// its first ones; they stay in the order of the rows.
	Seed int `yaml:"seed,omitempty" json:"seed,omitempty"`
}

// For returns the bound of a split by its name, 0 where there is none.
func (l Limits) For(split string) int {
	switch split {
	case "train":
		return l.Train
	case "validation":
		return l.Validation
	case "test":
		return l.Test
	}
	return 0
}

// ScoreNames are the scores a task may name: accuracy for a chosen option, and
// the scorers of written answers.
var ScoreNames = scoreNames()

func scoreNames() []string {
	names := []string{"accuracy"}
	for _, s := range score.Scorers {
		names = append(names, s.Name)
	}
	return names
}

var columnName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

var taskName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// Choice says whether the task is answered by choosing an option.
func (t Task) Choice() bool { return t.OptionsColumn != "" || len(t.Options) > 0 || t.ClassLabel != "" }

// gold is Gold, or the number of the class.
func (t Task) gold() string {
	if t.Gold == "" && t.ClassLabel != "" {
		return "{{." + t.ClassLabel + "}}"
	}
	return t.Gold
}

// Builtin returns NAME of the source "builtin:NAME".
func (t Task) Builtin() (name string, ok bool) { return strings.CutPrefix(t.Source, "builtin:") }

// Validate returns all mistakes at once, each naming the task and the key;
// nil if there are none. It does not look at files or parse templates.
func (t Task) Validate() error {
	var mistakes []error
	wrong := func(format string, args ...any) {
		mistakes = append(mistakes, fmt.Errorf("task %q: "+format, append([]any{t.Name}, args...)...))
	}
	if !taskName.MatchString(t.Name) {
		wrong("name must be lower-case letters, digits, _ and -")
	}
	if name, ok := t.Builtin(); t.Source == "" || ok && name == "" {
		wrong("source is missing; give builtin:NAME, a folder, or a file path with {split}")
	}
	if t.Prompt == "" {
		wrong("prompt is missing")
	}
	if t.Choice() {
		if t.gold() == "" {
			wrong("gold is missing: where an option is chosen it names the right one")
		}
		if t.Answer != "" {
			wrong("answer and options exclude each other: it is written or chosen")
		}
		if (t.OptionsColumn != "" && (len(t.Options) > 0 || t.ClassLabel != "")) || (len(t.Options) > 0 && t.ClassLabel != "") {
			wrong("options_column, options and class_label exclude each other")
		}
		if t.ClassLabel != "" && !columnName.MatchString(t.ClassLabel) {
			wrong("class_label %q is not a column's name", t.ClassLabel)
		}
		if len(t.Options) == 1 {
			wrong("options has one entry: a choice needs at least 2")
		}
		if t.Option != "" && len(t.Options) > 0 {
			wrong("option is for options_column and class_label: each of options is a whole template")
		}
		if t.MaxNewTokens != 0 {
			wrong("max_new_tokens means nothing where an option is chosen")
		}
	} else {
		if t.Answer == "" {
			wrong("answer is missing (or options_column, options or class_label)")
		}
		if t.Option != "" || t.Gold != "" || len(t.GoldLabels) > 0 {
			wrong("option, gold and gold_labels need options_column, options or class_label")
		}
		if t.MaxNewTokens < 1 {
			wrong("max_new_tokens must be at least 1 where an answer is written, not %d", t.MaxNewTokens)
		}
	}
	if len(t.Scores) == 0 {
		wrong("scores is missing; known: %s", strings.Join(ScoreNames, ", "))
	}
	for i, s := range t.Scores {
		switch {
		case !slices.Contains(ScoreNames, s):
			wrong("%s", Unknown("score", s, ScoreNames))
		case slices.Contains(t.Scores[:i], s):
			wrong("score %q is named twice", s)
		case (s == "accuracy") != t.Choice():
			wrong("score %q does not fit: accuracy is for a chosen option, the others for a written answer", s)
		}
	}
	if min(t.Limits.Train, t.Limits.Validation, t.Limits.Test) < 0 {
		wrong("limits must not be negative")
	}
	return errors.Join(mistakes...)
}
