package experiments

import (
	"fmt"
	"slices"

	"secura/datasets"
	"secura/experiments/suite"
)

// taskData is a task's examples as token ids, made once per process.
type taskData struct {
	task  datasets.Task
	train []datasets.Encoded
	test  []datasets.Encoded // of the split that is evaluated
	// examples are the texts of test.
	examples []datasets.Example
	// available is how many examples the split has; test may have fewer.
	available int
	// cut counts the test prompts whose beginning did not fit a row.
	cut int
}

// streamData is everything that a suite's cells read.
type streamData struct {
	tasks     []taskData // in the suite's order
	knowledge []taskData
	// heldOut is text of the backbone's kind that it was not trained on; nil where there is none.
	heldOut [][]int32
}

// loadStream reads and encodes a suite's examples.
func loadStream(s suite.Suite, texts *Texts, encoder *datasets.Encoder) (*streamData, error) {
	data, err := loadTests(s, texts, encoder)
	if err != nil {
		return nil, err
	}
	for i, task := range s.Tasks {
		examples, err := texts.Load(task, "train")
		if err != nil {
			return nil, err
		}
		if data.tasks[i].train, err = encodeAll(encoder, examples); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// loadTests reads what a suite evaluates alone, and cuts the prompts that do not fit.
func loadTests(s suite.Suite, texts *Texts, encoder *datasets.Encoder) (*streamData, error) {
	data := &streamData{}
	for _, task := range s.Tasks {
		t, err := loadTask(task, texts, encoder, s.Evaluation.Split, s.Evaluation.TestExamples)
		if err != nil {
			return nil, err
		}
		data.tasks = append(data.tasks, t)
	}
	for _, task := range s.Knowledge {
		t, err := loadTask(task, texts, encoder, "test", s.Evaluation.KnowledgeExamples)
		if err != nil {
			return nil, err
		}
		data.knowledge = append(data.knowledge, t)
	}
	longest := slices.Max(s.Evaluation.Lengths)
	for _, list := range [][]taskData{data.tasks, data.knowledge} {
		for i := range list {
			list[i].cutPrompts(longest)
		}
	}
	return data, nil
}

// promptWarnings tell of the test prompts that were cut.
func (d *streamData) promptWarnings() (texts []string) {
	for _, task := range slices.Concat(d.tasks, d.knowledge) {
		if task.cut > 0 {
			texts = append(texts, fmt.Sprintf("task %s: %d of %d test prompts are longer, with their options, than the largest of evaluation.lengths, and lost their beginning",
				task.task.Name, task.cut, len(task.test)))
		}
	}
	return texts
}

// cutPrompts cuts test prompts that do not fit a row with their options, as training does.
func (t *taskData) cutPrompts(longest int) {
	for i, example := range t.test {
		room := longest
		if t.task.Choice() {
			room++ // the prompt's last token stands before each option
			for _, option := range example.Options {
				room -= len(option)
			}
		}
		var cut bool
		if t.test[i], cut = example.Cut(room); cut {
			t.cut++
		}
	}
}

// loadTask reads the split that a task is evaluated on, at most bound examples of it; 0 takes all.
func loadTask(task datasets.Task, texts *Texts, encoder *datasets.Encoder, split string, bound int) (taskData, error) {
	t := taskData{task: task}
	var err error
	if t.examples, err = texts.Load(task, split); err != nil {
		return taskData{}, err
	}
	t.available = len(t.examples)
	if bound > 0 && bound < len(t.examples) {
		t.examples = t.examples[:bound]
	}
	t.test, err = encodeAll(encoder, t.examples)
	return t, err
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

// trainExamples counts the training examples of all tasks.
func (d *streamData) trainExamples() (n int) {
	for _, t := range d.tasks {
		n += len(t.train)
	}
	return n
}

// cutWarnings tells of examples that do not fit the training shape.
func (d *streamData) cutWarnings(t suite.Training, end int32) (texts []string) {
	scratch := datasets.NewBatch(1, t.Length, t.AnswerLength)
	for _, task := range d.tasks {
		cut := 0
		for _, e := range task.train {
			if scratch.SetText(0, e, end) {
				cut++
			}
		}
		if cut > 0 {
			texts = append(texts, fmt.Sprintf("task %s: %d of %d training examples are longer than %d tokens, answers than %d, and were cut",
				task.task.Name, cut, len(task.train), t.Length, t.AnswerLength-1))
		}
	}
	return append(texts, d.promptWarnings()...)
}
