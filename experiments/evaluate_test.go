package experiments

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/datasets"
	"secura/datasets/prepared"
	"secura/experiments/evaluation"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods"
)

// TestQuestionsInOneRowScoreAsInRowsOfTheirOwn compares rows that hold several questions, the
// options of each after its prompt, and held-out texts, with a row for each option and text.
func TestQuestionsInOneRowScoreAsInRowsOfTheirOwn(t *testing.T) {
	y := newToy(t)
	w := y.open(t, y.with(suite.MethodSpec{Preset: "frozen"}), t.TempDir())
	weights := w.base.Weights(nil)
	alone := func(e datasets.Encoded) (sums []float64) {
		b := methods.EmptyBatch(1, 32, 31)
		taught, cut := e.Train(b.Length, b.Answers, w.ends[0])
		if cut {
			t.Fatal("does not fit")
		}
		b.SetText(0, taught.Tokens, taught.First, taught.Targets)
		outputs, err := w.base.RunBatch("alone", weights, b, w.base.BuildScore)
		if err != nil {
			t.Fatal(err)
		}
		logs, err := tensors.CopyFlatData[float32](outputs[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range logs[len(logs)-len(e.Answer)-1:] { // with the end
			sums = append(sums, float64(l))
		}
		return sums
	}
	data := *w.data
	texts, nats := 0, 0.0
	for n := range 5 {
		e := datasets.Encoded{Prompt: data.Tasks[0].Test[n].Prompt[:1], Answer: data.Tasks[0].Test[n].Prompt[1:]}
		data.HeldOut = append(data.HeldOut, slices.Concat(e.Prompt, e.Answer, w.ends[:1]))
		for _, l := range alone(e) {
			texts, nats = texts+1, nats-l
		}
	}
	fewer := map[int64]bool{}
	for _, lengths := range [][]int{{16}, {8, 16}, {9, 32}, {20, 31, 50}} {
		shapes := w.suite.Evaluation
		shapes.Lengths = lengths
		v, err := evaluation.New(w.base, &data, w.tokenizer, w.ends, shapes)
		if err != nil {
			t.Fatal(err)
		}
		fewer[v.Tokens] = true
		row, err := v.Evaluate(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(*row.Perplexity-nats/float64(texts)) > 1e-5 {
			t.Errorf("rows of %v: %g nats a token of held-out text, %g alone", lengths, *row.Perplexity, nats/float64(texts))
		}
		for i, e := range data.Tasks[1].Test {
			for o, option := range e.Options {
				sum := 0.0
				for _, l := range alone(datasets.Encoded{Prompt: e.Prompt, Answer: option})[:len(option)] {
					sum += l
				}
				if got := row.Groups[1][i].Sums[o]; math.Abs(got-sum) > 1e-5 {
					t.Errorf("rows of %v, example %d, option %d: %g beside the others, %g alone", lengths, i, o, got, sum)
				}
			}
		}
		// A task alone takes the same shapes.
		only, err := v.Only(1, shapes).Evaluate(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range only.Groups[1] {
			for o, sum := range p.Sums {
				if math.Abs(sum-row.Groups[1][i].Sums[o]) > 1e-5 {
					t.Errorf("rows of %v, example %d, option %d: %g of the task alone, %g of all", lengths, i, o, sum, row.Groups[1][i].Sums[o])
				}
			}
		}
	}
	if len(fewer) != 4 {
		t.Errorf("four lengths compute %v tokens", fewer)
	}
}

// TestExamplesThatDoNotFitAreRefused names the task and the example.
func TestExamplesThatDoNotFitAreRefused(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "frozen"})
	w := y.open(t, s, t.TempDir())
	tight := s.Evaluation
	tight.Lengths = []int{2}
	if _, err := evaluation.New(w.base, w.data, w.tokenizer, w.ends, tight); err == nil || !strings.Contains(err.Error(), "evaluation.lengths") {
		t.Errorf("rows of two tokens: %v", err)
	}
	tight = s.Evaluation
	tight.MaxTokens = 100
	if _, err := evaluation.New(w.base, w.data, w.tokenizer, w.ends, tight); err == nil || !strings.Contains(err.Error(), "max_tokens") {
		t.Errorf("a budget of 100 tokens: %v", err)
	}
}

// TestEpochsGoThroughAllRows: each pass has every row once, in another order.
func TestEpochsGoThroughAllRows(t *testing.T) {
	rows := make([]methods.Row, 7)
	for i := range rows {
		rows[i].Index = i
	}
	next := epochs(rows, suite.Streams{}.Rand("test"))
	var passes [3][]methods.Row
	for p := range passes {
		for range rows {
			passes[p] = append(passes[p], next())
		}
		sorted := slices.SortedFunc(slices.Values(passes[p]), func(a, b methods.Row) int { return a.Index - b.Index })
		if !slices.Equal(sorted, rows) {
			t.Errorf("pass %d has %v", p, passes[p])
		}
	}
	if slices.Equal(passes[0], passes[1]) && slices.Equal(passes[1], passes[2]) {
		t.Error("all passes have the same order")
	}
}

// TestBuiltinRowsFitTheMainSuite: nothing of the built-in data is cut, and every answer can be
// written in the tokens that are allowed for it.
func TestBuiltinRowsFitTheMainSuite(t *testing.T) {
	s, err := suite.Load("continual16", suite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := openBackbone(s)
	if err != nil {
		t.Fatal(err)
	}
	data, err := stream.Load(t.Context(), s, &prepared.Store{}, b)
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range data.CutWarnings(s.Training) {
		t.Error(warning)
	}
	if _, err := evaluation.New(nil, data, b.Tokenizer, b.Ends, s.Evaluation); err != nil {
		t.Error(err)
	}
	for _, task := range append(slices.Clone(data.Tasks), data.Knowledge...) {
		examples := task.Test
		for i := range task.Train.Len() {
			examples = append(examples, task.Train.At(i))
		}
		for _, e := range examples {
			if n := len(e.Answer); !task.Task.Choice() && n > task.Task.MaxNewTokens {
				t.Errorf("task %s has an answer of %d tokens, %d may be written", task.Task.Name, n, task.Task.MaxNewTokens)
				break
			}
		}
	}
}

// TestWrittenAnswersEndAtStopTexts writes the same texts with stop texts as are cut from those that
// are written to their end, also where several tokens make a stop text, and where a task without
// stop texts stands beside.
func TestWrittenAnswersEndAtStopTexts(t *testing.T) {
	y := newToy(t)
	s := y.with(suite.MethodSpec{Preset: "frozen"})
	for i := range s.Tasks {
		if !s.Tasks[i].Choice() {
			s.Tasks[i].MaxNewTokens = 10
		}
	}
	write := func(s suite.Suite) (texts []string) {
		row, err := y.open(t, s, t.TempDir()).evaluator.Evaluate(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range []int{0, 2} {
			for _, p := range row.Groups[g] {
				texts = append(texts, p.Text)
			}
		}
		return texts
	}
	plain := write(s)
	var longest []rune
	for _, text := range plain {
		if runes := []rune(text); len(runes) > len(longest) {
			longest = runes
		}
	}
	if len(longest) < 6 {
		t.Fatalf("the longest text that is written is %q", string(longest))
	}
	middle := len(longest) / 2
	for _, stop := range [][]string{{string(longest[middle : middle+3])}, {string(longest[middle]), string(longest[1:3])}, {"never written"}} {
		stopping := s
		stopping.Tasks = slices.Clone(s.Tasks)
		stopping.Tasks[0].Stop = stop
		cut := 0
		for i, got := range write(stopping) {
			want := plain[i]
			if i < len(plain)/2 {
				want = strings.TrimSpace(stopping.Tasks[0].Cut(plain[i]))
			}
			if got != want {
				t.Errorf("stop %q: text %d is %q, expected %q of %q", stop, i, got, want, plain[i])
			}
			if want != plain[i] {
				cut++
			}
		}
		if cut == 0 && stop[0] != "never written" {
			t.Errorf("stop %q cuts nothing", stop)
		}
	}
}
