package datasets

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const interop = "../../shared/data/parquet-interop"

// allRows reads every column of the file in data.
func allRows(data []byte, name string) (rows []Row, err error) {
	r := bytes.NewReader(data)
	file, err := openParquet(r, int64(len(data)), name)
	if err != nil {
		return nil, err
	}
	var columns []string
	err = guard(func() error {
		for _, c := range file.Root().Columns() {
			columns = append(columns, c.Name())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for row, err := range ReadRows(r, int64(len(data)), name, columns) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// bounded reads a file and fails where that took long or much memory.
func bounded(t *testing.T, data []byte, name string) ([]Row, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	rows, err := allRows(data, name)
	runtime.ReadMemStats(&after)
	if spent := time.Since(start); spent > 10*time.Second {
		t.Errorf("%s took %s", name, spent)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 512<<20 {
		t.Errorf("%s took %d MB", name, allocated>>20)
	}
	return rows, err
}

// TestFilesOfManyWriters reads each file of the collection: what is sound gives its rows, what is
// damaged or encrypted a clear error. The rows that come from "bad" files are right: those are bad
// for other readers.
func TestFilesOfManyWriters(t *testing.T) {
	if _, err := os.Stat(interop); err != nil {
		t.Skip("the files of other writers are not here:", err)
	}
	want := map[string]any{
		"bad/ARROW-GH-41317.parquet":                                   "row 1: column timestamp_us_no_tz: decoding page 0",
		"bad/ARROW-GH-41321.parquet":                                   "row 1: column int64: decoding page 0",
		"bad/ARROW-GH-43605.parquet":                                   21186,
		"bad/ARROW-GH-45185.parquet":                                   "after row 5: column x: has more values than the file has rows",
		"bad/ARROW-GH-47662.parquet":                                   1000,
		"bad/ARROW-RS-GH-6229-DICTHEADER.parquet":                      "column nation_key: header of the page at byte 4",
		"bad/ARROW-RS-GH-6229-LEVELS.parquet":                          "row 1: column outer: decoding page 0",
		"bad/PARQUET-1481.parquet":                                     34,
		"bad/datapage_v1-corrupt-checksum.parquet":                     "crc32 checksum mismatch in page of column \"a\"",
		"bad/large_string_map.brotli.parquet":                          "the page at byte 4 is of 1024 MB once decompressed, more than 256 MB",
		"bad/nation.dict-malformed.parquet":                            "column name: the page at byte 421 has impossible sizes",
		"bad/negative_page_size.parquet":                               "column id: the page at byte 4 has impossible sizes, -4001 and 4000",
		"bad/negative_row_group_num_rows.parquet":                      "row group 0 num_rows=-1 is negative",
		"bad/num_values_exceeds_data.parquet":                          "page header declares 7732 values",
		"bad/rle-dict-uncompressed-corrupt-checksum.parquet":           "crc32 checksum mismatch in page of column \"long_field\"",
		"encrypted/encrypt_columns_plaintext_footer.parquet.encrypted": "no DecryptionConfig",
		"encrypted/uniform_encryption.parquet.encrypted":               "encrypted footer",
		"good/alltypes_plain.snappy.parquet":                           2,
		"good/concatenated_gzip_members.parquet":                       513,
		"good/datapage_v2.snappy.parquet":                              5,
		"good/delta_byte_array.parquet":                                1000,
		"good/hadoop_lz4_compressed.parquet":                           4,
		"good/int96_from_spark.parquet":                                6,
		"good/list_columns.parquet":                                    3,
		"good/lz4_raw_compressed.parquet":                              4,
		"good/nested_lists.snappy.parquet":                             3,
		"good/nested_maps.snappy.parquet":                              6,
		"good/null_list.parquet":                                       1,
		"good/nulls.snappy.parquet":                                    8,
		"good/old_list_structure.parquet":                              1,
		"good/rle_boolean_encoding.parquet":                            68,
	}
	for _, codec := range []string{"brotli", "gzip", "lz4_raw", "snappy", "uncompressed", "zstd"} {
		for _, version := range []string{"V1", "V2"} {
			want["duckdb/duck_"+codec+"_"+version+".parquet"] = 3000
		}
	}
	files, err := filepath.Glob(interop + "/*/*parquet*")
	if err != nil || len(files) != len(want) {
		t.Errorf("%d files, %d expectations, %v", len(files), len(want), err)
	}
	for _, path := range files {
		name := filepath.ToSlash(strings.TrimPrefix(path, interop+"/"))
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := bounded(t, data, name)
		switch expected := want[name].(type) {
		case int:
			if err != nil || len(rows) != expected {
				t.Errorf("%s: %d rows, want %d: %v", name, len(rows), expected, err)
			}
		case string:
			if err == nil || !strings.Contains(err.Error(), expected) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %d rows, %v; want an error with %q", name, len(rows), err, expected)
			}
		default:
			t.Errorf("%s: nothing is expected of it: %d rows, %v", name, len(rows), err)
		}
	}
}

// TestCodecsGiveTheSameRows holds one writer's files with each codec against the one without, and
// LZ4 in Hadoop's frames against LZ4_RAW of the same rows.
func TestCodecsGiveTheSameRows(t *testing.T) {
	read := func(name string) []Row {
		data, err := os.ReadFile(filepath.Join(interop, name))
		if err != nil {
			t.Skip("the files of other writers are not here:", err)
		}
		rows, err := allRows(data, name)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	want := read("duckdb/duck_uncompressed_V1.parquet")
	files, _ := filepath.Glob(interop + "/duckdb/*.parquet")
	for _, path := range files {
		if d := cmp.Diff(want, read("duckdb/"+filepath.Base(path))); d != "" {
			t.Errorf("%s: %.400s", path, d)
		}
	}
	if d := cmp.Diff(read("good/lz4_raw_compressed.parquet"), read("good/hadoop_lz4_compressed.parquet")); d != "" {
		t.Error(d)
	}
}

// TestDamagedFilesDoNoHarm changes bytes of sound files: there are rows or an error, soon, and
// without much memory.
func TestDamagedFilesDoNoHarm(t *testing.T) {
	files, _ := filepath.Glob("testdata/parquet/*.parquet")
	more, _ := filepath.Glob(interop + "/duckdb/*_V2.parquet")
	files = append(files, more...)
	r := rand.New(rand.NewPCG(1, 2))
	refused, all := 0, 0
	for range 20 {
		for _, path := range files {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for range 1 + r.IntN(6) {
				at := r.IntN(len(data))
				if r.IntN(2) == 0 { // what says where and how large things are stands at the end
					at = len(data) - 1 - r.IntN(min(len(data), 600))
				}
				data[at] = byte(r.Uint32())
			}
			if all++; r.IntN(4) == 0 {
				data = data[:r.IntN(len(data))]
			}
			if _, err := bounded(t, data, fmt.Sprintf("damaged %d of %s", all, filepath.Base(path))); err != nil {
				refused++
			}
		}
	}
	t.Logf("%d of %d damaged files were refused", refused, all)
	if all < 200 || refused < all/4 {
		t.Errorf("%d of %d damaged files were refused", refused, all)
	}
}
