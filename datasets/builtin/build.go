// Package builtin makes the tasks, the knowledge battery and the pretraining text that come with
// the program. In come typed tables of facts and fixed seeds; out come the same rows and the same
// text at each call. Its Parquet files are embedded, and Build makes them again, byte for byte. A
// test holds that no test item stands in training rows or in the text. Read Build first.
package builtin

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed data
var embedded embed.FS

// Names lists the tasks of the stream, family by family, and then the two halves of the knowledge
// battery.
func Names() []string {
	var names []string
	for _, t := range slices.Concat(tasks(), batteryTasks()) {
		names = append(names, t.name)
	}
	return names
}

// File is the embedded Parquet file of a task's split. The battery has a test split only; no other
// split, and no other name, is known.
func File(name, split string) ([]byte, error) {
	names := Names()
	if !slices.Contains(names, name) {
		return nil, fmt.Errorf("there is no built-in task %q; there are %s", name, strings.Join(names, ", "))
	}
	data, err := embedded.ReadFile("data/" + name + "/" + split + ".parquet")
	if err != nil {
		return nil, fmt.Errorf("the built-in task %s has no split %q; splits are %s, and of the knowledge battery test alone: %w",
			name, split, strings.Join(Splits, ", "), err)
	}
	return data, nil
}

// Build makes every built-in task and writes DIR/NAME/SPLIT.parquet, byte for byte the files that
// are in the program.
func Build(dir string) error {
	for _, t := range slices.Concat(tasks(), batteryTasks()) {
		splits := t.splits()
		for _, split := range Splits {
			items := splits[split]
			if len(items) == 0 {
				continue
			}
			data, err := encode(items)
			if err != nil {
				return fmt.Errorf("build %s of %s: %w", split, t.name, err)
			}
			path := filepath.Join(dir, t.name, split+".parquet")
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return fmt.Errorf("build %s: %w", path, err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				return fmt.Errorf("build %s: %w", path, err)
			}
		}
	}
	return nil
}
