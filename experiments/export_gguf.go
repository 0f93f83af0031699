package experiments

import (
	"os"
	"path/filepath"

	"secura/datasets/prompt"
	"secura/methods/weights"
)

// writeGGUFSettings writes what stands in a GGUF file beside the weights as the hub's files: the
// tokenizer, its special tokens with the chat template, and the tokens that end a text.
func writeGGUFSettings(path string, ends []int32, dir string) error {
	file, err := weights.OpenGGUF(path)
	if err != nil {
		return err
	}
	defer file.Close()
	metadata := file.Metadata()
	for name, content := range map[string]func() ([]byte, error){
		"tokenizer.json":         func() ([]byte, error) { return prompt.TokenizerJSON(metadata) },
		"tokenizer_config.json":  func() ([]byte, error) { return prompt.TokenizerConfigJSON(metadata) },
		"generation_config.json": func() ([]byte, error) { return prompt.GenerationConfigJSON(metadata, ends) },
	} {
		text, err := content()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
