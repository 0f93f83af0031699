package stream

import "secura/datasets"

// Texts are the examples of tasks, each split of each task read once.
type Texts struct {
	dataDir string
	read    map[splitName][]datasets.Example
}

type splitName struct{ task, split string }

// NewTexts reads splits below a folder when they are asked for.
func NewTexts(dataDir string) *Texts {
	return &Texts{dataDir: dataDir, read: map[splitName][]datasets.Example{}}
}

// Load gives the examples of a task's split, which the caller does not change.
func (t *Texts) Load(task datasets.Task, split string) ([]datasets.Example, error) {
	name := splitName{task.Name, split}
	if list, ok := t.read[name]; ok {
		return list, nil
	}
	list, err := task.Load(t.dataDir, split)
	if err != nil {
		return nil, err
	}
	t.read[name] = list
	return list, nil
}

// Count is how many examples a task's split has.
func (t *Texts) Count(task datasets.Task, split string) (int, error) {
	list, err := t.Load(task, split)
	return len(list), err
}
