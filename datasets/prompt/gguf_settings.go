package prompt

import (
	"encoding/json"
	"fmt"
)

// ggufSpecial are the tokens with a purpose, by their names in tokenizer_config.json, and the part
// of the metadata's key that names them.
var ggufSpecial = map[string]string{"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}

// GGUFSpecialTokens are the texts of the tokens with a purpose in a GGUF file's metadata, by their
// names in tokenizer_config.json, such as eos_token.
func GGUFSpecialTokens(metadata map[string]any) map[string]string {
	texts := map[string]string{}
	list, _ := metadata["tokenizer.ggml.tokens"].([]string)
	for name, id := range ggufSpecialIDs(metadata) {
		texts[name] = list[id]
	}
	return texts
}

// ggufSpecialIDs are the ids of these tokens; an id without a token is none.
func ggufSpecialIDs(metadata map[string]any) map[string]int64 {
	ids := map[string]int64{}
	list, _ := metadata["tokenizer.ggml.tokens"].([]string)
	for name, key := range ggufSpecial {
		if id, ok := metadata["tokenizer.ggml."+key+"_token_id"].(int64); ok && id >= 0 && id < int64(len(list)) {
			ids[name] = id
		}
	}
	return ids
}

// TokenizerConfigJSON writes the tokenizer_config.json that belongs to TokenizerJSON: the tokens
// with a purpose, and the chat template where the metadata have one. Without it transformers takes
// the tokenizer of the model's architecture, which may put tokens of its own after the vocabulary.
func TokenizerConfigJSON(metadata map[string]any) ([]byte, error) {
	family, _ := metadata["tokenizer.ggml.pre"].(string)
	settings := part{"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false,
		"add_bos_token": ggufAddsBOS(metadata, family), "add_eos_token": false}
	for name := range ggufSpecial {
		settings[name] = nil
	}
	for name, text := range GGUFSpecialTokens(metadata) {
		settings[name] = text
	}
	if template, ok := metadata["tokenizer.chat_template"].(string); ok {
		settings["chat_template"] = template
	}
	return indented(settings)
}

// GenerationConfigJSON writes the generation_config.json of a GGUF file's model, whose answers end
// at these tokens.
func GenerationConfigJSON(metadata map[string]any, ends []int32) ([]byte, error) {
	settings := part{"eos_token_id": ends}
	ids := ggufSpecialIDs(metadata)
	for key, name := range map[string]string{"bos_token_id": "bos_token", "pad_token_id": "pad_token"} {
		if id, ok := ids[name]; ok {
			settings[key] = id
		}
	}
	return indented(settings)
}

// indented is the text of a settings file.
func indented(settings part) ([]byte, error) {
	content, err := json.MarshalIndent(settings, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the settings in GGUF metadata: %w", err)
	}
	return append(content, '\n'), nil
}
