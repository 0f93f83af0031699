package datasets

import (
	"bytes"
	"os"
	"strings"
	"testing"
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
