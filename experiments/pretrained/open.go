// Package pretrained brings the backbones that a stream starts from: it finds them (in the program,
// in a folder, in a GGUF file, in the hub's cache), fetches and checks them, and names their files
// by content. What comes in is the name that a suite gives; what goes out is a Backbone: weights,
// tokenizer and how texts become tokens. Read Open first.
package pretrained

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
	"secura/methods/backbone"
	"secura/methods/backbone/nano"
	"secura/methods/weights"
)

// Nano is the name of the backbone that comes with the program.
const Nano = "nano"

const weightsFile = "model.safetensors"

// Files are the files that decide a backbone's numbers, in the hub's layout.
var Files = []string{"config.json", weightsFile, "tokenizer.json"}

// Backbone is a pretrained model with its tokenizer.
type Backbone struct {
	// Name is what it was opened by.
	Name   string
	Config backbone.Config
	// Model has the weights; nil where OpenTexts opened it.
	Model     *backbone.Model
	Tokenizer *prompt.Tokenizer
	// Encoder turns examples into tokens, as plain text or as a conversation.
	Encoder *datasets.Encoder
	// Ends are the tokens that end a text; the first is what training writes.
	Ends []int32
	// Warnings tell what its files ask for and is not done here.
	Warnings []string
	// HeldOut are texts of its kind that it was not trained on, each of which an end token ends;
	// nil where none are known. Only nano's are.
	HeldOut []string
}

// Options say how a backbone is opened.
type Options struct {
	// Chat writes prompts by the backbone's chat template, which it must have.
	Chat bool
	// System is the system prompt of every conversation; empty leaves it to the template.
	System string
	// Empty puts a new token before each answer, as SECURA's released code does: a row more of the
	// embedding, the mean of all.
	Empty bool
	// Held is how its weights are held.
	Held backbone.Precision
	// withoutWeights checks that the weights are there, and leaves them where they are.
	withoutWeights bool
}

// Open reads a backbone: "nano", which is in the program, a folder in the hub's layout, a GGUF
// file, or ORG/NAME in the hub's cache.
func Open(name string, o Options) (*Backbone, error) {
	b := &Backbone{Name: name}
	if name == Nano {
		b.HeldOut = builtin.HeldOut()
	}
	err := b.read(o)
	if err == nil {
		err = b.putEnds()
	}
	if err == nil && o.Empty {
		err = b.addEmpty()
	}
	if err != nil {
		return nil, fmt.Errorf("open backbone %s: %w", name, err)
	}
	return b, nil
}

// OpenTexts opens what turns texts into tokens and back. The weights' names and shapes are checked,
// but they are not read, so that it takes neither their time nor their memory.
func OpenTexts(name string, o Options) (*Backbone, error) {
	o.withoutWeights = true
	return Open(name, o)
}

// emptyToken is how SECURA's released code calls the token that it puts before each answer.
const emptyToken = "[EMPTY]"

// addEmpty gives the backbone the token, and has the encoder use it.
func (b *Backbone) addEmpty() error {
	id := int32(b.Config.Vocabulary)
	if b.Model != nil {
		if err := b.Model.AddToken(); err != nil {
			return err
		}
	}
	b.Config.Vocabulary++
	b.Tokenizer, b.Encoder = b.Tokenizer.WithSpecial(id, emptyToken), b.Encoder.WithEmpty(id)
	return nil
}

func (b *Backbone) read(o Options) error {
	place, err := Find(b.Name)
	if err != nil {
		return err
	}
	if place.GGUF != "" {
		return b.readGGUF(place.GGUF, o)
	}
	files := nano.Files()
	if b.Name != Nano {
		files = os.DirFS(place.Folder)
	}
	data, err := readFile(files, place.Folder, "tokenizer.json")
	if err != nil {
		return err
	}
	if b.Tokenizer, err = prompt.NewTokenizer(data); err != nil {
		return fmt.Errorf("%s: %w; take the file from the repository that the weights came from, or give another backbone with -backbone",
			filepath.Join(place.Folder, "tokenizer.json"), err)
	}
	if err := b.encodeWith(o, func() (*chat.Template, error) { return chat.Open(files) }); err != nil {
		return err
	}
	content, err := readFile(files, place.Folder, "config.json")
	if err != nil {
		return err
	}
	if b.Config, err = backbone.ParseConfig(content); err != nil {
		return err
	}
	if err := checkVocabulary(b.Tokenizer, filepath.Join(place.Folder, "tokenizer.json"), b.Config.Vocabulary); err != nil {
		return err
	}
	switch {
	case b.Name == Nano && o.withoutWeights: // they are in the program, which a test holds to be whole
		return nil
	case b.Name == Nano:
		b.Model, err = nanoModel(files, content, o.Held)
	case o.withoutWeights:
		b.Config, err = backbone.CheckModel(place.Folder)
	default:
		b.Model, err = backbone.LoadModel(place.Folder, o.Held)
	}
	if err != nil {
		return err
	}
	if b.Model != nil {
		b.Config = b.Model.Config // with the end tokens of generation_config.json
	}
	b.Warnings, err = generationWarnings(files)
	return err
}

// encodeWith makes the encoder, with the backbone's chat template for a conversation.
func (b *Backbone) encodeWith(o Options, open func() (*chat.Template, error)) error {
	if !o.Chat {
		b.Encoder = datasets.NewEncoder(b.Tokenizer)
		return nil
	}
	template, err := open()
	if err != nil {
		return fmt.Errorf("%w; `chat: true` is for models that have one", err)
	}
	encoder, err := datasets.NewChatEncoder(b.Tokenizer, template)
	if err != nil {
		return err
	}
	b.Encoder = encoder.WithSystem(o.System)
	return nil
}

// readGGUF reads the tokenizer and the model of a GGUF file.
func (b *Backbone) readGGUF(path string, o Options) error {
	file, err := weights.OpenGGUF(path)
	if err != nil {
		return err
	}
	defer file.Close()
	content, err := prompt.TokenizerJSON(file.Metadata())
	if err == nil {
		b.Tokenizer, err = prompt.NewTokenizer(content)
	}
	if err != nil {
		return fmt.Errorf("%s: %w; convert the model again, or give another backbone with -backbone", path, err)
	}
	if err := b.encodeWith(o, func() (*chat.Template, error) { return chat.OpenGGUF(file.Metadata()) }); err != nil {
		return err
	}
	if b.Config, err = backbone.GGUFConfig(file); err != nil {
		return err
	}
	if err := checkVocabulary(b.Tokenizer, path, b.Config.Vocabulary); err != nil {
		return err
	}
	if o.withoutWeights {
		return backbone.CheckGGUF(file)
	}
	b.Model, err = backbone.LoadGGUF(file, o.Held)
	return err
}

// putEnds puts the tokens that end a text together, and says whether texts can end.
func (b *Backbone) putEnds() error {
	b.Ends = b.Config.EndTokens
	if end, ok := b.Encoder.End(); ok {
		b.Ends = append([]int32{end}, slices.DeleteFunc(slices.Clone(b.Ends), func(id int32) bool { return id == end })...)
	}
	if len(b.Ends) == 0 {
		return errors.New("neither config.json nor generation_config.json names an eos_token_id; answers could not end")
	}
	return nil
}

func nanoModel(files fs.FS, config []byte, held backbone.Precision) (*backbone.Model, error) {
	data, err := fs.ReadFile(files, weightsFile)
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
