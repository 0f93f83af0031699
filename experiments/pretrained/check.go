package pretrained

import (
	"fmt"
	"os"
	"path/filepath"

	"secura/datasets/prompt"
	"secura/methods/backbone"
	"secura/methods/weights"
)

// Check says whether a backbone is missing, or why it cannot be computed, and what to do, before its large files are
// read.
func Check(name string) error {
	if name == Nano {
		return nil
	}
	place, err := Find(name)
	if err != nil {
		return err
	}
	if place.GGUF != "" {
		file, err := weights.OpenGGUF(place.GGUF)
		if err != nil {
			return err
		}
		defer file.Close()
		if _, err := backbone.GGUFConfig(file); err != nil {
			return err
		}
		return nil
	}
	config, err := os.ReadFile(filepath.Join(place.Folder, "config.json"))
	if err != nil {
		return err
	}
	if _, err := backbone.ParseConfig(config); err != nil {
		return fmt.Errorf("%w; give another backbone with -backbone", err)
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
