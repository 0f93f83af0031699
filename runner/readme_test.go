package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"go/format"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/rogpeppe/go-internal/testscript"

	"secura/experiments/suite"
	"secura/experiments/toyrun"
	"secura/methods"
)

// readmes are the documents, below the project's folder.
var readmes = []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "experiments/README.md", "methods/README.md", "datasets/README.md", "reports/README.md", "reports/published/README.md"}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// codeBlocks are the blocks of a language between fences, "" for those that name none.
func codeBlocks(document, language string) (blocks []string) {
	for _, part := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(document, -1) {
		if part[1] == language {
			blocks = append(blocks, part[2])
		}
	}
	return blocks
}

// runnerLines are the arguments of the commands in a document's blocks, without comments.
func runnerLines(document string) (lines [][]string) {
	for _, block := range append(codeBlocks(document, ""), codeBlocks(document, "sh")...) {
		for line := range strings.Lines(block) {
			line, _, _ = strings.Cut(line, " #")
			line, _, _ = strings.Cut(line, " > ") // into a file
			for _, program := range []string{"bin/runner ", "go run ./runner "} {
				if args, ok := strings.CutPrefix(line, program); ok {
					lines = append(lines, words(args))
				}
			}
		}
	}
	return lines
}

func TestTheReadmeIsShort(t *testing.T) {
	if n := len(readDocument(t, "README.md")); n > 10_000 {
		t.Errorf("README.md has %d bytes, at most 10,000 are read to their end: move something into a folder's README", n)
	}
}

func TestTheReadmesCommandsParse(t *testing.T) {
	recipes := readDocument(t, "Justfile")
	parsed := 0
	for _, name := range readmes {
		document := readDocument(t, name)
		for _, args := range runnerLines(document) {
			c, rest, err := choose(commands(), args)
			if err == nil && !slices.Contains(rest, "-h") {
				_, err = c.parse(rest)
			}
			if err != nil {
				t.Errorf("%s: runner %s: %v", name, strings.Join(args, " "), err)
			}
			parsed++
		}
		for _, recipe := range regexp.MustCompile("(?m)(?:`|^)just ([a-z-]+)").FindAllStringSubmatch(document, -1) {
			if !regexp.MustCompile(`(?m)^` + recipe[1] + `[ :]`).MatchString(recipes) {
				t.Errorf("%s: the Justfile has no recipe %s", name, recipe[1])
			}
		}
	}
	if parsed < 50 {
		t.Errorf("only %d commands were found", parsed)
	}
}

// heading makes the anchor of a heading, as GitHub does.
func heading(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(title))
}

func TestTheReadmesLinksLead(t *testing.T) {
	links := regexp.MustCompile(`\]\(([^)]+)\)`)
	titles := regexp.MustCompile(`(?m)^#+ (.*)$`)
	for _, name := range readmes {
		for _, link := range links.FindAllStringSubmatch(readDocument(t, name), -1) {
			file, anchor, _ := strings.Cut(link[1], "#")
			if strings.HasPrefix(file, "https://") {
				continue
			}
			target := name
			if file != "" {
				target = filepath.Join(filepath.Dir(name), file)
			}
			if _, err := os.Stat(filepath.Join("..", target)); err != nil {
				t.Errorf("%s: the link %s leads nowhere: %v", name, link[1], err)
				continue
			}
			if anchor == "" {
				continue
			}
			leads := func(title []string) bool { return heading(title[1]) == anchor }
			if !slices.ContainsFunc(titles.FindAllStringSubmatch(readDocument(t, target), -1), leads) {
				t.Errorf("%s: %s has no heading for #%s", name, target, anchor)
			}
		}
	}
}

// TestTheReadmesNameWhatThereIs holds the tables of the READMEs to what the program lists.
func TestTheReadmesNameWhatThereIs(t *testing.T) {
	output := func(args ...string) string {
		var out bytes.Buffer
		if err := execute(context.Background(), args, &out, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	mentions := func(document string, names ...string) {
		t.Helper()
		text := readDocument(t, document)
		for _, name := range names {
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("%s does not tell of `%s`", document, name)
			}
		}
	}
	first := func(listed string) (names []string) {
		for line := range strings.Lines(listed) {
			if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, " ") && !strings.HasSuffix(line, ":\n") { // no group's name
				names = append(names, strings.Fields(line)[0])
			}
		}
		return names
	}
	mentions("reports/README.md", first(output("list", "metrics"))...)
	mentions("methods/README.md", first(output("list", "methods"))...)
	mentions("experiments/README.md", first(output("list", "suites"))...)
	mentions("datasets/README.md", first(output("list", "tasks"))...)

	shown := output("show", "continual16")
	for _, key := range regexp.MustCompile(`(?m)^(?:training|evaluation):\n((?:  .*\n)+)`).FindAllStringSubmatch(shown, -1) {
		for _, name := range regexp.MustCompile(`(?m)^  ([a-z_]+):`).FindAllStringSubmatch(key[1], -1) {
			mentions("experiments/README.md", name[1])
		}
	}
	for _, flags := range []struct{ command, flag string }{{"report", "format"}, {"report", "table"}} {
		help := output(flags.command, "-h")
		_, help, _ = strings.Cut(help, "\n  -"+flags.flag+" ")
		_, help, _ = strings.Cut(help, ": ")
		help, _, _ = strings.Cut(help, "\n")
		help, _, _ = strings.Cut(help, "; html is a page")
		mentions("reports/README.md", strings.Split(help, ", ")...)
	}

	// The README's tables are those of the list, in its order.
	_, rows, _ := strings.Cut(readDocument(t, "reports/README.md"), "\n| `-table` | what |\n|---|---|\n")
	rows, _, _ = strings.Cut(rows, "\n\n")
	var told []string
	for row := range strings.Lines(rows) {
		for _, name := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(strings.Split(row, "|")[1], -1) {
			told = append(told, name[1])
		}
	}
	if names := suite.TableNames(); !slices.Equal(told, names) {
		t.Errorf("reports/README.md has rows of the tables %q, the list has %q", told, names)
	}
}

// parameterNames are the keys of a method's parameters, those of embedded structs included.
func parameterNames(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if field.Anonymous {
			names = append(names, parameterNames(field.Type)...)
		} else {
			names = append(names, name)
		}
	}
	return names
}

func TestTheReadmeNamesEveryParameter(t *testing.T) {
	document := readDocument(t, "methods/README.md")
	for _, m := range methods.All {
		if m.Params == nil {
			continue
		}
		for _, name := range parameterNames(reflect.TypeOf(m.Params)) {
			if !strings.Contains(document, "`"+name+"`") {
				t.Errorf("methods/README.md does not tell of %s's parameter `%s`", m.Name, name)
			}
		}
	}
}

// TestTheWalksLeadThroughTheCode holds CONTRIBUTING's two lists to functions that are where it
// says.
func TestTheWalksLeadThroughTheCode(t *testing.T) {
	_, walks, _ := strings.Cut(readDocument(t, "CONTRIBUTING.md"), "## Two walks through the code")
	walks, _, _ = strings.Cut(walks, "\n## ")
	steps := regexp.MustCompile("(?m)^(\\d+)\\. `([^`]+)` \\(`([^`]+)`\\)").FindAllStringSubmatch(walks, -1)
	for _, step := range steps {
		if len(step[1]) > 1 && step[1] != "10" {
			t.Errorf("a walk has a step %s, at most 10 are followed", step[1])
		}
		name := step[2][strings.LastIndex(step[2], ".")+1:]
		if !regexp.MustCompile(`(?m)^func (\([^)]*\) )?` + name + `[\[(]`).MatchString(readDocument(t, step[3])) {
			t.Errorf("%s has no function %s", step[3], step[2])
		}
	}
	if len(steps) < 10 {
		t.Errorf("the walks have %d steps in all", len(steps))
	}
}

func TestTheBenchmarksHaveTheirPlace(t *testing.T) {
	for _, name := range []string{"cells", "torch"} {
		if _, err := section([]byte(readDocument(t, "experiments/README.md")), name, ""); err != nil {
			t.Errorf("experiments/README.md: %s: %v", name, err)
		}
	}
}

// TestTheReadmesMethodWorks holds the methods with the one that methods/README.md shows to a test
// that every method passes: before it is trained, its loss is the backbone's.
func TestTheReadmesMethodWorks(t *testing.T) {
	blocks := codeBlocks(readDocument(t, "methods/README.md"), "go")
	if len(blocks) != 1 {
		t.Fatalf("methods/README.md shows %d methods, expected 1", len(blocks))
	}
	if formatted, err := format.Source([]byte(blocks[0])); err != nil || string(formatted) != blocks[0] {
		t.Errorf("the method of methods/README.md is not as gofmt has it: %v\n%s", err, formatted)
	}
	folder := t.TempDir()
	all := strings.Replace(readDocument(t, "methods/all.go"), "ERBall,", "ERBall, Pull,", 1)
	overlay := map[string]string{}
	for name, content := range map[string]string{"pull.go": blocks[0], "all.go": all} {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		target, err := filepath.Abs(filepath.Join("../methods", name))
		if err != nil {
			t.Fatal(err)
		}
		overlay[target] = file
	}
	replace, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(file, replace, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "test", "-trimpath", "-overlay", file, "-run", "^TestPerplexityBeforeTrainingIsTheBackbones$", "secura/methods").CombinedOutput()
	if err != nil || strings.Contains(string(out), "no tests to run") {
		t.Errorf("%v\n%s", err, out)
	}
}

// quick are the commands that need nothing but a run.
var quick = []string{"list", "show", "version", "status", "report", "compare", "verify", "watch", "export", "validate", "data build", "data inspect"}

// TestTheReadmesTasksAreRead reads the tasks and the held-out text that datasets/README.md shows,
// and each line of a task's key as one of a task.
func TestTheReadmesTasksAreRead(t *testing.T) {
	const written = "tasks: [{name: mine, family: f, source: mine, prompt: '{{.a}}', answer: '{{.b}}', scores: [exact], max_new_tokens: 4, %s}]\n"
	var suites []string
	for _, block := range codeBlocks(readDocument(t, "datasets/README.md"), "yaml") {
		if strings.HasPrefix(block, "tasks:") || strings.HasPrefix(block, "held_out:") {
			suites = append(suites, block)
			continue
		}
		for line := range strings.Lines(block) {
			line, _, _ = strings.Cut(line, "   #")
			switch key, _, _ := strings.Cut(strings.TrimSpace(line), ":"); key {
			case "splits", "where":
				suites = append(suites, fmt.Sprintf(written, strings.TrimSpace(line)))
			case "gold", "gold_labels": // of the options in the block before
			default:
				t.Errorf("datasets/README.md: the key %s of a task is not tried", key)
			}
		}
	}
	if len(suites) < 8 {
		t.Errorf("only %d suites were found", len(suites))
	}
	for _, text := range suites {
		file := filepath.Join(t.TempDir(), "mine.yaml")
		if err := os.WriteFile(file, []byte("extends: smoke\n"+text), 0o644); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := execute(context.Background(), []string{"show", file}, &out, &out); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

// readmeHub imitates the hub for the data sets that the READMEs fetch, with a few of their rows.
func readmeHub(t *testing.T) *httptest.Server {
	files := map[string]string{
		"google/boolq/data/train-00000-of-00001.parquet": "boolq", "google/boolq/data/validation-00000-of-00001.parquet": "boolq",
		"openai/gsm8k/main/train-00000-of-00001.parquet": "gsm8k_main", "openai/gsm8k/main/test-00000-of-00001.parquet": "gsm8k_main",
		"openai/gsm8k/socratic/test-00000-of-00001.parquet": "gsm8k_main", "google/boolq/README.md": "", "openai/gsm8k/README.md": "",
		"made/up/default/partial-train/0000.parquet": "boolq", "made/up/default/test/0000.parquet": "boolq", "made/up/more.parquet": "boolq",
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if set, ok := strings.CutPrefix(r.URL.Path, "/api/datasets/"); ok {
			set, _, _ = strings.Cut(set, "/revision/")
			var listed []map[string]string
			for _, name := range slices.Sorted(maps.Keys(files)) {
				if name, ok := strings.CutPrefix(name, set+"/"); ok {
					listed = append(listed, map[string]string{"rfilename": name})
				}
			}
			json.NewEncoder(w).Encode(map[string]any{"sha": strings.Repeat("0", 40), "siblings": listed})
			return
		}
		set, file, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/datasets/"), "/resolve/"+strings.Repeat("0", 40)+"/")
		content := []byte("---\nlicense: mit\n---\n")
		if name, ok := files[set+"/"+file]; !ok {
			http.NotFound(w, r)
			return
		} else if name != "" {
			var err error
			if content, err = os.ReadFile("../datasets/testdata/parquet/" + name + ".parquet"); err != nil {
				t.Error(err)
			}
		}
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(server.Close)
	return server
}

// TestTheReadmesCommandsRun runs the commands of the READMEs that are quick, on toys in the place
// of runs, and all commands of datasets/README.md one after the other, as a shell does.
func TestTheReadmesCommandsRun(t *testing.T) {
	ran := 0
	hub := readmeHub(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/readme",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", os.Getenv("HOME")) // where an XLA plugin is installed
			env.Setenv(cacheVariable, os.Getenv(cacheVariable))
			env.Setenv("HF_ENDPOINT", hub.URL)
			env.Setenv("HF_HOME", filepath.Join(env.WorkDir, "hub"))
			// The suite of a task of one's own is the README's.
			for _, block := range codeBlocks(readDocument(t, "README.md"), "yaml") {
				if err := os.WriteFile(filepath.Join(env.WorkDir, "mine.yaml"), []byte(block), 0o644); err != nil {
					return err
				}
			}
			return toyrun.Write(env.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"readme": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: readme FILE")
				}
				for _, line := range runnerLines(readDocument(t, args[0])) {
					if quickOnToys(line) {
						ts.Check(ts.Exec("runner", line...))
						ran++
					}
				}
			},
			"shell": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) != 1 {
					ts.Fatalf("usage: shell FILE")
				}
				file := ts.MkAbs("readme.sh")
				ts.Check(os.WriteFile(file, []byte(strings.Join(codeBlocks(readDocument(t, args[0]), "sh"), "")), 0o644))
				ts.Check(ts.Exec("sh", "-e", file))
			},
		},
	})
	t.Cleanup(func() {
		if ran < 30 {
			t.Errorf("only %d commands were run", ran)
		}
	})
}

// quickOnToys says whether a command is quick, and needs no other runs and files than the script
// has.
func quickOnToys(args []string) bool {
	line := strings.Join(args, " ")
	if !slices.ContainsFunc(quick, func(name string) bool { return line == name || strings.HasPrefix(line, name+" ") }) {
		return false
	}
	for _, arg := range args {
		run := strings.HasPrefix(arg, "runs/") && !strings.HasPrefix(arg, "runs/smoke") && !strings.HasPrefix(arg, "runs/paper-nano")
		if run || arg == "-http" || arg == "-time" || arg == "-backbone" {
			return false
		}
	}
	return true
}
