package prompt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// documents are sentences of a small language.
func documents(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		people, places := strings.Fields("Anna Ben Çem Dora Eva Jürgen"), strings.Fields("Lima Paris Köln Oslo")
		for i := range n {
			s := fmt.Sprintf("%s has %d apples and goes to %s.\nHow many apples are left?<|endoftext|>", people[i%6], i*i, places[i/3%4])
			if !yield(s) {
				return
			}
		}
	}
}

var specials = []string{"<|endoftext|>", "<|pad|>"}

func trained(t testing.TB, vocabulary int) (*Tokenizer, []byte) {
	t.Helper()
	content, err := Train(documents(200), vocabulary, specials)
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := NewTokenizer(content)
	if err != nil {
		t.Fatal(err)
	}
	return tokenizer, content
}

func TestTheTrainedVocabularyIsExactlyAsAsked(t *testing.T) {
	tokenizer, content := trained(t, 320)
	if tokenizer.Size() != 320 {
		t.Error("size", tokenizer.Size())
	}
	for i, s := range specials {
		if id, ok := tokenizer.ID(s); !ok || int(id) != 318+i {
			t.Errorf("%s: %d %v", s, id, ok)
		}
	}
	for b := range 256 {
		if id, ok := tokenizer.ID(string(runeOf[b])); !ok || id > 255 {
			t.Errorf("byte %d: %d %v", b, id, ok)
		}
	}
	_, again := trained(t, 320)
	if !bytes.Equal(content, again) {
		t.Error("two trainings differ")
	}
	ids, err := tokenizer.Encode(" apples<|endoftext|>12")
	if err != nil || len(ids) != 4 || ids[1] != 318 || tokenizer.Decode(ids) != " apples12" {
		t.Error(ids, err, tokenizer.Decode(ids))
	}
}

// The reference recounts all pairs before each merge.
func TestMergesAreThoseOfAFullRecount(t *testing.T) {
	_, content := trained(t, 320)
	var file struct {
		Model struct {
			Vocab  map[string]int32
			Merges [][2]string
		}
	}
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	split, err := isolate(qwen2Pattern)
	if err != nil {
		t.Fatal(err)
	}
	var words [][]string
	for d := range documents(200) {
		pieces, err := split(nil, strings.TrimSuffix(d, specials[0]))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pieces {
			words = append(words, strings.Split(byteLevelText(p), ""))
		}
	}
	for i, merge := range file.Model.Merges {
		counts := map[[2]string]int{}
		for _, w := range words {
			for j := range len(w) - 1 {
				counts[[2]string{w[j], w[j+1]}]++
			}
		}
		id := func(s string) int32 { return file.Model.Vocab[s] }
		for p, n := range counts {
			if n > counts[merge] || n == counts[merge] && slices.Compare([]int32{id(p[0]), id(p[1])}, []int32{id(merge[0]), id(merge[1])}) < 0 {
				t.Fatalf("merge %d is %q (%d), %q (%d) comes before it", i, merge, counts[merge], p, n)
			}
		}
		for k, w := range words {
			var merged []string
			for j := 0; j < len(w); j++ {
				if j+1 < len(w) && w[j] == merge[0] && w[j+1] == merge[1] {
					merged = append(merged, w[j]+w[j+1])
					j++
					continue
				}
				merged = append(merged, w[j])
			}
			words[k] = merged
		}
	}
}

func TestEncodedTextDecodesToItself(t *testing.T) {
	tokenizer, _ := trained(t, 320)
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOf(rapid.OneOf(rapid.SampledFrom([]string{" apples", "Anna", "12", "\n\n", "  ", "'s"}), rapid.String()))
		text := norm.NFC.String(strings.ToValidUTF8(strings.Join(words.Draw(t, "words"), ""), ""))
		ids, err := tokenizer.Encode(text)
		if err != nil || tokenizer.Decode(ids) != text {
			t.Fatalf("%q became %q, %v", text, tokenizer.Decode(ids), err)
		}
	})
}

func TestTrainingRefusesWhatItCannotDo(t *testing.T) {
	for want, call := range map[string]func() ([]byte, error){
		"too small":           func() ([]byte, error) { return Train(documents(9), 257, specials) },
		"there are no":        func() ([]byte, error) { return Train(documents(0), 300, specials) },
		"only":                func() ([]byte, error) { return Train(documents(2), 30000, specials) },
		"document 1: byte 1":  func() ([]byte, error) { return Train(slices.Values([]string{"a\xff"}), 300, specials) },
		"there once":          func() ([]byte, error) { return Train(documents(9), 300, []string{"<s>", "<s>"}) },
		"cannot stand in one": func() ([]byte, error) { return Train(documents(9), 300, []string{"a b"}) },
	} {
		if _, err := call(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}

func BenchmarkTrain(b *testing.B) {
	for b.Loop() {
		if _, err := Train(documents(20000), 320, specials); err != nil {
			b.Fatal(err)
		}
	}
}
