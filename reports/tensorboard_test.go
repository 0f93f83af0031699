package reports

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"secura/experiments/record"
	"secura/reports/synthetic"
)

// TestEventsAreThoseOfTensorBoardsWriter compares with the bytes that TensorBoard 2's own
// RecordWriter made of its own Event messages: the version that begins a file, and two scalars of
// step 2 at time 2.
func TestEventsAreThoseOfTensorBoardsWriter(t *testing.T) {
	const golden = "0f000000000000006d532b091a0d627261696e2e4576656e743a32fc985129" +
		"31000000000000009d8383e909000000000000004010022a240a110a0a747261696e2f6c6f7373150000c03f0a0f0a0873636f72652fc3bc150000803e2c2ab7ad"
	folder := t.TempDir()
	w, err := OpenTensorBoard(folder)
	synthetic.Must(t, err)
	synthetic.Must(t, w.Add(2, []record.Measure{{Name: "train/loss", Value: 1.5}, {Name: "score/ü", Value: 0.25}}))
	synthetic.Must(t, w.Close())
	data, err := os.ReadFile(filepath.Join(folder, eventsFile))
	synthetic.Must(t, err)
	if got := hex.EncodeToString(data); got != golden {
		t.Errorf("got  %s\nwant %s", got, golden)
	}
}

// TestEventsBeginWhereTheyDiffer holds that an interrupted file is gone on with, and that one of
// other numbers is written again from there.
func TestEventsBeginWhereTheyDiffer(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, eventsFile)
	write := func(losses ...float64) []byte {
		t.Helper()
		w, err := OpenTensorBoard(folder)
		synthetic.Must(t, err)
		for i, loss := range losses {
			synthetic.Must(t, w.Add(i+1, []record.Measure{{Name: "loss", Value: loss}}))
		}
		synthetic.Must(t, w.Close())
		data, err := os.ReadFile(path)
		synthetic.Must(t, err)
		return data
	}
	short := write(3, 2)
	long := write(3, 2, 1)
	if !bytes.HasPrefix(long, short) || len(long) == len(short) {
		t.Error("the file was not gone on with")
	}
	synthetic.Must(t, os.WriteFile(path, long[:len(long)-5], 0o644)) // cut by a crash
	if again := write(3, 2, 1); !bytes.Equal(again, long) {
		t.Error("a cut file was not mended")
	}
	if other := write(3, 5); len(other) != len(short) || bytes.Equal(other, short) {
		t.Error("other numbers did not replace the old ones")
	}
	if again := write(3, 2, 1); !bytes.Equal(again, long) {
		t.Error("equal scalars gave other bytes")
	}
}
