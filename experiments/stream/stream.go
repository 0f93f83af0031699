// Package stream has what the cells of a suite read: the examples of each task and of the knowledge battery, as texts (Texts)
// and as a backbone's tokens (Data), and what there is to warn of them. Read Load first.
package stream

import (
	"fmt"
	"slices"

	"secura/datasets"
	"secura/experiments/suite"
)

// Task is a task's examples as token ids, made once per process.
type Task struct {
	Task  datasets.Task
	Train []datasets.Encoded
	Test  []datasets.Encoded // of the split that is evaluated
	// Examples are the texts of Test.
	Examples []datasets.Example
	// Available is how many examples the split has; Test may have fewer.
	Available int
	// Cut counts the test prompts whose beginning did not fit a row.
	Cut int
	// set is the split that is evaluated, without its examples; warnings are what its data tell before a run.
	set      datasets.Set
	warnings []string
}

// Data is everything that a suite's cells read.
type Data struct {
	Tasks     []Task // in the suite's order
	Knowledge []Task
	// HeldOut is text of the backbone's kind that it was not trained on; nil where there is none.
	HeldOut [][]int32
}

// Load reads and encodes a suite's examples.
func Load(s suite.Suite, texts *Texts, encoder *datasets.Encoder) (*Data, error) {
	data, err := loadTests(s, texts, encoder)
	if err != nil {
		return nil, err
	}
	for i, task := range s.Tasks {
		set, err := texts.Read(task, "train")
		if err != nil {
			return nil, err
		}
		t := &data.Tasks[i]
		if t.Train, err = encodeAll(encoder, set.Examples); err != nil {
			return nil, err
		}
		t.warn(encoder, set)
		fits := func(e datasets.Encoded) bool { return len(e.Prompt) < s.Training.MaxPrompt }
		if s.Training.MaxPrompt > 0 && !slices.ContainsFunc(t.Train, fits) {
			return nil, fmt.Errorf("task %s: every training prompt has %d tokens or more, training.max_prompt, so that none could be drawn", task.Name, s.Training.MaxPrompt)
		}
	}
	return data, nil
}

// LoadTests reads what a suite evaluates alone, and cuts the prompts that do not fit.
func LoadTests(s suite.Suite, texts *Texts, encoder *datasets.Encoder) (*Data, error) {
	data, err := loadTests(s, texts, encoder)
	if err != nil {
		return nil, err
	}
	for i := range data.Tasks {
		data.Tasks[i].warn(encoder, datasets.Set{})
	}
	return data, nil
}

// loadTests is LoadTests without what the stream's tasks tell, which training rows add to.
func loadTests(s suite.Suite, texts *Texts, encoder *datasets.Encoder) (*Data, error) {
	data := &Data{}
	for _, task := range s.Tasks {
		t, err := LoadTask(task, texts, encoder, s.Evaluation.Split, s.Evaluation.TestExamples)
		if err != nil {
			return nil, err
		}
		data.Tasks = append(data.Tasks, t)
	}
	for _, task := range s.Knowledge {
		t, err := LoadTask(task, texts, encoder, "test", s.Evaluation.KnowledgeExamples)
		if err != nil {
			return nil, err
		}
		data.Knowledge = append(data.Knowledge, t)
	}
	longest := slices.Max(s.Evaluation.Lengths)
	for _, list := range [][]Task{data.Tasks, data.Knowledge} {
		for i := range list {
			list[i].cutPrompts(longest)
		}
	}
	for i := range data.Knowledge {
		data.Knowledge[i].warn(encoder, datasets.Set{})
	}
	return data, nil
}

// TextWarnings tell of the tasks' texts.
func (d *Data) TextWarnings() (texts []string) {
	for _, task := range slices.Concat(d.Tasks, d.Knowledge) {
		texts = append(texts, task.warnings...)
	}
	return texts
}

// PromptWarnings tell of the test prompts that were cut.
func (d *Data) PromptWarnings() (texts []string) {
	for _, task := range slices.Concat(d.Tasks, d.Knowledge) {
		if task.Cut > 0 {
			texts = append(texts, fmt.Sprintf("task %s: %d of %d test prompts are longer, with their options, than the largest of evaluation.lengths, and lost their beginning",
				task.Task.Name, task.Cut, len(task.Test)))
		}
	}
	return texts
}

// cutPrompts cuts test prompts that do not fit a row with their options, as training does.
func (t *Task) cutPrompts(longest int) {
	for i, example := range t.Test {
		room := longest
		if t.Task.Choice() {
			room++ // the prompt's last token stands before each option
			for _, option := range example.Options {
				room -= len(option)
			}
		}
		var cut bool
		if t.Test[i], cut = example.Cut(room); cut {
			t.Cut++
		}
	}
}

// LoadTask reads the split that a task is evaluated on, at most bound examples of it; 0 takes all.
func LoadTask(task datasets.Task, texts *Texts, encoder *datasets.Encoder, split string, bound int) (Task, error) {
	t := Task{Task: task}
	set, err := texts.Read(task, split)
	if err != nil {
		return Task{}, err
	}
	t.Available = len(set.Examples)
	t.Examples = task.Sample(set.Examples, bound)
	if t.Test, err = encodeAll(encoder, t.Examples); err != nil {
		return Task{}, err
	}
	set.Examples = nil
	t.set = set
	return t, nil
}

// warn finds what the task's data tell before a run; train is the split that it learns from, if that was read.
func (t *Task) warn(encoder *datasets.Encoder, train datasets.Set) {
	t.warnings = encoder.Warnings(datasets.Evaluated{Task: t.Task, Train: train, Test: t.set, Used: t.Examples, TrainIDs: t.Train, UsedIDs: t.Test})
}

func encodeAll(encoder *datasets.Encoder, examples []datasets.Example) ([]datasets.Encoded, error) {
	list := make([]datasets.Encoded, len(examples))
	for i, e := range examples {
		var err error
		if list[i], err = encoder.Encode(e); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// TrainExamples counts the training examples of all tasks.
func (d *Data) TrainExamples() (n int) {
	for _, t := range d.Tasks {
		n += len(t.Train)
	}
	return n
}

// CutWarnings tells of examples that do not fit the training shape.
func (d *Data) CutWarnings(t suite.Training, end int32) (texts []string) {
	scratch := datasets.NewBatch(1, t.Length, t.AnswerLength)
	for _, task := range d.Tasks {
		cut := 0
		for _, e := range task.Train {
			if scratch.SetText(0, e, end) {
				cut++
			}
		}
		if cut > 0 {
			texts = append(texts, fmt.Sprintf("task %s: %d of %d training examples are longer than %d tokens, answers than %d, and were cut",
				task.Task.Name, cut, len(task.Train), t.Length, t.AnswerLength-1))
		}
	}
	return append(texts, d.PromptWarnings()...)
}

// Warnings tell of what the data or the suite make of the numbers: examples that are cut or have no answer, and
// evaluation sets of which only a part is used.
func (d *Data) Warnings(s suite.Suite, end int32) (texts []string) {
	texts = append(d.TextWarnings(), d.CutWarnings(s.Training, end)...)
	for _, t := range slices.Concat(d.Tasks, d.Knowledge) {
		for _, split := range []struct {
			name     string
			Examples int
			empty    func(i int) bool
		}{
			{"training", len(t.Train), func(i int) bool { return len(t.Train[i].Answer) == 0 }},
			{"test", len(t.Test), func(i int) bool { return len(t.Test[i].Answer) == 0 && len(t.Test[i].Options) == 0 }},
		} {
			empty := 0
			for i := range split.Examples {
				if split.empty(i) {
					empty++
				}
			}
			if empty > 0 {
				texts = append(texts, fmt.Sprintf("task %s: %d of %d %s examples have no answer tokens", t.Task.Name, empty, split.Examples, split.name))
			}
		}
	}
	for _, set := range []struct {
		what  string
		Tasks []Task
	}{{"evaluation.test_examples", d.Tasks}, {"evaluation.knowledge_examples", d.Knowledge}} {
		used, all, bounded, which := 0, 0, 0, "their first examples" // of the built-in tasks, which stand in a random order
		for _, t := range set.Tasks {
			if len(t.Test) < t.Available {
				bounded++
				used, all = used+len(t.Test), all+t.Available
				if _, builtin := t.Task.Builtin(); !builtin {
					which = "a part of their examples"
				}
			}
		}
		if bounded > 0 {
			texts = append(texts, fmt.Sprintf("%s: %d of %d tasks are evaluated on %s alone, %d of %d", set.what, bounded, len(set.Tasks), which, used, all))
		}
	}
	return texts
}
