package experiments

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"secura/datasets/prompt"
	"secura/methods/backbone"
	"secura/methods/weights"
)

// checkBackbones says which of a suite's backbones are missing, or why they cannot be computed, and what to do, before
// their large files are read.
func checkBackbones(suite Suite) error {
	var mistakes []error
	for _, name := range suite.BackboneNames() {
		mistakes = append(mistakes, checkBackbone(suite, name))
	}
	return errors.Join(mistakes...)
}

func checkBackbone(suite Suite, name string) error {
	if name == nanoName {
		return nil
	}
	others := ""
	if suite.Backbone != "" && len(suite.Backbones) > 0 {
		others = fmt.Sprintf("; suite %s is meant for %s", suite.Name, strings.Join(suite.Backbones, ", "))
	}
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("backbone %s: %w%s", name, fmt.Errorf(format, args...), others)
	}
	place, err := findBackbone(name)
	if err != nil {
		return wrong("%w", err)
	}
	if place.gguf != "" {
		file, err := weights.OpenGGUF(place.gguf)
		if err != nil {
			return wrong("%w", err)
		}
		defer file.Close()
		if _, err := backbone.GGUFConfig(file); err != nil {
			return wrong("%w", err)
		}
		return nil
	}
	config, err := os.ReadFile(filepath.Join(place.folder, "config.json"))
	if err != nil {
		return wrong("%w", err)
	}
	if _, err := backbone.ParseConfig(config); err != nil {
		return wrong("%w; give another backbone with -backbone", err)
	}
	return nil
}

// checkVocabulary says which token of a tokenizer, read from path, the model, of so many rows, has none for. Rows without
// a token are usual: a model's vocabulary is often padded.
func checkVocabulary(tokenizer *prompt.Tokenizer, path string, rows int) error {
	last := int32(tokenizer.Size() - 1)
	if int(last) < rows {
		return nil
	}
	token, _ := tokenizer.Token(last)
	return fmt.Errorf("%s: token %q has the id %d, but the model has %d rows (vocab_size), for ids up to %d: take the tokenizer that was published with these weights",
		path, token, last, rows, rows-1)
}
