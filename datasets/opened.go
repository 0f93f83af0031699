package datasets

import (
	"errors"
	"fmt"
	"iter"

	"secura/datasets/prompt"
)

// Opened is a split whose rows are chosen and not read yet: its examples may be made one by one, by
// several goroutines.
type Opened struct {
	// Set says how many rows there are and are left out; it has no examples.
	Set
	task     Task
	split    string
	template *prompt.Template
	sources  []source
	chosen   []bool // nil are all
	shots    []Example
}

// SourceRow is a row of a split with its place.
type SourceRow struct {
	Row
	// ID counts the rows of all files of the source's split from 0, Number those of its own file,
	// File, from 1.
	ID, Number int
	File       string
}

// Open finds a split's rows, as Read does, and reads none but those that Where and Shots need.
func (t Task) Open(dir, split string) (*Opened, error) {
	o, err := t.open(dir, split)
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", t.Name, err)
	}
	return o, nil
}

func (t Task) open(dir, split string) (*Opened, error) {
	template, condition, err := t.compile(dir, split)
	if err != nil {
		return nil, err
	}
	o := &Opened{task: t, split: split, template: template}
	if o.sources, err = t.sources(dir, split); err != nil {
		return nil, err
	}
	part, err := t.Splits.share(split)
	if err != nil {
		return nil, err
	}
	if o.chosen, o.Set, err = t.choose(o.sources, part, split, condition); err != nil {
		return nil, err
	}
	o.shots, err = t.shots(dir)
	return o, err
}

// Len is how many examples there are.
func (o *Opened) Len() int { return o.Set.Rows - o.LeftOut - o.Bounded }

// Rows reads the rows of the examples in their order, a page of each column at a time. After an
// error, which is the last pair, there are no more; a split without rows is one.
func (o *Opened) Rows() iter.Seq2[SourceRow, error] {
	return func(yield func(SourceRow, error) bool) {
		for row, err := range o.rows() {
			if err != nil {
				err = fmt.Errorf("task %s: %w", o.task.Name, err)
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

func (o *Opened) rows() iter.Seq2[SourceRow, error] {
	return func(yield func(SourceRow, error) bool) {
		n := 0
		for row, err := range chosenRows(o.sources, o.template.Columns(), o.chosen) {
			if !yield(row, err) || err != nil {
				return
			}
			if n++; o.Bounded > 0 && n == o.Len() {
				return
			}
		}
		if n == 0 {
			yield(SourceRow{}, o.empty())
		}
	}
}

// Example makes an example of a row. Errors are those of Read.
func (o *Opened) Example(row SourceRow) (Example, error) {
	e, err := o.example(row)
	if err != nil {
		return Example{}, fmt.Errorf("task %s: %w", o.task.Name, err)
	}
	return e, nil
}

func (o *Opened) example(row SourceRow) (Example, error) {
	text, err := o.template.Render(row.Row)
	if err != nil && o.task.Where == "" {
		err = fmt.Errorf("%w; `where` leaves rows out", err)
	}
	if err != nil {
		return Example{}, row.wrong(err)
	}
	e := Example{Task: o.task.Name, ID: row.ID, System: o.task.System, Prompt: text.Prompt,
		Answer: text.Answer, Golds: text.Golds, Options: text.Options, Gold: text.Gold, Original: text.Original}
	if o.task.Shots > 0 {
		e.Prompt = o.task.withShots(e, o.split, o.shots)
	}
	return e, nil
}

// wrong says where a row lies.
func (r SourceRow) wrong(err error) error {
	return fmt.Errorf("read %s: row %d: %w", r.File, r.Number, err)
}

// empty is the error of a split without examples.
func (o *Opened) empty() error {
	var names []string
	for _, source := range o.sources {
		names = append(names, source.name)
	}
	if o.LeftOut > 0 {
		return fmt.Errorf("split %s of %s: `where` leaves out all %d rows, of %s", o.split, o.task.Source, o.LeftOut, few(names))
	}
	return fmt.Errorf("split %s of %s has no rows, in %s", o.split, o.task.Source, few(names))
}

// chosenRows reads those of the sources' rows that are chosen, nil being all.
func chosenRows(sources []source, columns []string, chosen []bool) iter.Seq2[SourceRow, error] {
	return func(yield func(SourceRow, error) bool) {
		id := -1
		for _, source := range sources {
			number := 0
			for row, err := range source.rows(columns) {
				if err != nil {
					yield(SourceRow{}, err)
					return
				}
				number++
				if id++; chosen != nil && id >= len(chosen) {
					yield(SourceRow{}, errors.New("read "+source.name+": it has more rows than its footer says"))
					return
				}
				if chosen != nil && !chosen[id] {
					continue
				}
				if !yield(SourceRow{row, id, number, source.name}, nil) {
					return
				}
			}
		}
	}
}
