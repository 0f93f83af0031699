package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"secura/datasets/builtin"
	"secura/datasets/prompt"
)

// Set is what was read of a split.
type Set struct {
	Examples []Example
	// Rows is how many rows the split has, or its share of the source's split.
	Rows int
	// LeftOut is how many of them Where left out, and Bounded how many Limits.
	LeftOut, Bounded int
}

// Read reads the examples of a split in the order of the rows and of the files: those of the task's
// share of it that Where does not leave out, at most as many as Limits says. A relative source lies
// below dir. Errors name the task, the file, the row (from 1 in its file) and what was wrong there;
// a split without examples is an error, and so is one that Allow refuses. All of them are held in
// memory; Open is for any number of them.
func (t Task) Read(dir, split string) (Set, error) {
	set, err := t.read(dir, split)
	if err != nil {
		return Set{}, fmt.Errorf("task %s: %w", t.Name, err)
	}
	return set, nil
}

func (t Task) read(dir, split string) (Set, error) {
	o, err := t.open(dir, split)
	if err != nil {
		return Set{}, err
	}
	set := o.Set
	for row, err := range o.rows() {
		if err != nil {
			return Set{}, err
		}
		e, err := o.example(row)
		if err != nil {
			return Set{}, err
		}
		set.Examples = append(set.Examples, e)
	}
	return set, nil
}

// compile makes the task's templates; of a class label, the names come from the split's first file.
func (t Task) compile(dir, split string) (*prompt.Template, *prompt.Condition, error) {
	if err := t.allow(split); err != nil {
		return nil, nil, err
	}
	var classes []string
	if t.ClassLabel != "" {
		files, err := t.files(dir, split)
		if err != nil {
			return nil, nil, err
		}
		if classes, err = ClassNames(files[0], t.ClassLabel); err != nil {
			return nil, nil, err
		}
	}
	return t.templates(classes)
}

// templates parses the task's templates, and its condition, which is nil where it has none. classes
// are those of class_label, nil without one.
func (t Task) templates(classes []string) (*prompt.Template, *prompt.Condition, error) {
	template, err := prompt.Compile(prompt.Spec{Text: t.Text, Prompt: t.Prompt, Answer: t.Answer, Answers: t.AnswersColumn, Original: t.Original,
		OptionsColumn: t.OptionsColumn, Options: t.Options, Option: t.Option, Gold: t.gold(), GoldLabels: t.GoldLabels, Classes: classes})
	if t.Where == "" {
		return template, nil, err
	}
	condition, wrong := prompt.CompileCondition("where", t.Where)
	return template, condition, errors.Join(err, wrong)
}

// templateMistakes are what is wrong with the task's templates, whatever its rows are.
func (t Task) templateMistakes() []error {
	var classes []string
	if t.ClassLabel != "" {
		classes = []string{t.ClassLabel} // the file's own are not known yet
	}
	_, _, err := t.templates(classes)
	return Mistakes(err)
}

// mostRows bounds the rows of a split of which some are chosen; a damaged footer may claim any
// number.
const mostRows = 1 << 30

// choose says of every row of the sources whether it is read; nil are all.
func (t Task) choose(sources []source, part share, split string, condition *prompt.Condition) (chosen []bool, set Set, err error) {
	total := 0
	for _, s := range sources {
		n, err := s.count()
		if err != nil {
			return nil, Set{}, err
		}
		total += n
	}
	bound := t.Limits.For(split)
	if part.whole() && condition == nil && (bound == 0 || bound >= total) {
		return nil, Set{Rows: total}, nil
	}
	if total > mostRows {
		return nil, Set{}, fmt.Errorf("split %s has %d rows, more than %d", split, total, mostRows)
	}
	if chosen = part.members(total, t.Seed); chosen == nil {
		chosen = slices.Repeat([]bool{true}, total)
	}
	for _, c := range chosen {
		if c {
			set.Rows++
		}
	}
	if condition != nil {
		for row, err := range chosenRows(sources, condition.Columns(), chosen) {
			if err != nil {
				return nil, Set{}, err
			}
			if chosen[row.ID], err = condition.Holds(row.Row); err != nil {
				return nil, Set{}, row.wrong(err)
			}
		}
	}
	var left []int
	for row, c := range chosen {
		if c {
			left = append(left, row)
		}
	}
	set.LeftOut = set.Rows - len(left)
	sample := t.Sample(len(left), bound, t.Limits.Seed)
	if sample == nil {
		return chosen, set, nil
	}
	set.Bounded = len(left) - bound
	clear(chosen)
	for _, i := range sample {
		chosen[left[i]] = true
	}
	return chosen, set, nil
}

// source is a file of rows; name is what errors call it.
type source struct {
	name    string
	content []byte // of a built-in task
}

func (s source) rows(columns []string) iter.Seq2[Row, error] {
	if s.content != nil {
		return ReadRows(bytes.NewReader(s.content), int64(len(s.content)), s.name, columns)
	}
	return OpenRows(s.name, columns)
}

// count is the number of the rows, from the footer where it says so.
func (s source) count() (int, error) {
	r, size := io.ReaderAt(bytes.NewReader(s.content)), int64(len(s.content))
	if s.content == nil {
		f, n, err := openFile(s.name)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		r, size = f, n
	}
	file, err := openParquet(r, size, s.name)
	if err != nil {
		return 0, err
	}
	rows, known, columns := int64(0), false, []string(nil)
	err = guard(func() error {
		rows, known = countRows(file)
		for _, c := range file.Root().Columns() {
			columns = append(columns, c.Name())
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", s.name, err)
	}
	if known {
		return int(rows), nil
	}
	n := 0
	for _, err := range ReadRows(r, size, s.name, columns[:1]) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

func (t Task) sources(dir, split string) ([]source, error) {
	if name, ok := t.Builtin(); ok {
		part, err := t.Splits.share(split)
		if err != nil {
			return nil, err
		}
		content, err := builtin.File(name, part.split)
		if err != nil {
			return nil, err
		}
		return []source{{t.Source + "/" + part.split, content}}, nil
	}
	files, err := t.files(dir, split)
	if err != nil {
		return nil, err
	}
	var sources []source
	for _, file := range files {
		sources = append(sources, source{name: file})
	}
	return sources, nil
}
