package experiments

import (
	"os"
	"strings"
	"testing"
)

// TestThePublicDataSetsRender holds the templates of continual16-real against every row of the
// sets: none may fail, and a prompt ends where its answer begins.
func TestThePublicDataSetsRender(t *testing.T) {
	const dir = "../../shared/data/real"
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the public data sets are not here:", err)
	}
	s := loadSuite(t, "continual16-real")
	if len(s.Tasks) != 16 {
		t.Fatalf("%d tasks", len(s.Tasks))
	}
	options := map[string]int{"boolq": 2, "winogrande": 2, "piqa": 2, "commonsense_qa": 5, "aqua_rat": 5, "logiqa": 4, "openbookqa": 4}
	for _, task := range s.Tasks {
		for _, split := range []string{"train", "test"} {
			set, err := task.Read(dir, split)
			if err != nil {
				t.Error(err)
				continue
			}
			right := map[int]bool{}
			for _, e := range set.Examples {
				if e.Prompt != strings.TrimSpace(e.Prompt) && task.Name != "openbookqa" || !strings.HasPrefix(e.Answer, " ") {
					t.Errorf("%s, %s %d: prompt %q, answer %q", task.Name, split, e.ID, e.Prompt, e.Answer)
					break
				}
				if want := options[task.Name]; want > 0 && len(e.Options) != want {
					t.Errorf("%s, %s %d: %d options, want %d", task.Name, split, e.ID, len(e.Options), want)
					break
				}
				right[e.Gold] = true
			}
			if task.Choice() && len(right) < 2 {
				t.Errorf("%s, %s: the right option is always %v", task.Name, split, right)
			}
		}
	}
}
