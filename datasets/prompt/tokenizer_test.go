package prompt

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func testTokenizer(t testing.TB, folder string) *Tokenizer {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", folder, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := NewTokenizer(content)
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer
}

// encodings is small_encodings.json: what the Python library made of texts.
type encodings struct {
	Families map[string]string
	Cases    []map[string]json.RawMessage
}

type encoding struct {
	IDs         []int32
	Decoded     *string // where it is not the text
	SkipSpecial *string `json:"decoded_skip_special"` // where it is not Decoded
}

func readEncodings(t testing.TB) (e encodings) {
	t.Helper()
	content, err := os.ReadFile("testdata/small_encodings.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestIDsAndTextAreThoseOfThePythonLibrary(t *testing.T) {
	e := readEncodings(t)
	if len(e.Cases) != 72 || len(e.Families) != 4 {
		t.Fatalf("%d cases of %d families", len(e.Cases), len(e.Families))
	}
	for family, path := range e.Families {
		tokenizer := testTokenizer(t, filepath.Base(filepath.Dir(path)))
		checkEncodings(t, tokenizer, family, e.Cases)
	}
}

// checkEncodings compares ids and decoded text with what the Python library made of the same texts.
func checkEncodings(t *testing.T, tokenizer *Tokenizer, family string, cases []map[string]json.RawMessage) {
	t.Helper()
	for _, c := range cases {
		var name, text string
		var want encoding
		for into, key := range map[any]string{&name: "name", &text: "text", &want: family} {
			if err := json.Unmarshal(c[key], into); err != nil {
				t.Fatalf("%s of %s: %v", key, c["name"], err)
			}
		}
		ids, err := tokenizer.Encode(text)
		if err != nil || !slices.Equal(ids, want.IDs) {
			t.Errorf("%s: %s: %v, %v; want %v", family, name, ids, err, want.IDs)
		}
		decoded := text
		if want.Decoded != nil {
			decoded = *want.Decoded
		}
		if got := tokenizer.DecodeAll(want.IDs); got != decoded {
			t.Errorf("%s: %s: decoded with special tokens %q, want %q", family, name, got, decoded)
		}
		if want.SkipSpecial != nil {
			decoded = *want.SkipSpecial
		}
		if got := tokenizer.Decode(want.IDs); got != decoded {
			t.Errorf("%s: %s: decoded %q, want %q", family, name, got, decoded)
		}
		for _, id := range ids {
			if int(id) >= tokenizer.Size() {
				t.Errorf("%s: %s: id %d, size %d", family, name, id, tokenizer.Size())
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	var text strings.Builder
	for _, c := range readEncodings(b).Cases {
		var s string
		if err := json.Unmarshal(c["text"], &s); err != nil {
			b.Fatal(err)
		}
		text.WriteString(s)
	}
	for _, folder := range []string{"small-qwen2", "small-llama3", "small-gemma2", "stories260K"} {
		b.Run(folder, func(b *testing.B) {
			tokenizer := testTokenizer(b, folder)
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				if _, err := tokenizer.Encode(text.String()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
