package experiments

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"secura/datasets/hub"
)

// backbonePlace says where a backbone's files are: in a folder in the hub's layout, or in one GGUF file; neither for
// nano, whose files are in the program.
type backbonePlace struct{ folder, gguf string }

// findBackbone finds what a suite's backbone names: "nano", a GGUF file, a folder that holds a config.json, a folder
// that holds one GGUF file, or a repository, ORG/NAME, whose files are in the hub's cache.
func findBackbone(name string) (backbonePlace, error) {
	if name == nanoName {
		return backbonePlace{}, nil
	}
	info, err := os.Stat(name)
	if err != nil && hub.ValidName(name) {
		return hubBackbone(name)
	}
	if err != nil {
		return backbonePlace{}, fmt.Errorf("no such file or folder; %s", bringBackbone(name))
	}
	if !info.IsDir() {
		if filepath.Ext(name) != ".gguf" {
			return backbonePlace{}, errors.New("is a file whose name does not end in .gguf; expected a GGUF file or a folder")
		}
		return backbonePlace{gguf: name}, nil
	}
	return backboneIn(name)
}

// backboneIn looks into a folder.
func backboneIn(folder string) (backbonePlace, error) {
	if _, err := os.Stat(filepath.Join(folder, "config.json")); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return backbonePlace{folder: folder}, err
	}
	var found []string
	entries, err := os.ReadDir(folder)
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == ".gguf" {
			found = append(found, filepath.Join(folder, entry.Name()))
		}
	}
	switch {
	case err != nil:
		return backbonePlace{}, err
	case len(found) == 0:
		return backbonePlace{}, errors.New("the folder has neither config.json, with tokenizer.json and *.safetensors, nor a GGUF file")
	case len(found) > 1:
		return backbonePlace{}, fmt.Errorf("the folder has %d GGUF files; name one of them: %s", len(found), strings.Join(found, ", "))
	}
	return backbonePlace{gguf: found[0]}, nil
}
