package pretrained

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"secura/datasets/prompt"
	"secura/methods/backbone"
	"secura/methods/weights"
)

// Check says whether a backbone is missing, or why it cannot be computed, and what to do, before
// its large files are read.
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
	files := os.DirFS(place.Folder)
	config, err := readFile(files, place.Folder, "config.json")
	if err != nil {
		return err
	}
	if _, err := backbone.ParseConfig(config); err != nil {
		return fmt.Errorf("%w; give another backbone with -backbone", err)
	}
	if _, err := readFile(files, place.Folder, "tokenizer.json"); err != nil {
		return err
	}
	if _, err := weights.DirFiles(place.Folder); err != nil {
		return err
	}
	return nil
}

// largestFile bounds what is read whole; the largest tokenizer.json that is published has 35 MB.
const largestFile = 256 << 20

// readFile reads a small file of a backbone's folder. Of one that is missing, no file or far too
// large, or that Git LFS keeps elsewhere, it says what to do.
func readFile(files fs.FS, folder, name string) ([]byte, error) {
	var content []byte
	info, err := fs.Stat(files, name)
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = errors.New("it is no regular file; take the file from the repository that the weights came from")
	case info.Size() > largestFile:
		err = fmt.Errorf("it has %d bytes, expected at most %d; take the file from the repository that the weights came from", info.Size(), largestFile)
	default:
		content, err = fs.ReadFile(files, name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing in %s: a backbone has %s; take it from the repository that its weights came from (where that has another form of tokenizer alone, such as tokenizer.model, load and save it with transformers, which writes tokenizer.json)",
			name, folder, strings.Join(Files, ", "))
	}
	if err == nil {
		err = weights.CheckPointer(content)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, name), err)
	}
	return content, nil
}

// checkVocabulary says which token of a tokenizer, read from path, the model, of so many rows, has
// none for. Rows without a token are usual: a model's vocabulary is often padded.
func checkVocabulary(tokenizer *prompt.Tokenizer, path string, rows int) error {
	last := int32(tokenizer.Size() - 1)
	if int(last) < rows {
		return nil
	}
	token, _ := tokenizer.Token(last)
	return fmt.Errorf("%s: token %q has the id %d, but the model has %d rows (vocab_size), for ids up to %d: take the tokenizer that was published with these weights",
		path, token, last, rows, rows-1)
}
