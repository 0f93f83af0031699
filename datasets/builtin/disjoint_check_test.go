package builtin

import (
	"fmt"
	"iter"
	"strings"
)

// disjointFrom says whether what is asked in the test and validation splits stands elsewhere: no
// item may share its combination or its text with one of another split of its task, nor may the
// text of a test or validation item stand in one of the documents. The error names task, split and
// row (from 0).
func disjointFrom(documents iter.Seq[string]) error {
	stream := map[string]map[string][]item{}
	for _, t := range tasks() {
		stream[t.name] = t.splits()
	}
	return disjoint(stream, documents)
}

func disjoint(stream map[string]map[string][]item, documents iter.Seq[string]) error {
	type place struct {
		task, split string
		row         int
	}
	texts := map[string]place{}          // of test and validation items
	lengths := map[string]map[int]bool{} // theirs in words, by the first word
	for _, t := range tasks() {
		splits := stream[t.name]
		keys, seen := map[string]place{}, map[string]place{}
		for _, split := range Splits {
			for row, it := range splits[split] {
				here := place{t.name, split, row}
				for what, known := range map[string]map[string]place{it.key: keys, normalised(it.text): seen} {
					if there, ok := known[what]; ok {
						return fmt.Errorf("task %s: row %d of %s asks what row %d of %s asks: %s", t.name, row, split, there.row, there.split, it.text)
					}
					known[what] = here
				}
				if split != "train" {
					words := strings.Fields(normalised(questioned(it)))
					texts[strings.Join(words, " ")] = here
					if lengths[words[0]] == nil {
						lengths[words[0]] = map[int]bool{}
					}
					lengths[words[0]][len(words)] = true
				}
			}
		}
	}
	for document := range documents {
		words := strings.Fields(normalised(document))
		for i, word := range words {
			for n := range lengths[word] {
				if i+n > len(words) {
					continue
				}
				if p, ok := texts[strings.Join(words[i:i+n], " ")]; ok {
					return fmt.Errorf("task %s: row %d of %s stands in the pretraining text: %q", p.task, p.row, p.split, document)
				}
			}
		}
	}
	return nil
}

// questioned is the part of an item's text that its combination is in.
func questioned(it item) string {
	if r, ok := it.row.(reasoningRow); ok {
		return r.Context
	}
	return it.text
}

// normalised is a text in lower case without punctuation.
func normalised(text string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if strings.ContainsRune(".,;:?!\"'()", r) {
			return ' '
		}
		return r
	}, text))
}
