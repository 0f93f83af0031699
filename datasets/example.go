package datasets

import (
	"bytes"
	"fmt"
	"iter"

	"secura/datasets/builtin"
	"secura/datasets/prompt"
)

// Example is one row as the model meets it.
type Example struct {
	Task   string
	ID     int // number of the row in the split, from 0
	Prompt string
	// Answer is what the model should write; with options the right one.
	Answer  string
	Options []string // nil where the answer is written
	Gold    int      // index of the right option
}

// Load reads the examples of a split, in the order of the rows and of the
// names of the files, at most as many as Limits says. A relative source lies
// below dir. Errors name the task, the file, the row (from 1 in its file) and
// what was wrong there; a split without examples is an error, and
// so is one that Allow refuses.
func (t Task) Load(dir, split string) ([]Example, error) {
	if err := t.Allow(split); err != nil {
		return nil, err
	}
	template, err := prompt.Compile(prompt.Spec{Prompt: t.Prompt, Answer: t.Answer,
		OptionsColumn: t.OptionsColumn, Option: t.Option, Gold: t.Gold, GoldLabels: t.GoldLabels})
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", t.Name, err)
	}
	sources, err := t.rows(dir, split, template.Columns())
	if err != nil {
		return nil, err
	}
	limit := t.Limits.For(split)
	var examples []Example
	for _, source := range sources {
		number := 0
		for row, err := range source.rows {
			if err != nil {
				return nil, fmt.Errorf("task %s: %w", t.Name, err)
			}
			number++
			text, err := template.Render(row)
			if err != nil {
				return nil, fmt.Errorf("task %s: read %s: row %d: %w", t.Name, source.name, number, err)
			}
			examples = append(examples, Example{Task: t.Name, ID: len(examples), Prompt: text.Prompt,
				Answer: text.Answer, Options: text.Options, Gold: text.Gold})
			if len(examples) == limit {
				return examples, nil
			}
		}
	}
	if len(examples) == 0 {
		return nil, fmt.Errorf("task %s: split %s of %s has no rows", t.Name, split, t.Source)
	}
	return examples, nil
}

// namedRows are the rows of one file and what errors call it.
type namedRows struct {
	name string
	rows iter.Seq2[Row, error]
}

func (t Task) rows(dir, split string, columns []string) ([]namedRows, error) {
	if name, ok := t.Builtin(); ok {
		content, err := builtin.File(name, split)
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", t.Name, err)
		}
		file := t.Source + "/" + split
		return []namedRows{{file, ReadRows(bytes.NewReader(content), int64(len(content)), file, columns)}}, nil
	}
	files, err := t.Files(dir, split)
	if err != nil {
		return nil, err
	}
	var sources []namedRows
	for _, file := range files {
		sources = append(sources, namedRows{file, OpenRows(file, columns)})
	}
	return sources, nil
}
