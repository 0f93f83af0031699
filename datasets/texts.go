package datasets

import (
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"secura/spelling"
)

// HeldOut is the name of the task that Texts are read as, and of the key that a suite has them
// under.
const HeldOut = "held_out"

// Texts are some of a data set's rows as whole texts, such as its passages: there is no answer, all
// of a text is what is read and predicted. They are decoded from a suite's YAML.
type Texts struct {
	// Source is where the rows lie, as Task.Source has it.
	Source string `yaml:"source,omitempty" json:"source"`
	// Split is the source's split, or a share of one, as Splits has it.
	Split string `yaml:"split,omitempty" json:"split"`
	// Where is a template over the row that writes true or false: rows that are false are left out.
	Where string `yaml:"where,omitempty" json:"where,omitempty"`
	// Text is a template over the row: the text.
	Text string `yaml:"text,omitempty" json:"text"`
	// Rows is how many texts there are: which ones they are is drawn as for Task.Limits.
	Rows int `yaml:"rows,omitempty" json:"rows"`
	// Seed gives the draws of a share and of the rows.
	Seed int `yaml:"seed,omitempty" json:"seed,omitempty"`
}

// Named says whether there are texts.
func (t Texts) Named() bool { return t != Texts{} }

// Task is the task that reads the texts, and the split that it reads.
func (t Texts) Task() (task Task, split string) {
	task = Task{Name: HeldOut, Family: "held-out text", Source: t.Source, Where: t.Where, Seed: t.Seed, Text: t.Text,
		Limits: Limits{Train: t.Rows, Validation: t.Rows, Test: t.Rows}}
	if _, builtin := task.Builtin(); builtin {
		return task, t.Split
	}
	task.Splits.Test = t.Split
	return task, "test"
}

// Validate returns all mistakes at once, each naming the key; nil if there are none. It does not
// look at files.
func (t Texts) Validate() error {
	var mistakes []error
	wrong := func(format string, args ...any) {
		mistakes = append(mistakes, fmt.Errorf(HeldOut+"."+format, args...))
	}
	task, _ := t.Task()
	name, builtin := task.Builtin()
	if t.Source == "" || builtin && name == "" {
		wrong("source is missing; give a folder, a file path with {split}, or builtin:NAME, as a task's source")
	}
	if t.Text == "" {
		wrong("text is missing; give a template over the row, such as {{.text}}")
	} else {
		for _, mistake := range task.templateMistakes() {
			mistakes = append(mistakes, fmt.Errorf(HeldOut+": %w", mistake))
		}
	}
	if builtin && !slices.Contains(SplitNames, t.Split) {
		wrong("split: %s", spelling.Unknown("split of a built-in task", t.Split, SplitNames))
	} else if _, err := parseShare(t.Split); err != nil {
		wrong("split: %w", err)
	}
	if t.Rows < 1 {
		wrong("rows is %d, must be at least 1", t.Rows)
	}
	return errors.Join(mistakes...)
}

// Read reads the texts as examples without an answer, whose prompt is the text. Errors are those of
// Task.Read; fewer rows than are asked for are one.
func (t Texts) Read(dir string) (Set, error) {
	task, split := t.Task()
	set, err := task.Read(dir, split)
	if err == nil && len(set.Examples) < t.Rows {
		left := ""
		if set.LeftOut > 0 {
			left = fmt.Sprintf(", of which `where` leaves out %d", set.LeftOut)
		}
		err = fmt.Errorf("%s.rows is %d, but split %s of %s has %d rows%s; give rows: %d", HeldOut, t.Rows, t.Split, t.Source, set.Rows, left, len(set.Examples))
	}
	return set, err
}

// TrainedBy says whether rows of the texts' split are among those that a task is trained on: of one
// split of the same source, in shares that overlap. Where may still keep them apart.
func (t Texts) TrainedBy(task Task) bool {
	own, split := t.Task()
	mine, err := own.Splits.share(split)
	if err != nil || path.Clean(t.Source) != path.Clean(task.Source) {
		return false
	}
	other, err := task.Splits.share("train")
	if err != nil || mine.split != other.split {
		return false
	}
	apart := mine.to <= other.from || other.to <= mine.from
	return !apart || t.Seed != task.Seed // another seed draws other shares
}

// Preview writes some of the texts with the tokens that they begin with. They are drawn by seed.
func (t Texts) Preview(w io.Writer, c *Encoder, dir string, rows, seed int) error {
	set, err := t.Read(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s, split %s: %d texts of %d rows%s\n", HeldOut, t.Split, len(set.Examples), set.Rows, set.leftOut("rows"))
	fmt.Fprintln(w, "measured: the loss on a text's last tokens, and with evaluation.kl the divergence there")
	for _, i := range drawn(len(set.Examples), min(rows, len(set.Examples)), seed) {
		ids, err := c.Text(set.Examples[i])
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\nrow %d\n", set.Examples[i].ID)
		block(w, "text", set.Examples[i].Prompt)
		shown := make([]string, min(len(ids), 2*aroundBorder))
		for k := range shown {
			shown[k] = c.shown(ids[k])
		}
		fmt.Fprintf(w, "  tokens  %s … (%d in all)\n", strings.Join(shown, " "), len(ids))
	}
	return nil
}
