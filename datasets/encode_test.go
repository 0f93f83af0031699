package datasets

import (
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"secura/datasets/prompt"
	"secura/datasets/prompt/chat"
)

func smallTokenizer(t *testing.T) *prompt.Tokenizer {
	t.Helper()
	content, err := os.ReadFile("prompt/testdata/small-qwen2/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := prompt.NewTokenizer(content)
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer
}

const smallTemplate = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}" +
	"{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"

func TestChatEncoderWritesTurns(t *testing.T) {
	tokenizer := smallTokenizer(t)
	template, err := chat.Compile(smallTemplate, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewChatEncoder(tokenizer, template)
	if err != nil {
		t.Fatal(err)
	}
	ids := func(text string) []int32 {
		list, err := tokenizer.Encode(text)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if end, ok := c.End(); !ok || !slices.Equal([]int32{end}, ids("<|im_end|>")) {
		t.Errorf("an answer ends with %d, %v", end, ok)
	}
	e, err := c.Encode(Example{Prompt: "Is it so?\nAnswer:", Answer: " yes", Options: []string{" yes", " no"}})
	if err != nil {
		t.Fatal(err)
	}
	const asked = "<|im_start|>user\nIs it so?\nAnswer:<|im_end|>\n<|im_start|>assistant"
	if !slices.Equal(e.Prompt, ids(asked)) || !slices.Equal(e.Generated(), ids(asked+"\n")) {
		t.Errorf("the prompt is %q, an answer is generated from %q", tokenizer.Decode(e.Prompt), tokenizer.Decode(e.Generated()))
	}
	if !slices.Equal(e.Answer, ids("\nyes")) || !slices.Equal(e.Options[1], ids("\nno")) || e.Border != (Border{}) {
		t.Errorf("answer %v, options %v, %+v", e.Answer, e.Options, e.Border)
	}
	// A long prompt keeps the turn's beginning and loses that of the text.
	cut, lost := e.Cut(len(e.Prompt) - 2)
	if !lost || !slices.Equal(cut.Prompt[:e.Start], ids("<|im_start|>user\n")) || !slices.Equal(cut.Prompt[e.Start:], e.Prompt[e.Start+2:]) {
		t.Errorf("cut to %q", tokenizer.Decode(cut.Prompt))
	}
}

func TestPlainEncoderStartsTexts(t *testing.T) {
	tokenizer := smallTokenizer(t)
	plain := NewEncoder(tokenizer)
	if _, ok := plain.End(); ok {
		t.Error("plain texts have an end of their own")
	}
	e, err := plain.Encode(Example{Prompt: "a b", Answer: " c"})
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := tokenizer.Encode("a b"); !slices.Equal(e.Prompt, want) || e.Start != 0 {
		t.Errorf("%+v", e)
	}
	content, err := os.ReadFile("prompt/testdata/small-qwen2/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(content), `"post_processor"`)
	_, rest, _ = strings.Cut(rest, `"decoder"`)
	before, _, _ := strings.Cut(string(content), `"post_processor"`)
	started, err := prompt.NewTokenizer([]byte(before + `"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x"}},{"Sequence":{"id":"A"}}],
"special_tokens":{"x":{"ids":[5]}}},"decoder"` + rest))
	if err != nil {
		t.Fatal(err)
	}
	e, err = NewEncoder(started).Encode(Example{Prompt: "a b", Answer: " c", Options: []string{" c", " d"}})
	if err != nil || e.Prompt[0] != 5 || e.Start != 1 || e.Answer[0] == 5 || e.Options[0][0] == 5 {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := plain.Encode(Example{Task: "t", ID: 3, Prompt: "a"}); err == nil || !strings.Contains(err.Error(), `example 3 of task t: "" has no token`) {
		t.Error(err)
	}
}

func TestATemplateThatEndsAnswersWithPlainTextIsRefused(t *testing.T) {
	template, err := chat.Compile("{% for m in messages %}{{ m.content }}\n###\n{% endfor %}", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewChatEncoder(smallTokenizer(t), template); err == nil || !strings.Contains(err.Error(), "special token") {
		t.Error(err)
	}
}

func TestCutKeepsTheStartAndTheEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Encoded{Prompt: ids(t, 1, 20, "prompt")}
		e.Start = rapid.IntRange(0, len(e.Prompt)-1).Draw(t, "start")
		room := rapid.IntRange(-2, 25).Draw(t, "room")
		cut, lost := e.Cut(room)
		n := len(cut.Prompt)
		if lost != (n < len(e.Prompt)) || n != min(len(e.Prompt), max(room, 1)) {
			t.Fatalf("%d of %d tokens in room for %d, lost: %v", n, len(e.Prompt), room, lost)
		}
		if cut.Prompt[n-1] != e.Prompt[len(e.Prompt)-1] || !slices.Equal(cut.Prompt[:cut.Start], e.Prompt[:cut.Start]) || (n > e.Start && cut.Start != e.Start) {
			t.Fatalf("%v became %v", e, cut)
		}
	})
}

// In the released form a token that means nothing stands before each answer, and what the template
// writes after an answer's end is learned; a system prompt begins each conversation.
func TestEncoderOfTheReleasedForm(t *testing.T) {
	tokenizer := smallTokenizer(t)
	const empty = 900
	with := tokenizer.WithSpecial(empty, "[EMPTY]")
	if got := with.Decode([]int32{empty}) + with.DecodeAll([]int32{empty}); got != "[EMPTY]" || with.Size() != empty+1 {
		t.Errorf("the token reads %q, size %d", got, with.Size())
	}
	if list, err := with.Encode("[EMPTY]"); err != nil || slices.Contains(list, empty) {
		t.Errorf("a text encodes to the token: %v, %v", list, err)
	}
	template, err := chat.Compile(smallTemplate, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewChatEncoder(with, template)
	if err != nil {
		t.Fatal(err)
	}
	c = c.WithSystem("Be brief.")
	e, err := c.WithEmpty(empty).Encode(Example{Prompt: "Is it so?", Answer: " yes", Options: []string{" yes", " no"}})
	if err != nil {
		t.Fatal(err)
	}
	last := len(e.Prompt) - 1
	if e.Prompt[last] != empty || with.DecodeAll(e.Prompt[:last]) != "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nIs it so?<|im_end|>\n<|im_start|>assistant\n" {
		t.Errorf("the prompt is %q", with.DecodeAll(e.Prompt))
	}
	if end, _ := c.End(); with.DecodeAll(append([]int32{end}, e.Tail...)) != "<|im_end|>\n" {
		t.Errorf("the answer's end is %q", with.DecodeAll(append([]int32{end}, e.Tail...)))
	}
	if plain, err := c.Encode(Example{Prompt: "Is it so?", Answer: " yes"}); err != nil || plain.Tail != nil || plain.Prompt[len(plain.Prompt)-1] == empty {
		t.Errorf("%+v, %v", plain, err)
	}
}

// A token that reaches over the border is in neither prompt nor answer: the answer loses its
// beginning, as lm-evaluation-harness cuts it.
func TestATokenOverTheBorderIsLost(t *testing.T) {
	tokenizer := smallTokenizer(t)
	const text = "Hello there, this is the first of the questions"
	merged := 0
	for i := 1; i < len(text)-8; i++ {
		e, err := NewEncoder(tokenizer).Encode(Example{Prompt: text[:i], Answer: text[i:]})
		if err != nil {
			t.Fatal(err)
		}
		if !e.Border.Merged {
			continue
		}
		merged++
		answer := tokenizer.Decode(e.Answer)
		if tokenizer.Decode(e.Prompt) != text[:i] || answer == text[i:] || !strings.HasSuffix(text[i:], answer) {
			t.Errorf("prompt %q and answer %q of %q and %q", tokenizer.Decode(e.Prompt), answer, text[:i], text[i:])
		}
	}
	if merged == 0 {
		t.Error("no token reaches over a border")
	}
}
