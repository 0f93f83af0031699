package prompt

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// patience is what reading or encoding a hostile file may take on a busy machine. Most take
// microseconds.
const patience = 30 * time.Second

// refusal reads a file that must be refused, in little time and in few words.
func refusal(t *testing.T, content []byte, want ...string) {
	t.Helper()
	start := time.Now()
	_, err := NewTokenizer(content)
	if took := time.Since(start); took > patience {
		t.Errorf("%.80s: took %v", content, took)
	}
	if err == nil {
		t.Errorf("%.200s: no error, expected %q", content, want)
		return
	}
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%.200s: error %v\nexpected %q in it", content, err, part)
		}
	}
	if n := utf8.RuneCountInString(err.Error()); n > 500 {
		t.Errorf("%.80s: the error has %d characters: %.500s", content, n, err)
	}
}

// TestHostileFilesAreRefusedByTheirKeys gives each key of tokenizer.json what it must not have.
func TestHostileFilesAreRefusedByTheirKeys(t *testing.T) {
	whole := func(part string) string {
		return fmt.Sprintf(`{"decoder":{"type":"Fuse"},%s,"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}`, part)
	}
	model := func(settings string) string {
		return `{"decoder":{"type":"Fuse"},"model":{"type":"BPE",` + settings + `}}`
	}
	wide := strings.Repeat(`{"type":"NFC"},`, 300) + `{"type":"NFC"}`
	deep := strings.Repeat(`{"type":"Sequence","normalizers":[`, 10) + strings.Repeat("]}", 10)
	long := strings.Repeat("x", 1<<20)
	for _, c := range []struct {
		content string
		want    []string
	}{
		// no tokenizer.json at all
		{"", []string{"it is empty"}},
		{" \n", []string{"it is empty"}},
		{"null", []string{"null is no object"}},
		{"[]", []string{"it is a list, expected an object"}},
		{`"tokenizer"`, []string{"it is a text, expected an object"}},
		{"<!DOCTYPE html>", []string{"line 1, column 1", "'<'"}},
		{"{\n  \"model\": {,}}", []string{"line 2, column 13", "','"}},
		{`{"model":{"type":"BPE","vocab":{"a":0`, []string{"it ends after 37 bytes", "a part of it is missing"}},
		{`{} {}`, []string{"text after the JSON value"}},
		{"\xff\xfe{\x00}\x00", []string{"byte 0 (0xff) is not UTF-8"}},
		{"{\"model\":\"\xff\"}", []string{"byte 10 (0xff) is not UTF-8"}},
		{strings.Repeat("[", 1<<20), []string{"exceeded max depth"}},
		{strings.Repeat(`{"normalizer":`, 1<<16), []string{"exceeded max depth"}},
		{`{"` + long + `":1}`, []string{`the key "xxx`, "is not known"}},
		{`{"model":{},"model":{}}`, []string{`the key "model" is there twice`}},
		{whole(`"model":{}`), []string{`the key "model" is there twice`}},
		{whole(`"Model":{}`), []string{`the key "model" is there twice`}},
		{whole(`"version":1`), []string{"version is a number, expected a text"}},

		// parts
		{whole(`"normalizer":"NFC"`), []string{`normalizer: "NFC" is no object with a type`}},
		{whole(`"normalizer":[]`), []string{`normalizer: [] is no object with a type`}},
		{whole(`"normalizer":{}`), []string{"normalizer: type is missing"}},
		{whole(`"normalizer":{"type":7}`), []string{"normalizer: type is a number, expected a text"}},
		{whole(`"normalizer":{"type":"` + long + `"}`), []string{`normalizer: type "xxx`, "known: NFC"}},
		{whole(`"normalizer":{"type":"Precompiled","precompiled_charsmap":"AA"}`), []string{`normalizer: type "Precompiled" is not supported; known: NFC`}},
		{whole(`"normalizer":{"type":"Sequence","normalizers":{}}`), []string{"normalizer: normalizers is an object, expected a list"}},
		{whole(`"normalizer":{"type":"Sequence","normalizers":[` + wide + `]}`), []string{"normalizer: there are more than 256 parts"}},
		{whole(`"normalizer":` + deep), []string{"normalizer: Sequence is nested deeper than 8"}},
		{whole(`"normalizer":{"type":"Prepend","prepend":"` + long + `"}`), []string{"normalizer: Prepend: prepend has 1048576 bytes, expected at most 64"}},
		{whole(`"normalizer":{"type":"Replace","pattern":{"String":"a"},"content":"` + long + `"}`), []string{`normalizer: Replace: with content for pattern "a"`, "64 times as long"}},
		{whole(`"normalizer":{"type":"Replace","pattern":{"String":"a","String":"b"},"content":"x"}`), []string{`normalizer: pattern: the key "String" is there twice`}},
		{whole(`"normalizer":{"type":"Replace","pattern":"a","content":"x"}`), []string{"normalizer: pattern: it is a text, expected an object"}},
		{whole(`"pre_tokenizer":{"type":"Metaspace","replacement":"_"}`), []string{`pre_tokenizer: type "Metaspace" is not supported; known: Split`}},
		{whole(`"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a"},"behavior":"Isolated"}`), []string{`pre_tokenizer: pattern "(a"`, "missing closing )"}},
		{whole(`"pre_tokenizer":{"type":"Split","pattern":{"Regex":"` + strings.Repeat("(", 1<<20) + `"},"behavior":"Isolated"}`), []string{"pre_tokenizer: pattern has 1048576 bytes, expected at most 8192"}},
		{whole(`"pre_tokenizer":{"type":"Split","pattern":{},"behavior":"Isolated"}`), []string{"pre_tokenizer: Split: pattern must be a String or a Regex"}},
		{whole(`"pre_tokenizer":{"type":"Split","pattern":{"Regex":"a"},"behavior":7}`), []string{"pre_tokenizer: behavior is a number, expected a text"}},
		{whole(`"pre_tokenizer":{"type":"Split","pattern":{"Regex":"a"},"behavior":"` + long + `"}`), []string{`pre_tokenizer: Split: behavior "xxx`, "known: Isolated"}},
		{whole(`"pre_tokenizer":{"type":"Digits","individual_digits":"yes"}`), []string{"pre_tokenizer: individual_digits is a text, expected true or false"}},
		{whole(`"post_processor":{"type":"BertProcessing"}`), []string{`post_processor: type "BertProcessing" is not supported`}},
		{whole(`"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"s"}},{"Sequence":{"id":"A"}}],"special_tokens":{"s":{"ids":[` + strings.Repeat("0,", 1<<16) + `0]}}}`),
			[]string{"post_processor: it writes 65537 tokens before a text, expected at most 64"}},
		{whole(`"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"s"}},{"Sequence":{"id":"A"}}],"special_tokens":{"s":{"ids":[99999999999]}}}`),
			[]string{"post_processor: ", "is the number 99999999999, expected a whole number"}},
		{whole(`"post_processor":{"type":"TemplateProcessing","single":{}}`), []string{"post_processor: single is an object, expected a list"}},
		{`{"decoder":{"type":"WordPiece"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}`, []string{`decoder: type "WordPiece" is not supported; known: ByteLevel`}},
		{`{"decoder":{"type":"Strip","content":"` + long + `"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}`, []string{"decoder: Strip: content must be one character"}},

		// tokens
		{whole(`"added_tokens":{}`), []string{"added_tokens is an object, expected a list"}},
		{whole(`"added_tokens":["<s>"]`), []string{"added_tokens: entry 0: it is a text, expected an object"}},
		{whole(`"added_tokens":[null]`), []string{"added_tokens: entry 0: null is no object"}},
		{whole(`"added_tokens":[{"content":"<s>"}]`), []string{`added_tokens: entry 0: "<s>" has no id`}},
		{whole(`"added_tokens":[{"id":1}]`), []string{"added_tokens: the token with id 1 is empty"}},
		{whole(`"added_tokens":[{"id":"1","content":"<s>"}]`), []string{"added_tokens: entry 0: id is a text, expected a whole number"}},
		{whole(`"added_tokens":[{"id":99999999999999999999,"content":"<s>"}]`), []string{"added_tokens: entry 0: id is the number 99999999999999999999, expected a whole number"}},
		{whole(`"added_tokens":[{"id":2147483647,"content":"<s>"}]`), []string{`added_tokens: "<s>" has the id 2147483647; an id lies between 0 and`}},
		{whole(`"added_tokens":[{"id":-3,"content":"<s>"}]`), []string{`added_tokens: "<s>" has the id -3`}},
		{whole(`"added_tokens":[{"id":1,"content":"<s>"},{"id":2,"content":"<s>"}]`), []string{`added_tokens: "<s>" is there twice`}},
		{whole(`"added_tokens":[{"id":1,"content":"<s>"},{"id":1,"content":"<t>"}]`), []string{`added_tokens: "<t>" has the id 1, which belongs to "<s>"`}},
		{whole(`"added_tokens":[{"id":0,"content":"` + long + `"}]`), []string{"added_tokens:", `which belongs to "a"`}},

		// the model
		{`{"decoder":{"type":"Fuse"}}`, []string{"model: it is missing"}},
		{`{"decoder":{"type":"Fuse"},"model":[]}`, []string{"model: it is a list, expected an object"}},
		{`{"decoder":{"type":"Fuse"},"model":{"type":"WordPiece","vocab":{}}}`, []string{`model: type "WordPiece" is not supported; known: BPE`}},
		{model(`"merges":[]`), []string{"model: vocab is missing"}},
		{model(`"vocab":{},"merges":[]`), []string{"model: vocab is missing"}},
		{model(`"vocab":[["a",0]],"merges":[]`), []string{`model: vocab: [["a",0]] is no object`}},
		{model(`"vocab":{"a":"0"},"merges":[]`), []string{`model: vocab: the id of "a" is "0", expected a whole number`}},
		{model(`"vocab":{"a":null},"merges":[]`), []string{`model: vocab: the id of "a" is null`}},
		{model(`"vocab":{"a":1.5},"merges":[]`), []string{`model: vocab: the id of "a" is 1.5`}},
		{model(`"vocab":{"a":1e99},"merges":[]`), []string{`model: vocab: the id of "a" is 1e99`}},
		{model(`"vocab":{"a":-1},"merges":[]`), []string{`model: vocab: the id of "a" is -1`}},
		{model(`"vocab":{"a":0,"b":4294967296},"merges":[]`), []string{`model: vocab: the id of "b" is 4294967296`}},
		{model(`"vocab":{"a":{"b":[1,{"c":2}]}},"merges":[]`), []string{`model: vocab: the id of "a" is {"b":[1,{"c":2}]}`}},
		{model(`"vocab":{"a":0,"b":1,"a":2},"merges":[]`), []string{`model: vocab: "a" is there twice`}},
		{model(`"vocab":{"a":0,"\u0061":2},"merges":[]`), []string{`model: vocab: "a" is there twice`}},
		{model(`"vocab":{"a":0,"b":0},"merges":[]`), []string{`model: vocab: "a" and "b" have the same id 0`}},
		{model(`"vocab":{"a":0}`), []string{"model: merges is missing"}},
		{model(`"vocab":{"a":0},"merges":null`), []string{"model: merges is missing"}},
		{model(`"vocab":{"a":0},"merges":{"a":"b"}`), []string{"model: merges is an object, expected a list"}},
		{model(`"vocab":{"a":0,"aa":1},"merges":["a a","a a"]`), []string{`model: merges, entry 1: "a a" is there twice`}},
		{model(`"vocab":{"a":0,"aa":1},"merges":["aa"]`), []string{`model: merges, entry 0: "aa" does not have two parts`}},
		{model(`"vocab":{"a":0,"aa":1},"merges":[["a","a","a"]]`), []string{`model: merges, entry 0: ["a","a","a"] does not have two parts`}},
		{model(`"vocab":{"a":0,"":1},"merges":[" a"]`), []string{`model: merges, entry 0: " a" does not have two parts`}},
		{model(`"vocab":{"a":0,"":1},"merges":[["a",null]]`), []string{`model: merges, entry 0: ["a",null] does not have two parts`}},
		{model(`"vocab":{"a":0},"merges":[7]`), []string{"model: merges, entry 0: 7 is neither a text nor a list of texts"}},
		{model(`"vocab":{"a":0},"merges":["` + long + ` a"]`), []string{"model: merges, entry 0:", "is not in vocab"}},
		{model(`"vocab":{"a":0},"merges":[],"unk_token":"` + long + `"`), []string{"model: unk_token", "is not in vocab"}},
		{model(`"vocab":{"a":0},"merges":[],"unk_token":7`), []string{"model: unk_token is a number, expected a text"}},
		{model(`"vocab":{"a":0},"merges":[],"fuse_unk":"yes"`), []string{"model: fuse_unk is a text, expected true or false"}},
		{model(`"vocab":{"a":0},"merges":[],"dropout":"0.1"`), []string{"model: dropout is a text, expected a number"}},
	} {
		refusal(t, []byte(c.content), c.want...)
	}
}

// TestAHundredMegabytesOfNonsense are refused in seconds, whatever they are.
func TestAHundredMegabytesOfNonsense(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some hundred megabytes of memory")
	}
	const size = 100 << 20
	many := func(unit string) string { return strings.Repeat(unit, size/len(unit)) }
	for _, c := range []struct{ content, want string }{
		{many("nonsense "), "line 1, column 2"},
		{many("\x00"), "line 1, column 1"},
		{`{"model":{"vocab":{"` + many("x") + `":0}}`, "it ends after"},
		{`{"model":{"type":"BPE","vocab":{"a":0},"merges":[` + many("[],")[:3<<20] + `[]]},"decoder":{"type":"Fuse"}}`, "model: merges, entry 0"},
	} {
		refusal(t, []byte(c.content), c.want)
	}
}

// TestHostilePatternsEnd: a pattern may search for years, alone, or a little at each of many
// places.
func TestHostilePatternsEnd(t *testing.T) {
	for _, pattern := range []string{
		`(a+)+$`,       // each a doubles the search
		`(?=(a+)+!)|x`, // the same before each place
		`(?:a|a|a)*!`,  // the library sees that there is no !
	} {
		tokenizer, err := NewTokenizer(tinyFile("", "null", fmt.Sprintf(`{"type":"Split","pattern":{"Regex":%q},"behavior":"Isolated"}`, pattern), tinyModel))
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		start := time.Now()
		_, err = tokenizer.Encode(strings.Repeat("a", 2000) + "b")
		if took := time.Since(start); took > patience {
			t.Errorf("%s: took %v", pattern, took)
		}
		if err == nil {
			continue // the library answers some at once
		}
		for _, part := range []string{"encode text: ", "took longer than", "tokenizer.json (pre_tokenizer)", "give another backbone"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %v, expected %q in it", pattern, err, part)
			}
		}
	}
	// The time of all searches together is bounded, not that of one alone.
	clock := searchClock{time.Now().Add(-time.Hour), time.Second}
	if _, err := splitAll([]splitter{eachDigit}, "a1b", clock); err == nil || !strings.Contains(err.Error(), "the searches took longer than 1s") {
		t.Error(err)
	}
}

// TestHostileFilesThatAreTakenDoNoHarm: what is odd, and yet means something, is followed within
// bounds.
func TestHostileFilesThatAreTakenDoNoHarm(t *testing.T) {
	var tokens, grown strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&tokens, `,{"id":%d,"content":"a%d>"}`, 1000+i, i)
	}
	grown.WriteString(`{"type":"NFKC"}`)
	for range 6 { // 64 times as long
		grown.WriteString(`,{"type":"Replace","pattern":{"String":"a"},"content":"aa"}`)
	}
	for name, content := range map[string][]byte{
		"many tokens of one beginning": tinyFile(tokens.String()[1:], "null", "null", tinyModel),
		"growth":                       tinyFile("", `{"type":"Sequence","normalizers":[`+grown.String()+`]}`, "null", tinyModel),
		"the largest id":               tinyFile(fmt.Sprintf(`{"id":%d,"content":"<m>"}`, largestID), "null", "null", tinyModel),
		"merges against their order":   tinyFile("", "null", "null", `"unk_token":"?","vocab":{"?":0,"a":1,"aa":2,"aaaa":3},"merges":["aa aa","a a"]`),
		"a token that is its own part": tinyFile("", "null", "null", `"unk_token":"","vocab":{"":0,"a":1,"aa":2},"merges":["a a"]`),
	} {
		start := time.Now()
		tokenizer, err := NewTokenizer(content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		ids, err := tokenizer.Encode(strings.Repeat("a", 20_000) + "é\u0301 ab")
		if err != nil || len(ids) == 0 || len(ids) > 64*20_010 {
			t.Errorf("%s: %d ids, %v", name, len(ids), err)
		}
		for _, id := range ids {
			if id < 0 || int(id) >= tokenizer.Size() {
				t.Fatalf("%s: id %d, size %d", name, id, tokenizer.Size())
			}
		}
		tokenizer.Decode(ids)
		if took := time.Since(start); took > patience {
			t.Errorf("%s: took %v", name, took)
		}
	}
}
