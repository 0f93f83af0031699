package prompt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// FuzzTokenizer: a hostile tokenizer.json is an error, or a tokenizer that gives ids below its
// size, in a short time.
func FuzzTokenizer(f *testing.F) {
	files, err := filepath.Glob("testdata/*/tokenizer.json")
	if err != nil || len(files) != 4 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content), "Größe <s> 12 ▁ ")
	}
	tiny := `{"normalizer":{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Replace","pattern":{"String":"a"},"content":"bb"}]},
"pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\s+(?!\\S)"},"behavior":"MergedWithPrevious","invert":false},
"decoder":{"type":"Fuse"},"added_tokens":[{"id":7,"content":"<s>","lstrip":true,"rstrip":true,"normalized":true}],
"model":{"type":"BPE","unk_token":"b","fuse_unk":true,"vocab":{"b":0,"c":1,"bc":2},"merges":["b c"]}}`
	f.Add(tiny, "abc <s> x")
	f.Add(strings.Repeat(`{"normalizer":`, 50), "")
	for _, hostile := range []string{
		`{"decoder":{"type":"Fuse"},"added_tokens":[{"id":1073741823,"content":"a"},{"content":"b"}],"model":{"type":"BPE","vocab":{"a":0,"a":1},"merges":[]}}`,
		`{"decoder":{"type":"Fuse"},"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"s"}},{"Sequence":{"id":"A"}}],"special_tokens":{"s":{"ids":[0,0]}}},"model":{"vocab":{"a":0,"\u0061":{"b":[1,{"c":"}"}]}},"merges":[["a",null]]}}`,
		`{"decoder":{"type":"Strip","content":"a","start":9,"stop":-1},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(?=(a+)+!)|(?<x>b)\\k<x>"},"behavior":"Isolated"},"model":{"vocab":{"a":0,"b":1},"merges":[]}}`,
	} {
		f.Add(hostile, "aab a!")
	}
	f.Fuzz(func(t *testing.T, content, text string) {
		if len(text) > 2000 {
			t.Skip("a long text under a hostile pattern only takes time")
		}
		start := time.Now()
		tokenizer, err := NewTokenizer([]byte(content))
		if err != nil {
			if len(err.Error()) > 2000 || strings.Contains(err.Error(), "Go ") {
				t.Fatalf("the error is not for people: %.2000s", err)
			}
			return
		}
		ids, err := tokenizer.Encode(text)
		if err != nil {
			return
		}
		for _, id := range ids {
			if id < 0 || int(id) >= tokenizer.Size() {
				t.Fatalf("id %d, size %d", id, tokenizer.Size())
			}
		}
		tokenizer.Decode(ids)
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("took %v", took)
		}
	})
}
