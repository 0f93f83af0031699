package stream

import "secura/datasets"

// Texts are the examples of tasks, each split of each task read once.
type Texts struct {
	dataDir string
	read    map[splitName]datasets.Set
}

type splitName struct{ task, split string }

// NewTexts reads splits below a folder when they are asked for.
func NewTexts(dataDir string) *Texts {
	return &Texts{dataDir: dataDir, read: map[splitName]datasets.Set{}}
}

// Read gives a task's split, whose examples the caller does not change.
func (t *Texts) Read(task datasets.Task, split string) (datasets.Set, error) {
	name := splitName{task.Name, split}
	if set, ok := t.read[name]; ok {
		return set, nil
	}
	set, err := task.Read(t.dataDir, split)
	if err != nil {
		return datasets.Set{}, err
	}
	t.read[name] = set
	return set, nil
}

// Load gives the examples of a task's split, which the caller does not change.
func (t *Texts) Load(task datasets.Task, split string) ([]datasets.Example, error) {
	set, err := t.Read(task, split)
	return set.Examples, err
}

// Count is how many examples a task's split has.
func (t *Texts) Count(task datasets.Task, split string) (int, error) {
	set, err := t.Read(task, split)
	return len(set.Examples), err
}
