package prompt

import (
	"encoding/json"
	"fmt"

	"secura/jsonfile"
)

// startTokens are the tokens that the post-processors write before a text, such as Llama's
// <|begin_of_text|>. What they write after it is left out: a prompt goes on with an answer.
func (t *Tokenizer) startTokens(r *reading, part json.RawMessage, depth int) ([]int32, error) {
	name, err := r.kind(part, depth)
	if err != nil {
		return nil, err
	}
	switch name {
	case "", "ByteLevel": // changes no ids
		return nil, nil
	case "TemplateProcessing":
		return t.templateStart(part)
	case "Sequence":
		var p struct {
			Type       string
			Processors []json.RawMessage
		}
		if err := strict(part, &p); err != nil {
			return nil, err
		}
		var all []int32
		for _, part := range p.Processors {
			ids, err := t.startTokens(r, part, depth+1)
			if err != nil {
				return nil, err
			}
			all = append(ids, all...) // a later one goes around the earlier
		}
		return all, nil
	}
	return nil, fmt.Errorf("type %.60q is not supported; known: ByteLevel, TemplateProcessing, Sequence", name)
}

// templatePart is a token, or the place of a text, in a TemplateProcessing.
type templatePart struct {
	SpecialToken *struct {
		ID string `json:"id"`
	}
	Sequence *struct {
		ID string `json:"id"`
	}
}

func (t *Tokenizer) templateStart(part json.RawMessage) (start []int32, err error) {
	var p struct {
		Single        []templatePart `json:"single"`
		SpecialTokens map[string]struct {
			IDs []int32 `json:"ids"`
		} `json:"special_tokens"`
	}
	if err := jsonfile.Decode(part, &p); err != nil {
		return nil, err
	}
	for _, piece := range p.Single {
		if piece.Sequence != nil {
			return start, nil
		}
		if piece.SpecialToken == nil {
			return nil, fmt.Errorf("single: expected SpecialToken or Sequence")
		}
		name := piece.SpecialToken.ID
		token, ok := p.SpecialTokens[name]
		if !ok {
			return nil, fmt.Errorf("single: token %.60q is not among special_tokens", name)
		}
		for _, id := range token.IDs {
			if _, ok := t.tokens[id]; !ok {
				return nil, fmt.Errorf("special_tokens: token %.60q has id %d, which is not in the vocabulary", name, id)
			}
		}
		start = append(start, token.IDs...)
	}
	return nil, fmt.Errorf("single: it has no place for the text (Sequence)")
}
