package datasets

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/snappy"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// rewritten is a Parquet file with another footer and other page headers of the same size or not:
// each page of the first row group is changed and copied after the others.
func rewritten(t testing.TB, data []byte, footer func(*format.FileMetaData), page func(*format.PageHeader, []byte) []byte) []byte {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	metadata := *file.Metadata()
	out := bytes.NewBuffer(bytes.Clone(data))
	protocol := &thrift.CompactProtocol{}
	if page != nil {
		for i := range metadata.RowGroups[0].Columns {
			chunk := &metadata.RowGroups[0].Columns[i].MetaData
			at := chunk.DataPageOffset
			if chunk.DictionaryPageOffset > 0 {
				at = chunk.DictionaryPageOffset
			}
			end, start := at+chunk.TotalCompressedSize, int64(out.Len())
			for at < end {
				counted := &counter{r: bufio.NewReader(bytes.NewReader(data[at:end]))}
				var header format.PageHeader
				if err := thrift.NewDecoder(protocol.NewReader(counted)).Decode(&header); err != nil {
					t.Fatal(err)
				}
				content := data[at+counted.n:][:header.CompressedPageSize]
				at += counted.n + int64(header.CompressedPageSize)
				content = page(&header, content)
				header.CompressedPageSize, header.CRC = int32(len(content)), 0
				encoded, err := thrift.Marshal(protocol, &header)
				if err != nil {
					t.Fatal(err)
				}
				if header.DictionaryPageHeader.Valid {
					chunk.DictionaryPageOffset = int64(out.Len())
				} else if chunk.DataPageOffset < start {
					chunk.DataPageOffset = int64(out.Len())
				}
				out.Write(encoded)
				out.Write(content)
			}
			chunk.TotalCompressedSize = int64(out.Len()) - start
		}
	}
	if footer != nil {
		footer(&metadata)
	}
	encoded, err := thrift.Marshal(protocol, &metadata)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	out.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(encoded))))
	out.WriteString("PAR1")
	return out.Bytes()
}

type oddRow struct {
	Question string
	Answer   *string
	List     []int64
}

func oddFile(t testing.TB, options ...parquet.WriterOption) ([]byte, []Row) {
	t.Helper()
	a := "x"
	var out bytes.Buffer
	if err := parquet.Write(&out, []oddRow{{"q1", &a, []int64{1, 2}}, {"q2", nil, nil}, {"q3", &a, []int64{3}}}, options...); err != nil {
		t.Fatal(err)
	}
	rows, err := allRows(out.Bytes(), "whole")
	if err != nil || len(rows) != 3 {
		t.Fatal(len(rows), err)
	}
	return out.Bytes(), rows
}

func sameRows(t *testing.T, data []byte, want []Row) {
	t.Helper()
	rows, err := allRows(data, "rewritten")
	if err != nil {
		t.Error(err)
	} else if d := cmp.Diff(want, rows); d != "" {
		t.Error(d)
	}
}

func TestFootersThatSayNoRowsAreReadByTheirColumns(t *testing.T) {
	data, want := oddFile(t)
	sameRows(t, rewritten(t, data, func(m *format.FileMetaData) { m.NumRows = 0 }, nil), want)
	none := rewritten(t, data, func(m *format.FileMetaData) { m.NumRows, m.RowGroups[0].NumRows = 0, 0 }, nil)
	sameRows(t, none, want)
	info, err := Inspect(bytes.NewReader(none), int64(len(none)), "none")
	if err != nil || info.Rows != 3 {
		t.Errorf("%+v, %v", info, err)
	}
	// A list alone does not say how many rows there are before it is read.
	var out bytes.Buffer
	if err := parquet.Write(&out, []struct{ List []int64 }{{[]int64{1, 2}}, {nil}, {[]int64{3}}}); err != nil {
		t.Fatal(err)
	}
	lists, err := allRows(out.Bytes(), "lists")
	if err != nil {
		t.Fatal(err)
	}
	sameRows(t, rewritten(t, out.Bytes(), func(m *format.FileMetaData) { m.NumRows, m.RowGroups[0].NumRows = 0, 0 }, nil), lists)
}

// TestPagesOfOldArrowAreCompressed: before Arrow 3.0.0 pages of the second version were said not to
// be compressed.
func TestPagesOfOldArrowAreCompressed(t *testing.T) {
	data, want := oddFile(t, parquet.DataPageVersion(2), parquet.Compression(&snappy.Codec{}))
	wrong := func(h *format.PageHeader, content []byte) []byte {
		if h.DataPageHeaderV2.Valid {
			h.DataPageHeaderV2.V.IsCompressed = thrift.New(false)
		}
		return content
	}
	for _, writer := range []string{"parquet-cpp version 1.5.1-SNAPSHOT", "parquet-cpp-arrow version 2.0.0"} {
		sameRows(t, rewritten(t, data, func(m *format.FileMetaData) { m.CreatedBy = writer }, wrong), want)
	}
	for _, writer := range []string{"parquet-cpp-arrow version 3.0.0", "parquet-cpp version 2.0.0", "another"} {
		if alwaysCompressed(writer) {
			t.Errorf("pages of %s are taken for compressed", writer)
		}
	}
	if rows, err := allRows(rewritten(t, data, func(m *format.FileMetaData) { m.CreatedBy = "another" }, wrong), "wrong"); err == nil && cmp.Equal(rows, want) {
		t.Error("the pages were not changed")
	}
}

func TestAPageOfNullsMayBeCompressedToNothing(t *testing.T) {
	for name, want := range map[string][]Row{
		"datapage_v2_empty_datapage.snappy.parquet": {{"value": nil}},
		"column_chunk_key_value_metadata.parquet":   {},
	} {
		data, err := os.ReadFile(filepath.Join("testdata/odd", name))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := allRows(data, name)
		if err != nil || !cmp.Equal(rows, want) && len(rows)+len(want) > 0 {
			t.Errorf("%s: %v, %v", name, rows, err)
		}
	}
}

func TestMetadataWithoutAValue(t *testing.T) {
	rows, err := readAll(filepath.Join(casesFolder(t), "metadata_without_value.parquet"), []string{"question", "answer"})
	if err != nil || len(rows) != 2 || rows[1]["answer"] != "b" {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestAMendedFooterIsTheSameWhereNothingIsMissing(t *testing.T) {
	files, _ := filepath.Glob("testdata/parquet/*.parquet")
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		length, err := checkFooter(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		m := mender{in: data[int64(len(data))-8-length : len(data)-8]}
		if err := m.structure(fileMetadata, 0); err != nil || m.mended || m.at != len(m.in) {
			t.Errorf("%s: %v, mended: %v, %d of %d bytes", path, err, m.mended, m.at, len(m.in))
		}
	}
}

func FuzzMendFooter(f *testing.F) {
	data, err := os.ReadFile("testdata/odd/column_chunk_key_value_metadata.parquet")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, footer []byte) {
		m := mender{in: footer}
		if err := m.structure(fileMetadata, 0); err == nil && m.mended && len(m.out) <= m.copied {
			t.Errorf("%d bytes of %d", len(m.out), m.copied)
		}
	})
}

func TestTwoColumnsOfOneNameAreRefused(t *testing.T) {
	task := Task{Name: "n", Source: "duplicate_columns", Prompt: "{{.question}}", Answer: "{{.answer}}"}
	_, err := task.Load(casesFolder(t), "test")
	expectError(t, err, "test.parquet", "two columns are named answer, number 2 and 3 of 3")
	task.Answer = "{{.question}}"
	if _, err := task.Load(casesFolder(t), "test"); err != nil {
		t.Error(err)
	}
}

func TestOneBadColumnLeavesTheOthers(t *testing.T) {
	path := filepath.Join(casesFolder(t), "one_bad_column.parquet")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, unread, err := FirstRows(bytes.NewReader(data), int64(len(data)), path, 3)
	if err != nil || len(rows) != 2 || rows[1]["answer"] != "b" || len(unread) != 1 || !strings.Contains(fmt.Sprint(unread["simhash"]), "above the largest whole number") {
		t.Errorf("%v, %v, %v", rows, unread, err)
	}
	task := Task{Name: "n", Source: path, Prompt: "{{.question}}", Answer: "{{.answer}}"}
	if examples, err := task.Load("", "test"); err != nil || len(examples) != 2 {
		t.Error(err)
	}
	task.Answer = "{{.simhash}}"
	_, err = task.Load("", "test")
	expectError(t, err, "row 1", "column simhash", "above the largest whole number")
}

func TestAnEmptyShardIsRead(t *testing.T) {
	task := Task{Name: "n", Source: "empty_shard", Prompt: "{{.question}}", Answer: "{{.answer}}"}
	examples, err := task.Load(casesFolder(t), "train")
	if err != nil || len(examples) != 2 || examples[1].Answer != "y" {
		t.Errorf("%v, %v", examples, err)
	}
	dir := t.TempDir()
	empty, err := os.ReadFile(filepath.Join(casesFolder(t), "empty_shard/train/part-00000-c000.snappy.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"train-0.parquet", "train-1.parquet"} {
		if err := os.WriteFile(filepath.Join(dir, name), empty, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	task.Source = "."
	_, err = task.Load(dir, "train")
	expectError(t, err, "split train", "has no rows")
}
