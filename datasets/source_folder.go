package datasets

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// filesOfFolder finds a split's files in a folder of a data set.
func filesOfFolder(folder, split string) ([]string, error) {
	var sets []fileSet
	var other []string // files of another format, which can be converted
	for _, place := range []string{folder, filepath.Join(folder, "data")} {
		if !isFolder(place) {
			continue
		}
		names, err := listNames(place)
		if err != nil {
			return nil, fmt.Errorf("split %s: %w", split, err)
		}
		found, others := setsOf(place, names, split)
		sets, other = append(sets, found...), append(other, others...)
	}
	for _, place := range []string{filepath.Join(folder, split), filepath.Join(folder, "data", split)} {
		if !isFolder(place) {
			continue
		}
		names, err := listNames(place)
		if err != nil {
			return nil, fmt.Errorf("split %s: %w", split, err)
		}
		found, others := setsInside(place, names)
		sets, other = append(sets, found...), append(other, others...)
	}
	switch {
	case len(sets) == 1:
		return sets[0].files(split)
	case len(sets) > 1:
		var list []string
		for _, s := range sets {
			list = append(list, s.String())
		}
		return nil, fmt.Errorf("split %s of %s is there more than once: %s; remove all but one, or name one in `source`, as in %s",
			split, folder, strings.Join(list, "; "), filepath.Join(folder, "{split}.parquet"))
	case len(other) > 0:
		return nil, fmt.Errorf("split %s: %w", split, notParquet(filepath.Join(folder, other[0]), filepath.Base(other[0])))
	}
	hint := ""
	if known := splitsOfFolder(folder); len(known) > 0 {
		hint = fmt.Sprintf("; it has %s: say with `splits` which of them serves as %s (of held_out with `split`)", few(known), split)
	}
	return nil, fmt.Errorf("no file of split %s in %s: looked for %[5]s, %[1]s-00000-of-….parquet, %[1]s-0.parquet and so on, there and in data/, and for files in %[1]s/; %[3]s%[4]s",
		split, folder, there(folder), hint, filepath.Join(folder, split+".parquet"))
}

// fileSet are files that hold a split together.
type fileSet struct {
	folder string
	of     int // how many there should be, by the names; 0 where they do not say
	names  []string
	number []int // of each name; nil where they have none
}

// String names the files.
func (s fileSet) String() string {
	names := make([]string, len(s.names))
	for i, name := range s.names {
		names[i] = filepath.Join(filepath.Base(s.folder), name)
	}
	return few(names)
}

// files are the paths in the order of the numbers, all of which must be there.
func (s fileSet) files(split string) ([]string, error) {
	order := make([]int, len(s.names))
	for i := range order {
		order[i] = i
	}
	if s.number != nil {
		slices.SortFunc(order, func(a, b int) int { return s.number[a] - s.number[b] })
		first, last := min(s.number[order[0]], 1), s.number[order[len(order)-1]] // some count from 1
		if s.of > 0 && last < s.of {
			first = 0
		}
		n := max(s.of, last-first+1)
		var missing []string
		for i, at := first, 0; i < first+n; i++ {
			for at < len(order) && s.number[order[at]] < i {
				at++
			}
			if at == len(order) || s.number[order[at]] != i {
				missing = append(missing, strconv.Itoa(i))
			}
		}
		promised := "are numbered to " + strconv.Itoa(first+n-1)
		if s.of > 0 {
			promised = fmt.Sprintf("promise %d files", s.of)
		}
		if len(missing) > 0 {
			return nil, fmt.Errorf("split %s of %s: the names %s, but of these number %s is missing; there is %s", split, s.folder, promised, few(missing), s)
		}
		if len(order) > n {
			return nil, fmt.Errorf("split %s of %s: the names %s, but there are %d: %s", split, s.folder, promised, len(order), s)
		}
	}
	files := make([]string, len(order))
	for i, at := range order {
		files[i] = filepath.Join(s.folder, s.names[at])
	}
	return files, nil
}

// After SPLIT- stands which of how many files it is, sometimes with a hash after it, or its number
// alone.
var (
	shardName  = regexp.MustCompile(`^(\d+)-of-(\d+)(-[0-9a-f]{8,})?$`)
	numberName = regexp.MustCompile(`^(?:part-?)?(\d+)$`)
	shardOf    = regexp.MustCompile(`[-_.]\d+(-of-\d+(-[0-9a-f]{8,})?)?$`)
	// Spark and others write part-00000-JOB-c000.snappy.parquet into a folder of their own.
	sparkName = regexp.MustCompile(`^part-(\d+)(?:-([0-9a-f]{8}-[0-9a-f-]{27}))?(?:[-.]c(\d+))?(?:\.[a-z0-9]+)?$`)
)

// convertible are the endings of files that data convert reads.
var convertible = []string{".jsonl", ".json", ".csv", ".tsv"}

// setsOf sorts the files of a split that stand in a folder beside those of others.
func setsOf(folder string, names []string, split string) (sets []fileSet, other []string) {
	groups := map[string]*fileSet{}
	for _, name := range names {
		stem, isParquet := strings.CutSuffix(name, ".parquet")
		rest, isSplit := strings.CutPrefix(stem, split)
		if !isParquet {
			if base, _, _ := strings.Cut(name, "."); base == split && slices.Contains(convertible, filepath.Ext(name)) {
				other = append(other, name)
			}
			continue
		}
		if !isSplit {
			continue
		}
		if rest == "" {
			put(groups, folder, "0", 0, name, -1)
			continue
		}
		if rest[0] != '-' && rest[0] != '_' && rest[0] != '.' {
			continue
		}
		putNumbered(groups, folder, rest[1:], name)
	}
	return sorted(groups), other
}

// setsInside sorts the files of a folder that holds one split.
func setsInside(folder string, names []string) (sets []fileSet, other []string) {
	groups := map[string]*fileSet{}
	for _, name := range names {
		stem, isParquet := strings.CutSuffix(name, ".parquet")
		if !isParquet {
			if slices.Contains(convertible, filepath.Ext(name)) {
				other = append(other, filepath.Join(filepath.Base(folder), name))
			}
			continue
		}
		if putNumbered(groups, folder, stem, name) {
			continue
		}
		if i := strings.LastIndex(stem, "-of-"); i > 0 { // NAME-00000-of-00002
			if j := strings.LastIndexAny(stem[:i], "-_."); j > 0 && putNumbered(groups, folder, stem[j+1:], name) {
				continue
			}
		}
		if m := sparkName.FindStringSubmatch(stem); m != nil {
			put(groups, folder, "job "+m[2], 0, name, -1)
			continue
		}
		put(groups, folder, "any", 0, name, -1)
	}
	return sorted(groups), other
}

// putNumbered puts a file into the group that its name's end says; false where it is no number.
func putNumbered(groups map[string]*fileSet, folder, end, name string) bool {
	if m := shardName.FindStringSubmatch(end); m != nil {
		of, err := strconv.Atoi(m[2])
		number, err2 := strconv.Atoi(m[1])
		if err != nil || err2 != nil {
			return false
		}
		put(groups, folder, fmt.Sprintf("of %d", of), of, name, number)
		return true
	}
	if m := numberName.FindStringSubmatch(end); m != nil {
		number, err := strconv.Atoi(m[1])
		if err != nil {
			return false
		}
		put(groups, folder, "numbered", 0, name, number)
		return true
	}
	return false
}

func put(groups map[string]*fileSet, folder, key string, of int, name string, number int) {
	s := groups[key]
	if s == nil {
		s = &fileSet{folder: folder, of: of}
		groups[key] = s
	}
	s.names = append(s.names, name)
	if number >= 0 {
		s.number = append(s.number, number)
	}
}

func sorted(groups map[string]*fileSet) (sets []fileSet) {
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		sets = append(sets, *groups[key])
	}
	return sets
}

// splitsOfFolder guesses from the names of files and folders which splits a folder has.
func splitsOfFolder(folder string) []string {
	found := map[string]bool{}
	for _, place := range []string{folder, filepath.Join(folder, "data")} {
		names, _ := listNames(place)
		for _, name := range names {
			stem, isParquet := strings.CutSuffix(name, ".parquet")
			if !isParquet {
				continue
			}
			found[shardOf.ReplaceAllString(stem, "")] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
