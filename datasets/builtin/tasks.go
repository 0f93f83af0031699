package builtin

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// The number of rows of each split. A family that has fewer combinations has fewer rows to train
// on.
const (
	testRows       = 64
	validationRows = 64
	trainRows      = 512
)

// Splits are the splits of a built-in task, in the order in which their items are drawn.
var Splits = []string{"test", "validation", "train"}

// task is a built-in task: its rows by split, made from a seed of its own.
type task struct {
	name string
	// splits makes the rows.
	splits func() map[string][]item
}

// item is a row with what tells it from others.
type item struct {
	row any
	// key is the combination that is asked: no other item has it, in whatever wording.
	key string
	// text is what the model reads of it, for comparison with other texts.
	text string
}

// newTask makes a task from a function that draws one item. Items with a key that was drawn before
// are dropped; few is how many distinct keys there are where they are fewer than the splits could
// hold, else 0.
func newTask(name string, few int, draw func(random *rand.Rand) item) task {
	return task{name, func() map[string][]item {
		random := rand.New(rand.NewPCG(16, seedOf(name)))
		want := testRows + validationRows + trainRows
		if few > 0 {
			want = min(want, few)
		}
		seen := map[string]bool{}
		var items []item
		for draws := 0; len(items) < want; draws++ {
			if draws > 1000*want {
				panic(fmt.Sprintf("builtin: task %s has only %d distinct items of the %d wanted", name, len(items), want))
			}
			if i := draw(random); !seen[i.key] && len(i.text) <= 150 {
				seen[i.key] = true
				items = append(items, i)
			}
		}
		// Rare combinations come late where few are left: mix before splitting.
		random.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
		// A multiple of four rows, for an even distribution of the right options.
		items = items[:len(items)/4*4]
		test, validation, train := items[:testRows], items[testRows:testRows+validationRows], items[testRows+validationRows:]
		for _, split := range [][]item{test, validation, train} {
			placeRight(random, split)
		}
		return map[string][]item{"test": test, "validation": validation, "train": train}
	}}
}

// seedOf gives each task a stream of its own (FNV-1a).
func seedOf(name string) uint64 {
	hash := uint64(14695981039346656037)
	for _, b := range []byte(name) {
		hash = (hash ^ uint64(b)) * 1099511628211
	}
	return hash
}

// tasks lists the tasks of the stream, family by family.
func tasks() []task {
	return slices.Concat(arithmeticTasks(), summaryTasks(), translationTasks(), reasoningTasks())
}

// batteryTasks are the two halves of the knowledge battery; all their rows are test rows.
func batteryTasks() []task {
	whole := func(items []item) func() map[string][]item {
		return func() map[string][]item { return map[string][]item{"test": items} }
	}
	var choices, completions []item
	for _, r := range knowledgeChoiceRows() {
		choices = append(choices, item{r, r.Query, r.Query})
	}
	for _, r := range knowledgeCompletionRows() {
		completions = append(completions, item{r, r.Question, r.Question})
	}
	return []task{{"knowledge_choice", whole(choices)}, {"knowledge_completion", whole(completions)}}
}

// encode writes rows as Parquet; equal rows give equal bytes.
func encode(items []item) ([]byte, error) {
	var out bytes.Buffer
	var err error
	switch items[0].row.(type) {
	case arithmeticRow:
		err = encodeAs[arithmeticRow](&out, items)
	case summaryRow:
		err = encodeAs[summaryRow](&out, items)
	case translationRow:
		err = encodeAs[translationRow](&out, items)
	case reasoningRow:
		err = encodeAs[reasoningRow](&out, items)
	case choiceRow:
		err = encodeAs[choiceRow](&out, items)
	case completionRow:
		err = encodeAs[completionRow](&out, items)
	default:
		err = fmt.Errorf("rows of type %T have no layout", items[0].row)
	}
	return out.Bytes(), err
}

func encodeAs[T any](out *bytes.Buffer, items []item) error {
	rows := make([]T, len(items))
	for i, it := range items {
		rows[i] = it.row.(T)
	}
	writer := parquet.NewGenericWriter[T](out, parquet.Compression(&parquet.Zstd), parquet.CreatedBy("secura", "1", ""))
	if _, err := writer.Write(rows); err != nil {
		return err
	}
	return writer.Close()
}
