package pretrained

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Place says where a backbone's files are: in a folder in the hub's layout, or in one GGUF file;
// neither for nano, whose files are in the program.
type Place struct{ Folder, GGUF string }

// Find finds what a suite's backbone names: "nano", a GGUF file, a folder that holds a config.json
// and safetensors, a folder that holds one GGUF file, or a repository, ORG/NAME or
// ORG/NAME@REVISION, whose files are in the hub's cache.
func Find(name string) (Place, error) {
	if name == Nano {
		return Place{}, nil
	}
	info, err := os.Stat(name)
	if repository, ok := repositoryOf(name); err != nil && ok {
		return inHub(repository)
	}
	if err != nil {
		return Place{}, fmt.Errorf("no such file or folder; %s", bring(name))
	}
	if !info.IsDir() {
		if filepath.Ext(name) != ".gguf" {
			return Place{}, errors.New("is a file whose name does not end in .gguf; expected a GGUF file or a folder")
		}
		return Place{GGUF: name}, nil
	}
	return inFolder(name)
}

// inFolder looks into a folder. Where it has config.json and no safetensors, as repositories of
// GGUF files may, the GGUF file has the weights.
func inFolder(folder string) (Place, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return Place{}, err
	}
	var found []string
	config, safetensors := false, false
	for _, entry := range entries {
		switch name := entry.Name(); {
		case filepath.Ext(name) == ".gguf":
			found = append(found, filepath.Join(folder, name))
		case name == "config.json":
			config = true
		case filepath.Ext(name) == ".safetensors", name == weightsFile+".index.json":
			safetensors = true
		}
	}
	switch {
	case config && (safetensors || len(found) == 0):
		return Place{Folder: folder}, nil
	case len(found) == 0:
		return Place{}, errors.New("the folder has neither config.json, with tokenizer.json and *.safetensors, nor a GGUF file")
	case len(found) > 1:
		return Place{}, fmt.Errorf("the folder has %d GGUF files; name one of them: %s", len(found), strings.Join(found, ", "))
	}
	return Place{GGUF: found[0]}, nil
}
