package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// words are a command line's arguments, in single quotes where they have blanks.
func words(line string) []string {
	args := regexp.MustCompile(`(?:[^\s']|'[^']*')+`).FindAllString(line, -1)
	for i, arg := range args {
		args[i] = strings.ReplaceAll(arg, "'", "")
	}
	return args
}

// TestTheManualsExamplesAreTrue runs each example of the package comment that shows an output, and
// parses the command lines of all.
func TestTheManualsExamplesAreTrue(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "manual.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	ran, parsed := 0, 0
	lines := strings.Split(file.Doc.Text(), "\n")
	for i := 0; i < len(lines); i++ {
		line, ok := strings.CutPrefix(lines[i], "\t$ runner ")
		if !ok {
			continue
		}
		line, _, _ = strings.Cut(line, " > ")
		args := words(line)
		var want strings.Builder
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "\t") && !strings.HasPrefix(lines[i+1], "\t$") {
			i++
			want.WriteString(lines[i][1:] + "\n")
		}
		c, rest, err := choose(commands(), args)
		if err == nil {
			_, err = c.parse(rest)
		}
		if err != nil {
			t.Errorf("runner %s: %v", line, err)
		}
		parsed++
		if want.Len() == 0 {
			continue
		}
		var out bytes.Buffer
		exitCode(context.Background(), execute(context.Background(), args, &out, &out), &out)
		if d := cmp.Diff(want.String(), out.String()); d != "" {
			t.Errorf("runner %s (-manual +now):\n%s", line, d)
		}
		ran++
	}
	if ran < 3 || parsed < 10 {
		t.Fatalf("the manual has %d examples, %d with an output", parsed, ran)
	}
}

func TestTheExamplesOfTheHelpParse(t *testing.T) {
	for _, c := range commands() {
		if len(c.examples) == 0 {
			t.Errorf("%s has no examples", c.name)
		}
		for _, e := range c.examples {
			line, _, _ := strings.Cut(e, " > ")
			chosen, rest, err := choose(commands(), words(line))
			if err == nil && chosen.name != c.name {
				t.Errorf("%s: the example %q is of %s", c.name, e, chosen.name)
			}
			if err == nil {
				_, err = chosen.parse(rest)
			}
			if err != nil {
				t.Errorf("%s: the example %q: %v", c.name, e, err)
			}
		}
		c.flags.VisitAll(func(f *flag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s: -%s is not explained", c.name, f.Name)
			}
		})
		if _, err := c.parse([]string{"-h"}); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%s -h: %v", c.name, err)
		}
	}
}
