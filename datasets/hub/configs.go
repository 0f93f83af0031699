package hub

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// cardConfig is an entry of `configs` in the metadata of a data set's README: which files are which
// split.
type cardConfig struct {
	Name      string          `json:"config_name"`
	DataDir   string          `json:"data_dir"`
	DataFiles json.RawMessage `json:"data_files"`
	Default   bool            `json:"default"`
}

// dataFile is a split and the patterns of its files.
type dataFile struct {
	split    string
	patterns []string
}

// files reads data_files in each of its forms: a pattern, a list of patterns, a list of splits with
// their paths, or a mapping of splits to paths. Without a split it is train, as in the Python
// library.
func (c cardConfig) files() (list []dataFile, err error) {
	if patterns, ok := patternsOf(c.DataFiles); ok {
		return []dataFile{{"train", patterns}}, nil
	}
	var entries []struct {
		Split string          `json:"split"`
		Path  json.RawMessage `json:"path"`
	}
	if json.Unmarshal(c.DataFiles, &entries) == nil {
		for _, e := range entries {
			patterns, ok := patternsOf(e.Path)
			if !ok || e.Split == "" {
				return nil, fmt.Errorf("its README's configuration %s has data_files that cannot be read: %.100s", c.Name, c.DataFiles)
			}
			list = append(list, dataFile{e.Split, patterns})
		}
		return list, nil
	}
	var bySplit map[string]json.RawMessage
	if err := json.Unmarshal(c.DataFiles, &bySplit); err != nil {
		return nil, fmt.Errorf("its README's configuration %s has data_files that cannot be read: %.100s", c.Name, c.DataFiles)
	}
	for split, value := range bySplit {
		patterns, ok := patternsOf(value)
		if !ok {
			return nil, fmt.Errorf("its README's configuration %s has data_files that cannot be read: %.100s", c.Name, value)
		}
		list = append(list, dataFile{split, patterns})
	}
	slices.SortFunc(list, func(a, b dataFile) int { return strings.Compare(a.split, b.split) })
	return list, nil
}

func patternsOf(value json.RawMessage) ([]string, bool) {
	var one string
	if json.Unmarshal(value, &one) == nil && one != "" {
		return []string{one}, true
	}
	var list []string
	return list, json.Unmarshal(value, &list) == nil && len(list) > 0
}

// globOf is a pattern of paths: * is any text of a name, ** any text.
func globOf(pattern string) (*regexp.Regexp, error) {
	var out strings.Builder
	out.WriteString("^")
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case strings.HasPrefix(pattern[i:], "**/"):
			out.WriteString("(?:.*/)?")
			i += 2
		case strings.HasPrefix(pattern[i:], "**"):
			out.WriteString(".*")
			i++
		case c == '*':
			out.WriteString("[^/]*")
		case c == '?':
			out.WriteString("[^/]")
		case c == '[':
			end := strings.IndexByte(pattern[i:], ']')
			if end < 0 {
				return nil, fmt.Errorf("the pattern %q of its README has no ]", pattern)
			}
			out.WriteString(strings.Replace(pattern[i:i+end+1], "[!", "[^", 1))
			i += end
		default:
			out.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	glob, err := regexp.Compile(out.String() + "$")
	if err != nil {
		return nil, fmt.Errorf("the pattern %q of its README: %w", pattern, err)
	}
	return glob, nil
}

// cardSplits are the configurations that a README names, and their Parquet files by split. unread
// are files of theirs in other formats. nil where the README names none with files.
func cardSplits(l listing) (found map[string]map[string][]string, unread []string, standard string, err error) {
	var configs []cardConfig
	if len(l.configs) == 0 || string(l.configs) == "null" || json.Unmarshal(l.configs, &configs) != nil {
		return nil, nil, "", nil
	}
	for _, c := range configs {
		if len(c.DataFiles) == 0 || string(c.DataFiles) == "null" {
			continue
		}
		files, err := c.files()
		if err != nil {
			return nil, nil, "", err
		}
		if c.Default || c.Name == "default" {
			standard = c.Name
		}
		for _, f := range files {
			for _, pattern := range f.patterns {
				glob, err := globOf(path.Join(c.DataDir, pattern))
				if err != nil {
					return nil, nil, "", err
				}
				for _, file := range l.files {
					switch {
					case !glob.MatchString(file):
					case path.Ext(file) != ".parquet":
						unread = append(unread, file)
					default:
						if found == nil {
							found = map[string]map[string][]string{}
						}
						if found[c.Name] == nil {
							found[c.Name] = map[string][]string{}
						}
						if !slices.Contains(found[c.Name][f.split], file) {
							found[c.Name][f.split] = append(found[c.Name][f.split], file)
						}
					}
				}
			}
		}
	}
	return found, unread, standard, nil
}
