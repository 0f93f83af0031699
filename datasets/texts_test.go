package datasets

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// textsFolder has a source news with 40 test rows of a text each, and a class from 0 to 3.
func textsFolder(t *testing.T) string {
	t.Helper()
	type row struct {
		Text  string `parquet:"text"`
		Class int64  `parquet:"class"`
		Empty string `parquet:"empty"`
	}
	rows := make([]row, 40)
	for i := range rows {
		rows[i] = row{Text: fmt.Sprintf("Text number %d.", i), Class: int64(i % 4)}
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "news"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := parquet.WriteFile(filepath.Join(dir, "news", "test.parquet"), rows); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The rows are those that a task's limits draw.
func TestTextsAreDrawnAsATasksRows(t *testing.T) {
	dir := textsFolder(t)
	texts := Texts{Source: "news", Split: "test", Where: "{{ne .class 3}}", Text: "{{.text}}", Rows: 5, Seed: 9}
	task := Task{Name: "a", Source: "news", Prompt: "{{.text}}", Answer: "{{.class}}", Scores: []string{"exact"}, MaxNewTokens: 1,
		Where: texts.Where, Limits: Limits{Test: 5}, Seed: 9}
	got, err := texts.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	want, err := task.Read(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	same := slices.EqualFunc(got.Examples, want.Examples, func(a, b Example) bool { return a.ID == b.ID && a.Prompt == b.Prompt && a.Answer == "" })
	if !same || len(got.Examples) != 5 || got.LeftOut != 10 || got.Bounded != 25 {
		t.Errorf("%+v\nexpected %+v", got, want)
	}
	share := texts
	share.Split, share.Where, share.Rows = "test[50%:]", "", 20
	if set, err := share.Read(dir); err != nil || set.Rows != 20 {
		t.Errorf("a share of 40 rows: %d, %v", set.Rows, err)
	}
	builtin := Texts{Source: "builtin:syllogisms", Split: "validation", Text: "{{.query}}", Rows: 3}
	if err := builtin.Validate(); err != nil {
		t.Error(err)
	}
	if set, err := builtin.Read(""); err != nil || len(set.Examples) != 3 {
		t.Errorf("%d texts of a built-in task, %v", len(set.Examples), err)
	}
}

func TestMistakesOfTexts(t *testing.T) {
	dir := textsFolder(t)
	good := Texts{Source: "news", Split: "test", Text: "{{.text}}", Rows: 5}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mistake func(*Texts)
		want    string
	}{
		{func(x *Texts) { x.Source = "" }, "held_out.source is missing; give a folder"},
		{func(x *Texts) { x.Source = "builtin:" }, "held_out.source is missing"},
		{func(x *Texts) { x.Text = "" }, "held_out.text is missing; give a template"},
		{func(x *Texts) { x.Rows = 0 }, "held_out.rows is 0, must be at least 1"},
		{func(x *Texts) { x.Split = "test[x" }, `held_out.split: "test[x" is no split`},
		{func(x *Texts) { x.Source, x.Split = "builtin:syllogisms", "tset" }, `held_out.split: unknown split of a built-in task "tset"; did you mean "test"?`},
		{func(x *Texts) { x.Split = "dev" }, "serves as dev (of held_out with `split`)"},
		{func(x *Texts) { x.Source = "nws" }, "-data names"},
		{func(x *Texts) { x.Text = "{{.txt}}" }, `unknown column "txt"; did you mean "text"?`},
		{func(x *Texts) { x.Text = "{{.text" }, "text: "},
		{func(x *Texts) { x.Text = "Hello" }, `text: "Hello" names no column`},
		{func(x *Texts) { x.Text = "{{.empty}}" }, "text: the text is empty; `where` leaves rows out"},
		{func(x *Texts) { x.Where = "{{eq .class 7}}" }, "`where` leaves out all 40 rows"},
		{func(x *Texts) { x.Rows, x.Where = 11, "{{eq .class 3}}" }, "held_out.rows is 11, but split test of news has 40 rows, of which `where` leaves out 30; give rows: 10"},
		{func(x *Texts) { x.Rows = 41 }, "held_out.rows is 41, but split test of news has 40 rows; give rows: 40"},
	} {
		x := good
		c.mistake(&x)
		err := x.Validate()
		if err == nil {
			_, err = x.Read(dir)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

func TestTextsAreHeldAgainstWhatIsTrained(t *testing.T) {
	texts := func(split string, seed int) Texts { return Texts{Source: "a/", Split: split, Seed: seed} }
	carved := Task{Source: "a", Splits: Splits{Train: "train[:80%]", Validation: "train[80%:]"}}
	for _, c := range []struct {
		texts Texts
		task  Task
		want  bool
	}{
		{texts("test", 0), Task{Source: "a"}, false},
		{texts("train", 0), Task{Source: "a"}, true},
		{texts("train", 0), Task{Source: "b"}, false},
		{texts("train[90%:]", 0), carved, false},
		{texts("train[70%:]", 0), carved, true},
		{texts("train[90%:]", 1), carved, true},
	} {
		if got := c.texts.TrainedBy(c.task); got != c.want {
			t.Errorf("%s of seed %d beside %+v: %v", c.texts.Split, c.texts.Seed, c.task.Splits, got)
		}
	}
}

func TestPreviewOfTexts(t *testing.T) {
	dir := textsFolder(t)
	c := NewEncoder(smallTokenizer(t))
	var out bytes.Buffer
	texts := Texts{Source: "news", Split: "test", Text: "{{.text}}", Rows: 5}
	if err := texts.Preview(&out, c, dir, 2, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"held_out, split test: 5 texts of 40 rows, 35 by `rows`", "text   │Text number ", " in all)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}
