package table

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestLaTeXKnowsEachLetterOfTheTables: a letter that the code of tables, figures and claims writes
// must not stand in a paper as its code point.
func TestLaTeXKnowsEachLetterOfTheTables(t *testing.T) {
	seen := map[rune]bool{}
	for _, room := range []string{"tables", "claims", "report", "metric", "diagnostics"} {
		err := filepath.WalkDir(filepath.Join("..", room), func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					text, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Fatalf("%s: %s: %v", path, literal.Value, err)
					}
					for _, c := range text {
						if seen[c] = true; strings.Contains(latex(string(c)), "[U+") {
							t.Errorf("%s: %q has no LaTeX: %c is %s", path, text, c, latex(string(c)))
						}
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !seen['θ'] || !seen['ᵀ'] {
		t.Error("the tables' letters were not found")
	}
}

func TestLaTeXQuotes(t *testing.T) {
	if got, want := latex("was \"a\", is \"b\": `where`"), "was ``a'', is ``b'': \\textasciigrave{}where\\textasciigrave{}"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
