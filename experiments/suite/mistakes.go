package suite

import (
	"errors"
	"fmt"
	"strings"

	"secura/datasets"
)

// Bounds of what is told of mistakes: of a list with ten thousand wrong items some show what is
// wrong.
const (
	mostMistakes = 20
	longestText  = 2000
)

// Told joins mistakes as errors.Join does, those that are joined already one by one and those that
// read alike once: the first 20, and how many more there are. One with a very long text loses the
// middle of it.
func Told(list ...error) error {
	var told []error
	seen := map[string]bool{}
	n := 0
	for _, err := range datasets.Mistakes(errors.Join(list...)) {
		if seen[err.Error()] {
			continue
		}
		seen[err.Error()] = true
		if n++; n > mostMistakes {
			continue
		}
		if len(err.Error()) > longestText {
			err = errors.New(Shorten(err.Error(), longestText))
		}
		told = append(told, err)
	}
	if n > mostMistakes {
		told = append(told, fmt.Errorf("and %d more mistakes", n-mostMistakes))
	}
	return errors.Join(told...)
}

// Shorten leaves out the middle of a text of more than most bytes.
func Shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most/2], "") + " […] " + strings.ToValidUTF8(text[len(text)-most/2:], "")
}
