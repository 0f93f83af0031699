package datasets

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files finds the Parquet files of a split, sorted by name. A relative source
// lies below dir. A built-in task has no files of its own, and none found is
// an error that names where was looked. A split that Allow refuses is not
// looked for.
func (t Task) Files(dir, split string) ([]string, error) {
	if err := t.Allow(split); err != nil {
		return nil, err
	}
	if name, ok := t.Builtin(); ok {
		return nil, fmt.Errorf("task %s: the rows of builtin:%s are in the program, not in files", t.Name, name)
	}
	path := t.Source
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	var patterns []string
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		for _, form := range []string{"{split}.parquet", "{split}-*.parquet", "{split}/*.parquet", "data/{split}-*.parquet"} {
			patterns = append(patterns, filepath.Join(path, form))
		}
	} else {
		patterns = []string{path}
	}
	for i, pattern := range patterns {
		patterns[i] = strings.ReplaceAll(pattern, "{split}", split)
		files, err := filepath.Glob(patterns[i])
		if err != nil {
			return nil, fmt.Errorf("task %s: source %s: %w", t.Name, t.Source, err)
		}
		if len(files) > 0 {
			slices.Sort(files)
			return files, nil
		}
	}
	base := ""
	if !filepath.IsAbs(t.Source) {
		base = fmt.Sprintf("; the source %s is relative to the data folder %s, which -data names", t.Source, filepath.Clean(dir))
	}
	return nil, fmt.Errorf("task %s: no file of split %s; looked for %s%s", t.Name, split, strings.Join(patterns, ", "), base)
}
