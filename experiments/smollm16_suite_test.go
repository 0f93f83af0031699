package experiments

import (
	"os"
	"slices"
	"strings"
	"testing"

	"secura/datasets"
)

// TestTheTasksOfSmolLM16Render holds the templates of smollm16 against every row of its sets, in
// all splits: each gives a prompt and a right answer, short enough for the suite's rows by a rough
// measure of four characters a token.
func TestTheTasksOfSmolLM16Render(t *testing.T) {
	const dir = "../../shared/data/real"
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the public data sets are not here:", err)
	}
	s := loadSuite(t, "smollm16")
	enough := s.Training.Steps * s.Training.Batch
	for _, task := range slices.Concat(s.Tasks, s.Knowledge) {
		splits := []string{"train", "validation", "test"}
		if slices.ContainsFunc(s.Knowledge, func(k datasets.Task) bool { return k.Name == task.Name }) {
			splits = []string{"test"} // all that is read of a battery
		}
		for _, split := range splits {
			set, err := task.Read(dir, split)
			if err != nil {
				t.Error(err)
				continue
			}
			least := map[string]int{"train": enough / 3, "validation": 32, "test": 44}[split]
			if len(set.Examples) < least {
				t.Errorf("%s, %s: %d examples, fewer than %d", task.Name, split, len(set.Examples), least)
			}
			right, prompts := map[int]bool{}, map[string]bool{}
			for _, e := range set.Examples {
				prompts[e.Prompt] = true
				if e.Prompt == "" || e.Prompt != strings.TrimSpace(e.Prompt) || strings.TrimSpace(e.Answer) == "" || !strings.HasPrefix(e.Answer, " ") {
					t.Errorf("%s, %s %d: prompt %q, answer %q", task.Name, split, e.ID, e.Prompt, e.Answer)
					break
				}
				if longest := 4 * s.Training.Length; len(e.Prompt)+len(e.Answer) > longest {
					t.Errorf("%s, %s %d: %d bytes of prompt and answer", task.Name, split, e.ID, len(e.Prompt)+len(e.Answer))
					break
				}
				if e.Options != nil && (e.Gold < 0 || e.Gold >= len(e.Options) || e.Options[e.Gold] != e.Answer) {
					t.Errorf("%s, %s %d: answer %q, right is %d of %q", task.Name, split, e.ID, e.Answer, e.Gold, e.Options)
					break
				}
				right[e.Gold] = true
			}
			if task.Choice() && len(right) < 2 {
				t.Errorf("%s, %s: the right option is always %v", task.Name, split, right)
			}
			if len(prompts) < len(set.Examples)/2 {
				t.Errorf("%s, %s: %d different prompts of %d examples", task.Name, split, len(prompts), len(set.Examples))
			}
		}
	}
}

// TestSmolLM16KeepsItsBatteryOutOfTheStream: no task reads a set that the battery reads, or one of
// the other sets of science questions; an intent is of one task.
func TestSmolLM16KeepsItsBatteryOutOfTheStream(t *testing.T) {
	s := loadSuite(t, "smollm16")
	if len(s.Tasks) != 16 || len(s.Knowledge) != 1 || s.Knowledge[0].Source != "arc_easy" {
		t.Fatalf("%d tasks, battery %v", len(s.Tasks), s.Knowledge)
	}
	intents := map[string]string{}
	for i, task := range s.Tasks {
		if slices.Contains([]string{"arc_easy", "arc_challenge", "openbookqa"}, task.Source) {
			t.Errorf("task %s reads %s, which is near the battery", task.Name, task.Source)
		}
		if i > 0 && task.Family == s.Tasks[i-1].Family {
			t.Errorf("%s follows %s of its own family, %s", task.Name, s.Tasks[i-1].Name, task.Family)
		}
		if task.Source != "clinc150" {
			continue
		}
		names := strings.Split(task.Where, `"`)
		if len(names) != 2*15+1 {
			t.Errorf("%s has %d intents, expected 15", task.Name, len(names)/2)
		}
		for k := 1; k < len(names); k += 2 {
			if other := intents[names[k]]; other != "" {
				t.Errorf("the intent %s is of %s and of %s", names[k], other, task.Name)
			}
			intents[names[k]] = task.Name
		}
	}
}
