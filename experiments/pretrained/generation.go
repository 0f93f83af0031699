package pretrained

import (
	"errors"
	"fmt"
	"io/fs"

	"secura/jsonfile"
)

// generationWarnings tell what generation_config.json, which may be missing, asks of greedy
// decoding and is not done here.
func generationWarnings(files fs.FS) ([]string, error) {
	const name = "generation_config.json"
	content, err := fs.ReadFile(files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var settings struct {
		Penalty *float64 `json:"repetition_penalty"`
	}
	if err == nil {
		err = jsonfile.Decode(content, &settings)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case settings.Penalty == nil || *settings.Penalty == 1:
		return nil, nil
	}
	return []string{fmt.Sprintf("the backbone's %s has repetition_penalty: %g, which is not applied here; "+
		"transformers and lm-evaluation-harness apply it, unless they are given repetition_penalty=1.0", name, *settings.Penalty)}, nil
}
