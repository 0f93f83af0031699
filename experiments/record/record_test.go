package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func anyEvent(t *rapid.T) Event {
	name := rapid.StringMatching(`[a-z<&é"]{1,8}`)
	value := rapid.Float64Range(0, 1)
	score := rapid.Custom(func(t *rapid.T) Score { return Score{name.Draw(t, "n"), value.Draw(t, "v")} })
	switch kind := rapid.SampledFrom([]Kind{CellStart, TaskStart, TaskEnd, Boundary, Recovery, Warning, Diverged, CellEnd}).Draw(t, "kind"); kind {
	case CellStart:
		return Event{Kind: kind, Cell: name.Draw(t, "cell"), Method: name.Draw(t, "method"), Seed: rapid.IntRange(0, 3).Draw(t, "seed"),
			Order: rapid.IntRange(0, 2).Draw(t, "order"), Backbone: name.Draw(t, "backbone"), Tasks: rapid.SliceOfN(name, 1, 3).Draw(t, "tasks"),
			TrainedParameters: rapid.Int64Min(0).Draw(t, "parameters"), StateBytes: rapid.Int64Min(0).Draw(t, "bytes")}
	case TaskStart, TaskEnd:
		e := Event{Kind: kind, Index: rapid.IntRange(1, 16).Draw(t, "index"), Task: name.Draw(t, "task"), Steps: rapid.IntRange(0, 50).Draw(t, "steps")}
		if kind == TaskEnd {
			e.TrainTokens, e.FinalLoss = rapid.Int64Range(0, 1e6).Draw(t, "tokens"), rapid.Float64Range(-1, 9).Draw(t, "loss")
		}
		return e
	case Boundary:
		e := Event{Kind: kind, Index: rapid.IntRange(0, 16).Draw(t, "index"), EvalTokens: rapid.Int64Range(0, 1e5).Draw(t, "tokens"), Predictions: name.Draw(t, "sha")}
		for range rapid.IntRange(1, 3).Draw(t, "n") {
			e.Scores = append(e.Scores, TaskScores{name.Draw(t, "task"), rapid.SliceOfN(score, 1, 2).Draw(t, "scores")})
		}
		if rapid.Bool().Draw(t, "battery") {
			k, p := value.Draw(t, "knowledge"), value.Draw(t, "perplexity")
			e.Knowledge, e.Perplexity, e.KnowledgeParts = &k, &p, rapid.SliceOfN(score, 1, 2).Draw(t, "parts")
		}
		if rapid.Bool().Draw(t, "diagnostics") {
			e.Divergence = &Divergence{Knowledge: new(value.Draw(t, "divergence"))}
			e.Mixtures = []Mixture{{Mix: value.Draw(t, "mix"), Scores: e.Scores, Perplexity: e.Perplexity}}
			e.Measures = []Measure{{"update/frobenius", rapid.Float64().Draw(t, "measure")}, {"update/relative", value.Draw(t, "measure")}}
		}
		return e
	case Recovery:
		return Event{Kind: kind, Index: rapid.IntRange(1, 16).Draw(t, "index"), Task: name.Draw(t, "task"), Examples: rapid.IntRange(1, 99).Draw(t, "examples"),
			Scores: []TaskScores{{name.Draw(t, "task"), rapid.SliceOfN(score, 1, 2).Draw(t, "scores")}}, EvalTokens: rapid.Int64Range(0, 1e5).Draw(t, "tokens")}
	case Warning:
		return Event{Kind: kind, Text: name.Draw(t, "text"), Task: name.Draw(t, "task"), Step: rapid.IntRange(0, 9).Draw(t, "step")}
	case Diverged:
		return Event{Kind: kind, Task: name.Draw(t, "task"), Step: rapid.IntRange(0, 9).Draw(t, "step"), Reason: name.Draw(t, "reason")}
	default:
		return Event{Kind: kind}
	}
}

func TestWrittenEventsAreReadBackAndATornTailIsDropped(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		path := filepath.Join(dir, "records.jsonl")
		os.Remove(path)
		events := rapid.SliceOfN(rapid.Custom(anyEvent), 1, 6).Draw(t, "events")
		w, err := OpenWriter(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if err := w.Append(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Sync(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		got, torn, err := ReadEvents(path)
		if err != nil || torn {
			t.Fatal(torn, err)
		}
		if d := cmp.Diff(events, got); d != "" {
			t.Fatal(d)
		}
		data, _ := os.ReadFile(path)
		cut := rapid.IntRange(0, len(data)).Draw(t, "cut")
		got, torn, err = Decode[Event](data[:cut], "x")
		whole := bytes.Count(data[:cut], []byte("\n"))
		if err != nil || len(got) != whole || torn != (cut > 0 && data[cut-1] != '\n') {
			t.Fatalf("cut at %d: %d of %d lines, torn %v, %v", cut, len(got), whole, torn, err)
		}
	})
}

func TestZeroesOfTheKindAreWritten(t *testing.T) {
	line, err := json.Marshal(Event{Kind: Boundary, Scores: []TaskScores{{"a", []Score{{"accuracy", 0}}}}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"event":"boundary","index":0,"scores":[{"task":"a","scores":[{"name":"accuracy","value":0}]}],"eval_tokens":0}`
	if string(line) != want {
		t.Fatalf("got  %s\nwant %s", line, want)
	}
	line, _ = json.Marshal(Event{Kind: CellStart, Cell: "seq-s0-o0", Method: "seq", Tasks: []string{"a"}})
	want = `{"event":"cell_start","cell":"seq-s0-o0","method":"seq","seed":0,"order":0,"tasks":["a"],"trained_parameters":0,"state_bytes":0}`
	if string(line) != want {
		t.Fatalf("got  %s\nwant %s", line, want)
	}
}

func TestNonFiniteAndInvalidLinesAreNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "steps.jsonl")
	w, err := OpenWriter(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, v := range []any{
		Step{Step: 1, Loss: math.NaN()}, Step{Step: 1, GradientNorm: math.Inf(1)}, Step{Step: 0},
		Event{Kind: TaskEnd, Index: 1, Task: "a", FinalLoss: math.NaN()}, Event{Kind: "other"}, Event{Kind: Warning},
		Step{Step: 1, Measures: []Measure{{"gradient/q_proj/A", math.NaN()}}}, Step{Step: 1, Measures: []Measure{{"", 1}}},
		Step{Step: 1, Measures: []Measure{{"a", 1}, {"a", 1}}},
		Event{Kind: Boundary, Scores: []TaskScores{{"a", []Score{{"x", 1}}}}, Measures: []Measure{{"", 1}}},
		Timing{Phase: "x"}, Status{State: "x"}, Event{Kind: Boundary, Scores: []TaskScores{{Task: "a"}}}, Event{Kind: CellStart},
	} {
		if err := w.Append(v); err == nil {
			t.Errorf("%+v was written", v)
		}
	}
	if info, _ := os.Stat(path); info.Size() != 0 {
		t.Fatal("something was written")
	}
}

func TestAMalformedLineNamesFileAndLine(t *testing.T) {
	good := `{"event":"cell_end"}` + "\n"
	for _, bad := range []string{`{"event":"cell_en`, `{"event":"cell_end","evnt":1}`, `{"event":"cell_end"}{}`, ``, `null`, `{"event":"no"}`} {
		_, _, err := Decode[Event]([]byte(good+bad+"\n"+good), "records.jsonl")
		if err == nil || !strings.HasPrefix(err.Error(), "records.jsonl:2: ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestTruncateCutsAtTheFirstRefusedLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "steps.jsonl")
	if n, torn, err := Truncate(path, nil); n != 0 || torn || err != nil {
		t.Fatal("missing file", n, torn, err)
	}
	if err := os.WriteFile(path, []byte("1\n2\n3\n1\n4"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenWriter(path); err == nil {
		t.Fatal("a torn file was opened for appending")
	}
	n, torn, err := Truncate(path, func(line []byte) bool { return string(line) < "3" })
	if n != 2 || !torn || err != nil {
		t.Fatal(n, torn, err)
	}
	if data, _ := os.ReadFile(path); string(data) != "1\n2\n" {
		t.Fatalf("%q", data)
	}
	if n, torn, err := Truncate(path, func([]byte) bool { return true }); n != 0 || torn || err != nil {
		t.Fatal(n, torn, err)
	}
}

// TestTailAndLastReadTheEnd: of the first line in the last bytes, and of one that a crash cut, only
// a part may be there.
func TestTailAndLastReadTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "timing.jsonl")
	if _, err := Tail[Timing](path, 10); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	line := `{"phase":"total","index":%d,"seconds":1}` + "\n"
	text, size := "", int64(len(line)-1)
	for i := range 5 {
		text += fmt.Sprintf(line, i)
	}
	if err := os.WriteFile(path, []byte(text+"{"), 0o644); err != nil {
		t.Fatal(err)
	}
	for length, want := range map[int64]string{0: "[]", 1: "[]", size: "[]", size + 1: "[]", size + 2: "[4]", 2*size + 2: "[3 4]", 1 << 20: "[0 1 2 3 4]"} {
		got := []int{}
		timings, err := Tail[Timing](path, length)
		for _, timing := range timings {
			got = append(got, timing.Index)
		}
		if fmt.Sprint(got) != want || err != nil {
			t.Errorf("the last %d bytes: %v, %v, want %s", length, got, err, want)
		}
	}
	if _, err := Last[Timing](path); err == nil || !strings.Contains(err.Error(), "a crash cut it") {
		t.Error(err)
	}
	if _, _, err := Truncate(path, func([]byte) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if last, err := Last[Timing](path); err != nil || last.Index != 4 {
		t.Error(last, err)
	}
}

func TestFinished(t *testing.T) {
	for state, want := range map[State]bool{Done: true, CellDiverged: true, Failed: false, Cancelled: false, Running: false, Queued: false} {
		if state.Finished() != want {
			t.Error(state)
		}
	}
}

func FuzzDecodeEvents(f *testing.F) {
	f.Add([]byte("{\"event\":\"cell_end\"}\n"))
	f.Add([]byte("{\"event\":\"boundary\",\"index\":0,\"scores\":[{\"task\":\"a\",\"scores\":[{\"name\":\"x\",\"value\":1}]}]}\n{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		events, _, err := Decode[Event](data, "fuzz")
		if err != nil {
			return
		}
		for _, e := range events {
			line, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			again, torn, err := Decode[Event](append(line, '\n'), "again")
			if err != nil || torn || len(again) != 1 {
				t.Fatalf("%s: %v", line, err)
			}
		}
	})
}

func TestStepsKeepTheirMeasures(t *testing.T) {
	step := Step{Index: 1, Task: "a", Step: 1, Measures: []Measure{{"gradient/q_proj/A", 0}, {"gradient/q_proj/B", 0.5}}}
	line, err := json.Marshal(step)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"index":1,"task":"a","step":1,"loss":0,"gradient_norm":0,"learning_rate":0,"tokens":0,` +
		`"measures":[{"name":"gradient/q_proj/A","value":0},{"name":"gradient/q_proj/B","value":0.5}]}`
	if string(line) != want {
		t.Fatalf("got  %s\nwant %s", line, want)
	}
	got, _, err := Decode[Step](append(line, '\n'), "steps.jsonl")
	if err != nil || len(got) != 1 || cmp.Diff(step, got[0]) != "" {
		t.Fatal(got, err)
	}
}
