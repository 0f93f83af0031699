package prompt

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func withPostProcessor(post string) []byte {
	return []byte(strings.Replace(string(tinyFile("", "null", "null", tinyModel)), `"post_processor":null`, `"post_processor":`+post, 1))
}

func TestATextBeginsAsThePostProcessorSays(t *testing.T) {
	const template = `{"type":"TemplateProcessing","single":[%s],"pair":[],"special_tokens":{"?":{"id":"?","ids":[0],"tokens":["?"]},"s":{"id":"s","ids":[1,2],"tokens":["a","b"]},"far":{"id":"far","ids":[99],"tokens":["far"]}}}`
	const text = `{"Sequence":{"id":"A","type_id":0}}`
	token := func(name string) string { return fmt.Sprintf(`{"SpecialToken":{"id":%q,"type_id":0}}`, name) }
	single := func(parts ...string) string { return fmt.Sprintf(template, strings.Join(parts, ",")) }
	for _, c := range []struct {
		post  string
		want  []int32
		fails string
	}{
		{"null", nil, ""},
		{`{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true}`, nil, ""},
		{single(text), nil, ""},
		{single(token("?"), text), []int32{0}, ""},
		{single(token("?"), text, token("s")), []int32{0}, ""}, // an answer follows, and so no end
		{single(token("s"), token("?"), text), []int32{1, 2, 0}, ""},
		{`{"type":"Sequence","processors":[{"type":"ByteLevel"},` + single(token("s"), text) + `]}`, []int32{1, 2}, ""},
		{single(token("x"), text), nil, `token "x" is not among special_tokens`},
		{single(token("far"), text), nil, "id 99, which is not in the vocabulary"},
		{single(token("?")), nil, "no place for the text"},
		{single("{}"), nil, "expected SpecialToken or Sequence"},
		{`{"type":"RobertaProcessing"}`, nil, `post_processor: type "RobertaProcessing" is not supported`},
	} {
		tokenizer, err := NewTokenizer(withPostProcessor(c.post))
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: error %v, expected %q", c.post, err, c.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.post, err)
		} else if start := tokenizer.Start(); !slices.Equal(start, c.want) {
			t.Errorf("%s: a text begins with %v, expected %v", c.post, start, c.want)
		}
	}
}
