package datasets

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
)

// Splits say which of a source's splits serve as train, validation and test, where they are named
// otherwise or one has to be carved from another: "validation_matched", or a share of a split in
// the hub's notation, "train[:80%]" and "train[80%:]". Unlike the hub's, a share is drawn: its rows
// are the first 80% in an order that the task's seed gives, and stand in the order of the file.
//
// Without any, each is the source's split of the same name. With some, a split that is not named
// here is the source's too, unless another one reads it: with {test: validation} there is no
// validation split.
type Splits struct {
	Train      string `yaml:"train,omitempty" json:"train,omitempty"`
	Validation string `yaml:"validation,omitempty" json:"validation,omitempty"`
	Test       string `yaml:"test,omitempty" json:"test,omitempty"`
}

// SplitNames are the splits that a run may read.
var SplitNames = []string{"train", "validation", "test"}

// named is what is written for a split, "" where nothing is.
func (s Splits) named(split string) string {
	switch split {
	case "train":
		return s.Train
	case "validation":
		return s.Validation
	case "test":
		return s.Test
	}
	return ""
}

// Of is what serves as a split: a split of the source, or a share of one.
func (s Splits) Of(split string) string { return cmp.Or(s.named(split), split) }

// share is a part of a source's split, from one percentage to another.
type share struct {
	split    string
	from, to float64
}

func (s share) whole() bool { return s.from == 0 && s.to == 100 }

// splitName keeps a split's files within the source: a folder named . would be all of its splits.
var splitName = regexp.MustCompile(`^[\pL\pN_][\pL\pN_.+-]*$`)

var shareForm = regexp.MustCompile(`^([^\[\]]+)(?:\[(?:(\d+(?:\.\d+)?)%)?:(?:(\d+(?:\.\d+)?)%)?\])?$`)

func parseShare(text string) (share, error) {
	m := shareForm.FindStringSubmatch(text)
	if m == nil {
		return share{}, fmt.Errorf("%q is no split: expected a name, or a share of one such as train[:80%%], train[80%%:] or train[10%%:20%%]", text)
	}
	s := share{split: m[1], to: 100}
	if m[2] != "" {
		s.from, _ = strconv.ParseFloat(m[2], 64)
	}
	if m[3] != "" {
		s.to, _ = strconv.ParseFloat(m[3], 64)
	}
	if !splitName.MatchString(s.split) || s.from >= s.to || s.to > 100 {
		return share{}, fmt.Errorf("%q is no share of a split: expected a name and percentages that rise from 0 to 100", text)
	}
	return s, nil
}

// share is what serves as a split.
func (s Splits) share(split string) (share, error) {
	if text := s.named(split); text != "" {
		return parseShare(text)
	}
	for _, other := range SplitNames {
		if text := s.named(other); text != "" {
			if o, err := parseShare(text); err == nil && o.split == split {
				return share{}, fmt.Errorf("there is no %s split: its rows serve as %s (`splits`); name what serves as %[1]s, such as %[1]s: %[3]s[90%%:]", split, other, alternative(s, split))
			}
		}
	}
	return share{split: split, to: 100}, nil
}

// Apart says that two splits of a task have no row in common. They have where a source is one file,
// or a pattern, for all splits: then rows are apart that Splits carve from it alone.
func (t Task) Apart(dir, one, other string) error {
	if _, builtin := t.Builtin(); builtin {
		return nil
	}
	var files [2][]string
	var shares [2]share
	for i, split := range []string{one, other} {
		var err error
		if files[i], err = t.Files(dir, split); err == nil {
			shares[i], err = t.Splits.share(split)
		}
		if err != nil {
			return err
		}
	}
	if a, b := shares[0], shares[1]; slices.Equal(files[0], files[1]) && a.from < b.to && b.from < a.to {
		return fmt.Errorf("task %s: %s and %s are the same rows of %s: put {split} into the source's name, or carve them from it, as in splits: {%[2]s: %[2]s[:80%%], %[3]s: %[2]s[80%%:]}",
			t.Name, one, other, few(files[0]))
	}
	return nil
}

// alternative is a split that could be carved.
func alternative(s Splits, split string) string {
	if split != "train" && s.Train == "" {
		return "train"
	}
	return split
}

// mistakes are what is wrong with the splits: their form, and rows that two of them share.
func (s Splits) mistakes() (list []string) {
	var shares []share
	var names []string
	for _, name := range SplitNames {
		text := s.named(name)
		if text == "" {
			continue
		}
		one, err := parseShare(text)
		if err != nil {
			list = append(list, "splits."+name+": "+err.Error())
			continue
		}
		for i, other := range shares {
			if one.split == other.split && one.from < other.to && other.from < one.to {
				list = append(list, fmt.Sprintf("splits: %s and %s share rows of %s: %q and %q", names[i], name, one.split, s.named(names[i]), text))
			}
		}
		shares, names = append(shares, one), append(names, name)
	}
	if s.Train == "" && len(shares) > 0 {
		for i, o := range shares {
			if o.split == "train" {
				list = append(list, fmt.Sprintf("splits: %s is carved from train, all of which serves as train: name its other part, as in train: train[:80%%] and %s: train[80%%:]", names[i], names[i]))
			}
		}
	}
	return list
}

// members says which of n rows belong to the share; nil are all.
func (s share) members(n, seed int) []bool {
	if s.whole() {
		return nil
	}
	at := func(percent float64) int { return int(math.Round(percent / 100 * float64(n))) }
	chosen := make([]bool, n)
	for _, row := range permutation(n, seed)[at(s.from):at(s.to)] {
		chosen[row] = true
	}
	return chosen
}

// permutation is an order of n rows, the same for each seed.
func permutation(n, seed int) []int {
	return rand.New(rand.NewPCG(uint64(seed), uint64(n))).Perm(n)
}

// Sample draws n of all of a task's examples by a seed, where it is 0 by the task's, and gives
// their places in order; nil are all, where n is 0 or not below their number. The built-in tasks'
// rows stand in a random order already: without a seed it takes the first of these.
func (t Task) Sample(all, n, seed int) []int {
	if n <= 0 || n >= all {
		return nil
	}
	if _, builtin := t.Builtin(); builtin && seed == 0 {
		first := make([]int, n)
		for i := range first {
			first[i] = i
		}
		return first
	}
	return drawn(all, n, cmp.Or(seed, t.Seed))
}

// drawn are n of the numbers below all, in order.
func drawn(all, n, seed int) []int {
	chosen := permutation(all, seed)[:n]
	slices.Sort(chosen)
	return chosen
}
