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
	"secura/reports/report"
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

// TestTablesOfTwoSuitesHaveTwoLabels, so that a paper can have both.
func TestTablesOfTwoSuitesHaveTwoLabels(t *testing.T) {
	r := load(t, small().Make(t, nil))
	other := *r
	other.Suite.Name = "My other"
	for of, want := range map[*report.Report]string{r: `\label{tab:synthetic-summary}`, &other: `\label{tab:my-other-summary}`} {
		list, err := tables.Named(of, "summary")
		synthetic.Must(t, err)
		var out bytes.Buffer
		synthetic.Must(t, table.LaTeX(&out, list, false))
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
}

// TestCaptionsAreSentences that end with what the table is of.
func TestCaptionsAreSentences(t *testing.T) {
	one := table.Table{Title: "Some", Source: "suite a · plan b", Rows: [][]table.Entry{{{Text: "x"}}}, Columns: []table.Column{{Head: []string{"y"}}},
		Caption: []string{"suite a · plan b", "the mean of each", "p: a test", "qwen: suite c", "‖W‖ is a norm", "A sentence."}}
	var out bytes.Buffer
	synthetic.Must(t, table.LaTeX(&out, []table.Table{one}, false))
	if want := `\caption{Some. The mean of each. p: a test. qwen: suite c. $\|$W$\|$ is a norm. A sentence. Run: suite a, plan b.}`; !strings.Contains(out.String(), want) {
		t.Errorf("no %s in\n%s", want, out.String())
	}
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
		content, err := os.ReadFile(file)
		synthetic.Must(t, err)
		// In two columns too, in one of them and over both; a longtable needs a single one.
		options, body := "", fmt.Sprintf("\\input{%s}\n", file)
		if !bytes.Contains(content, []byte(`\begin{longtable}`)) {
			options, body = "[twocolumn]", body+"{\\newcommand{\\securafloat}{table*}\n"+body+"}\n"+body
		}
		document := fmt.Sprintf("\\documentclass%s{article}\n\\usepackage{booktabs,longtable,graphicx}\n\\begin{document}\n%s\\end{document}\n", options, body)
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
