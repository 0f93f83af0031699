package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"secura/datasets/prompt"
	"secura/datasets/prompt/chat"
)

// pairTokenizers are where the tokenizers of testdata/encode/pairs.json lie: in the project, beside
// it, and in the folder that `just tokenizers` fills.
func pairTokenizers() map[string]string {
	files := map[string]string{
		"nano":        "../methods/backbone/nano/files/tokenizer.json",
		"stories260K": "../../shared/checkpoints/stories260K/tokenizer.json",
	}
	folder := os.Getenv("SECURA_TOKENIZERS")
	if cache, err := os.UserCacheDir(); folder == "" && err == nil {
		folder = filepath.Join(cache, "secura", "tokenizers")
	}
	for _, name := range []string{"llama2", "llama3_1", "qwen2_5", "gemma2"} {
		files[name] = filepath.Join(folder, "node_modules", "@lenml", "tokenizer-"+name, "models", "tokenizer.json")
	}
	return files
}

func TestPairsAreEncodedAsTheHarnessDoes(t *testing.T) {
	content, err := os.ReadFile("testdata/encode/pairs.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Pairs    [][2]string
		Families map[string]struct {
			SHA256 string
			IDs    [][2][]int32
		}
	}
	if err := json.Unmarshal(content, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Pairs) != 200 || len(golden.Families) != 6 {
		t.Fatalf("%d pairs, %d families", len(golden.Pairs), len(golden.Families))
	}
	for name, file := range pairTokenizers() {
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Skipf("%v; `just tokenizers` installs the published ones, SECURA_TOKENIZERS names another folder", err)
			}
			if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != golden.Families[name].SHA256 {
				t.Skip("tokenizer.json is another version than that of pairs.json: make it again with testdata/encode/encode_pairs.py")
			}
			tokenizer, err := prompt.NewTokenizer(content)
			if err != nil {
				t.Fatal(err)
			}
			encoder, merged := NewEncoder(tokenizer), 0
			for i, pair := range golden.Pairs {
				e, err := encoder.Encode(Example{Prompt: pair[0], Answer: pair[1], Options: []string{pair[1], pair[1]}})
				if err != nil {
					t.Errorf("%q + %q: %v", pair[0], pair[1], err)
					continue
				}
				want := golden.Families[name].IDs[i]
				if !slices.Equal(e.Prompt, want[0]) || !slices.Equal(e.Answer, want[1]) || !slices.Equal(e.Options[1], want[1]) {
					t.Errorf("%q + %q: %v + %v, expected %v", pair[0], pair[1], e.Prompt, e.Answer, want)
				}
				if e.Border.Merged {
					merged++
				}
			}
			t.Logf("%d of %d pairs have a token over the border", merged, len(golden.Pairs))
			if small := name == "stories260K"; small != (merged == 0) || merged > 100 {
				t.Errorf("%d pairs have a token over the border", merged)
			}
		})
	}
}

func TestABlankAtThePromptsEndBelongsToTheAnswer(t *testing.T) {
	task := Task{Name: "blank", Source: "blank_at_the_end", Prompt: "{{.question}}\nA: ", Answer: "{{.answer}}", Scores: []string{"exact"}, MaxNewTokens: 2}
	examples, err := task.Load(casesFolder(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"nano", "qwen2_5", "llama2"} {
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(pairTokenizers()[name])
			if err != nil {
				t.Skipf("%v; `just tokenizers` installs the published ones", err)
			}
			tokenizer, err := prompt.NewTokenizer(content)
			if err != nil {
				t.Fatal(err)
			}
			e, err := NewEncoder(tokenizer).Encode(examples[0])
			if err != nil || e.Border != (Border{Blank: true}) {
				t.Errorf("%+v, %v", e, err)
			}
			if want := map[string]string{"qwen2_5": "Ġyes", "llama2": "▁yes"}[name]; want != "" {
				if token, _ := tokenizer.Token(e.Answer[0]); token != want || len(e.Answer) != 1 {
					t.Errorf("the answer begins with %q, of %d tokens", token, len(e.Answer))
				}
			}
			other := examples[0]
			other.Prompt, other.Answer = "What is it?\nA:", " yes"
			same, err := NewEncoder(tokenizer).Encode(other)
			if err != nil || !slices.Equal(same.Prompt, e.Prompt) || !slices.Equal(same.Answer, e.Answer) || same.Border != (Border{}) {
				t.Errorf("%+v, %v", same, err)
			}
		})
	}
}

func TestAnAnswerWithoutATokenIsRefused(t *testing.T) {
	tokenizer := smallTokenizer(t)
	for _, pair := range [][2]string{{"wor", "d"}, {"th", "e"}, {"a", "n"}, {"i", "n"}} {
		whole, err := tokenizer.Encode(pair[0] + pair[1])
		if err != nil {
			t.Fatal(err)
		}
		alone, err := tokenizer.Encode(pair[0])
		if err != nil {
			t.Fatal(err)
		}
		if len(whole) > len(alone) {
			continue
		}
		_, err = NewEncoder(tokenizer).Encode(Example{Task: "t", Prompt: pair[0], Answer: pair[1]})
		expectError(t, err, "no token of its own after", "begin with a blank")
		return
	}
	t.Fatal("no pair is one token")
}

func TestATextThatWritesItsStartGetsNoSecondOne(t *testing.T) {
	file := pairTokenizers()["stories260K"]
	content, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("%v: the checkpoint lies beside the project", err)
	}
	tokenizer, err := prompt.NewTokenizer(content)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := NewEncoder(tokenizer).Encode(Example{Prompt: "<s>Once", Answer: " upon"})
	if err != nil || plain.Prompt[0] != 1 || plain.Prompt[1] == 1 {
		t.Errorf("%v, %v", plain.Prompt, err)
	}
	for _, source := range []string{
		"{% for m in messages %}{{ m.role + ': ' + m.content + eos_token }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}",
		"{{ bos_token }}{% for m in messages %}{{ m.role + ': ' + m.content + eos_token }}{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}",
	} {
		template, err := chat.Compile(source, map[string]string{"bos_token": "<s>", "eos_token": "</s>"})
		if err != nil {
			t.Fatal(err)
		}
		encoder, err := NewChatEncoder(tokenizer, template)
		if err != nil {
			t.Fatal(err)
		}
		e, err := encoder.Encode(Example{Prompt: "Once", Answer: " upon "})
		if err != nil {
			t.Fatal(err)
		}
		for _, ids := range [][]int32{e.Prompt, e.Generated()} {
			if ids[0] != 1 || ids[1] == 1 {
				t.Errorf("%v begins otherwise than with one <s>", ids)
			}
		}
		if text := tokenizer.Decode(slices.Concat(e.Prompt, e.Answer)); text != "user: Once assistant: upon" && text != "user: Once assistant:  upon" {
			t.Errorf("%q", text)
		}
		if e.Start < 3 || e.Prompt[e.Start-1] == 1 {
			t.Errorf("%d tokens of %v are not the example's own", e.Start, e.Prompt)
		}
	}
}
