package record

import (
	"regexp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestBackboneLabels(t *testing.T) {
	names := []string{"nano", "Qwen/Qwen2-1.5B", "/models/SmolLM2-135M-Instruct.Q4_1.gguf", "a/nano", "nano-2", "b/nano", "..", "Ünï"}
	want := []string{"nano", "qwen2-1_5b", "smollm2-135m-instruct_q4_1", "nano-2", "nano-2-2", "nano-3", "backbone", "n"}
	if got := BackboneLabels(names); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := BackboneLabels([]string{"nano"}); !slices.Equal(got, []string{""}) {
		t.Errorf("the label of a single backbone is %q, expected none", got)
	}
	if got := CellID("secura", "", 1, 2); got != "secura-s1-o2" {
		t.Error(got)
	}
	if got := CellID("secura", "nano", 1, 2); got != "secura.nano-s1-o2" {
		t.Error(got)
	}
}

// Cells' folders have their names from labels, and a table's row its backbone.
func TestBackboneLabelsAreUniqueNamesOfFiles(t *testing.T) {
	fit := regexp.MustCompile(`^[a-z0-9]([a-z0-9_-]{0,48}[a-z0-9])?$`)
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-bA-B./2-3-]{1,6}`)), 2, 12).Draw(t, "names")
		labels := BackboneLabels(names)
		for i, l := range labels {
			if !fit.MatchString(l) || slices.Contains(labels[:i], l) {
				t.Fatalf("label %d of %q is %q among %q", i, names, l, labels)
			}
		}
	})
}
