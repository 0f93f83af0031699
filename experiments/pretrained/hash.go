package pretrained

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"secura/experiments/rundir"
	"secura/methods/backbone/nano"
	"secura/methods/weights"
)

// Hash names a backbone's files by their content, those of its chat template only if it is used.
func Hash(name string, conversation bool) ([]rundir.File, error) {
	wrap := func(err error) error { return fmt.Errorf("hash backbone %s: %w", name, err) }
	if name == Nano {
		var list []rundir.File
		for _, file := range Files {
			data, err := fs.ReadFile(nano.Files(), file)
			if err != nil {
				return nil, wrap(err)
			}
			list = append(list, rundir.HashBytes("nano/"+file, data))
		}
		return list, nil
	}
	place, err := Find(name)
	if err != nil {
		return nil, wrap(err)
	}
	paths := []string{place.GGUF}
	if place.GGUF == "" {
		if paths, err = folderFiles(place.Folder, conversation); err != nil {
			return nil, wrap(err)
		}
	}
	list := make([]rundir.File, len(paths))
	for i, path := range paths {
		if list[i], err = rundir.HashFile(path); err != nil {
			return nil, wrap(err)
		}
		list[i].Path = "backbone/" + filepath.Base(path)
	}
	return list, nil
}

// folderFiles lists the files that decide the numbers of a backbone in the hub's layout; of weights
// in shards, the index and the shards that it names.
func folderFiles(folder string, conversation bool) ([]string, error) {
	var paths []string
	for _, file := range Files {
		if file != weightsFile {
			paths = append(paths, filepath.Join(folder, file))
			continue
		}
		held, err := weights.DirFiles(folder)
		if err != nil {
			return nil, err
		}
		for _, name := range held {
			paths = append(paths, filepath.Join(folder, name))
		}
	}
	further := []string{"generation_config.json"}
	if conversation {
		further = append(further, "tokenizer_config.json", "chat_template.jinja")
	}
	for _, file := range further {
		path := filepath.Join(folder, file)
		if _, err := os.Stat(path); err == nil {
			paths = append(paths, path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return paths, nil
}
