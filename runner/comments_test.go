package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// commentWidth is how many columns a comment's line may take, a tab being 4.
const commentWidth = 100

// unbroken are comments that stay on their lines: directives, links, and what is indented, such as
// code and lists.
var unbroken = regexp.MustCompile(`^//([a-z0-9]+:[a-z0-9]|  | ?\t|$| \[[^\]]+\]: )`)

// TestCommentsKeepWithinAWidth holds lines that are nothing but a comment.
func TestCommentsKeepWithinAWidth(t *testing.T) {
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.Lines(string(source)) {
			n++
			comment := strings.TrimSpace(line)
			columns := utf8.RuneCountInString(comment) + 4*strings.Count(line, "\t")
			if strings.HasPrefix(comment, "//") && !unbroken.MatchString(comment) && columns > commentWidth && strings.Count(comment, " ") > 1 {
				t.Errorf("%s:%d: the comment's line has %d columns, expected at most %d", path, n, columns, commentWidth)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
