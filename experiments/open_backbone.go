package experiments

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"secura/datasets/builtin"
	"secura/datasets/prompt"
	"secura/experiments/rundir"
	"secura/methods/backbone"
	"secura/methods/backbone/nano"
	"secura/methods/weights"
)

// pretrained is a backbone with its tokenizer.
type pretrained struct {
	name      string
	model     *backbone.Model
	tokenizer *prompt.Tokenizer
	ends      []int32 // tokens that end a text; the first is what training writes
}

// nanoName is the backbone that comes with the program.
const nanoName = "nano"

// backboneFiles are the files that decide a backbone's numbers.
var backboneFiles = []string{"config.json", "model.safetensors", "tokenizer.json"}

// openBackbone reads "nano", which is in the program, or a folder in the hub's layout.
func openBackbone(name string) (*pretrained, error) {
	wrap := func(err error) error { return fmt.Errorf("open backbone %s: %w", name, err) }
	var files fs.FS
	if name == nanoName {
		files = nano.Files()
	} else {
		files = os.DirFS(name)
	}
	p := &pretrained{name: name}
	data, err := fs.ReadFile(files, "tokenizer.json")
	if errors.Is(err, fs.ErrNotExist) && name != nanoName {
		return nil, wrap(fmt.Errorf("%w; expected nano, or a folder with %v", err, backboneFiles))
	}
	if err != nil {
		return nil, wrap(err)
	}
	if p.tokenizer, err = prompt.NewTokenizer(data); err != nil {
		return nil, wrap(err)
	}
	if name == nanoName {
		p.model, err = nanoModel(files)
	} else {
		p.model, err = backbone.LoadModel(name)
	}
	if err != nil {
		return nil, wrap(err)
	}
	if n := p.tokenizer.Size(); n > p.model.Config.Vocabulary {
		return nil, wrap(fmt.Errorf("its tokenizer has %d tokens, its weights %d", n, p.model.Config.Vocabulary))
	}
	if len(p.model.Config.EndTokens) == 0 {
		return nil, wrap(errors.New("config.json names no eos_token_id; answers could not end"))
	}
	p.ends = p.model.Config.EndTokens
	return p, nil
}

func nanoModel(files fs.FS) (*backbone.Model, error) {
	config, err := fs.ReadFile(files, "config.json")
	if err != nil {
		return nil, err
	}
	data, err := fs.ReadFile(files, "model.safetensors")
	if err != nil {
		return nil, err
	}
	file, err := weights.Parse(data)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return backbone.LoadModelFiles(config, file)
}

// heldOut is text that the backbone was not trained on, as ids; only nano's is known.
func (p *pretrained) heldOut() ([][]int32, error) {
	if p.name != nanoName {
		return nil, nil
	}
	return encodeTexts(p.tokenizer, builtin.HeldOut())
}

func encodeTexts(tokenizer *prompt.Tokenizer, texts []string) ([][]int32, error) {
	list := make([][]int32, len(texts))
	for i, text := range texts {
		var err error
		if list[i], err = tokenizer.Encode(text); err != nil {
			return nil, fmt.Errorf("encode text: %w", err)
		}
	}
	return list, nil
}

// hashBackbone names a backbone's files by their content.
func hashBackbone(name string) ([]rundir.File, error) {
	var list []rundir.File
	for _, file := range backboneFiles {
		if name == nanoName {
			data, err := fs.ReadFile(nano.Files(), file)
			if err != nil {
				return nil, fmt.Errorf("hash backbone nano: %w", err)
			}
			list = append(list, rundir.HashBytes("nano/"+file, data))
			continue
		}
		f, err := rundir.HashFile(filepath.Join(name, file))
		if errors.Is(err, fs.ErrNotExist) && file == "model.safetensors" {
			shards, globErr := filepath.Glob(filepath.Join(name, "model-*.safetensors"))
			if globErr != nil || len(shards) == 0 {
				return nil, fmt.Errorf("hash backbone %s: %w", name, err)
			}
			for _, shard := range shards {
				if f, err = rundir.HashFile(shard); err != nil {
					return nil, fmt.Errorf("hash backbone %s: %w", name, err)
				}
				f.Path = "backbone/" + filepath.Base(shard)
				list = append(list, f)
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("hash backbone %s: %w", name, err)
		}
		f.Path = "backbone/" + file
		list = append(list, f)
	}
	return list, nil
}
