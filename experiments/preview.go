package experiments

import (
	"fmt"
	"io"
	"slices"

	"secura/datasets"
	"secura/experiments/pretrained"
	"secura/experiments/suite"
	"secura/spelling"
)

// PreviewOptions are what Preview is told.
type PreviewOptions struct {
	// Suite has one backbone (see Suite.CheckSingle), whose tokenizer is used.
	Suite suite.Suite
	// Tasks are the names of the suite's tasks, and of its battery, that are shown, and held_out
	// for the suite's held-out text; nil shows all.
	Tasks   []string
	DataDir string
	// Split is train, validation or test; of the battery there is test alone, and held-out text has
	// its own.
	Split      string
	Rows, Seed int
}

// Preview writes examples of tasks as the suite's backbone sees them.
func Preview(w io.Writer, o PreviewOptions) error {
	var tasks []datasets.Task
	var known []string
	for _, t := range o.Suite.DataSets() {
		known = append(known, t.Name)
		if o.Tasks == nil || slices.Contains(o.Tasks, t.Name) {
			tasks = append(tasks, t)
		}
	}
	for _, name := range o.Tasks {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s (suite %s)", spelling.Unknown("task", name, known), o.Suite.Name)
		}
	}
	b, err := pretrained.OpenTexts(o.Suite.Place(), backboneOptions(o.Suite))
	if err != nil {
		return err
	}
	for i, t := range tasks {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if t.Name == datasets.HeldOut && o.Suite.HeldOut.Named() {
			err = o.Suite.HeldOut.Preview(w, b.Encoder, o.DataDir, o.Rows, o.Seed)
		} else {
			err = b.Encoder.Preview(w, t, o.DataDir, o.Split, o.Rows, o.Seed)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
