package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// splitFile is how data sets name the files of a split: test.parquet, test-00000-of-00002.parquet.
var splitFile = regexp.MustCompile(`^(train|validation|test)(-[^/]*)?\.parquet$`)

// splitFolder is how conversions do: test/0000.parquet.
var splitFolder = regexp.MustCompile(`^(train|validation|test)$`)

// splits groups a repository's Parquet files by configuration, "" for the only one without a name, and split.
func splits(files []string) map[string]map[string][]string {
	found := map[string]map[string][]string{}
	for _, file := range slices.Sorted(slices.Values(files)) {
		folder := path.Dir(file)
		var split string
		switch match := splitFile.FindStringSubmatch(path.Base(file)); {
		case match != nil:
			split = match[1]
		case path.Ext(file) == ".parquet" && splitFolder.MatchString(path.Base(folder)):
			split, folder = path.Base(folder), path.Dir(folder)
		default:
			continue
		}
		if folder == "." || folder == "data" {
			folder = ""
		}
		if found[folder] == nil {
			found[folder] = map[string][]string{}
		}
		found[folder][split] = append(found[folder][split], file)
	}
	return found
}

// chooseSplits takes one configuration's splits.
func chooseSplits(files []string, configuration string) (map[string][]string, error) {
	found := splits(files)
	names := slices.Sorted(maps.Keys(found))
	switch chosen, ok := found[configuration]; {
	case len(found) == 0:
		return nil, errors.New("it has no Parquet files named by train, validation or test; -revision refs/convert/parquet has those of most data sets")
	case ok:
		return chosen, nil
	case configuration != "":
		return nil, fmt.Errorf("it has no configuration %q; it has %s", configuration, strings.Join(names, ", "))
	case len(found) == 1:
		return found[names[0]], nil
	default:
		return nil, fmt.Errorf("it has several configurations; name one with -config: %s", strings.Join(names, ", "))
	}
}

// FetchDataset brings the Parquet files of a data set into dir/NAME/SPLIT-I-of-N.parquet, which is where a task with the
// source NAME looks for them, and returns them by split. The files are shared with the hub's cache where the file
// system can do so, else copied.
func (h *Hub) FetchDataset(ctx context.Context, r Repository, configuration, dir string) (map[string][]string, error) {
	var chosen map[string][]string
	snapshot, err := h.Download(ctx, r, func(files []string) ([]string, error) {
		var err error
		if chosen, err = chooseSplits(files, configuration); err != nil {
			return nil, err
		}
		return slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Values(chosen))...))), nil
	})
	if err != nil {
		return nil, err
	}
	_, name, _ := strings.Cut(r.Name, "/")
	folder := filepath.Join(dir, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("fetch data set %s: %w", r.Name, err)
	}
	written, sources := map[string][]string{}, map[string]string{}
	for split, files := range chosen {
		for i, file := range files {
			to := filepath.Join(folder, fmt.Sprintf("%s-%05d-of-%05d.parquet", split, i, len(files)))
			written[split], sources[to] = append(written[split], to), filepath.Join(snapshot, filepath.FromSlash(file))
		}
	}
	if err := checkFolder(folder, sources); err != nil {
		return nil, fmt.Errorf("fetch data set %s: %w", r.Name, err)
	}
	for _, to := range slices.Sorted(maps.Keys(sources)) {
		if err := share(sources[to], to); err != nil {
			return nil, fmt.Errorf("fetch data set %s: %w", r.Name, err)
		}
	}
	return written, nil
}

// checkFolder refuses other Parquet files, which a task would read as part of the data set.
func checkFolder(folder string, ours map[string]string) error {
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if _, known := ours[path]; !known && filepath.Ext(path) == ".parquet" {
			return fmt.Errorf("%s is not of this revision and configuration; remove it or give another folder", path)
		}
	}
	return err
}

// share makes to the same file as from, or a copy of it; what was there is replaced whole.
func share(from, to string) error {
	content, err := filepath.EvalSymlinks(from)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(filepath.Dir(to), ".scratch-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	file := filepath.Join(scratch, "file")
	if os.Link(content, file) != nil {
		if err := copyFile(content, file); err != nil {
			return err
		}
	}
	return os.Rename(file, to)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
