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
		{"", `{`, "", "tokenizer_config.json"},
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
