package datasets

import (
	"bytes"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

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
// names of the files, at most as many as Limits says: the first ones, or with a
// seed ones that are drawn. A relative source lies
// below dir. Errors name the task, the file, the row (from 1 in its file) and
// what was wrong there; a split without examples is an error, and
// so is one that Allow refuses.
func (t Task) Load(dir, split string) ([]Example, error) {
	if err := t.Allow(split); err != nil {
		return nil, err
	}
	spec := prompt.Spec{Prompt: t.Prompt, Answer: t.Answer,
		OptionsColumn: t.OptionsColumn, Options: t.Options, Option: t.Option, Gold: t.gold(), GoldLabels: t.GoldLabels}
	if t.ClassLabel != "" {
		files, err := t.Files(dir, split)
		if err == nil {
			spec.Classes, err = ClassNames(files[0], t.ClassLabel)
		}
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", t.Name, err)
		}
	}
	template, err := prompt.Compile(spec)
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
			if len(examples) == limit && t.Limits.Seed == 0 {
				return examples, nil
			}
		}
	}
	if len(examples) == 0 {
		var names []string
		for _, source := range sources {
			names = append(names, source.name)
		}
		return nil, fmt.Errorf("task %s: split %s of %s has no rows, in %s", t.Name, split, t.Source, few(names))
	}
	if limit > 0 && limit < len(examples) {
		return draw(examples, limit, t.Limits.Seed), nil
	}
	return examples, nil
}

// draw takes n of the examples at random, in their order.
func draw(examples []Example, n, seed int) []Example {
	chosen := rand.New(rand.NewPCG(uint64(seed), uint64(len(examples)))).Perm(len(examples))[:n]
	slices.Sort(chosen)
	list := make([]Example, n)
	for i, j := range chosen {
		list[i] = examples[j]
	}
	return list
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
