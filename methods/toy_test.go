package methods

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/backbone"
)

const (
	toyRows     = 4
	toyLength   = 7
	toyAnswers  = 3
	toyExamples = 8 // of each task
	toySteps    = 12
	toyRate     = 0.02
)

// toy is one random backbone for all tests of the package: graphs are compiled once for each key,
// as in a run.
var toy *Base

// openBackend opens the pure-Go backend, or the one that SECURA_TEST_BACKEND names (xla).
func openBackend() (compute.Backend, error) {
	if name := os.Getenv("SECURA_TEST_BACKEND"); name != "" {
		b, _, err := backbone.OpenBackend(context.Background(), backbone.BackendOptions{Name: name, NoDownload: true})
		return b, err
	}
	return gobackend.New("ops_sequential")
}

func TestMain(m *testing.M) {
	backend, err := openBackend()
	if err != nil {
		panic(err)
	}
	model := backbone.Random(backbone.Config{Architecture: backbone.Qwen2Architecture, Vocabulary: 32, Width: 16, Intermediate: 24,
		Layers: 2, Heads: 2, KeyValueHeads: 1, HeadSize: 8, MaxPositions: 32, Epsilon: 1e-6, RopeTheta: 1e4, TiedEmbeddings: true},
		rand.New(rand.NewPCG(1, 2)))
	for name, w := range model.Weights {
		if strings.HasSuffix(name, "norm.weight") || strings.HasSuffix(name, ".bias") {
			continue
		}
		values, err := tensors.CopyFlatData[float32](w)
		if err != nil {
			panic(err)
		}
		for i := range values {
			values[i] *= 15 // a trained model's weights are of this size in so narrow a model
		}
		model.Weights[name] = tensors.FromFlatDataAndDimensions(values, w.Shape().Dimensions...)
	}
	toy = NewBase(backend, model)
	code := m.Run()
	toy.Close()
	backend.Finalize()
	os.Exit(code)
}

// stream is a cell's named stream of random numbers.
func stream(seed uint64, purpose string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

func toySetting(seed uint64) Setting {
	return Setting{Targets: []string{"q_proj", "v_proj"}, Rows: toyRows, Length: toyLength, Answers: toyAnswers, WeightDecay: 0.01,
		Clip: 1, StreamExamples: 2 * toyExamples, Tasks: 2, TaskSteps: toySteps, Rand: func(purpose string) *rand.Rand { return stream(seed, purpose) }}
}

// emptyBatch is all padding and predicts nothing.
func emptyBatch(rows int) Batch { return EmptyBatch(rows, toyLength, toyAnswers) }

// fill writes the toy example that row names into a slot: 3 to 5 tokens of a prompt, then 1 to 2 of
// an answer and its end.
func fill(b Batch, slot int, row Row) {
	r := rand.New(rand.NewPCG(uint64(row.Task), uint64(row.Index)))
	answer := 1 + r.IntN(toyAnswers-1)
	used := 3 + r.IntN(3) + answer
	used = min(used, toyLength)
	tokens := make([]int32, used+1) // the last one is predicted only
	for i := range used {
		tokens[i] = 1 + r.Int32N(31)
	}
	for i := range used {
		at := slot*toyLength + toyLength - used + i
		b.Tokens[at], b.Positions[at], b.Segments[at] = tokens[i], int32(i), 0
	}
	for i := range answer + 1 {
		at := slot*toyAnswers + toyAnswers - 1 - answer + i
		b.Targets[at], b.Weights[at] = tokens[used-answer+i], 1
	}
}

// toyBatch lays out current rows and, after them, replayed ones; the rest stays empty.
func toyBatch(replayRows int, current, replayed []Row) Batch {
	b := emptyBatch(toyRows + replayRows)
	for i, row := range current {
		fill(b, i, row)
	}
	for i, row := range replayed {
		fill(b, toyRows+i, row)
	}
	return b
}

// rowsOf gives a batch of a task's rows in order, from an index on, round and round.
func rowsOf(task, from int) []Row {
	rows := make([]Row, toyRows)
	for i := range rows {
		rows[i] = Row{Task: task, Index: (from + i) % toyExamples}
	}
	return rows
}

// examplesOf gives a task's examples for EndTask; the last batch may be partly empty.
func examplesOf(task int) func(int) iter.Seq2[Batch, error] {
	return func(examples int) iter.Seq2[Batch, error] {
		return func(yield func(Batch, error) bool) {
			n := min(examples, toyExamples)
			for from := 0; from < n; from += toyRows {
				rows := rowsOf(task, from)[:min(toyRows, n-from)]
				if !yield(toyBatch(0, rows, nil), nil) {
					return
				}
			}
		}
	}
}

// open starts a method on the toy with parameters changed by change, which may be nil.
func open[P any](t testing.TB, m Method, key string, setting Setting, change func(p P)) *Session {
	t.Helper()
	params := m.NewParams()
	if change != nil {
		change(params.(P))
	}
	s, err := NewSession(toy, m, params, m.Name+"/"+key, setting)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// steps trains on a task from a 0-based step on, without starting or ending it, and returns the
// losses.
func steps(t testing.TB, s *Session, seed uint64, task, from, n int, rate float64) (losses []float64) {
	t.Helper()
	return stepsBy(t, s, seed, task, from, n, func(current, replayed []Row) (StepResult, error) {
		return s.Step(toyBatch(s.ReplayRows(), current, replayed), rate)
	})
}

// packedSteps is steps with packed batches.
func packedSteps(t testing.TB, s *Session, seed uint64, task, from, n int, rate float64) (losses []float64) {
	t.Helper()
	return stepsBy(t, s, seed, task, from, n, func(current, replayed []Row) (StepResult, error) {
		return s.StepPacked(packedToys(s, 24, 9, current, replayed), rate)
	})
}

// stepsBy is steps, each made by step.
func stepsBy(t testing.TB, s *Session, seed uint64, task, from, n int, step func(current, replayed []Row) (StepResult, error)) (losses []float64) {
	t.Helper()
	r := stream(seed, "replay/"+string(rune('a'+task)))
	for i := from; i < from+n; i++ {
		current := rowsOf(task, i*toyRows)
		result, err := step(current, s.MixBatch(current, r))
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, result.Loss)
	}
	return losses
}

// learn trains a whole task and ends it.
func learn(t testing.TB, s *Session, seed uint64, task int, rate float64) (losses []float64) {
	t.Helper()
	if err := s.StartTask(); err != nil {
		t.Fatal(err)
	}
	losses = steps(t, s, seed, task, 0, toySteps, rate)
	if err := s.EndTask(task+1, examplesOf(task)); err != nil {
		t.Fatal(err)
	}
	return losses
}

func floats(t testing.TB, x *tensors.Tensor) []float32 {
	t.Helper()
	values, err := tensors.CopyFlatData[float32](x)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// effective copies the effective weights to the host.
func effective(t testing.TB, s *Session) map[string][]float32 {
	t.Helper()
	list, err := s.Effective()
	if err != nil {
		t.Fatal(err)
	}
	return onHost(t, list)
}

// onHost copies named values to the host, and frees them where they were.
func onHost(t testing.TB, list map[string]*tensors.Tensor) map[string][]float32 {
	t.Helper()
	values := map[string][]float32{}
	for name, x := range list {
		values[name] = floats(t, x)
		x.FinalizeAll()
	}
	return values
}

// snapshot is all that a session holds: variables but for coefficients, moments, effective weights,
// state on the host.
func snapshot(t testing.TB, s *Session) map[string][]float32 {
	t.Helper()
	all := map[string][]float32{}
	for name, values := range effective(t, s) {
		all["effective "+name] = values
	}
	for _, v := range s.variables {
		if strings.HasPrefix(v.name, coefficients) { // given, not held
			continue
		}
		all[v.name] = floats(t, v.value)
		for i, m := range v.moments {
			if m != nil {
				all[v.name+" moment "+string(rune('1'+i))] = floats(t, m)
			}
		}
	}
	if s.hooks.State != nil {
		raw, err := json.Marshal(s.hooks.State)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range raw {
			all["state"] = append(all["state"], float32(c))
		}
	}
	return all
}

// differing lists the entries that differ in any bit, or are in one snapshot only.
func differing(a, b map[string][]float32) (names []string) {
	for name := range a {
		if !slices.EqualFunc(a[name], b[name], func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }) {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// distance is the largest absolute difference between entries of the same names.
func distance(a, b map[string][]float32) (d float64) {
	for name := range a {
		d = max(d, apart(a[name], b[name]))
	}
	return d
}

// apart is the largest absolute difference; infinite for other lengths.
func apart(a, b []float32) (d float64) {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	for i := range a {
		d = max(d, math.Abs(float64(a[i])-float64(b[i])))
		if math.IsNaN(float64(a[i])) || math.IsNaN(float64(b[i])) {
			return math.NaN()
		}
	}
	return d
}

func largest(a []float32) float64 { return apart(a, make([]float32, len(a))) }

// value is a variable's value.
func value(t testing.TB, s *Session, name string) []float32 {
	t.Helper()
	return floats(t, s.find(name).value)
}

// gradients are the (clipped) gradients of the first step since the optimiser started: its first
// moments over 1 − β1.
func gradients(t testing.TB, s *Session) map[string][]float32 {
	t.Helper()
	if s.steps != 1 {
		t.Fatalf("%d steps were made, the first moments are no gradients", s.steps)
	}
	all := map[string][]float32{}
	for _, v := range s.variables {
		if v.trained {
			g := floats(t, v.moments[0])
			for i := range g {
				g[i] = float32(float64(g[i]) / (1 - s.optimizer.Beta1))
			}
			all[v.name] = g
		}
	}
	return all
}

// readDir is the content of a folder's files.
func readDir(t testing.TB, dir string) (all string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(dir + "/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		all += e.Name() + "\n" + string(raw)
	}
	return all
}

// share gives to the values that the variables of from have.
func share(t testing.TB, from, to *Session) {
	t.Helper()
	for i, v := range to.variables {
		source := from.variables[i]
		if v.name != source.name {
			t.Fatalf("variable %s is not %s", v.name, source.name)
		}
		v.value.FinalizeAll()
		v.value = tensors.FromFlatDataAndDimensions(floats(t, source.value), source.value.Shape().Dimensions...)
	}
}
