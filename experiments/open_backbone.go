package experiments

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"secura/datasets"
	"secura/datasets/builtin"
	"secura/datasets/prompt"
	"secura/datasets/prompt/chat"
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
	encoder   *datasets.Encoder
	ends      []int32 // tokens that end a text; the first is what training writes
}

// nanoName is the backbone that comes with the program.
const nanoName = "nano"

// backboneFiles are the files that decide a backbone's numbers.
var backboneFiles = []string{"config.json", weightsFile, "tokenizer.json"}

const weightsFile = "model.safetensors"

// openBackbone reads a suite's backbone: "nano", which is in the program, a folder in the hub's layout, or a GGUF file. It
// looks at the suite's Backbone, Chat, DType and training targets alone.
func openBackbone(suite Suite) (*pretrained, error) {
	p, err := readBackbone(suite)
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return nil, fmt.Errorf("open backbone %s: %w", suite.Backbone, err)
	}
	return p, nil
}

func readBackbone(suite Suite) (*pretrained, error) {
	place, err := findBackbone(suite.Backbone)
	if err != nil {
		return nil, err
	}
	p := &pretrained{name: suite.Backbone}
	held := suite.precision()
	if place.gguf != "" {
		return p, p.readGGUF(place.gguf, suite.Chat, held)
	}
	files := nano.Files()
	if suite.Backbone != nanoName {
		files = os.DirFS(place.folder)
	}
	data, err := fs.ReadFile(files, "tokenizer.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; expected a folder with %v", err, backboneFiles)
	}
	if err != nil {
		return nil, err
	}
	if p.tokenizer, err = prompt.NewTokenizer(data); err != nil {
		return nil, err
	}
	if err := p.encodeWith(suite.Chat, func() (*chat.Template, error) { return chat.Open(files) }); err != nil {
		return nil, err
	}
	content, err := fs.ReadFile(files, "config.json")
	if err != nil {
		return nil, err
	}
	config, err := backbone.ParseConfig(content)
	if err != nil {
		return nil, err
	}
	if err := checkVocabulary(p.tokenizer, filepath.Join(place.folder, "tokenizer.json"), config.Vocabulary); err != nil {
		return nil, err
	}
	if suite.Backbone == nanoName {
		p.model, err = nanoModel(files, held)
	} else {
		p.model, err = backbone.LoadModel(place.folder, held)
	}
	return p, err
}

// precision is how the suite's backbones are held.
func (s Suite) precision() backbone.Precision {
	return backbone.Precision{Half: s.DType == HalfPrecision, Changed: s.Training.Targets}
}

// encodeWith makes the encoder, with the backbone's chat template for a conversation.
func (p *pretrained) encodeWith(conversation bool, open func() (*chat.Template, error)) error {
	if !conversation {
		p.encoder = datasets.NewEncoder(p.tokenizer)
		return nil
	}
	template, err := open()
	if err != nil {
		return fmt.Errorf("%w; `chat: true` is for models that have one", err)
	}
	p.encoder, err = datasets.NewChatEncoder(p.tokenizer, template)
	return err
}

// readGGUF reads the tokenizer and the model of a GGUF file.
func (p *pretrained) readGGUF(path string, conversation bool, held backbone.Precision) error {
	file, err := weights.OpenGGUF(path)
	if err != nil {
		return err
	}
	defer file.Close()
	content, err := prompt.TokenizerJSON(file.Metadata())
	if err != nil {
		return err
	}
	if p.tokenizer, err = prompt.NewTokenizer(content); err != nil {
		return err
	}
	if err := p.encodeWith(conversation, func() (*chat.Template, error) { return chat.OpenGGUF(file.Metadata()) }); err != nil {
		return err
	}
	config, err := backbone.GGUFConfig(file)
	if err != nil {
		return err
	}
	if err := checkVocabulary(p.tokenizer, path, config.Vocabulary); err != nil {
		return err
	}
	p.model, err = backbone.LoadGGUF(file, held)
	return err
}

// check says whether the model's texts can end, and puts the tokens that end one together.
func (p *pretrained) check() error {
	p.ends = p.model.Config.EndTokens
	if end, ok := p.encoder.End(); ok {
		p.ends = append([]int32{end}, slices.DeleteFunc(slices.Clone(p.ends), func(id int32) bool { return id == end })...)
	}
	if len(p.ends) == 0 {
		return errors.New("neither config.json nor generation_config.json names an eos_token_id; answers could not end")
	}
	return nil
}

func nanoModel(files fs.FS, held backbone.Precision) (*backbone.Model, error) {
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
	return backbone.LoadModelFiles(config, file, held)
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

// hashBackbone names a backbone's files by their content, those of its chat template only if it is used.
func hashBackbone(name string, conversation bool) ([]rundir.File, error) {
	wrap := func(err error) error { return fmt.Errorf("hash backbone %s: %w", name, err) }
	if name == nanoName {
		var list []rundir.File
		for _, file := range backboneFiles {
			data, err := fs.ReadFile(nano.Files(), file)
			if err != nil {
				return nil, wrap(err)
			}
			list = append(list, rundir.HashBytes("nano/"+file, data))
		}
		return list, nil
	}
	place, err := findBackbone(name)
	if err != nil {
		return nil, wrap(err)
	}
	paths := []string{place.gguf}
	if place.gguf == "" {
		if paths, err = folderFiles(place.folder, conversation); err != nil {
			return nil, wrap(err)
		}
	}
	list := make([]rundir.File, len(paths))
	for i, path := range paths {
		if list[i], err = rundir.HashFile(path); err != nil {
			return nil, wrap(err)
		}
		list[i].Path = "backbone/" + filepath.Base(path)
	}
	return list, nil
}

// folderFiles lists the files that decide the numbers of a backbone in the hub's layout; weights may be in shards.
func folderFiles(folder string, conversation bool) ([]string, error) {
	var paths []string
	for _, file := range backboneFiles {
		path := filepath.Join(folder, file)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && file == weightsFile {
			shards, err := filepath.Glob(filepath.Join(folder, "model-*.safetensors"))
			if err != nil || len(shards) == 0 {
				return nil, fmt.Errorf("no %s and no shards of it in %s", file, folder)
			}
			paths = append(paths, shards...)
			continue
		}
		paths = append(paths, path)
	}
	further := []string{"generation_config.json"}
	if conversation {
		further = append(further, "tokenizer_config.json", "chat_template.jinja")
	}
	for _, file := range further {
		path := filepath.Join(folder, file)
		if _, err := os.Stat(path); err == nil {
			paths = append(paths, path)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return paths, nil
}
