package prompt

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// tinyFile is a tokenizer.json with the given parts.
func tinyFile(added, normalizer, preTokenizer, model string) []byte {
	return fmt.Appendf(nil, `{"version":"1.0","truncation":null,"padding":null,"added_tokens":[%s],"normalizer":%s,
"pre_tokenizer":%s,"post_processor":null,"decoder":{"type":"Fuse"},"model":{"type":"BPE",%s}}`, added, normalizer, preTokenizer, model)
}

const tinyModel = `"unk_token":"?","vocab":{"?":0,"a":1,"b":2,"ab":3,"<0x63>":4," ":5},"merges":["a b"]`

func TestSettingsOfTheModel(t *testing.T) {
	for _, c := range []struct {
		added, normalizer, preTokenizer, model, text string
		want                                         []int32
	}{
		{"", "null", "null", tinyModel, "abxyb a", []int32{3, 0, 0, 2, 5, 1}},
		{"", "null", "null", `"fuse_unk":true,` + tinyModel, "abxyb", []int32{3, 0, 2}},
		{"", "null", "null", `"byte_fallback":true,` + tinyModel, "acbd", []int32{1, 4, 2, 0}},
		{"", "null", `{"type":"Digits","individual_digits":true}`, `"vocab":{"1":0,"2":1,"12":2},"merges":["1 2"]`, "12", []int32{0, 1}},
		{"", "null", `{"type":"Digits","individual_digits":false}`, `"vocab":{"1":0,"2":1,"12":2},"merges":["1 2"]`, "12", []int32{2}},
		{"", "null", "null", `"ignore_merges":true,"vocab":{"a":1,"b":2,"c":0,"abc":3},"merges":[]`, "abc", []int32{3}},
		{"", "null", "null", `"vocab":{"a":1,"b":2,"c":0,"abc":3},"merges":[]`, "abc", []int32{1, 2, 0}},
		{`{"id":9,"content":"<m>","lstrip":true,"rstrip":true}`, "null", "null", tinyModel, "a <m>  b<m>", []int32{1, 9, 2, 9}},
		{`{"id":9,"content":"<m>"},{"id":8,"content":"<m>>"}`, "null", "null", tinyModel, "<m>><m>", []int32{8, 9}},
		{`{"id":9,"content":"x","normalized":true}`, `{"type":"Replace","pattern":{"String":"x"},"content":"b"}`, "null", tinyModel, "axb", []int32{1, 9, 9}},
		{"", `{"type":"Prepend","prepend":"a"}`, "null", tinyModel, "b", []int32{3}},
	} {
		tokenizer, err := NewTokenizer(tinyFile(c.added, c.normalizer, c.preTokenizer, c.model))
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		for range 2 { // the second time from the cache
			if ids, err := tokenizer.Encode(c.text); err != nil || !slices.Equal(ids, c.want) {
				t.Errorf("%+v: %v, %v", c, ids, err)
			}
		}
	}
}

func TestWhatIsNotSupportedIsNamed(t *testing.T) {
	for _, c := range [][5]string{
		{"", `{"type":"Lowercase"}`, "null", tinyModel, `normalizer: type "Lowercase"`},
		{"", `{"type":"NFC","extra":1}`, "null", tinyModel, `"extra"`},
		{"", "null", `{"type":"Whitespace"}`, tinyModel, `pre_tokenizer: type "Whitespace"`},
		{"", "null", `{"type":"Split","pattern":{"String":" "},"behavior":"Removed","invert":false}`, tinyModel, `behavior "Removed"`},
		{"", "null", `{"type":"Split","pattern":{"Regex":"("},"behavior":"Isolated"}`, tinyModel, "pattern"},
		{"", "null", `{"type":"ByteLevel"}`, tinyModel, "byte 0x00 is missing"},
		{"", "null", "null", `"dropout":0.1,` + tinyModel, "dropout"},
		{"", "null", "null", `"continuing_subword_prefix":"##",` + tinyModel, "continuing_subword_prefix"},
		{"", "null", "null", `"vocab":{"a":0,"b":0},"merges":[]`, `"a" and "b" have the same id`},
		{"", "null", "null", `"vocab":{"a":0,"b":1},"merges":["a b"]`, `merges, entry 0: "ab" is not in vocab`},
		{`{"id":9,"content":"<m>","single_word":true}`, "null", "null", tinyModel, "single_word"},
		{`{"id":1,"content":"<m>"}`, "null", "null", tinyModel, `which belongs to "a"`},
	} {
		if _, err := NewTokenizer(tinyFile(c[0], c[1], c[2], c[3])); err == nil || !strings.Contains(err.Error(), c[4]) {
			t.Errorf("%q is not in %v", c[4], err)
		}
	}
	if _, err := NewTokenizer([]byte(`{"model":{"type":"Unigram"},"decoder":{"type":"Fuse"}}`)); err == nil || !strings.Contains(err.Error(), `"Unigram"`) {
		t.Error(err)
	}
	tokenizer := testTokenizer(t, "small-qwen2")
	if _, err := tokenizer.Encode("ab\xff"); err == nil || !strings.Contains(err.Error(), "byte 2 (0xff)") {
		t.Error(err)
	}
	if got := tokenizer.Decode([]int32{-1, 100000}); got != "" {
		t.Errorf("%q", got)
	}
}

// The Python library saves how its last call cut and filled texts; each call of transformers sets
// both anew, and an encoding is neither cut nor filled.
func TestTruncationAndPaddingAreOfACall(t *testing.T) {
	content, err := os.ReadFile("testdata/small-qwen2/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	file["truncation"] = map[string]any{"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
	file["padding"] = map[string]any{"strategy": map[string]any{"Fixed": 64}, "direction": "Right", "pad_id": 0, "pad_token": "x"}
	if content, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	saved, err := NewTokenizer(content)
	if err != nil {
		t.Fatal(err)
	}
	const text = "Hello there, this is a text"
	want, err := testTokenizer(t, "small-qwen2").Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := saved.Encode(text); err != nil || !slices.Equal(got, want) || len(got) < 3 {
		t.Errorf("%v, %v, expected %v", got, err, want)
	}
}
