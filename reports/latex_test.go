package reports

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"secura/experiments/rundir"
	"secura/reports/synthetic"
	"secura/reports/table"
	"secura/reports/tables"
)

// eight is a finished run of eight seeds, in which differences are significant.
func eight() synthetic.Run {
	s := small()
	s.Seeds = 8
	return s
}

func TestLaTeXOfARun(t *testing.T) {
	r := load(t, eight().Make(t, nil))
	var out bytes.Buffer
	synthetic.Must(t, table.LaTeX(&out, tables.Sourced(r, []table.Table{tables.Summary(r), tables.Tasks(r)}), false))
	synthetic.CompareGolden(t, "eight.tex", out.Bytes())
}

func TestCSVHasEveryDigitAndEveryReason(t *testing.T) {
	r := load(t, eight().Make(t, nil))
	var out bytes.Buffer
	synthetic.Must(t, table.CSV(&out, tables.Of(r), false))
	synthetic.CompareGolden(t, "eight.csv", out.Bytes())
}

func TestFilesOfTablesAreNamedByTheirTitles(t *testing.T) {
	for title, want := range map[string]string{
		"Summary": "summary", "R of cur-lora": "r-of-cur-lora", "Base knowledge along the stream": "base-knowledge-along-the-stream",
		"Claim: ‖W‖ is kept, 70%": "claim-w-is-kept-70", "../x": "x",
	} {
		if got := table.Slug(title); got != want {
			t.Errorf("%q has the file %s, want %s", title, got, want)
		}
	}
	run := rundir.Run{Path: t.TempDir()}
	synthetic.Must(t, writeTables(run, []table.Table{{Title: "A", Columns: []table.Column{{Head: []string{"x"}}}, Rows: [][]table.Entry{{{Text: "1"}}}}, {Title: "a"}}))
	for _, name := range []string{"a.tex", "a.csv", "a-2.tex", "a-2.csv"} {
		if _, err := os.Stat(run.Table(name)); err != nil {
			t.Error(err)
		}
	}
}

// TestTablesCompile needs pdflatex and is asked for by `just latex-check`.
func TestTablesCompile(t *testing.T) {
	asked := os.Getenv("SECURA_LATEX")
	if asked == "" {
		t.Skip("SECURA_LATEX is not set: give 1, or the folder of a run, to compile its tables with pdflatex")
	}
	var files []string
	if asked == "1" {
		long := rough()
		long.Tasks = synthetic.TaskNames(45) // more rows than a page has
		for _, s := range []synthetic.Run{rough(), eight(), synthetic.Variants(8, 0.04), long} {
			run := s.Make(t, nil)
			if _, err := writeAll(run); err != nil {
				t.Fatal(err)
			}
			list, err := filepath.Glob(run.Table("*.tex"))
			synthetic.Must(t, err)
			files = append(files, list...)
		}
	} else {
		list, err := filepath.Glob(rundir.Run{Path: asked}.Table("*.tex"))
		synthetic.Must(t, err)
		files = list
	}
	if len(files) == 0 {
		t.Fatalf("no tables in %s: `runner report` writes them", asked)
	}
	folder := t.TempDir()
	for _, file := range files {
		document := fmt.Sprintf("\\documentclass{article}\n\\usepackage{booktabs,longtable,graphicx}\n\\begin{document}\n\\input{%s}\n\\end{document}\n", file)
		synthetic.Must(t, os.WriteFile(filepath.Join(folder, "one.tex"), []byte(document), 0o644))
		command := exec.Command("pdflatex", "-interaction=nonstopmode", "-halt-on-error", "one.tex")
		command.Dir = folder
		out, err := command.CombinedOutput()
		switch lines := strings.Split(string(out), "\n"); {
		case err != nil:
			t.Errorf("%s does not compile: %v\n%s", file, err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
		default:
			for _, line := range lines {
				if strings.HasPrefix(line, "Overfull \\hbox") {
					t.Errorf("%s is wider than the page: %s", file, line)
				}
			}
		}
	}
	t.Logf("%d tables compile", len(files))
}
