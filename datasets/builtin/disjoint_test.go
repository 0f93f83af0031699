package builtin

import (
	"slices"
	"strings"
	"testing"
)

func split(t *testing.T) map[string]map[string][]item {
	t.Helper()
	stream := map[string]map[string][]item{}
	for _, task := range tasks() {
		stream[task.name] = task.splits()
	}
	return stream
}

// The corpus's generators write none of the tasks' wordings; this looks at every document that the
// embedded backbone read, 1,391,424 of them.
func TestSplitsAndPretrainingTextAreDisjoint(t *testing.T) {
	if err := disjointFrom(slices.Values(first(Corpus(0), 1_400_000))); err != nil {
		t.Error(err)
	}
}

func TestOnePlantedRowIsFound(t *testing.T) {
	for _, name := range []string{"add_subtract_stories", "country_headlines", "date_phrases", "odd_one_out"} {
		stream := split(t)
		planted := stream[name]["test"][7]
		stream[name]["train"] = append(slices.Clone(stream[name]["train"]), planted)
		if err := disjoint(stream, slices.Values([]string(nil))); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a test row of %s in training: %v", name, err)
		}
		// The combination in another wording is found too.
		planted.text = "reworded"
		stream[name]["train"] = append(slices.Clone(split(t)[name]["train"]), planted)
		if err := disjoint(stream, slices.Values([]string(nil))); err == nil {
			t.Errorf("a reworded test row of %s in training was not found", name)
		}
		document := "Some text before it. " + strings.ToUpper(questioned(split(t)[name]["test"][7])) + " And behind."
		if err := disjoint(split(t), slices.Values([]string{"harmless", document})); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a test row of %s in the pretraining text: %v", name, err)
		}
	}
}
