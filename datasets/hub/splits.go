package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// splitFile is how data sets name the files of a split: test.parquet, test-00000-of-00002.parquet,
// test-0.parquet.
var splitFile = regexp.MustCompile(`^(train|validation|test|(?:.+?)(?:-\d+-of-\d+))(-[^/]*)?\.parquet$`)

// shardOf stands after a split's name.
var shardOf = regexp.MustCompile(`-\d+-of-\d+$`)

// splitFolder is how conversions do: test/0000.parquet, and partial-train/0000.parquet of a set
// that was converted in part.
var splitFolder = regexp.MustCompile(`^(partial-)?(train|validation|test)$`)

// numbered is a file of such a folder.
var numbered = regexp.MustCompile(`^\d+\.parquet$`)

// splits groups a repository's Parquet files by configuration, "" for the only one without a name,
// and split; other are those whose names tell of no split.
func splits(files []string) (found map[string]map[string][]string, other []string) {
	found = map[string]map[string][]string{}
	for _, file := range slices.Sorted(slices.Values(files)) {
		folder, name := path.Dir(file), path.Base(file)
		var split string
		switch match := splitFile.FindStringSubmatch(name); {
		case path.Ext(file) != ".parquet":
			continue
		case match != nil:
			split = shardOf.ReplaceAllString(match[1], "")
		case splitFolder.MatchString(path.Base(folder)) || numbered.MatchString(name) && strings.Contains(folder, "/"):
			split, folder = path.Base(folder), path.Dir(folder)
		default:
			other = append(other, file)
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
	return found, other
}

// chooseSplits takes one configuration's splits: as the README's metadata says, else by the names
// of the files. leftOut are the configuration's files that are not fetched.
func chooseSplits(l listing, configuration string) (chosen map[string][]string, leftOut []string, err error) {
	found, unread, standard, err := cardSplits(l)
	if err != nil {
		return nil, nil, err
	}
	if found != nil {
		leftOut = unread
		if configuration == "" && len(found) > 1 && standard != "" {
			configuration = standard
		}
	} else {
		found, leftOut = splits(l.files)
	}
	names := slices.Sorted(maps.Keys(found))
	switch one, ok := found[configuration]; {
	case len(found) == 0 && len(unread) > 0:
		return nil, nil, fmt.Errorf("its README names files of other formats alone, such as %s; -revision refs/convert/parquet has Parquet files of most data sets, and `runner data convert` makes them of JSON and CSV", unread[0])
	case len(found) == 0:
		return nil, nil, errors.New("it has no Parquet files named by a split such as train, validation or test; -revision refs/convert/parquet has those of most data sets")
	case ok:
		return one, leftOut, nil
	case configuration != "":
		return nil, nil, fmt.Errorf("it has no configuration %q; it has %s", configuration, strings.Join(names, ", "))
	case len(found) == 1:
		return found[names[0]], leftOut, nil
	default:
		return nil, nil, fmt.Errorf("it has several configurations; name one with -config: %s", strings.Join(names, ", "))
	}
}

// Fetched tells of a data set in a folder for -data.
type Fetched struct {
	// Folder is where its files lie, DIR/NAME or DIR/NAME/CONFIG: the source of a task.
	Folder string
	// Files are the files of each split.
	Files map[string][]string
	// LeftOut are files of the repository that no split was made of.
	LeftOut []string
}

// FetchDataset brings the Parquet files of a data set into dir/NAME/SPLIT-I-of-N.parquet, which is
// where a task with the source NAME looks for them. Which files are which split is what the
// README's metadata says (configs), else what the files' names say; every split is fetched. A
// second configuration or revision goes beside the first, into dir/NAME/CONFIG. Beside them lie the
// README, and the name and commit, which ReadCard reads. The files are shared with the hub's cache
// where the file system can do so, else copied.
func (h *Hub) FetchDataset(ctx context.Context, r Repository, configuration, dir string) (Fetched, error) {
	var chosen map[string][]string
	var out Fetched
	snapshot, err := h.download(ctx, r, func(l listing) ([]string, error) {
		var err error
		if chosen, out.LeftOut, err = chooseSplits(l, configuration); err != nil {
			return nil, err
		}
		wanted := slices.Concat(slices.Collect(maps.Values(chosen))...)
		if slices.Contains(l.files, readmeFile) {
			wanted = append(wanted, readmeFile)
		}
		return slices.Sorted(slices.Values(wanted)), nil
	})
	if err != nil {
		return Fetched{}, fmt.Errorf("download %s %s: %w", r.Kind, r.Name, err)
	}
	_, name, _ := strings.Cut(r.Name, "/")
	wrong := func(err error) (Fetched, error) { return Fetched{}, fmt.Errorf("fetch data set %s: %w", r.Name, err) }
	names := map[string]string{} // of the files in the snapshot
	out.Files = map[string][]string{}
	for split, files := range chosen {
		if !localPath(split) || strings.Contains(split, "/") {
			return wrong(fmt.Errorf("%q is no split's name", split))
		}
		for i, file := range files {
			to := fmt.Sprintf("%s-%05d-of-%05d.parquet", split, i, len(files))
			out.Files[split] = append(out.Files[split], to)
			names[to] = filepath.Join(snapshot, filepath.FromSlash(file))
		}
	}
	out.Folder = filepath.Join(dir, name)
	other, err := otherFile(out.Folder, names)
	if err == nil && other != "" && configuration != "" {
		if !localPath(configuration) {
			return wrong(fmt.Errorf("%q is no configuration's name", configuration))
		}
		out.Folder = filepath.Join(out.Folder, filepath.FromSlash(configuration))
		other, err = otherFile(out.Folder, names)
	}
	if err != nil {
		return wrong(err)
	}
	if other != "" {
		return wrong(fmt.Errorf("%s is not of this revision and configuration; remove it or give another folder", other))
	}
	if err := os.MkdirAll(out.Folder, 0o755); err != nil {
		return wrong(err)
	}
	for _, split := range slices.Sorted(maps.Keys(out.Files)) {
		for i, to := range out.Files[split] {
			out.Files[split][i] = filepath.Join(out.Folder, to)
			if err := share(names[to], out.Files[split][i]); err != nil {
				return wrong(err)
			}
		}
	}
	if err := keepCard(r, snapshot, out.Folder); err != nil {
		return wrong(err)
	}
	return out, nil
}

// otherFile is a Parquet file in a folder that is none of ours, by its name or its content; ""
// where there is none.
func otherFile(folder string, ours map[string]string) (string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	for _, entry := range entries {
		file := filepath.Join(folder, entry.Name())
		if filepath.Ext(file) != ".parquet" {
			continue
		}
		from, known := ours[entry.Name()]
		if !known {
			return file, nil
		}
		if same, err := sameContent(from, file); err != nil || !same {
			return file, err
		}
	}
	return "", err
}

// sameContent compares two files: sizes first, then bytes.
func sameContent(a, b string) (bool, error) {
	x, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer x.Close()
	y, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer y.Close()
	i, err := x.Stat()
	if err != nil {
		return false, err
	}
	j, err := y.Stat()
	if err != nil || os.SameFile(i, j) || i.Size() != j.Size() {
		return err == nil && i.Size() == j.Size(), err
	}
	p, q := make([]byte, 1<<16), make([]byte, 1<<16)
	for {
		n, err := io.ReadFull(x, p)
		m, other := io.ReadFull(y, q)
		if n != m || !bytes.Equal(p[:n], q[:m]) {
			return false, nil
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return true, nil
		}
		if err := errors.Join(err, other); err != nil {
			return false, err
		}
	}
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
