package prompt

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

// Spec holds the templates of a task, Go text/template over a row's columns. What a task file calls
// each field stands after it.
type Spec struct {
	Text          string   // text: a whole text without an answer, instead of all others; Text.Prompt is it
	Prompt        string   // prompt: what the model reads
	Answer        string   // answer: what it should write; empty with options
	Answers       string   // answers_column: the column with the list of all right answers, or a template that gives a list; empty where there is one
	Original      string   // original: the text that the answer simplifies; empty where no score compares with it
	OptionsColumn string   // options_column: the column with the list of options, with a dot a list within a column (choices.text), or a template that gives a list ({{json .choices}})
	Options       []string // options: a template for each option, instead of options_column
	Classes       []string // the names of class_label's classes: the options of every row, instead of options_column
	Option        string   // option: makes one option's text, its dot is the option; empty: the option as it is
	Gold          string   // gold: the right option, its index from 0 or one of GoldLabels
	GoldLabels    []string // gold_labels: the labels of the options in order
}

// optionsKey is the key that gives the options.
func (s Spec) optionsKey() string {
	switch {
	case s.OptionsColumn != "":
		return "options_column"
	case s.Classes != nil:
		return "class_label"
	}
	return "options"
}

// Text is what the templates make of a row.
type Text struct {
	Prompt  string
	Answer  string   // with options the right option's text
	Options []string // nil where the answer is written
	Gold    int      // the right option's index
	// Golds are all right answers; nil where there is one.
	Golds    []string
	Original string
}

// Template makes texts of rows. It is safe for concurrent use.
type Template struct {
	prompt, answer, option, gold *template.Template // nil: there is none
	original                     *template.Template
	optionsList, answers         *listSource
	options                      []*template.Template // one for each option
	classes                      []any                // the options of every row
	labels                       []string
	columns                      []string
	whole                        bool // the prompt is a whole text
}

// Compile parses the templates of spec and returns all mistakes at once, each naming the key.
// Functions beside text/template's own: see functions.
func Compile(spec Spec) (*Template, error) {
	t := &Template{labels: spec.GoldLabels}
	columns := map[string]bool{}
	var mistakes []error
	parse := func(key, text string, row bool) *template.Template {
		if text == "" {
			return nil
		}
		parsed, err := parseTemplate(key, text, row, columns)
		if err != nil {
			mistakes = append(mistakes, err)
		}
		return parsed
	}
	if spec.Text != "" {
		t.prompt, t.whole = parse("text", spec.Text, true), true
		if len(columns) == 0 && mistakes == nil {
			mistakes = append(mistakes, fmt.Errorf("text: %q names no column, so that it is the same of every row; expected a template such as {{.text}}", Shorten(spec.Text)))
		}
		t.columns = slices.Sorted(maps.Keys(columns))
		return t, errors.Join(mistakes...)
	}
	t.prompt = parse("prompt", spec.Prompt, true)
	t.answer = parse("answer", spec.Answer, true)
	t.option = parse("option", spec.Option, false)
	t.gold = parse("gold", spec.Gold, true)
	t.original = parse("original", spec.Original, true)
	list := func(key, text string) *listSource {
		source, err := compileList(key, text, columns)
		if err != nil {
			mistakes = append(mistakes, err)
		}
		return source
	}
	if spec.Answers != "" {
		t.answers = list("answers_column", spec.Answers)
	}
	if spec.Prompt == "" {
		mistakes = append(mistakes, errors.New("prompt is missing"))
	}
	for i, option := range spec.Options {
		t.options = append(t.options, parse(fmt.Sprintf("options[%d]", i), option, true))
		if option == "" {
			mistakes = append(mistakes, fmt.Errorf("options[%d] is empty", i))
		}
	}
	for _, class := range spec.Classes {
		t.classes = append(t.classes, class)
	}
	if spec.OptionsColumn == "" && len(spec.Options) == 0 && spec.Classes == nil {
		if spec.Answer == "" {
			mistakes = append(mistakes, errors.New("answer is missing (or options_column, options or class_label)"))
		}
		if spec.Option != "" || spec.Gold != "" || len(spec.GoldLabels) > 0 {
			mistakes = append(mistakes, errors.New("option, gold and gold_labels need options_column, options or class_label"))
		}
	} else {
		if spec.OptionsColumn != "" {
			t.optionsList = list("options_column", spec.OptionsColumn)
		}
		if spec.Answer != "" {
			mistakes = append(mistakes, fmt.Errorf("answer stands beside %s: an answer is written or chosen", spec.optionsKey()))
		}
		if spec.Gold == "" {
			mistakes = append(mistakes, errors.New("gold is missing: where an option is chosen it names the right one"))
		}
	}
	if len(columns) == 0 && len(mistakes) == 0 {
		mistakes = append(mistakes, errors.New("no template names a column, so that all examples are the same; expected one such as {{.question}}"))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	t.columns = slices.Sorted(maps.Keys(columns))
	return t, nil
}

// Columns returns the top-level columns that the templates read, sorted.
func (t *Template) Columns() []string { return slices.Clone(t.columns) }

// Render makes the texts of a row. A column that is missing, a value that is null where a template
// uses it, an empty text, options that are not a list of two or more, and a gold that names none of
// them are errors, which name the key and what was there.
func (t *Template) Render(row map[string]any) (Text, error) {
	var text Text
	var err error
	if text.Prompt, err = render(t.prompt, row); err != nil || t.whole {
		return text, err
	}
	if t.original != nil {
		if text.Original, err = render(t.original, row); err != nil {
			return Text{}, err
		}
	}
	if t.optionsList == nil && t.options == nil && t.classes == nil {
		if text.Answer, err = render(t.answer, row); err != nil {
			return Text{}, err
		}
		text.Golds, err = t.renderGolds(row)
		return text, err
	}
	if text.Options, err = t.renderOptions(row); err != nil {
		return Text{}, err
	}
	if text.Gold, err = t.renderGold(row, len(text.Options)); err != nil {
		return Text{}, err
	}
	text.Answer = text.Options[text.Gold]
	return text, nil
}

// renderOptions makes the options of a row, of whichever source they are.
func (t *Template) renderOptions(row map[string]any) ([]string, error) {
	if t.options != nil {
		options := make([]string, len(t.options))
		for i, option := range t.options {
			var err error
			if options[i], err = render(option, row); err != nil {
				return nil, err
			}
		}
		return options, nil
	}
	name, list := "class_label", t.classes
	if t.optionsList != nil {
		name = t.optionsList.String()
		var err error
		if list, err = t.optionsList.list(row); err != nil {
			return nil, err
		}
	}
	if len(list) < 2 {
		return nil, fmt.Errorf("%s: a choice needs at least 2 options, the list has %d", name, len(list))
	}
	options := make([]string, len(list))
	for i, option := range list {
		var err error
		if t.option != nil {
			options[i], err = render(t.option, option)
		} else {
			options[i], err = asText(option)
			if err == nil && strings.TrimSpace(options[i]) == "" {
				err = errors.New("it is empty")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s, option %d: %w", name, i, err)
		}
	}
	return options, nil
}

// renderGolds are the right answers of a row; nil where there is one.
func (t *Template) renderGolds(row map[string]any) ([]string, error) {
	if t.answers == nil {
		return nil, nil
	}
	list, err := t.answers.list(row)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: the list is empty", t.answers)
	}
	golds := make([]string, len(list))
	for i, answer := range list {
		if golds[i], err = asText(answer); err != nil {
			return nil, fmt.Errorf("%s, entry %d: %w", t.answers, i, err)
		}
	}
	return golds, nil
}

// renderGold returns the index of the right one of n options.
func (t *Template) renderGold(row map[string]any, n int) (int, error) {
	rendered, err := render(t.gold, row)
	if err != nil {
		return 0, err
	}
	rendered = strings.TrimSpace(rendered)
	if len(t.labels) > 0 {
		i := slices.Index(t.labels, rendered)
		if i < 0 {
			return 0, fmt.Errorf("gold %q is none of gold_labels %q", Shorten(rendered), t.labels)
		}
		if i >= n {
			return 0, fmt.Errorf("gold %q is label %d of gold_labels, but there are only %d options", rendered, i, n)
		}
		return i, nil
	}
	i, err := strconv.Atoi(rendered)
	if err != nil {
		return 0, fmt.Errorf("gold %q is not an index from 0; give gold_labels where it is a label", Shorten(rendered))
	}
	if i < 0 || i >= n {
		return 0, fmt.Errorf("gold %d is out of range: the %d options are counted from 0", i, n)
	}
	return i, nil
}

// largestText bounds what one template may write, in bytes: nested ranges can multiply a row's
// lists.
const largestText = 16 << 20

// render executes a template named by its key. Text of white space alone is an error.
func render(t *template.Template, dot any) (string, error) {
	var out limited
	if err := t.Execute(&out, dot); err != nil {
		if value := (*valueError)(nil); errors.As(err, &value) {
			return "", fmt.Errorf("%s: %w", t.Name(), value)
		}
		return "", fmt.Errorf("%s: %w", t.Name(), plain(err))
	}
	text := out.String()
	if strings.TrimSpace(text) == "" {
		return "", fmt.Errorf("%s: the text is empty", t.Name())
	}
	return text, nil
}

// calling is what text/template writes before a function's own error, and checked what this package
// put into the template.
var (
	calling = regexp.MustCompile(`^(?s)template: .*? at <(.*?)>: error calling \w+: `)
	noField = regexp.MustCompile(`^(?s)template: .*? at <(.*?)>: can't evaluate field (\S+) in type`)
	checked = regexp.MustCompile(`\((\S+) \| (?:value|printed|listed) "[^"]*"\)`)
)

// plain leaves of a function's error what was called and what it says, and says of a field that
// there is none what a user can do.
func plain(err error) error {
	if m := calling.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("{{%s}}: %s", checked.ReplaceAllString(m[1], "$1"), strings.TrimPrefix(err.Error(), m[0]))
	}
	if m := noField.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("{{%s}}: the value is no struct, and so has no field %s; the field of a text in JSON is {{(json .COLUMN).%[2]s}}", checked.ReplaceAllString(m[1], "$1"), m[2])
	}
	return err
}

type limited struct{ strings.Builder }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > largestText {
		return 0, fmt.Errorf("the text is longer than %d bytes", largestText)
	}
	return l.Builder.Write(p)
}
