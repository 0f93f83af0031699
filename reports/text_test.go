package reports

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"secura/experiments/record"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/table"
	"secura/reports/tables"
)

// compareGolden compares with a file of testdata, or writes it with -update.
func asText(t testing.TB, r *report.Report, colour bool) string {
	t.Helper()
	var out bytes.Buffer
	synthetic.Must(t, Text(&out, r, colour))
	return out.String()
}

func asMarkdown(t testing.TB, r *report.Report) string {
	t.Helper()
	var out bytes.Buffer
	synthetic.Must(t, Markdown(&out, r))
	return out.String()
}

// small is a finished run of one seed.
func small() synthetic.Run {
	return synthetic.Run{
		Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("frozen", "joint", "seq", "er", "secura"), Seeds: 1, Orders: 1, Knowledge: true, Perplexity: true, Score: synthetic.Fade,
	}
}

// rough is a run of several seeds in which much went wrong.
func rough() synthetic.Run {
	s := synthetic.Run{Tasks: synthetic.TaskNames(3), Methods: synthetic.Named("seq", "ewc", "er", "i-lora", "cur-lora", "secura"), Seeds: 3, Orders: 1, Knowledge: true, Score: synthetic.Fade}
	s.End = func(f *synthetic.CellFiles) {
		switch f.Id {
		case "ewc-s1-o0":
			f.Cut(2)
			f.Events = append(f.Events, record.Event{Kind: record.Diverged, Task: "task_2", Step: 3, Reason: "loss is NaN"})
			f.Status = &record.Status{State: record.CellDiverged, Reason: "loss is NaN"}
		case "er-s2-o0":
			f.Events = append(f.Events[:2:2], append([]record.Event{{Kind: record.Warning, Task: "task_1", Step: 2, Text: "3 rows were cut | to 64 tokens"}}, f.Events[2:]...)...)
		case "i-lora-s0-o0", "i-lora-s1-o0", "i-lora-s2-o0":
			f.Events, f.Status = nil, nil
		case "cur-lora-s2-o0":
			f.Cut(1)
			f.Status = &record.Status{State: record.Failed, Reason: "read task task_1: file is gone"}
			f.Torn = `{"event":"bound`
		}
	}
	return s
}

func TestTextOfASmallRun(t *testing.T) {
	synthetic.CompareGolden(t, "small.txt", []byte(asText(t, load(t, small().Make(t, nil)), false)))
}

func TestTextOfARoughRun(t *testing.T) {
	synthetic.CompareGolden(t, "rough.txt", []byte(asText(t, load(t, rough().Make(t, nil)), false)))
}

func TestMarkdownOfARoughRun(t *testing.T) {
	synthetic.CompareGolden(t, "rough.md", []byte(asMarkdown(t, load(t, rough().Make(t, nil)))))
}

func TestTextFitsTheTerminal(t *testing.T) {
	long := strings.Repeat("long_", 9)
	wide := synthetic.Run{Seeds: 2, Orders: 1, Knowledge: true}
	for _, name := range synthetic.TaskNames(16) {
		wide.Tasks = append(wide.Tasks, long+name)
	}
	wide.Methods = synthetic.Named("frozen", long+"a", long+"b", long+"c", long+"d", "secura")
	full := func(_, _, i, j int) float64 { return 1 }
	for name, score := range map[string]func(method, seed, i, j int) float64{"fading scores": synthetic.Fade, "scores of 100": full} {
		wide.Score = score
		r := load(t, wide.Make(t, nil))
		for line := range strings.Lines(asText(t, r, false)) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 100 {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
		for _, m := range r.Suite.Methods {
			if n := blocksOf(t, tables.Matrix(r, m)); n != 1 {
				t.Errorf("%s: the matrix of %s is split into %d blocks", name, m.Name, n)
			}
		}
		if n := blocksOf(t, tables.Summary(r)); n != 1 {
			t.Errorf("%s: the summary is split into %d blocks", name, n)
		}
		text := strings.Join(strings.Fields(asText(t, r, false)), " ")
		for _, task := range wide.Tasks {
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
	synthetic.Must(t, table.Text(&out, []table.Table{one}, false))
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "─") {
			n++
		}
	}
	return n
}
