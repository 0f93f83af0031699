package experiments

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"secura/methods/backbone"
	"secura/methods/weights"
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
