package packing

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func slotsOf(s Shape) float64 { return float64(s.Length) }

// drawItems are examples of a step, replayed ones last.
func drawItems(t *rapid.T, longest int) (items []Item) {
	n := rapid.IntRange(1, 40).Draw(t, "examples")
	current := rapid.IntRange(0, n).Draw(t, "current")
	for i := range n {
		tokens := rapid.IntRange(2, longest).Draw(t, "tokens")
		items = append(items, Item{tokens, rapid.IntRange(1, tokens-1).Draw(t, "answers"), i >= current})
	}
	return items
}

// Every example stands in one row, no row holds more than it has room for, replayed ones stand at
// the front where they must, and equal batches are laid out equally.
func TestEveryExampleIsLaidOutOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := drawItems(t, 40)
		rows := rapid.IntRange(1, 3).Draw(t, "rows")
		shapes := []Shape{{40, 39, 40, 39}, {96, 60, 48, 45}, {200, 120, 80, 60}}[:rapid.IntRange(1, 3).Draw(t, "shapes")]
		front := rapid.Bool().Draw(t, "front")
		for i := range shapes {
			if !front {
				shapes[i].Front, shapes[i].FrontAnswers = 0, 0
			}
		}
		p := New(rows, shapes, slotsOf)
		parts, err := p.Pack(items)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int]bool{}
		for _, part := range parts {
			if len(part.Rows) != rows || !slices.Contains(shapes, part.Shape) {
				t.Fatalf("a part of %d rows of %v", len(part.Rows), part.Shape)
			}
			for _, row := range part.Rows {
				tokens, answers, current := 0, 0, false
				for _, i := range row {
					if seen[i] {
						t.Fatalf("example %d is there twice", i)
					}
					seen[i] = true
					tokens, answers = tokens+items[i].Tokens, answers+items[i].Answers
					if items[i].Replayed && front && (current || tokens > part.Front || answers > part.FrontAnswers) {
						t.Fatalf("replayed example %d ends at slot %d and answer %d of %v, after a current one: %v", i, tokens, answers, part.Shape, current)
					}
					current = current || !items[i].Replayed
				}
				if tokens > part.Length || answers > part.Answers {
					t.Fatalf("a row of %v has %d tokens and %d answers", part.Shape, tokens, answers)
				}
			}
		}
		if len(seen) != len(items) {
			t.Fatalf("%d of %d examples are laid out", len(seen), len(items))
		}
		if again, _ := New(rows, shapes, slotsOf).Pack(items); !reflect.DeepEqual(parts, again) {
			t.Fatal("a second layout is another")
		}
	})
}

func TestTheCheapestPartsAreTaken(t *testing.T) {
	p := New(1, []Shape{{Length: 64, Answers: 32}, {Length: 160, Answers: 80}}, slotsOf)
	item := Item{Tokens: 30, Answers: 4}
	for n, want := range map[int][]int{1: {64}, 2: {64}, 3: {64, 64}, 5: {160}, 6: {64, 64, 64}, 7: {160, 64}, 10: {160, 160}} {
		parts, err := p.Pack(slices.Repeat([]Item{item}, n))
		var got []int
		for _, part := range parts {
			got = append(got, part.Length)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d examples stand in parts of %v, %v; expected %v", n, got, err, want)
		}
	}
	if _, err := p.Pack([]Item{{Tokens: 161, Answers: 1}}); err == nil || !strings.Contains(err.Error(), "161 tokens") {
		t.Errorf("an example that fits no row: %v", err)
	}
}

// Chosen shapes hold any example, keep to the bound, and leave little padding on batches that they
// were not chosen for.
func TestChosenShapesFitTheData(t *testing.T) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 1))
		front := seed%2 == 1
		var batches [2][][]Item
		for task := range 6 {
			length := 10 + 8*task + r.IntN(8)
			for k := range batches {
				for range 4 {
					var items []Item
					for i := range 24 {
						tokens := length + r.IntN(13) - 3
						items = append(items, Item{tokens, 1 + tokens/6, i >= 16})
					}
					batches[k] = append(batches[k], items)
				}
			}
		}
		longest := Item{Tokens: 70, Answers: 30}
		n := Needs{Batches: batches[0], Longest: longest, Rows: 1, Front: front, Cost: func(s Shape) float64 { return float64(s.Length) + 0.2*float64(s.Answers) + 20 }}
		shapes := Choose(n)
		if len(shapes) == 0 || len(shapes) > mostShapes || !reflect.DeepEqual(shapes, Choose(n)) {
			t.Fatalf("shapes %v", shapes)
		}
		p := New(1, shapes, n.Cost)
		longest.Replayed = true
		if _, err := p.Pack([]Item{longest}); err != nil {
			t.Fatal(err)
		}
		n.Batches = batches[1]
		_, padding := n.measure(p)
		t.Logf("%.1f %% padding in %v", 100*padding, shapes)
		if padding > 0.1 {
			t.Errorf("%.0f %% padding in %v", 100*padding, shapes)
		}
		n.Steps, n.Compile = 10, 1e4
		if shapes := Choose(n); len(shapes) != 1 {
			t.Errorf("%d shapes for %d steps, which cannot save what compiling one costs", len(shapes), n.Steps)
		}
		n.Most = 100
		for _, s := range Choose(n) {
			if s.Length > 112 {
				t.Errorf("a length of %d, with a bound of 100", s.Length)
			}
		}
	}
}
