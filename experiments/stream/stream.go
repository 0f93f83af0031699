// Package stream has what the cells of a suite read, the examples of each task and of the knowledge
// battery and held-out text as a backbone's tokens (Data), and what there is to warn of them. Read
// Load first.
package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"secura/datasets"
	"secura/datasets/prepared"
	"secura/experiments/pretrained"
	"secura/experiments/suite"
)

// Task is a task's examples as token ids.
type Task struct {
	Task datasets.Task
	// Train are the examples that are learned, which lie in a file; nil where only Test is read.
	Train *prepared.Split
	Test  []datasets.Encoded // of the split that is evaluated
	// Examples are the texts of Test.
	Examples []datasets.Example
	// Available is how many examples the split has; Test may have fewer.
	Available int
	// Cut counts the test prompts whose beginning did not fit a row.
	Cut int

	fingerprints []uint64 // of Test
	warnings     []string // what its data tell before a run
}

// Data is everything that a suite's cells read.
type Data struct {
	Tasks     []Task // in the suite's order
	Knowledge []Task
	// HeldOut are texts that the backbone was not trained on and no task has, with the end token
	// where it is predicted as well; nil where there are none.
	HeldOut [][]int32

	heldOutWarnings, backboneWarnings []string
}

// Load opens a suite's examples, and prepares what was not prepared yet. Its error joins what is
// wrong with each split.
func Load(ctx context.Context, s suite.Suite, store *prepared.Store, b *pretrained.Backbone) (*Data, error) {
	return load(ctx, s, store, b, func(task datasets.Task) (*prepared.Split, error) {
		train, err := store.Open(ctx, task, prepared.Want{Split: "train"}, b.Encoder)
		if err != nil || s.Training.MaxPrompt == 0 || (Task{Train: train}).Drawn(s.Training) > 0 {
			return train, err
		}
		return nil, errors.Join(train.Close(), fmt.Errorf("task %s: every training prompt has %d tokens or more, training.max_prompt, so that none could be drawn", task.Name, s.Training.MaxPrompt))
	})
}

// LoadTests opens what a suite evaluates alone, and cuts the prompts that do not fit.
func LoadTests(ctx context.Context, s suite.Suite, store *prepared.Store, b *pretrained.Backbone) (*Data, error) {
	return load(ctx, s, store, b, func(datasets.Task) (*prepared.Split, error) { return nil, nil })
}

func load(ctx context.Context, s suite.Suite, store *prepared.Store, b *pretrained.Backbone, open func(datasets.Task) (*prepared.Split, error)) (*Data, error) {
	data := &Data{backboneWarnings: b.Warnings}
	longest := slices.Max(s.Evaluation.Lengths)
	var mistakes []error
	read := func(task datasets.Task, split string, bound int, train func(datasets.Task) (*prepared.Split, error)) Task {
		t := Task{Task: task}
		var err error
		if t.Train, err = train(task); err == nil && t.Train != nil {
			err = task.Apart(store.DataDir, "train", split)
		}
		if err != nil {
			mistakes = append(mistakes, err)
		}
		if err := t.loadTest(ctx, store, b.Encoder, split, bound, longest); err != nil {
			mistakes = append(mistakes, err)
		}
		return t
	}
	for _, task := range s.Tasks {
		data.Tasks = append(data.Tasks, read(task, s.Evaluation.Split, s.Evaluation.TestExamples, open))
	}
	for _, task := range s.Knowledge {
		data.Knowledge = append(data.Knowledge, read(task, "test", s.Evaluation.KnowledgeExamples, func(datasets.Task) (*prepared.Split, error) { return nil, nil }))
	}
	mistakes = append(mistakes, data.loadHeldOut(s, store.DataDir, b, longest))
	if err := errors.Join(mistakes...); err != nil {
		return nil, errors.Join(err, data.Close())
	}
	return data, nil
}

// Close releases the examples' files.
func (d *Data) Close() error {
	var errs []error
	for _, t := range d.Tasks {
		errs = append(errs, t.Train.Close())
	}
	return errors.Join(errs...)
}

// loadTest takes the split that a task is evaluated on into memory, at most bound examples of it, 0
// being all; how much is evaluated is bounded by evaluation.max_tokens. Prompts are cut to what
// fits in rows of the longest length.
func (t *Task) loadTest(ctx context.Context, store *prepared.Store, encoder *datasets.Encoder, split string, bound, longest int) error {
	test, err := store.Open(ctx, t.Task, prepared.Want{Split: split, Evaluated: true, Most: bound}, encoder)
	if err != nil {
		return err
	}
	defer test.Close()
	t.Available, t.fingerprints = test.Available, slices.Collect(test.Fingerprints())
	var long []int
	for i := range test.Len() {
		encoded, text := test.Evaluated(i)
		if !t.Task.Choice() && len(encoded.Answer) > t.Task.MaxNewTokens && len(text.RightAnswers()) == 1 {
			long = append(long, i)
		}
		e, cut := t.fit(encoded, longest)
		if cut {
			t.Cut++
		}
		t.Test, t.Examples = append(t.Test, e), append(t.Examples, text)
	}
	known := datasets.Evaluated{Task: t.Task, Test: test.Set(), Used: t.Examples, UsedBorders: test.Borders(), Unwritable: test.Unwritable(), Long: long}
	if t.Train != nil {
		known.Train, known.TrainBorders, known.Shared = t.Train.Set(), t.Train.Borders(), test.Shared(t.Train)
	}
	t.warnings = known.Warnings()
	return nil
}

// fit cuts a test prompt that does not fit a row with its options, as training does.
func (t *Task) fit(e datasets.Encoded, longest int) (datasets.Encoded, bool) {
	room := longest
	if t.Task.Choice() {
		room++ // the prompt's last token stands before each option
		for _, option := range e.Options {
			room -= len(option)
		}
	}
	return e.Cut(room)
}

// TextWarnings tell of the tasks' texts and of held-out text.
func (d *Data) TextWarnings() (texts []string) {
	for _, task := range slices.Concat(d.Tasks, d.Knowledge) {
		texts = append(texts, task.warnings...)
	}
	texts = append(texts, d.learnedElsewhere()...)
	texts = append(texts, d.heldOutWarnings...)
	if slices.ContainsFunc(slices.Concat(d.Tasks, d.Knowledge), func(t Task) bool { return !t.Task.Choice() }) {
		texts = append(texts, d.backboneWarnings...) // they are about answers that are written
	}
	return texts
}

// learnedElsewhere tells of evaluated examples that another task trains on, which make transfer and
// forgetting look better than they are.
func (d *Data) learnedElsewhere() (texts []string) {
	all := slices.Concat(d.Tasks, d.Knowledge)
	evaluated := map[uint64][]int{} // the places of the tasks of each example
	for i, task := range all {
		for _, f := range task.fingerprints {
			evaluated[f] = append(evaluated[f], i)
		}
	}
	for i, trained := range d.Tasks {
		shared := make([]int, len(all))
		counted := map[uint64]bool{}
		for f := range trained.Train.Fingerprints() {
			if places := evaluated[f]; places != nil && !counted[f] {
				counted[f] = true
				for _, j := range places {
					shared[j]++
				}
			}
		}
		shared[i] = 0 // its own are told with its other warnings
		for j, n := range shared {
			if n > 0 {
				texts = append(texts, fmt.Sprintf("task %s: %d of %d evaluated examples stand in the training of task %s, with their answers",
					all[j].Task.Name, n, len(all[j].Test), trained.Task.Name))
			}
		}
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

// Drawn counts the task's training examples that training draws.
func (t Task) Drawn(training suite.Training) (n int) {
	if training.MaxPrompt == 0 {
		return t.Train.Len()
	}
	for i := range t.Train.Len() {
		if training.Draws(t.Train.Lengths(i).Prompt) {
			n++
		}
	}
	return n
}

// TrainExamples counts the examples of all tasks that training draws.
func (d *Data) TrainExamples(training suite.Training) (n int) {
	for _, t := range d.Tasks {
		n += t.Drawn(training)
	}
	return n
}

// CutWarnings tells of examples that do not fit the training shape.
func (d *Data) CutWarnings(t suite.Training) (texts []string) {
	for _, task := range d.Tasks {
		cut := 0
		for i := range task.Train.Len() {
			if _, _, lost := task.Train.Lengths(i).Trained(t.Length, t.AnswerLength); lost {
				cut++
			}
		}
		if cut > 0 {
			texts = append(texts, fmt.Sprintf("task %s: %d of %d training examples are longer than %d tokens, answers than %d, and were cut",
				task.Task.Name, cut, task.Train.Len(), t.Length, t.AnswerLength-1))
		}
	}
	return append(texts, d.PromptWarnings()...)
}

// PositionWarnings tell of texts that reach beyond the positions that a backbone was made for: it
// computes there, and nobody knows what.
func (d *Data) PositionWarnings(positions int, t suite.Training) (texts []string) {
	for _, task := range slices.Concat(d.Tasks, d.Knowledge) {
		trained, tested := 0, 0
		for i := range task.Train.Len() {
			if tokens, _, _ := task.Train.Lengths(i).Trained(t.Length, t.AnswerLength); tokens > positions {
				trained++
			}
		}
		for _, e := range task.Test {
			answer := task.Task.MaxNewTokens
			for _, option := range e.Options {
				answer = max(answer, len(option))
			}
			if len(e.Generated())+answer-1 > positions { // the last token is not read
				tested++
			}
		}
		if trained+tested > 0 {
			texts = append(texts, fmt.Sprintf("task %s: %d of %d training examples and %d of %d test examples, with what may be written, have more than the %d positions that the backbone was made for",
				task.Task.Name, trained, task.Train.Len(), tested, len(task.Test), positions))
		}
	}
	return texts
}

// Warnings tell of what the data or the suite make of the numbers, on a backbone of so many
// positions: examples that are cut, too long or have no answer, and evaluation sets of which only a
// part is used.
func (d *Data) Warnings(s suite.Suite, positions int) (texts []string) {
	texts = slices.Concat(d.TextWarnings(), d.CutWarnings(s.Training), d.PositionWarnings(positions, s.Training))
	for _, t := range slices.Concat(d.Tasks, d.Knowledge) {
		for _, split := range []struct {
			name     string
			Examples int
			empty    func(i int) bool
		}{
			{"training", t.Train.Len(), func(i int) bool { return t.Train.Lengths(i).Answer == 0 }},
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
