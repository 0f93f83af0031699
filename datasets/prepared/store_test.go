package prepared

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"secura/datasets"
	"secura/datasets/prompt"
)

type row struct {
	Question string `parquet:"question"`
	Answer   string `parquet:"answer"`
}

func rowsOf(n int, answer string) (rows []row) {
	for i := range n {
		rows = append(rows, row{fmt.Sprintf("question %d of some words", i), answer})
	}
	return rows
}

// place is a folder with data, a task over it, and a store beside it.
type place struct {
	dir     string
	task    datasets.Task
	encoder *datasets.Encoder
}

func newPlace(t *testing.T, rows int) place {
	t.Helper()
	content, err := os.ReadFile("../../methods/backbone/nano/files/tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := prompt.NewTokenizer(content)
	if err != nil {
		t.Fatal(err)
	}
	p := place{dir: t.TempDir(), encoder: datasets.NewEncoder(tokenizer),
		task: datasets.Task{Name: "ask", Source: "ask", Prompt: "{{.question}}:", Answer: " {{.answer}}", Scores: []string{"exact"}, MaxNewTokens: 3, Seed: 5}}
	p.write(t, "train", rowsOf(rows, "red"))
	p.write(t, "test", rowsOf(rows, "blue"))
	return p
}

func (p place) write(t *testing.T, split string, rows []row) {
	t.Helper()
	path := filepath.Join(p.dir, "ask", split+".parquet")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
}

// store is one whose warnings and work are told to log.
func (p place) store(log *[]string) *Store {
	add := func(text string) { *log = append(*log, text) }
	return &Store{DataDir: p.dir, Folder: filepath.Join(p.dir, "cache"), Warn: add, Doing: add}
}

func (p place) open(t *testing.T, s *Store, want Want) *Split {
	t.Helper()
	split, err := s.Open(t.Context(), p.task, want, p.encoder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { split.Close() })
	return split
}

// files are those of the store.
func (p place) files(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(p.dir, "cache", "*.examples"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// same holds a split to the examples that reading and encoding one by one gives.
func (p place) same(t *testing.T, split *Split, want Want) {
	t.Helper()
	set, err := p.task.Read(p.dir, want.Split)
	if err != nil {
		t.Fatal(err)
	}
	examples := set.Examples
	places := want.places(p.task, len(examples))
	if places == nil {
		for i := range examples {
			places = append(places, i)
		}
	}
	if split.Len() != len(places) || split.Available != len(examples) {
		t.Fatalf("%d of %d examples, expected %d of %d", split.Len(), split.Available, len(places), len(examples))
	}
	for i, at := range places {
		encoded, err := p.encoder.Encode(examples[at])
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(encoded, split.At(i)); d != "" {
			t.Fatal(d)
		}
		if _, text := split.Evaluated(i); want.Evaluated && cmp.Diff(examples[at], text) != "" {
			t.Fatal(cmp.Diff(examples[at], text))
		}
	}
}

func TestASplitIsPreparedOnce(t *testing.T) {
	p := newPlace(t, 1000) // several chunks
	for _, want := range []Want{{Split: "train"}, {Split: "test", Evaluated: true}, {Split: "test", Evaluated: true, Most: 7}} {
		var first, second []string
		p.same(t, p.open(t, p.store(&first), want), want)
		p.same(t, p.open(t, p.store(&second), want), want)
		if len(first) == 0 || len(second) > 0 {
			t.Errorf("%+v: %q at first and %q then", want, first, second)
		}
	}
	if n := len(p.files(t)); n != 3 {
		t.Errorf("%d files", n)
	}
	left, err := filepath.Glob(filepath.Join(p.dir, "cache", "*tmp*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestOtherSettingsAreOtherFiles(t *testing.T) {
	p := newPlace(t, 5)
	var log []string
	want := Want{Split: "train"}
	p.open(t, p.store(&log), want)
	same, other := p, p
	same.task.Scores, same.task.MaxNewTokens, same.task.Stop = []string{"bleu"}, 9, []string{"x"}
	same.open(t, p.store(&log), want)
	if n := len(p.files(t)); n != 1 {
		t.Errorf("%d files where only the scoring differs", n)
	}
	other.task.Prompt = "{{.question}}?"
	other.same(t, other.open(t, p.store(&log), want), want)
	other.encoder = p.encoder.WithSystem("Answer.")
	other.same(t, other.open(t, p.store(&log), want), want)
	if n := len(p.files(t)); n != 3 {
		t.Errorf("%d files of three settings", n)
	}
}

func TestChangedDataIsNoticed(t *testing.T) {
	p := newPlace(t, 20)
	path := filepath.Join(p.dir, "ask", "train.parquet")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil { // so that the hash is remembered
		t.Fatal(err)
	}
	var log []string
	want := Want{Split: "train"}
	p.open(t, p.store(&log), want)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "train", rowsOf(20, "tan"))
	after, err := os.Stat(path)
	if err != nil || before.Size() != after.Size() {
		t.Fatal("the test wants a change that leaves the size", err)
	}
	p.same(t, p.open(t, p.store(&log), want), want)
}

func TestADamagedFileIsMadeAgain(t *testing.T) {
	for name, damage := range map[string]func(data []byte) []byte{
		"torn":    func(data []byte) []byte { return data[:len(data)/2] },
		"empty":   func([]byte) []byte { return nil },
		"changed": func(data []byte) []byte { data[len(data)/3]++; return data },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, 20)
			var log []string
			want := Want{Split: "train"}
			p.open(t, p.store(&log), want)
			path := p.files(t)[0]
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(data), 0o644); err != nil {
				t.Fatal(err)
			}
			log = nil
			p.same(t, p.open(t, p.store(&log), want), want)
			if text := strings.Join(log, "\n"); !strings.Contains(text, "is damaged") || !strings.Contains(text, "made again") {
				t.Errorf("told %q", text)
			}
			log = nil
			if p.same(t, p.open(t, p.store(&log), want), want); len(log) > 0 {
				t.Errorf("told %q once it was made again", log)
			}
		})
	}
}

// TestAnotherProgramsFileIsMadeAgain: another program may encode otherwise.
func TestAnotherProgramsFileIsMadeAgain(t *testing.T) {
	p := newPlace(t, 20)
	var log []string
	other := p.store(&log)
	other.program = "another"
	p.open(t, other, Want{Split: "train"})
	log = nil
	p.open(t, p.store(&log), Want{Split: "train"})
	if len(log) == 0 || len(p.files(t)) != 1 {
		t.Errorf("told %q, files %v", log, p.files(t))
	}
}

// TestPreparersAtOnceAgree: of several that want the same file one makes it.
func TestPreparersAtOnceAgree(t *testing.T) {
	p := newPlace(t, 1000)
	var all sync.WaitGroup
	var mu sync.Mutex
	makers := 0
	splits := make([]*Split, 6)
	for i := range splits {
		all.Go(func() {
			var log []string
			split, err := p.store(&log).Open(context.Background(), p.task, Want{Split: "train"}, p.encoder)
			if err != nil {
				t.Error(err)
				return
			}
			splits[i] = split
			mu.Lock()
			defer mu.Unlock()
			if len(log) > 0 {
				makers++
			}
		})
	}
	all.Wait()
	for _, split := range splits {
		if split != nil {
			p.same(t, split, Want{Split: "train"})
			split.Close()
		}
	}
	if makers != 1 {
		t.Errorf("%d of %d prepared", makers, len(splits))
	}
}

func TestAFolderThatCannotBeWrittenIsTold(t *testing.T) {
	p, temp := newPlace(t, 20), t.TempDir()
	t.Setenv("TMPDIR", temp)
	var log []string
	s := p.store(&log)
	s.Folder = filepath.Join(p.dir, "ask", "train.parquet", "cache") // below a file, which root cannot write either
	for _, want := range []Want{{Split: "train"}, {Split: "test", Evaluated: true}} {
		p.same(t, p.open(t, s, want), want)
	}
	if n := strings.Count(strings.Join(log, "\n"), "cannot be kept in "+s.Folder); n != 1 {
		t.Errorf("told %d times: %q", n, log)
	}
	// Windows removes no file that is mapped; there they go when a split is closed.
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 && runtime.GOOS != "windows" {
		t.Errorf("%v are left in %s, %v", left, temp, err)
	}
}

// TestAReadOnlyFolderIsRead: what was prepared is used where nothing can be added.
func TestAReadOnlyFolderIsRead(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("a user who may write everywhere has no read-only folder")
	}
	p := newPlace(t, 20)
	var log []string
	p.open(t, p.store(&log), Want{Split: "train"})
	if err := os.Chmod(filepath.Join(p.dir, "cache"), 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(p.dir, "cache"), 0o755) })
	log = nil
	if p.same(t, p.open(t, p.store(&log), Want{Split: "train"}), Want{Split: "train"}); len(log) > 0 {
		t.Errorf("told %q", log)
	}
}

func TestMistakesNameTheRow(t *testing.T) {
	p := newPlace(t, 700)
	rows := rowsOf(700, "red")
	rows[600].Answer, rows[650].Answer = "", ""
	p.write(t, "train", rows)
	_, plain := p.task.Read(p.dir, "train")
	if plain == nil {
		t.Fatal("the test wants a row that is refused")
	}
	var log []string
	s := p.store(&log)
	_, err := s.Open(t.Context(), p.task, Want{Split: "train"}, p.encoder)
	if err == nil || err.Error() != plain.Error() {
		t.Errorf("error %v, expected that of reading alone, %v", err, plain)
	}
	if checked := s.Check(t.Context(), p.task, "train"); checked == nil || checked.Error() != plain.Error() {
		t.Errorf("error %v of Check, expected %v", checked, plain)
	}
	if files := p.files(t); len(files) > 0 {
		t.Errorf("files of bad data: %v", files)
	}
}

func TestPreparingEndsWithItsContext(t *testing.T) {
	p := newPlace(t, 2000)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	var log []string
	s := p.store(&log)
	s.Doing = func(string) { cancel(why) }
	if _, err := s.Open(ctx, p.task, Want{Split: "train"}, p.encoder); !errors.Is(err, why) {
		t.Errorf("error %v, expected %v", err, why)
	}
	if files := p.files(t); len(files) > 0 {
		t.Errorf("files of a half: %v", files)
	}
}

func TestUnusedFilesAreRemoved(t *testing.T) {
	p := newPlace(t, 5)
	var log []string
	p.open(t, p.store(&log), Want{Split: "train"})
	path := p.files(t)[0]
	old := time.Now().Add(-unusedFor - time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	p.open(t, p.store(&log), Want{Split: "test", Evaluated: true})
	if files := p.files(t); len(files) != 1 || files[0] == path {
		t.Errorf("files %v", files)
	}
}

func TestHashesAreRememberedOfOldFilesAlone(t *testing.T) {
	p := newPlace(t, 5)
	var log []string
	path := filepath.Join(p.dir, "ask", "train.parquet")
	memos := func() int {
		list, err := filepath.Glob(filepath.Join(p.dir, "cache", "*.hash"))
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	first, err := p.store(&log).hash(path)
	if err != nil || memos() != 0 {
		t.Errorf("%d hashes are remembered of a file that was just written, %v", memos(), err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	if second, err := p.store(&log).hash(path); err != nil || second.SHA256 != first.SHA256 || memos() != 1 {
		t.Errorf("%d hashes, %v", memos(), err)
	}
	// What is remembered is believed: the content is another, size and time are not.
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[10]++
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	if third, err := p.store(&log).hash(path); err != nil || third.SHA256 != first.SHA256 {
		t.Error("size and time are not looked at first", err)
	}
	whole := &Store{DataDir: p.dir} // as verify's
	if fourth, err := whole.hash(path); err != nil || fourth.SHA256 == first.SHA256 {
		t.Error("a store without a folder believes what another remembers", err)
	}
}

// TestMemoryDoesNotGrowWithTheData prepares 16 MB of text, which took 100 MB when it was read at
// once.
func TestMemoryDoesNotGrowWithTheData(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2)) // each of the workers holds some rows
	p := newPlace(t, 5)
	long := strings.Repeat("Some words of a question, and a few more. ", 48)
	rows := rowsOf(8_000, "red")
	for i := range rows {
		rows[i].Question = fmt.Sprint(i, long)
	}
	p.write(t, "train", rows)
	rows = nil
	var log []string
	s := p.store(&log)
	s.Doing = nil
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	peak := uint64(0)
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		var now runtime.MemStats
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc)
			}
		}
	})
	split, err := s.Open(t.Context(), p.task, Want{Split: "train"}, p.encoder)
	close(stop)
	watching.Wait()
	if err != nil {
		t.Fatal(err)
	}
	defer split.Close()
	const most = 36 << 20
	if grown := int64(peak) - int64(before.HeapAlloc); split.Len() != 8_000 || grown > most {
		t.Errorf("%d examples took %d MB of heap, expected at most %d", split.Len(), grown>>20, most>>20)
	} else {
		t.Logf("%d MB of heap", grown>>20)
	}
}
