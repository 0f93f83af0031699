package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// notParquet says what to do with a file of another format that can be converted.
func notParquet(path, name string) error {
	return fmt.Errorf("%s is no Parquet file, which is what is read: `runner data convert %s -out %s` makes one of it", name, path, filepath.Dir(path))
}

// recognise says what a file that is no Parquet file is, by its first bytes, and what to do; nil
// where it cannot tell.
func recognise(head []byte, path string) error {
	text := bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	trimmed := bytes.TrimLeftFunc(text, unicode.IsSpace)
	convert := fmt.Sprintf("`runner data convert %s -out DIR` makes a Parquet file of it", path)
	switch {
	case len(head) == 0:
		return errors.New("it is empty: fetch or write it again")
	case bytes.HasPrefix(text, []byte("version https://git-lfs.github.com/spec/")):
		return errors.New("it is a Git LFS pointer, not the file itself: run `git lfs pull` where it was cloned, or `runner data fetch`")
	case bytes.HasPrefix(head, []byte("PAR1")):
		return errors.New("it begins as a Parquet file does, but its end is missing: fetch or write it again")
	case bytes.HasPrefix(head, []byte("ARROW1")):
		return errors.New("it is an Arrow file (Feather): write it as Parquet, with pyarrow.parquet.write_table")
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return errors.New("it is compressed by gzip: unpack it first")
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return errors.New("it is compressed by Zstandard: unpack it first")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return errors.New("it is a ZIP archive: unpack it first")
	case bytes.HasPrefix(head, []byte("SQLite format 3")):
		return errors.New("it is an SQLite database: write its table as Parquet")
	case len(trimmed) > 0 && trimmed[0] == '<' && bytes.Contains(bytes.ToLower(trimmed), []byte("html")):
		return errors.New("it is a web page, as a server sends where a file is not public: fetch it again")
	case len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '['):
		return errors.New("it is JSON: " + convert)
	case !utf8.Valid(cutRune(text)) || bytes.IndexByte(text, 0) >= 0:
		return nil
	}
	line, _, _ := strings.Cut(string(text), "\n")
	switch {
	case strings.Contains(line, "\t"):
		return errors.New("it is text with tabs (TSV): " + convert)
	case strings.Contains(line, ","):
		return errors.New("it is text with commas (CSV): " + convert)
	}
	return fmt.Errorf("it is text that begins with %q", line[:min(len(line), 40)])
}

// cutRune drops the beginning of a character at the end of a text that was cut.
func cutRune(text []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		if at := len(text) - i; utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				return text[:at]
			}
			break
		}
	}
	return text
}
