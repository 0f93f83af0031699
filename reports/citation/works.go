// Package citation prints as BibTeX what a run rests on: the paper whose claims are tested, the
// methods, the metrics and the data sets. In comes a report; out come entries for a bibliography,
// and comments that say what has no reference. Read Write first.
package citation

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"secura/datasets/hub"
)

//go:embed references.bib
var references string

// work is an entry of references.bib.
type work struct {
	key string
	// eprint is its number at arXiv, which is empty for older ones.
	eprint string
	// author is the first author's last name, with the year, as in "Vitter 1985".
	author string
	// text is the whole entry.
	text string
}

// works are the entries of references.bib in its order.
var works = sync.OnceValue(func() []work { return parse(references) })

var (
	fieldPattern  = regexp.MustCompile(`(?m)^  (\w+) = \{(.*)\},?$`)
	headPattern   = regexp.MustCompile(`^@\w+\s*\{\s*([^,\s]+)\s*,`)
	eprintPattern = regexp.MustCompile(`arXiv (\d{4}\.\d{4,5})`)
)

// parse takes a bibliography apart. The program's own has one field a line.
func parse(bibliography string) (list []work) {
	for _, text := range hub.BibTeX(bibliography) {
		w := work{key: keyOf(text), text: text}
		fields := map[string]string{}
		for _, field := range fieldPattern.FindAllStringSubmatch(text, -1) {
			fields[field[1]] = field[2]
		}
		last, _, _ := strings.Cut(fields["author"], ",")
		w.eprint, w.author = fields["eprint"], last+" "+fields["year"]
		list = append(list, w)
	}
	return list
}

// keyOf is an entry's key, empty where there is none.
func keyOf(entry string) string {
	if head := headPattern.FindStringSubmatch(entry); head != nil {
		return head[1]
	}
	return ""
}

// find is the work with a key of references.bib; a key that is not there is a mistake in this
// package.
func find(key string) work {
	for _, w := range works() {
		if w.key == key {
			return w
		}
	}
	panic(fmt.Sprintf("references.bib has no %q", key))
}

// named are the works that a text names: as "arXiv NUMBER", or as "AUTHOR YEAR" where they are not
// there. unknown are arXiv numbers that references.bib does not have.
func named(text string) (list []work, unknown []string) {
	for _, w := range works() {
		if w.eprint != "" && strings.Contains(text, "arXiv "+w.eprint) || w.eprint == "" && strings.Contains(text, w.author) {
			list = append(list, w)
		}
	}
	for _, number := range eprintPattern.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(references, "eprint = {"+number[1]+"}") {
			unknown = append(unknown, number[1])
		}
	}
	return list, unknown
}
