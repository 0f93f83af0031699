// Package datasets turns Parquet files into examples. In come a Task (where the rows lie,
// templates, scores) and a folder; out come examples, their token ids, and batches laid out in rows
// of one length. Every error names file, row and column. Read Task first, then Task.Load.
package datasets

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"secura/datasets/score"
	"secura/spelling"
)

// Task says where a task's rows lie, how a row becomes an example, and how its answers are scored.
// Templates are Go text/template over the row's columns. It is decoded from a suite's YAML.
type Task struct {
	Name string `yaml:"name" json:"name"`
	// Family groups tasks of one kind, such as "arithmetic".
	Family string `yaml:"family" json:"family"`
	// Source is "builtin:NAME", a Parquet file with {split} in its path, or a folder that holds
	// SPLIT.parquet or SPLIT-*.parquet.
	Source string `yaml:"source" json:"source"`

	// Splits say which of the source's splits serve as train, validation and test.
	Splits Splits `yaml:"splits,omitempty" json:"split_names,omitzero"`
	// Where is a template over the row that writes true or false: rows that are false are left out.
	Where string `yaml:"where,omitempty" json:"where,omitempty"`
	// Seed gives the draws of shares, shots and bounded numbers of examples.
	Seed int `yaml:"seed,omitempty" json:"seed,omitempty"`

	// System is what a conversation's system turn says; where prompts are read as they are it
	// stands before the prompt, with an empty line between them.
	System string `yaml:"system,omitempty" json:"system,omitempty"`
	// Prompt is what the model reads.
	Prompt string `yaml:"prompt" json:"prompt"`
	// Shots is how many examples of the training split stand before each prompt, with their
	// answers.
	Shots int `yaml:"shots,omitempty" json:"shots,omitempty"`
	// Answer is what it should write; with options it is left empty.
	Answer string `yaml:"answer,omitempty" json:"answer,omitempty"`
	// AnswersColumn is the list of all right answers, where there are several: of a written answer
	// the best of them counts. Answer is the one that is trained.
	AnswersColumn string `yaml:"answers_column,omitempty" json:"answers_column,omitempty"`
	// Original is the text that an answer simplifies, which the score sari compares it with.
	Original string `yaml:"original,omitempty" json:"original,omitempty"`
	// Stop are texts of which the first one that a written answer has ends it, and texts of special
	// tokens, which end it too. (In YAML on one line: yaml.v3 writes "\n" on lines of its own so
	// that it reads back as nothing.)
	Stop []string `yaml:"stop,omitempty,flow" json:"stop,omitempty"`
	// OptionsColumn names the column with the list of options: a column, with points a list within
	// one (choices.text), or a template that gives a list ({{json .choices}}).
	OptionsColumn string `yaml:"options_column,omitempty" json:"options_column,omitempty"`
	// Options are templates over the row, one for each option, where no column has them as a list.
	Options []string `yaml:"options,omitempty" json:"options,omitempty"`
	// ClassLabel names a column of class numbers whose names stand in the file's Hugging Face
	// metadata: the options of every row. Gold is then that column, unless it says otherwise.
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
	// Readable are the only splits that may be read, whoever asks; all where none is named. A
	// tuning's tasks have train and validation here.
	Readable []string `yaml:"-" json:"splits,omitempty"`

	// Text is the template of a whole text, instead of prompt and answer; Texts give it.
	Text string `yaml:"-" json:"text,omitempty"`
}

// Allow says whether a split of the task may be read; the error names the splits that may.
func (t Task) Allow(split string) error {
	if err := t.allow(split); err != nil {
		return fmt.Errorf("task %s: %w", t.Name, err)
	}
	return nil
}

func (t Task) allow(split string) error {
	if len(t.Readable) == 0 || slices.Contains(t.Readable, split) {
		return nil
	}
	return fmt.Errorf("split %s is refused: only %s may be read here", split, strings.Join(t.Readable, " and "))
}

// Limits bounds the number of examples of each split; 0 is no bound. Which ones they are is drawn;
// of a built-in task, whose rows stand in a random order, they are the first ones unless there is a
// seed.
type Limits struct {
	Train      int `yaml:"train,omitempty" json:"train,omitempty"`
	Validation int `yaml:"validation,omitempty" json:"validation,omitempty"`
	Test       int `yaml:"test,omitempty" json:"test,omitempty"`
	// Seed, if not 0, draws them instead of the task's seed; they stay in the order of the rows.
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

// ScoreNames are the scores a task may name: accuracy for a chosen option, and the scorers of
// written answers.
var ScoreNames = scoreNames()

func scoreNames() []string {
	names := []string{"accuracy"}
	for _, s := range score.Scorers {
		names = append(names, s.Name)
	}
	return names
}

// Bounds of a task: of its name and family, which tables have, of options that are templates, and
// of the tokens of an answer.
const (
	maxName      = 100
	maxOptions   = 1000
	maxNewTokens = 1 << 20
)

var taskName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// Choice says whether the task is answered by choosing an option.
func (t Task) Choice() bool { return t.OptionsColumn != "" || len(t.Options) > 0 || t.ClassLabel != "" }

// gold is Gold, or the number of the class.
func (t Task) gold() string {
	if t.Gold == "" && t.ClassLabel != "" {
		return "{{column " + strconv.Quote(t.ClassLabel) + "}}"
	}
	return t.Gold
}

// Builtin returns NAME of the source "builtin:NAME".
func (t Task) Builtin() (name string, ok bool) { return strings.CutPrefix(t.Source, "builtin:") }

// Validate returns all mistakes at once, each naming the task and the key; nil if there are none.
// It does not look at files.
func (t Task) Validate() error {
	var mistakes []error
	wrong := func(format string, args ...any) {
		mistakes = append(mistakes, fmt.Errorf("task %q: "+format, append([]any{t.Name}, args...)...))
	}
	if !taskName.MatchString(t.Name) || len(t.Name) > maxName {
		wrong("name must be lower-case letters, digits, _ and -, at most %d of them", maxName)
	}
	if len(t.Family) > maxName || strings.ContainsFunc(t.Family, unicode.IsControl) {
		wrong("family must be a word or a few on one line, at most %d bytes", maxName)
	}
	if name, ok := t.Builtin(); t.Source == "" || ok && name == "" {
		wrong("source is missing; give builtin:NAME, a folder, or a file path with {split}")
	}
	for _, mistake := range t.templateMistakes() {
		wrong("%w", mistake)
	}
	if t.Choice() {
		if (t.OptionsColumn != "" && (len(t.Options) > 0 || t.ClassLabel != "")) || (len(t.Options) > 0 && t.ClassLabel != "") {
			wrong("options_column, options and class_label exclude each other")
		}
		if n := len(t.Options); n == 1 || n > maxOptions {
			wrong("options has %d entries: a choice needs at least 2, and of templates it has at most %d", n, maxOptions)
		}
		if t.Option != "" && len(t.Options) > 0 {
			wrong("option is for options_column and class_label: each of options is a whole template")
		}
		if t.MaxNewTokens != 0 {
			wrong("max_new_tokens means nothing where an option is chosen")
		}
		if t.AnswersColumn != "" || t.Original != "" || len(t.Stop) > 0 {
			wrong("answers_column, original and stop mean nothing where an option is chosen")
		}
	} else {
		if t.MaxNewTokens < 1 || t.MaxNewTokens > maxNewTokens {
			wrong("max_new_tokens must be at least 1 where an answer is written, and at most %d, not %d", maxNewTokens, t.MaxNewTokens)
		}
	}
	if len(t.Scores) == 0 {
		wrong("scores is missing; known: %s", strings.Join(ScoreNames, ", "))
	}
	for i, s := range t.Scores {
		switch {
		case !slices.Contains(ScoreNames, s):
			wrong("%s", spelling.Unknown("score", s, ScoreNames))
		case slices.Contains(t.Scores[:i], s):
			wrong("score %q is named twice", s)
		case s == "macro_f1":
		case (s == "accuracy") != t.Choice():
			wrong("score %q does not fit: accuracy is for a chosen option, macro_f1 for both, the others for a written answer", s)
		case s == "sari" && t.Original == "":
			wrong("original is missing: the score sari compares an answer with the text that it simplifies")
		}
	}
	for _, mistake := range t.Splits.mistakes() {
		wrong("%s", mistake)
	}
	if _, builtin := t.Builtin(); builtin && t.Splits != (Splits{}) {
		wrong("splits means nothing for a built-in task, which has train, validation and test")
	}
	if t.Shots < 0 {
		wrong("shots is %d, must not be negative", t.Shots)
	}
	if slices.Contains(t.Stop, "") {
		wrong("stop has an empty text")
	}
	for _, split := range []string{"train", "validation", "test"} {
		if n := t.Limits.For(split); n < 0 {
			wrong("limits.%s is %d, must not be negative; 0 is no bound", split, n)
		}
	}
	return errors.Join(mistakes...)
}
