package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"secura/datasets/prompt"
	"secura/jsonfile"
)

// ErrNoTemplate says that a model folder has no chat template.
var ErrNoTemplate = errors.New("the model has no chat template in this folder: neither chat_template.jinja, nor chat_template in tokenizer_config.json")

// Open reads a model folder's template: the file chat_template.jinja or, where that is absent,
// chat_template of tokenizer_config.json, of several the one named default. The special tokens are
// those of tokenizer_config.json.
func Open(folder fs.FS) (*Template, error) {
	var settings struct {
		Template json.RawMessage `json:"chat_template"`
	}
	tokens := map[string]string{}
	content, err := fs.ReadFile(folder, "tokenizer_config.json")
	switch {
	case err == nil:
		if err = jsonfile.Decode(content, &settings); err == nil {
			tokens, err = specialTokens(content)
		}
		if err != nil {
			return nil, fmt.Errorf("read tokenizer_config.json: %w; take the file from the repository that the weights came from", err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	name, source := "chat_template.jinja", ""
	content, err = fs.ReadFile(folder, name)
	switch {
	case err == nil:
		source = string(content)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	default:
		name = "tokenizer_config.json"
		if source, err = chosen(settings.Template); err != nil {
			return nil, fmt.Errorf("read tokenizer_config.json: %w", err)
		}
	}
	template, err := Compile(source, tokens)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return template, nil
}

// OpenGGUF reads the template in a GGUF file's metadata, whose values are those that
// prompt.TokenizerJSON takes.
func OpenGGUF(metadata map[string]any) (*Template, error) {
	const key = "tokenizer.chat_template"
	source, ok := metadata[key].(string)
	if !ok {
		return nil, errors.New("the GGUF file has no chat template (" + key + ")")
	}
	template, err := Compile(source, prompt.GGUFSpecialTokens(metadata))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return template, nil
}

// specialTokens finds the tokens that a template may write, each a text or an object whose content
// is the text.
func specialTokens(settings []byte) (map[string]string, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(settings, &all); err != nil {
		return nil, err
	}
	tokens := map[string]string{}
	for _, name := range []string{"bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"} {
		value, ok := all[name]
		if !ok || string(value) == "null" {
			continue
		}
		var object struct{ Content *string }
		var text string
		if json.Unmarshal(value, &text) == nil {
			tokens[name] = text
		} else if json.Unmarshal(value, &object) == nil && object.Content != nil {
			tokens[name] = *object.Content
		} else {
			return nil, fmt.Errorf("%s: expected a text or an object with content", name)
		}
	}
	return tokens, nil
}

// chosen is the template of a setting: a text, or a list of named ones.
func chosen(setting json.RawMessage) (string, error) {
	if len(setting) == 0 || string(setting) == "null" {
		return "", ErrNoTemplate
	}
	var text string
	if json.Unmarshal(setting, &text) == nil {
		return text, nil
	}
	var named []struct{ Name, Template string }
	if err := json.Unmarshal(setting, &named); err != nil {
		return "", errors.New("chat_template: expected a text, or a list of name and template")
	}
	for _, t := range named {
		if t.Name == "default" {
			return t.Template, nil
		}
	}
	return "", errors.New("chat_template: none of its templates is named default")
}
