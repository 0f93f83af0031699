package experiments

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"secura/methods/backbone"
)

// checkBackbone says which of a suite's backbone is missing, or why it cannot be computed, and what to do, before its
// large files are read.
func checkBackbone(suite Suite) error {
	name := suite.Backbone
	if name == nanoName {
		return nil
	}
	others := ""
	if len(suite.Backbones) > 0 {
		others = fmt.Sprintf("; suite %s is meant for %s", suite.Name, strings.Join(suite.Backbones, ", "))
	}
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("backbone %s: %w%s", name, fmt.Errorf(format, args...), others)
	}
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return wrong("no such folder; put config.json, tokenizer.json and the *.safetensors files of its repository into a folder %s, or give their folder with -backbone DIR", name)
	}
	config, err := os.ReadFile(filepath.Join(name, "config.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return wrong("%w; the folder needs config.json, tokenizer.json and *.safetensors", err)
	}
	if err != nil {
		return wrong("%w", err)
	}
	if _, err := backbone.ParseConfig(config); err != nil {
		return wrong("%w; give another folder with -backbone DIR", err)
	}
	return nil
}
