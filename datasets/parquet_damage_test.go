package datasets

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"pgregory.net/rapid"
)

func TestADamagedFileIsAnErrorNeverAPanic(t *testing.T) {
	for _, name := range []string{"nested_nulls_delta", "gsm8k_main", "wmt_de_en"} {
		data, err := os.ReadFile("testdata/parquet/" + name + ".parquet")
		if err != nil {
			t.Fatal(err)
		}
		info, err := Inspect(bytes.NewReader(data), int64(len(data)), name)
		if err != nil {
			t.Fatal(err)
		}
		var columns []string
		for _, c := range info.Columns {
			columns = append(columns, c.Name)
		}
		read := func(data []byte) (last error) {
			rows := 0
			for _, err := range ReadRows(bytes.NewReader(data), int64(len(data)), name, columns) {
				if last = err; err != nil && !strings.Contains(err.Error(), name) {
					t.Errorf("%v does not name the file", err)
				}
				if rows++; rows > 10000 {
					break // a damaged count of rows
				}
			}
			return last
		}
		for cut := 0; cut < len(data); cut += 97 {
			if err := read(data[:cut]); err == nil {
				t.Errorf("%s cut at %d was read", name, cut)
			}
		}
		for i := range data {
			if i%3 != 0 {
				continue
			}
			damaged := bytes.Clone(data)
			damaged[i] ^= 0x55
			read(damaged)
		}
	}
}

// TestARowOfTooManyValuesIsAnError writes a list that takes some kilobytes in the file, since all
// its items are equal, and more than the bound of a row in memory.
func TestARowOfTooManyValuesIsAnError(t *testing.T) {
	type row struct {
		ID    int64    `parquet:"id"`
		Items []string `parquet:"items,list,dict"`
	}
	items := make([]string, largestRow/(valueBytes+1000)+1)
	for i := range items {
		items[i] = strings.Repeat("x", 1000)
	}
	for n, wantError := range map[int]bool{len(items) - 1: false, len(items): true} {
		var file bytes.Buffer
		if err := parquet.Write(&file, []row{{1, items[:3]}, {2, items[:n]}}); err != nil {
			t.Fatal(err)
		}
		if file.Len() > 1<<20 {
			t.Fatalf("the file has %d bytes", file.Len())
		}
		var err error
		for _, err = range ReadRows(bytes.NewReader(file.Bytes()), int64(file.Len()), "long.parquet", []string{"id", "items"}) {
		}
		if wantError != (err != nil) || wantError && !strings.Contains(err.Error(), "read long.parquet: row 2: column items: the row has more than 64 MiB of values") {
			t.Errorf("%d items: %v", n, err)
		}
	}
}

// FuzzReadRows reads what may be no Parquet file at all: the rows are there, or an error names the
// file, within bounded time and memory.
func FuzzReadRows(f *testing.F) {
	for _, name := range []string{"nested_nulls_delta", "gsm8k_main"} {
		data, err := os.ReadFile("testdata/parquet/" + name + ".parquet")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	type flat struct {
		ID   int64   `parquet:"id,delta"`
		Text *string `parquet:"text,dict,optional"`
		List []int32 `parquet:"list,list"`
	}
	text := "some text"
	for _, compression := range []parquet.WriterOption{parquet.Compression(&parquet.Snappy), parquet.Compression(&parquet.Zstd), parquet.Compression(&parquet.Gzip),
		parquet.DataPageVersion(1)} {
		var small bytes.Buffer
		if err := parquet.Write(&small, []flat{{1, &text, []int32{1, 2}}, {2, nil, nil}, {3, &text, []int32{3}}}, compression); err != nil {
			f.Fatal(err)
		}
		f.Add(small.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := Inspect(bytes.NewReader(data), int64(len(data)), "fuzzed")
		var columns []string
		if err == nil {
			for _, c := range info.Columns {
				columns = append(columns, c.Name)
			}
		}
		rows := 0
		for _, err := range ReadRows(bytes.NewReader(data), int64(len(data)), "fuzzed", columns) {
			if err != nil && !strings.Contains(err.Error(), "fuzzed") {
				t.Errorf("%v does not name the file", err)
			}
			if rows++; rows > 10_000 {
				break // a damaged count of rows
			}
		}
	})
}

// TestDeltaRunsAreSkippedAsWritten goes over runs of delta-coded numbers of the library's own.
func TestDeltaRunsAreSkippedAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfN(rapid.Int64(), 1, 700).Draw(t, "numbers")
		data, err := new(delta.BinaryPackedEncoding).EncodeInt64(nil, numbers)
		if err != nil {
			t.Fatal(err)
		}
		rest, err := skipDelta(append(data, 1, 2, 3), int64(len(numbers)))
		if err != nil || !bytes.Equal(rest, []byte{1, 2, 3}) {
			t.Fatalf("%d bytes are left behind %d numbers (%v)", len(rest), len(numbers), err)
		}
		if _, err := skipDelta(data, int64(len(numbers)-1)); err == nil {
			t.Fatal("more numbers than the page has were accepted")
		}
	})
}
