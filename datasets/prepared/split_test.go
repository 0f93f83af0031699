package prepared

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"secura/datasets"
)

// example is an example with its texts, as a split may have it.
type example struct {
	Encoded     datasets.Encoded
	Text        datasets.Example
	CannotWrite bool
}

func drawExample(t *rapid.T, largest int32) (e example) {
	ids := func(name string, least int) []int32 {
		list := rapid.SliceOfN(rapid.Int32Range(0, largest), least, 9).Draw(t, name)
		if len(list) == 0 {
			return nil
		}
		return list
	}
	texts := func(name string) []string {
		list := rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, name)
		if len(list) == 0 {
			return nil
		}
		return list
	}
	e.Encoded = datasets.Encoded{Prompt: ids("prompt", 1), Answer: ids("answer", 0), Tail: ids("tail", 0)}
	for range rapid.IntRange(0, 3).Draw(t, "options") {
		e.Encoded.Options = append(e.Encoded.Options, ids("option", 0))
	}
	e.Encoded.Start = rapid.IntRange(0, len(e.Encoded.Prompt)).Draw(t, "start")
	if rapid.Bool().Draw(t, "opens") {
		e.Encoded.Opening = ids("opening", 1)
	}
	e.Encoded.Border = datasets.Border{Blank: rapid.Bool().Draw(t, "blank"), Merged: rapid.Bool().Draw(t, "merged")}
	e.Text = datasets.Example{Task: "t", ID: rapid.Int().Draw(t, "id"), Gold: rapid.Int().Draw(t, "gold"), System: rapid.String().Draw(t, "system"),
		Prompt: rapid.String().Draw(t, "text"), Answer: rapid.String().Draw(t, "gold text"), Original: rapid.String().Draw(t, "original"),
		Golds: texts("golds"), Options: texts("option texts")}
	e.CannotWrite = rapid.Bool().Draw(t, "cannot write")
	return e
}

// contentOf writes examples, some at a time.
func contentOf(examples []example, largest int32, texts bool) content {
	return func(w *writer) (uint32, header, error) {
		width := widthOf(largest)
		for some := range slices.Chunk(examples, 2) {
			var records []byte
			var entries []entry
			for _, e := range some {
				text := &e.Text
				if !texts {
					text = nil
				}
				at := uint64(len(records))
				var x entry
				records, x = recordOf(records, width, e.Encoded, text, e.Text.Fingerprint(), e.CannotWrite)
				x.offset = at
				entries = append(entries, x)
			}
			if err := w.add(records, entries); err != nil {
				return 0, header{}, err
			}
		}
		return width, header{Facts: Facts{Rows: len(examples) + 3, LeftOut: 2, Bounded: 1, Available: len(examples), Texts: texts}, Key: "k", Program: "p"}, nil
	}
}

func TestExamplesComeBackAsTheyWere(t *testing.T) {
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		largest := rapid.SampledFrom([]int32{100, 255, 256, 50_000, 128_255, 1 << 24, 1<<30 - 1}).Draw(t, "largest")
		texts := rapid.Bool().Draw(t, "texts")
		var examples []example
		for range rapid.IntRange(0, 7).Draw(t, "examples") {
			examples = append(examples, drawExample(t, largest))
		}
		path := filepath.Join(folder, "x.examples")
		if err := writeFile(folder, path, contentOf(examples, largest, texts)); err != nil {
			t.Fatal(err)
		}
		s, h, err := open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if h.Key != "k" || h.Program != "p" || s.Set().Rows != len(examples)+3 || s.Set().LeftOut != 2 || s.Set().Bounded != 1 || s.Available != len(examples) || s.Len() != len(examples) {
			t.Fatalf("%+v of %d examples", h, len(examples))
		}
		var borders datasets.Borders
		var unwritable []int
		for i, want := range examples {
			if d := cmp.Diff(want.Encoded, s.At(i)); d != "" {
				t.Fatal(d)
			}
			if _, text := s.Evaluated(i); texts && cmp.Diff(want.Text, text) != "" {
				t.Fatal(cmp.Diff(want.Text, text))
			}
			e := want.Encoded
			length, answers := rapid.IntRange(2, 12).Draw(t, "length"), rapid.IntRange(1, 6).Draw(t, "answers")
			trained, lost := e.Train(length, answers, 1)
			if tokens, targets, cut := s.Lengths(i).Trained(length, answers); tokens != len(trained.Tokens) || targets != len(trained.Targets) || cut != lost {
				t.Fatalf("%+v in %d and %d gives %d tokens, %d targets, cut %v", e, length, answers, tokens, targets, cut)
			}
			if got := s.Lengths(i); got != (Lengths{len(e.Prompt), len(e.Answer), len(e.Opening), e.Tokens(), e.AnswerTokens()}) {
				t.Fatalf("%+v of %+v", got, e)
			}
			borders.Add(e.Border)
			if want.CannotWrite {
				unwritable = append(unwritable, i)
			}
		}
		if s.Borders() != borders || !slices.Equal(s.Unwritable(), unwritable) {
			t.Fatalf("%+v and %v, expected %+v and %v", s.Borders(), s.Unwritable(), borders, unwritable)
		}
	})
}

// TestADamagedFileIsNoticed cuts a file off at every place, and changes each of its bytes.
func TestADamagedFileIsNoticed(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "x.examples")
	examples := []example{{Encoded: datasets.Encoded{Prompt: []int32{1, 2, 300}, Answer: []int32{4}, Options: [][]int32{{5}, {6, 7}}}, Text: datasets.Example{Prompt: "p"}}, {Encoded: datasets.Encoded{Prompt: []int32{8}}}}
	if err := writeFile(folder, path, contentOf(examples, 300, true)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	noticed := func(what string, at int, data []byte) {
		t.Helper()
		s := &Split{file: bytes.NewReader(data)}
		if _, err := s.check(int64(len(data))); err == nil {
			t.Errorf("%s at %d of %d is not noticed", what, at, len(whole))
		}
	}
	for i := range whole {
		noticed("an end", i, whole[:i])
		changed := slices.Clone(whole)
		changed[i] ^= 0x10
		noticed("a change", i, changed)
	}
	noticed("more", len(whole), append(slices.Clone(whole), 0))
}

func TestSharedTextsAreFound(t *testing.T) {
	split := func(prompts ...string) *Split {
		var list []example
		for _, p := range prompts {
			list = append(list, example{Encoded: datasets.Encoded{Prompt: []int32{1}}, Text: datasets.Example{Prompt: p}})
		}
		s, err := temporary(contentOf(list, 1, false))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	if got := split("a", "b", "c", "b").Shared(split("x", "b", "c", "c")); !slices.Equal(got, []int{1, 2, 3}) {
		t.Error(got)
	}
}

func TestAnEmptySplitHasNothing(t *testing.T) {
	var s *Split
	if s.Len() != 0 || s.Close() != nil {
		t.Error("a split that was not opened has examples")
	}
}

// FuzzSplit gives the reader files whose checksums are right and whose content is not.
func FuzzSplit(f *testing.F) {
	folder := f.TempDir()
	path := filepath.Join(folder, "x.examples")
	for _, texts := range []bool{false, true} {
		examples := []example{{Encoded: datasets.Encoded{Prompt: []int32{1, 2}, Answer: []int32{3}, Tail: []int32{4}, Opening: []int32{5}, Options: [][]int32{{6}}, Start: 1},
			Text: datasets.Example{Prompt: "p", Golds: []string{"g"}, Options: []string{"o"}}}}
		if err := writeFile(folder, path, contentOf(examples, 70_000, texts)); err != nil {
			f.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if n := len(data) - footerBytes; n >= 0 {
			data = slices.Clone(data)
			end := data[n:]
			binary.LittleEndian.PutUint32(end[44:], crc32.Checksum(data[:n], castagnoli))
			binary.LittleEndian.PutUint32(end[footerBytes-4:], crc32.Checksum(end[:footerBytes-4], castagnoli))
		}
		s := &Split{file: bytes.NewReader(data)}
		if _, err := s.check(int64(len(data))); err != nil {
			return
		}
		for i := range s.Len() {
			e, _, err := s.decode(i)
			if err != nil || e.Start > len(e.Prompt) {
				t.Fatalf("example %d of a file that was found good: %+v, %v", i, e, err)
			}
			s.Lengths(i)
		}
		s.Borders()
		s.Shared(s)
	})
}
