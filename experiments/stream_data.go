package experiments

import (
	"fmt"
	"slices"

	"secura/datasets"
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
	// set is the split that is evaluated, without its examples; warnings are what its data tell before a run.
	set      datasets.Set
	warnings []string
}

// streamData is everything that a suite's cells read.
type streamData struct {
	tasks     []taskData // in the suite's order
	knowledge []taskData
	// heldOut is text of the backbone's kind that it was not trained on; nil where there is none.
	heldOut [][]int32
}

// loadStream reads and encodes a suite's examples.
func loadStream(suite Suite, dataDir string, encoder *datasets.Encoder) (*streamData, error) {
	data, err := loadTests(suite, dataDir, encoder)
	if err != nil {
		return nil, err
	}
	for i, task := range suite.Tasks {
		set, err := task.Read(dataDir, "train")
		if err != nil {
			return nil, err
		}
		t := &data.tasks[i]
		if t.train, err = encodeAll(encoder, set.Examples); err != nil {
			return nil, err
		}
		t.warnings = encoder.Warnings(datasets.Evaluated{Task: task, Train: set, Test: t.set, Used: t.examples, TrainIDs: t.train, UsedIDs: t.test})
	}
	return data, nil
}

// loadTests reads what a suite evaluates alone, and cuts the prompts that do not fit.
func loadTests(suite Suite, dataDir string, encoder *datasets.Encoder) (*streamData, error) {
	data := &streamData{}
	for _, task := range suite.Tasks {
		t, err := loadTask(task, dataDir, encoder, suite.Evaluation.Split, suite.Evaluation.TestExamples)
		if err != nil {
			return nil, err
		}
		data.tasks = append(data.tasks, t)
	}
	for _, task := range suite.Knowledge {
		t, err := loadTask(task, dataDir, encoder, "test", suite.Evaluation.KnowledgeExamples)
		if err != nil {
			return nil, err
		}
		data.knowledge = append(data.knowledge, t)
	}
	longest := slices.Max(suite.Evaluation.Lengths)
	for _, list := range [][]taskData{data.tasks, data.knowledge} {
		for i := range list {
			list[i].cutPrompts(longest)
		}
	}
	return data, nil
}

// textWarnings tell of the tasks' texts.
func (d *streamData) textWarnings() (texts []string) {
	for _, task := range slices.Concat(d.tasks, d.knowledge) {
		texts = append(texts, task.warnings...)
	}
	return texts
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
func loadTask(task datasets.Task, dataDir string, encoder *datasets.Encoder, split string, bound int) (taskData, error) {
	t := taskData{task: task}
	set, err := task.Read(dataDir, split)
	if err != nil {
		return taskData{}, err
	}
	t.available = len(set.Examples)
	t.examples = task.Sample(set.Examples, bound)
	if t.test, err = encodeAll(encoder, t.examples); err != nil {
		return taskData{}, err
	}
	set.Examples = nil
	t.set = set
	t.warnings = encoder.Warnings(datasets.Evaluated{Task: task, Test: set, Used: t.examples, UsedIDs: t.test})
	return t, nil
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
func (d *streamData) cutWarnings(t Training, end int32) (texts []string) {
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
