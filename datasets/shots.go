package datasets

import (
	"fmt"
	"strings"
)

// between stands between the examples before a prompt, and before it.
const between = "\n\n"

// shots are the examples of the training split that stand before prompts, one more than needed: an
// example is not shown its own answer.
func (t Task) shots(dir string) ([]Example, error) {
	if t.Shots == 0 {
		return nil, nil
	}
	from := t
	from.Shots, from.Limits = 0, Limits{Train: min(t.Shots, mostRows) + 1, Seed: t.Seed}
	if from.Limits.Seed == 0 {
		from.Limits.Seed = 1
	}
	set, err := from.read(dir, "train")
	if err != nil {
		return nil, fmt.Errorf("shots: the training split: %w", err)
	}
	if n := len(set.Examples); n <= t.Shots {
		return nil, fmt.Errorf("shots: the training split has %d examples, too few for %d and one to leave out", n, t.Shots)
	}
	return set.Examples, nil
}

// withShots is an example's prompt after the shots; of the training split the example itself is
// left out.
func (t Task) withShots(e Example, split string, shots []Example) string {
	var text strings.Builder
	shown := 0
	for _, s := range shots {
		if shown == t.Shots || split == "train" && s.ID == e.ID {
			continue
		}
		shown++
		text.WriteString(s.Prompt)
		text.WriteString(s.Answer)
		text.WriteString(between)
	}
	text.WriteString(e.Prompt)
	return text.String()
}

// SplitsRead are the splits whose files decide what is read of one of them: itself, and with Shots
// the training split.
func (t Task) SplitsRead(split string) []string {
	if t.Shots > 0 && split != "train" {
		return []string{"train", split}
	}
	return []string{split}
}
