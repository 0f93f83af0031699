package rundir

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

func TestAFailedWriteLeavesTheOldFileAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sub", "a.json")
	if err := WriteJSON(path, 1); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := WriteFile(path, func(w io.Writer) error { w.Write([]byte("half")); return boom })
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), path) {
		t.Fatal(err)
	}
	if err := WriteJSON(path, math.NaN()); err == nil {
		t.Fatal("NaN was written")
	}
	if data, _ := os.ReadFile(path); string(data) != "1\n" {
		t.Fatalf("%q", data)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Fatal(entries)
	}
}

func TestReadJSONIsStrict(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.json")
	var v struct{ A int }
	if err := ReadJSON(path, &v); !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, text := range []string{`{"A":1,"B":2}`, `{"A":1} {}`, `{"A":`, ``} {
		if err := WriteBytes(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := ReadJSON(path, &v); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestALockIsExclusiveAndNamesItsHolder(t *testing.T) {
	path := Run{t.TempDir()}.Cell("seq-s0-o0").Lock()
	lock, err := TakeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := TakeLock(path); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "process ") {
		t.Fatal(err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := TakeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
}

// Lustre that is mounted without flock answers ENOSYS, NFS without its lock daemon ENOLCK.
func TestAFileSystemWithoutLocksIsNamed(t *testing.T) {
	path := filepath.Join("lustre", "run", "run.lock")
	for _, err := range []error{syscall.ENOSYS, syscall.ENOLCK} {
		if got := notLockable(path, err); !errors.Is(got, err) || !strings.Contains(got.Error(), "the file system of "+filepath.Dir(path)+" has no file locks") {
			t.Error(got)
		}
	}
	if got := notLockable(path, syscall.EACCES); strings.Contains(got.Error(), "file system") {
		t.Error(got)
	}
}

// A process has the lock a moment before its name stands in the file.
func TestALocksHolderIsGivenAMomentToWriteItsName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.lock")
	taken := flock.New(path)
	if ok, err := taken.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer taken.Close()
	written := make(chan error, 1)
	go func() {
		time.Sleep(30 * time.Millisecond)
		written <- os.WriteFile(path, []byte("elsewhere 17\n"), 0o644)
	}()
	if pid, here, err := Holder(path); pid != 17 || here || err != nil {
		t.Errorf("held by %d, here %v, %v", pid, here, err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
}

// mine says that a cell is the caller's.
func mine() error { return nil }

func save(t *testing.T, c Cell, index int, content string) {
	t.Helper()
	err := SaveCheckpoint(c, Place{Index: index}, mine, func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "adapter.safetensors"), []byte(content), 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheNewestValidCheckpointIsFound(t *testing.T) {
	c := Run{t.TempDir()}.Cell("a")
	if _, found, problems, err := NewestCheckpoint(c, nil); found || problems != nil || err != nil {
		t.Fatal(found, problems, err)
	}
	for i := range 4 {
		save(t, c, i, "x")
	}
	save(t, c, 3, "y")
	if p, found, _, _ := NewestCheckpoint(c, nil); !found || p != (Place{Index: 3}) {
		t.Fatal(p, found)
	}
	os.WriteFile(filepath.Join(c.Checkpoint(3), "adapter.safetensors"), []byte("z"), 0o644)
	os.Remove(filepath.Join(c.Checkpoint(2), completeName))
	os.MkdirAll(filepath.Join(c.Checkpoints(), ".tmp-1"), 0o755)
	os.MkdirAll(filepath.Join(c.Checkpoints(), "7"), 0o755) // not how an index is written
	i, found, problems, err := NewestCheckpoint(c, nil)
	if i.Index != 1 || !found || len(problems) != 2 || err != nil {
		t.Fatal(i, found, problems, err)
	}
	if err := DropCheckpoints(c, func(p Place) bool { return p.Index == 1 }); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(c.Checkpoints()); len(entries) != 2 { // 01 and 7
		t.Fatal(entries)
	}
	boom := errors.New("boom")
	if err := SaveCheckpoint(c, Place{Index: 1}, mine, func(string) error { return boom }); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	if err := CheckCheckpoint(c.Checkpoint(1), Place{Index: 1}); err != nil {
		t.Fatal(err)
	}
}

// TestACellThatWasLostMeanwhileKeepsItsCheckpoint, which may be another process's by then.
func TestACellThatWasLostMeanwhileKeepsItsCheckpoint(t *testing.T) {
	c := Run{t.TempDir()}.Cell("a")
	save(t, c, 1, "theirs")
	written, path := false, filepath.Join(c.Checkpoint(1), "adapter.safetensors")
	lost := func() error {
		if written {
			return ErrClaimLost
		}
		return nil
	}
	err := SaveCheckpoint(c, Place{Index: 1}, lost, func(dir string) error {
		written = true
		return os.WriteFile(filepath.Join(dir, filepath.Base(path)), []byte("mine"), 0o644)
	})
	if !errors.Is(err, ErrClaimLost) {
		t.Error(err)
	}
	if data, err := os.ReadFile(path); string(data) != "theirs" {
		t.Errorf("%q, %v", data, err)
	}
	if entries, err := os.ReadDir(c.Checkpoints()); len(entries) != 1 || err != nil {
		t.Error(entries, err)
	}
}

// TestACheckpointThatDoesNotFitIsPassedOver for the one before it.
func TestACheckpointThatDoesNotFitIsPassedOver(t *testing.T) {
	c := Run{t.TempDir()}.Cell("a")
	for i := range 3 {
		save(t, c, i, "x")
	}
	late := errors.New("late")
	place, found, problems, err := NewestCheckpoint(c, func(p Place) error {
		if p.Index > 1 {
			return late
		}
		return nil
	})
	if place.Index != 1 || !found || len(problems) != 1 || !errors.Is(problems[0], late) || err != nil {
		t.Error(place, found, problems, err)
	}
}

// TestWhatCannotBeReadIsNotSpoilt: a file that is there and cannot be read, here a link to itself,
// may be whole. One that is missing is not.
func TestWhatCannotBeReadIsNotSpoilt(t *testing.T) {
	for _, name := range []string{completeName, "adapter.safetensors"} {
		c := Run{t.TempDir()}.Cell("a")
		save(t, c, 0, "x")
		save(t, c, 1, "x")
		path := filepath.Join(c.Checkpoint(1), name)
		if err := errors.Join(os.Remove(path), os.Symlink(name, path)); err != nil {
			t.Fatal(err)
		}
		if _, found, _, err := NewestCheckpoint(c, nil); found || !Unreadable(err) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s cannot be read: found %v, %v", name, found, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if place, found, problems, err := NewestCheckpoint(c, nil); place.Index != 0 || !found || len(problems) != 1 || err != nil {
			t.Errorf("%s is missing: %v, %v, %v, %v", name, place, found, problems, err)
		}
	}
	c := Run{t.TempDir()}.Cell("a")
	save(t, c, 0, "x")
	_, err := os.ReadFile(t.TempDir()) // a folder
	if _, found, _, got := NewestCheckpoint(c, func(Place) error { return err }); found || !errors.Is(got, err) {
		t.Errorf("what it must fit cannot be read: found %v, %v", found, got)
	}
}

// TestACrashDuringARemovalLeavesNoHalfCheckpoint: what is left of one has no name and is swept.
func TestACrashDuringARemovalLeavesNoHalfCheckpoint(t *testing.T) {
	c := Run{t.TempDir()}.Cell("a")
	save(t, c, 0, "x")
	save(t, c, 1, "x")
	if err := discard(c, Place{Index: 0}); err != nil { // the crash comes before the sweep
		t.Fatal(err)
	}
	if list, err := places(c); len(list) != 1 || list[0].Index != 1 || err != nil {
		t.Error(list, err)
	}
	if err := c.Sweep(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(c.Checkpoints()); len(entries) != 1 || err != nil {
		t.Error(entries, err)
	}
}

func TestACheckpointWithinATaskStandsBeforeItsEnd(t *testing.T) {
	c := Run{t.TempDir()}.Cell("a")
	at := func(place Place) {
		t.Helper()
		if err := SaveCheckpoint(c, place, mine, func(string) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	newest := func(want Place) {
		t.Helper()
		if got, found, _, err := NewestCheckpoint(c, nil); err != nil || !found || got != want {
			t.Fatal(got, found, err)
		}
	}
	at(Place{Index: 2})
	at(Place{Index: 3, Step: 100000})
	at(Place{Index: 3, Step: 200})
	newest(Place{Index: 3, Step: 100000})
	at(Place{Index: 3})
	newest(Place{Index: 3})
	if err := CheckCheckpoint(c.CheckpointAt(Place{Index: 3, Step: 200}), Place{Index: 3}); err == nil {
		t.Fatal("a checkpoint within a task passed as one behind it")
	}
}

func TestWhatACrashLeftIsSwept(t *testing.T) {
	r := Run{t.TempDir()}
	c := r.Cell("a")
	if err := errors.Join(r.Sweep(), c.Sweep()); err != nil {
		t.Fatal(err) // nothing is there yet
	}
	keep := []string{r.Manifest(), r.Table("t.csv"), c.Records(), c.Predictions(1)}
	for _, path := range keep {
		if err := WriteBytes(path, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(filepath.Dir(path), ".tmp-half-1"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(c.Checkpoints(), ".tmp-2", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Sweep(), c.Sweep()); err != nil {
		t.Fatal(err)
	}
	var left []string
	filepath.WalkDir(r.Path, func(path string, e os.DirEntry, err error) error {
		if strings.Contains(path, ".tmp-") {
			left = append(left, path)
		}
		return err
	})
	if left != nil {
		t.Fatal(left)
	}
	for _, path := range keep {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

func TestCellsAreListed(t *testing.T) {
	r := Run{t.TempDir()}
	if cells, err := r.Cells(); cells != nil || err != nil {
		t.Fatal(cells, err)
	}
	for _, id := range []string{"b", "a"} {
		if err := r.Cell(id).Make(); err != nil {
			t.Fatal(err)
		}
	}
	cells, err := r.Cells()
	if err != nil || len(cells) != 2 || cells[0] != r.Cell("a") {
		t.Fatal(cells, err)
	}
}

func TestManifestRoundTripAndMerge(t *testing.T) {
	r := Run{t.TempDir()}
	old := Manifest{Suite: json.RawMessage(`{"name":"x"}`), Revision: "r1", Backend: "xla", Files: []File{{"a.parquet", "11", 1}}}
	old.Build()
	if old.Modules["go"] == "" {
		t.Fatal("no modules")
	}
	if err := WriteManifest(r, old); err != nil {
		t.Fatal(err)
	}
	got, err := ReadManifest(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, warnings, err := Merge(got, old); err != nil || warnings != nil {
		t.Fatal(warnings, err)
	}
	more := old
	more.Suite, more.Revision = json.RawMessage(`{"name":"x","seeds":3}`), "r2"
	merged, warnings, err := Merge(old, more)
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "code revision") {
		t.Fatal(warnings, err)
	}
	back, _, err := Merge(merged, old)
	if err != nil || !slices.Equal(old.Revisions(), []string{"r1"}) || !slices.Equal(merged.Revisions(), []string{"r1", "r2"}) || !slices.Equal(back.Revisions(), []string{"r1", "r2"}) {
		t.Errorf("%v: revisions %q, %q and %q", err, old.Revisions(), merged.Revisions(), back.Revisions())
	}
	if string(merged.Suite) != string(more.Suite) || len(merged.Files) != 1 {
		t.Fatalf("%s %v", merged.Suite, merged.Files)
	}
	for difference, files := range map[string][]File{
		"file b.parquet was not there": {{"a.parquet", "11", 1}, {"b.parquet", "22", 2}},
		"file a.parquet is not there":  {},
		"file a.parquet has changed":   {{"a.parquet", "12", 1}},
	} {
		changed := old
		changed.Files = files
		if _, _, err := Merge(old, changed); err == nil || !strings.Contains(err.Error(), difference) {
			t.Errorf("%s: %v", difference, err)
		}
	}
}

// XLA's matrix kernels are the processor's, whatever its flags pin; pure Go computes the same on
// each.
func TestOtherNumbersOnAnotherProcessor(t *testing.T) {
	here := Manifest{Backend: "xla", XLAFlags: "--xla_cpu_max_isa=AVX2", Processor: "one"}
	there := here
	if reasons := here.OtherNumbers(there); len(reasons) != 0 {
		t.Errorf("the same machine has other numbers: %q", reasons)
	}
	there.Processor = "another"
	if reasons := here.OtherNumbers(there); len(reasons) != 1 || !strings.Contains(reasons[0], "another") {
		t.Errorf("another processor: %q", reasons)
	}
	here.Backend, there.Backend = "go", "go"
	if reasons := here.OtherNumbers(there); len(reasons) != 0 {
		t.Errorf("pure Go: %q", reasons)
	}
}
