package chat

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
)

func TestATemplateIsFoundInAModelFolder(t *testing.T) {
	for _, c := range []struct{ jinja, settings, want, fails string }{
		{"{{ bos_token }}a", `{"bos_token": "<s>", "chat_template": "b"}`, "<s>a", ""},
		{"", `{"bos_token": {"content": "<s>", "lstrip": false}, "chat_template": "{{ bos_token }}b"}`, "<s>b", ""},
		{"", `{"bos_token": null, "chat_template": [{"name": "tool_use", "template": "c"}, {"name": "default", "template": "{{ bos_token }}d"}]}`, "d", ""},
		{"e", "", "e", ""},
		{"", "", "", "no chat template"},
		{"", `{"chat_template": null}`, "", "no chat template"},
		{"", `{}`, "", "no chat template"},
		{"", `{"chat_template": 3}`, "", "expected a text"},
		{"", `{"chat_template": [{"name": "rag", "template": "c"}]}`, "", "named default"},
		{"", `{"bos_token": 3, "chat_template": "a"}`, "", "bos_token"},
		{"", `{`, "", "read tokenizer_config.json: it ends after 1 bytes, within a value: a part of it is missing; take the file"},
		{"", " ", "", "read tokenizer_config.json: it is empty; take the file"},
		{"", "{\n  \"bos_token\" 3}", "", "read tokenizer_config.json: line 2, column 15: invalid character '3'"},
		{"a", `[]`, "", "read tokenizer_config.json: it is a list, expected an object; take the file"},
		{"", `{} {}`, "", "read tokenizer_config.json: there is text after the JSON value"},
		{"{% include 'x' %}", `{}`, "", "chat_template.jinja"},
	} {
		folder := fstest.MapFS{}
		if c.jinja != "" {
			folder["chat_template.jinja"] = &fstest.MapFile{Data: []byte(c.jinja)}
		}
		if c.settings != "" {
			folder["tokenizer_config.json"] = &fstest.MapFile{Data: []byte(c.settings)}
		}
		template, err := Open(folder)
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%+v: error %v", c, err)
			}
			if (c.fails == "no chat template") != errors.Is(err, ErrNoTemplate) {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		if text, err := template.Render([]Message{{"user", "x"}}, false); err != nil || text != c.want {
			t.Errorf("%+v: %q and error %v", c, text, err)
		}
	}
}

func TestATemplateIsFoundInGGUFMetadata(t *testing.T) {
	metadata := map[string]any{"tokenizer.chat_template": "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}",
		"tokenizer.ggml.tokens": []string{"<s>", "a"}, "tokenizer.ggml.bos_token_id": int64(0), "tokenizer.ggml.eos_token_id": int64(9)}
	template, err := OpenGGUF(metadata)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := template.Render([]Message{{"user", "x"}}, false); err != nil || text != "<s>x" {
		t.Errorf("%q and error %v", text, err)
	}
	delete(metadata, "tokenizer.chat_template")
	if _, err := OpenGGUF(metadata); err == nil || !strings.Contains(err.Error(), "no chat template") {
		t.Error(err)
	}
}

func TestAnAnswerFollowsItsBeginning(t *testing.T) {
	const turns = "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</>\n{% endfor %}"
	for _, c := range []struct{ source, before, lead, after, fails string }{
		{"<s>" + turns + "{% if add_generation_prompt %}<assistant>{% endif %}", "<s><user>", "", "</>\n", ""},
		{"You help.{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}", "You help.", "", "</s>", ""},
		{turns, "<user>", "<assistant>", "</>\n", ""}, // there is no beginning of an answer
		// Llama 2, Mistral and Vicuna write a blank before an answer, Llama 2 one after it too.
		{"{% for m in messages %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' + m.content + ' [/INST]' }}{% else %}{{ ' ' + m.content + ' ' + eos_token }}{% endif %}{% endfor %}",
			"<s>[INST] ", " ", "</s>", ""},
		{"{% for m in messages %}{% if m.role == 'user' %}{{ 'USER: ' + m.content + ' ' }}{% else %}{{ 'ASSISTANT: ' + m.content + eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}",
			"USER: ", " ", "</s>", ""},
		// Qwen3 writes an empty thought before the last answer.
		{"{% for m in messages %}{% if m.role == 'user' %}<user>{{ m.content }}</>{% else %}<assistant><think></think>{{ m.content }}</>{% endif %}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}",
			"<user>", "<think></think>", "</>", ""},
		// The distills of DeepSeek R1 open a thought, and leave it out of a conversation.
		{"{% for m in messages %}[{{ m.content }}]{% endfor %}{% if add_generation_prompt %}[think]{% endif %}", "", "", "", "a thought first"},
		{"{% for m in messages %}{{ m.content }}{% endfor %}", "", "", "", "could not end"},
		{"{{ messages[0].content }}</>", "", "", "", "assistant's text"},
		{"{{ messages[0].role }}", "", "", "", "does not write the user's text"},
		{"{{ raise_exception('no users') }}", "", "", "", "no users"},
	} {
		template, err := Compile(c.source, map[string]string{"bos_token": "<s>", "eos_token": "</s>"})
		if err != nil {
			t.Fatal(err)
		}
		frame, err := template.Frame()
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: error %v, expected %q", c.source, err, c.fails)
			}
		} else if want := (Frame{c.before, c.lead, c.after}); err != nil || frame != want {
			t.Errorf("%s: %q, expected %q, and error %v", c.source, frame, want, err)
		}
	}
}

// Llama 3.2's template takes today's date where it can.
func TestADateOfTodayIsTheTemplatesOwn(t *testing.T) {
	const source = `{%- if not date_string is defined %}{%- if strftime_now is defined %}{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}{%- set date_string = "26 Jul 2024" %}{%- endif %}{%- endif %}{{ date_string }}`
	for source, want := range map[string]string{source: "26 Jul 2024", strings.ReplaceAll(source, `"`, `'`): "26 Jul 2024",
		`{% set date_string = "26 Jul 2024" %}{{ date_string }}`: "", "{{ messages[0].role }}": ""} {
		template, err := Compile(source, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := template.FixedDate(); got != want {
			t.Errorf("%s: %q, expected %q", source, got, want)
		}
		if text, err := template.Render([]Message{{"user", "x"}}, false); err != nil || want != "" && text != want {
			t.Errorf("%s: %q, %v, expected %q", source, text, err, want)
		}
	}
}
