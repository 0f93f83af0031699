package datasets

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Files finds the Parquet files of a split, in the order of their numbers. A relative source lies
// below dir.
//
// Source is a file's path with {split} in it, which may have * in its last element for any text, or
// a folder. In a folder they are SPLIT.parquet, or SPLIT-00000-of-00002.parquet and so on, or
// SPLIT-0.parquet and so on, there or in its folder data, or all files of its folder SPLIT. Names
// that begin with a point or an underscore are passed over.
//
// It is an error, which lists what was found, where files are missing that a name promises, where
// files of several such forms stand beside each other, and where there are none. A built-in task
// has no files of its own. A split that Allow refuses is not looked for. Where the task's Splits
// say so, they are those of another split of the source.
func (t Task) Files(dir, split string) ([]string, error) {
	files, err := t.files(dir, split)
	if err != nil {
		return nil, fmt.Errorf("task %s: %w", t.Name, err)
	}
	return files, nil
}

func (t Task) files(dir, split string) ([]string, error) {
	if err := t.allow(split); err != nil {
		return nil, err
	}
	if name, ok := t.Builtin(); ok {
		return nil, fmt.Errorf("the rows of builtin:%s are in the program, not in files", name)
	}
	part, err := t.Splits.share(split)
	if err != nil {
		return nil, err
	}
	files, err := findFiles(t.path(dir), part.split)
	if err != nil && !filepath.IsAbs(t.Source) {
		err = fmt.Errorf("%w; the source %s is relative to the data folder %s, which -data names", err, t.Source, filepath.Clean(dir))
	}
	return files, err
}

// path is where the source lies.
func (t Task) path(dir string) string {
	if filepath.IsAbs(t.Source) {
		return t.Source
	}
	return filepath.Join(dir, t.Source)
}

func findFiles(path, split string) ([]string, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return filesOfFolder(path, split)
	case err == nil && !strings.Contains(filepath.Base(path), "{split}"):
		return []string{path}, nil
	}
	path = strings.ReplaceAll(path, "{split}", split)
	if _, err := os.Stat(path); err == nil {
		return []string{path}, nil
	}
	folder, pattern := filepath.Split(path)
	var files []string
	if strings.Contains(pattern, "*") {
		names, err := listNames(folder)
		if err != nil {
			return nil, fmt.Errorf("no file of split %s: %w", split, err)
		}
		for _, name := range names {
			if matches(pattern, name) {
				files = append(files, filepath.Join(folder, name))
			}
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no file of split %s: looked for %s; %s", split, path, there(folder))
	}
	return files, nil
}

// matches says whether a name is a pattern with any text for each *.
func matches(pattern, name string) bool {
	ok, _ := path.Match(starsAlone.Replace(pattern), name)
	return ok
}

// starsAlone takes from path.Match's other signs what they mean there.
var starsAlone = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `?`, `\?`)

// listNames are the sorted names of a folder's files that may hold data; a program's own begin with
// a point or an underscore, such as ._train.parquet of macOS and _SUCCESS of Spark.
func listNames(folder string) (names []string, err error) {
	if folder == "" {
		folder = "."
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(e.Name(), "_") && !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// there says what a folder holds, for the error that nothing was found.
func there(folder string) string {
	entries, err := os.ReadDir(filepath.Clean(folder))
	if err != nil {
		return fmt.Sprintf("there is no folder %s", filepath.Clean(folder))
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name()+"/")
		} else if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "the folder is empty"
	}
	return "there is " + few(names)
}

// few lists names, and counts those past the eighth.
func few(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// isFolder says whether a path is one.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
