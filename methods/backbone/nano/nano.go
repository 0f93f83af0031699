// Package nano is the backbone that comes with the program: a Qwen2 of about a million parameters,
// pretrained by `runner pretrain` on generated text. Files gives its folder; training.json in it
// says how it was made.
package nano

import (
	"embed"
	"io/fs"
)

//go:embed files
var embedded embed.FS

// Files gives config.json, model.safetensors, tokenizer.json and training.json.
func Files() fs.FS {
	files, err := fs.Sub(embedded, "files")
	if err != nil {
		panic(err) // cannot be: the name is valid
	}
	return files
}
