package reports

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"secura/experiments/record"
	"secura/reports/table"
)

var update = flag.Bool("update", false, "rewrite the golden texts in testdata")

// compareGolden compares with a file of testdata, or writes it with -update.
func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		check(t, os.WriteFile(dataFile(name), got, 0o644))
	}
	want, err := os.ReadFile(dataFile(name))
	check(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); go test ./reports -update writes it again:\n%s", name, diff)
	}
}

func asText(t testing.TB, r *Report, colour bool) string {
	t.Helper()
	var out bytes.Buffer
	check(t, Text(&out, r, colour))
	return out.String()
}

func asMarkdown(t testing.TB, r *Report) string {
	t.Helper()
	var out bytes.Buffer
	check(t, Markdown(&out, r))
	return out.String()
}

// small is a finished run of one seed.
func small() synthetic {
	return synthetic{
		tasks: taskNames(3), methods: named("frozen", "joint", "seq", "er", "secura"), seeds: 1, orders: 1, knowledge: true, perplexity: true, score: fade,
	}
}

// rough is a run of several seeds in which much went wrong.
func rough() synthetic {
	s := synthetic{tasks: taskNames(3), methods: named("seq", "ewc", "er", "i-lora", "cur-lora", "secura"), seeds: 3, orders: 1, knowledge: true, score: fade}
	s.end = func(f *cellFiles) {
		switch f.id {
		case "ewc-s1-o0":
			f.cut(2)
			f.events = append(f.events, record.Event{Kind: record.Diverged, Task: "task_2", Step: 3, Reason: "loss is NaN"})
			f.status = &record.Status{State: record.CellDiverged, Reason: "loss is NaN"}
		case "er-s2-o0":
			f.events = append(f.events[:2:2], append([]record.Event{{Kind: record.Warning, Task: "task_1", Step: 2, Text: "3 rows were cut | to 64 tokens"}}, f.events[2:]...)...)
		case "i-lora-s0-o0", "i-lora-s1-o0", "i-lora-s2-o0":
			f.events, f.status = nil, nil
		case "cur-lora-s2-o0":
			f.cut(1)
			f.status = &record.Status{State: record.Failed, Reason: "read task task_1: file is gone"}
			f.torn = `{"event":"bound`
		}
	}
	return s
}

func TestTextOfASmallRun(t *testing.T) {
	compareGolden(t, "small.txt", []byte(asText(t, load(t, small().make(t, nil)), false)))
}

func TestTextOfARoughRun(t *testing.T) {
	compareGolden(t, "rough.txt", []byte(asText(t, load(t, rough().make(t, nil)), false)))
}

func TestMarkdownOfARoughRun(t *testing.T) {
	compareGolden(t, "rough.md", []byte(asMarkdown(t, load(t, rough().make(t, nil)))))
}

func TestTextFitsTheTerminal(t *testing.T) {
	long := strings.Repeat("long_", 9)
	wide := synthetic{seeds: 2, orders: 1, knowledge: true}
	for _, name := range taskNames(16) {
		wide.tasks = append(wide.tasks, long+name)
	}
	wide.methods = named("frozen", long+"a", long+"b", long+"c", long+"d", "secura")
	full := func(_, _, i, j int) float64 { return 1 }
	for name, score := range map[string]func(method, seed, i, j int) float64{"fading scores": fade, "scores of 100": full} {
		wide.score = score
		r := load(t, wide.make(t, nil))
		for line := range strings.Lines(asText(t, r, false)) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
		for _, m := range r.Suite.Methods {
			if n := blocksOf(t, MatrixTable(r, m)); n != 1 {
				t.Errorf("%s: the matrix of %s is split into %d blocks", name, m.Name, n)
			}
		}
		if n := blocksOf(t, SummaryTable(r)); n != 1 {
			t.Errorf("%s: the summary is split into %d blocks", name, n)
		}
		text := strings.Join(strings.Fields(asText(t, r, false)), " ")
		for _, task := range wide.tasks {
			if !strings.Contains(text, task) {
				t.Errorf("%s: the whole name %s stands nowhere", name, task)
			}
		}
	}
}

// blocksOf counts the blocks of columns that a table is printed in: each has a rule.
func blocksOf(t *testing.T, one table.Table) (n int) {
	t.Helper()
	var out bytes.Buffer
	check(t, table.Text(&out, []table.Table{one}, false))
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "─") {
			n++
		}
	}
	return n
}
