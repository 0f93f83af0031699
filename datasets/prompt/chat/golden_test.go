package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"secura/datasets/prompt"
)

// rendered is what transformers makes of a conversation: text and ids, or the message with which
// the template refuses it.
type rendered struct {
	Text, Error string
	IDs         []int32
}

type goldenTemplate struct {
	Template  string
	SHA256    string  `json:"template_sha256"`
	BosToken  *string `json:"bos_token"`
	EosToken  *string `json:"eos_token"`
	Tokenizer string
	Cases     []struct {
		Name         string
		Plain        rendered
		With         rendered `json:"with_generation_prompt"`
		PromptTokens *int     `json:"prompt_tokens"`
		Prefix       bool     `json:"prompt_ids_are_a_prefix"`
	}
}

func golden(t *testing.T) (conversations map[string][]Message, templates map[string]goldenTemplate) {
	t.Helper()
	content, err := os.ReadFile("testdata/chat_templates.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		Conversations map[string][]Message
		Templates     map[string]goldenTemplate
	}
	if err := json.Unmarshal(content, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Conversations) != 16 || len(g.Templates) != 6 {
		t.Fatalf("%d conversations in %d templates", len(g.Conversations), len(g.Templates))
	}
	return g.Conversations, g.Templates
}

// published reads a file below the folder that `just tokenizers` fills, and skips the test where it
// is absent.
func published(t *testing.T, elements ...string) []byte {
	t.Helper()
	folder := os.Getenv("SECURA_TOKENIZERS")
	if folder == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skip("no published tokenizers: ", err)
		}
		folder = filepath.Join(cache, "secura", "tokenizers")
	}
	content, err := os.ReadFile(filepath.Join(append([]string{folder}, elements...)...))
	if err != nil {
		t.Skipf("no published tokenizers: %v; `just tokenizers` installs them, SECURA_TOKENIZERS names another folder", err)
	}
	return content
}

// source is a golden template's text, from the published package where the golden file does not
// hold it.
func source(t *testing.T, name string, g goldenTemplate) string {
	t.Helper()
	text := g.Template
	switch {
	case text != "":
	case name == "llama3_1_instruct":
		text = string(published(t, "ldp", "nn", "chat_templates", "llama3.1_chat_template_hf.jinja"))
	default:
		var config struct {
			Template string `json:"chat_template"`
		}
		if err := json.Unmarshal(published(t, "node_modules", g.Tokenizer, "models", "tokenizer_config.json"), &config); err != nil {
			t.Fatal(err)
		}
		text = config.Template
	}
	if sum := sha256.Sum256([]byte(text)); hex.EncodeToString(sum[:]) != g.SHA256 {
		t.Fatalf("the template of %s is another version than the one of the golden file", name)
	}
	return text
}

func compileGolden(t *testing.T, name string, g goldenTemplate) *Template {
	t.Helper()
	tokens := map[string]string{}
	for name, token := range map[string]*string{"bos_token": g.BosToken, "eos_token": g.EosToken} {
		if token != nil {
			tokens[name] = *token
		}
	}
	template, err := Compile(source(t, name, g), tokens)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func TestConversationsAreRenderedAsTransformersDoes(t *testing.T) {
	conversations, templates := golden(t)
	for name, g := range templates {
		t.Run(name, func(t *testing.T) {
			template := compileGolden(t, name, g)
			if len(g.Cases) != len(conversations) {
				t.Fatalf("%d cases", len(g.Cases))
			}
			for _, c := range g.Cases {
				for i, want := range []rendered{c.Plain, c.With} {
					text, err := template.Render(conversations[c.Name], i == 1)
					var refusal Refusal
					switch {
					case want.Error != "":
						if !errors.As(err, &refusal) || string(refusal) != want.Error {
							t.Errorf("%s: %q and error %v, want the refusal %q", c.Name, text, err, want.Error)
						}
					case err != nil:
						t.Errorf("%s: %v", c.Name, err)
					case text != want.Text:
						t.Errorf("%s, generation prompt %t:\n%q, want\n%q", c.Name, i == 1, text, want.Text)
					}
				}
			}
		})
	}
}

func TestIDsOfConversationsAreThoseOfTransformers(t *testing.T) {
	conversations, templates := golden(t)
	for name, g := range templates {
		t.Run(name, func(t *testing.T) {
			tokenizer, err := prompt.NewTokenizer(published(t, "node_modules", g.Tokenizer, "models", "tokenizer.json"))
			if err != nil {
				t.Fatal(err)
			}
			template := compileGolden(t, name, g)
			encode := func(messages []Message, generationPrompt bool) []int32 {
				t.Helper()
				text, err := template.Render(messages, generationPrompt)
				if err != nil {
					t.Fatal(err)
				}
				ids, err := tokenizer.Encode(text)
				if err != nil {
					t.Fatal(err)
				}
				return ids
			}
			compared, prompts := 0, 0
			for _, c := range g.Cases {
				if c.Plain.Error != "" {
					continue
				}
				messages := conversations[c.Name]
				full := encode(messages, false)
				if !slices.Equal(full, c.Plain.IDs) {
					t.Errorf("%s: %v, want %v", c.Name, full, c.Plain.IDs)
				}
				if ids := encode(messages, true); !slices.Equal(ids, c.With.IDs) {
					t.Errorf("%s with generation prompt: %v, want %v", c.Name, ids, c.With.IDs)
				}
				compared++
				if c.PromptTokens == nil {
					continue
				}
				prompts++
				before := encode(messages[:len(messages)-1], true)
				prefix := len(before) <= len(full) && slices.Equal(before, full[:len(before)])
				if len(before) != *c.PromptTokens || prefix != c.Prefix {
					t.Errorf("%s: %d prompt tokens, a prefix: %t; want %d, %t", c.Name, len(before), prefix, *c.PromptTokens, c.Prefix)
				}
			}
			if compared == 0 || prompts == 0 {
				t.Errorf("%d conversations and %d prompts were compared", compared, prompts)
			}
			t.Logf("%d conversations, %d prompts", compared, prompts)
		})
	}
}
