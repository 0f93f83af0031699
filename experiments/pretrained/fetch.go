package pretrained

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"secura/datasets/hub"
	"secura/methods/weights"
)

// optionalFiles are read of a backbone's folder where they are there. The README has the license.
var optionalFiles = []string{"generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "README.md"}

// Fetch downloads what a suite's backbone names into the hub's cache, if it is a repository's name,
// is no file or folder here, and is not in the cache whole. Of one whose weights are there it asks
// for the optional files that are not; what cannot be reached is told, and the backbone used as it
// is. goesOn is for a run that goes on: it keeps the files that it began with.
func Fetch(ctx context.Context, name string, goesOn bool, log io.Writer) error {
	repository, ok := onHub(name)
	if !ok {
		return nil
	}
	h, err := hub.New(os.Getenv, log)
	if err != nil {
		return fmt.Errorf("backbone %s: %w", name, err)
	}
	if snapshot, err := h.Snapshot(repository); err == nil && whole(snapshot) {
		if place, err := inFolder(snapshot); err != nil || place.GGUF != "" || goesOn {
			return nil
		}
		if err := h.Complete(ctx, repository, optionalFiles); err != nil && ctx.Err() == nil {
			fmt.Fprintf(log, "backbone %s: %v; it is used as it is in the hub's cache\n", name, err)
		}
		return ctx.Err()
	}
	_, err = h.Download(ctx, repository, chooseFiles)
	if err != nil && ctx.Err() == nil && !errors.Is(err, hub.ErrOffline) { // offline, find says what to do
		return fmt.Errorf("backbone %s is no file or folder here: %w; where the hub cannot be reached, %s", name, err, bring(repository.Name))
	}
	return ctx.Err()
}

// repositoryOf is the repository of the hub that a text could name: ORG/NAME, or ORG/NAME@REVISION.
func repositoryOf(text string) (hub.Repository, bool) {
	name, revision, given := strings.Cut(text, "@")
	return hub.Repository{Kind: hub.Model, Name: name, Revision: revision}, hub.ValidName(name) && given == (revision != "")
}

// onHub says whether a backbone is one of the hub's, and no file or folder here.
func onHub(name string) (hub.Repository, bool) {
	repository, ok := repositoryOf(name)
	if !ok {
		return repository, false
	}
	_, err := os.Stat(name)
	return repository, err != nil
}

// Revision is the commit that a backbone of the hub has in the hub's cache now; false for other
// backbones, and for one that is not there.
func Revision(name string) (commit string, ok bool) {
	repository, ok := onHub(name)
	if !ok {
		return "", false
	}
	h, err := hub.New(os.Getenv, nil)
	if err != nil {
		return "", false
	}
	snapshot, err := h.Snapshot(repository)
	return filepath.Base(snapshot), err == nil
}

// bring says what to do for a backbone that is not there.
func bring(name string) string {
	if path.Ext(name) == ".gguf" {
		return "give the path of the GGUF file with -backbone, or start where it lies"
	}
	return fmt.Sprintf("put config.json, tokenizer.json and the *.safetensors files of its repository into a folder %s, or give their folder, or a GGUF file, with -backbone", name)
}

// inHub finds a repository in the hub's cache.
func inHub(repository hub.Repository) (Place, error) {
	h, err := hub.New(os.Getenv, nil)
	if err != nil {
		return Place{}, err
	}
	snapshot, err := h.Snapshot(repository)
	if errors.Is(err, fs.ErrNotExist) && repository.Revision != "" {
		return Place{}, fmt.Errorf("no such file or folder, and revision %s of %s is not in the hub's cache %s; where the hub can be reached, run and eval download it",
			repository.Revision, repository.Name, h.Cache())
	}
	if errors.Is(err, fs.ErrNotExist) {
		return Place{}, fmt.Errorf("no such file or folder, and not in the hub's cache %s; %s", h.Cache(), bring(repository.Name))
	}
	if err != nil {
		return Place{}, err
	}
	return inFolder(snapshot)
}

// whole says whether a snapshot has every file that Open must have.
func whole(folder string) bool {
	place, err := inFolder(folder)
	if err != nil || place.GGUF != "" {
		return err == nil
	}
	if _, err := os.Stat(filepath.Join(folder, "tokenizer.json")); err != nil {
		return false
	}
	file, err := weights.OpenDir(folder) // reads the shards' headers
	if err != nil {
		return false
	}
	file.Close()
	return true
}

// chooseFiles picks what Open, and later an export, read of a model's repository: the weights once,
// as safetensors, whole or in shards, or else the only GGUF file.
func chooseFiles(files []string) ([]string, error) {
	var chosen, shards, others, gguf []string
	for _, file := range files {
		switch {
		case strings.Contains(file, "/"):
		case file == "config.json", file == "tokenizer.json", slices.Contains(optionalFiles, file):
			chosen = append(chosen, file)
		case file == weightsFile+".index.json", matches("model-*-of-*.safetensors", file):
			shards = append(shards, file)
		case matches("*.safetensors", file) && !matches("consolidated*", file): // an index may name shards as it likes
			others = append(others, file)
		case path.Ext(file) == ".gguf":
			gguf = append(gguf, file)
		}
	}
	switch {
	case slices.Contains(files, weightsFile):
		return append(chosen, weightsFile), nil
	case len(shards) > 1:
		return append(chosen, shards...), nil
	case slices.Contains(shards, weightsFile+".index.json") && len(others) > 0:
		return slices.Concat(chosen, shards, others), nil
	case len(gguf) == 1:
		return gguf, nil
	}
	return nil, fmt.Errorf("it holds neither %s nor shards of it, and %d GGUF files; one of them can be downloaded by hand and given with -backbone",
		weightsFile, len(gguf))
}

func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}
