// Package pretraining makes the embedded backbone, nano: a tokenizer from generated text, a small
// Qwen2 that learns the text, and training.json, which says how it was made and what it knows. Read
// Pretrain first.
package pretraining

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"secura/datasets/builtin"
	"secura/datasets/prompt"
	"secura/experiments"
	"secura/experiments/pretrained"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
	"secura/methods/optimizer"
	"secura/methods/weights"
)

// Options are what Pretrain is told.
type Options struct {
	// Out is the folder that gets config.json, model.safetensors, tokenizer.json and training.json.
	Out string
	// Steps of the optimiser; 0 is the recipe's own number.
	Steps int
	// Seed draws the corpus and the starting weights.
	Seed    uint64
	Backend backbone.BackendOptions
	// Log gets a line every hundred steps.
	Log io.Writer

	// Of a test.
	every    int    // steps between two savings; 0 is 500
	recipe   recipe // instead of nano's
	examples int    // bounds the examples of each task that are scored; 0 takes all
}

// recipe is how the nano backbone is made. training.json repeats it.
type recipe struct {
	Steps  int    `json:"steps"`
	Seed   uint64 `json:"seed"`
	Rows   int    `json:"rows"`
	Length int    `json:"length"`
	// Rate rises to this over Warmup of the steps and falls along a cosine to 0.
	Rate        float64 `json:"learning_rate"`
	Warmup      float64 `json:"warmup"`
	WeightDecay float64 `json:"weight_decay"`
	Beta2       float64 `json:"beta2"`
	Clip        float64 `json:"clip"`
	// Vocabulary and TokenizerDocuments make the tokenizer.
	Vocabulary         int `json:"vocabulary"`
	TokenizerDocuments int `json:"tokenizer_documents"`
}

var nanoRecipe = recipe{
	Steps:  24000, // an hour on two cores
	Rows:   16,
	Length: 96,   // four or five documents a row
	Rate:   3e-3, // small models bear high rates
	Warmup: 0.02, WeightDecay: 0.05,
	Beta2: 0.98, // the batches are small
	Clip:  1, Vocabulary: 1024, TokenizerDocuments: 60_000,
}

const (
	endOfText  = "<|endoftext|>"
	curveEvery = 100
)

// nanoConfig has about a million parameters.
func nanoConfig(vocabulary int, end int32) backbone.Config {
	return backbone.Config{Architecture: backbone.Qwen2Architecture, Vocabulary: vocabulary, Width: 128, Intermediate: 448, Layers: 4,
		Heads: 4, KeyValueHeads: 2, HeadSize: 32, MaxPositions: 256, Epsilon: 1e-6, RopeTheta: 10000, TiedEmbeddings: true, EndTokens: []int32{end}}
}

// trainingReport is training.json.
type trainingReport struct {
	Recipe     recipe             `json:"recipe"`
	Parameters int64              `json:"parameters"`
	Documents  int                `json:"documents"`
	Corpus     string             `json:"corpus_sha256"` // of the documents, each followed by a zero byte
	Curve      []curvePoint       `json:"loss_curve"`    // means over the steps since the last point, nats a token
	Scores     map[string]float64 `json:"scores"`        // of the weights as written, on the test splits
	Knowledge  float64            `json:"knowledge"`
	HeldOut    float64            `json:"held_out_nats_per_token"`
}

type curvePoint struct {
	Step int     `json:"step"`
	Loss float64 `json:"loss"`
}

// Pretrain makes the nano backbone: a tokenizer from the corpus, then a language model of the
// corpus. Equal options, backend and plugin build give equal bytes, interrupted or not: it goes on
// from what it saved in Out.
func Pretrain(ctx context.Context, o Options) error {
	if o.Log == nil {
		o.Log = io.Discard
	}
	r := cmp.Or(o.recipe, nanoRecipe)
	r.Seed = o.Seed
	if o.Steps > 0 {
		r.Steps = o.Steps
	}
	fmt.Fprintf(o.Log, "pretrain: making a tokenizer of %d tokens from %d documents\n", r.Vocabulary, r.TokenizerDocuments)
	tokenizerJSON, err := prompt.Train(firstDocuments(builtin.Corpus(r.Seed), r.TokenizerDocuments), r.Vocabulary, []string{endOfText})
	if err != nil {
		return fmt.Errorf("pretrain: make tokenizer: %w", err)
	}
	tokenizer, err := prompt.NewTokenizer(tokenizerJSON)
	if err != nil {
		return fmt.Errorf("pretrain: read tokenizer: %w", err)
	}
	end, ok := tokenizer.ID(endOfText)
	if !ok {
		return fmt.Errorf("pretrain: the tokenizer has no %s", endOfText)
	}
	backend, info, err := backbone.OpenBackend(ctx, o.Backend)
	if err != nil {
		return fmt.Errorf("pretrain: %w", err)
	}
	defer backend.Finalize()
	streams := suite.Streams{RunSeed: r.Seed, PairingKey: pretrained.Nano}
	model := backbone.Random(nanoConfig(r.Vocabulary, end), streams.Rand("weights"))
	base := methods.NewBase(backend, model)
	defer base.Close()
	adamw := optimizer.NewAdamW(r.WeightDecay)
	adamw.Beta2 = r.Beta2
	learner := methods.NewPretrainer(base, adamw, r.Clip)
	packer := newPacker(builtin.Corpus(r.Seed), tokenizer, end, r.Rows, r.Length)
	defer packer.close()

	report := trainingReport{Recipe: r, Scores: map[string]float64{}}
	for _, t := range model.Weights {
		report.Parameters += int64(t.Size())
	}
	fmt.Fprintf(o.Log, "pretrain: %d parameters, %d steps of %d rows of %d tokens\n", report.Parameters, r.Steps, r.Rows, r.Length)
	hash := sha256.Sum256(tokenizerJSON)
	from := origin{Recipe: r, Backend: info.Name, PluginSHA256: info.PluginSHA256, XLAFlags: info.Flags, Tokenizer: hex.EncodeToString(hash[:])}
	so, err := learn(ctx, o, from, learner, packer)
	if err != nil {
		return err
	}
	report.Curve, report.Documents, report.Corpus = so.Curve, packer.documents, packer.read()
	if err := report.write(ctx, model, tokenizerJSON, o); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(o.Out, unfinishedFolder)); err != nil {
		return fmt.Errorf("pretrain: %w", err)
	}
	return nil
}

// learn makes the recipe's steps, those that are left where an interrupted pretraining saved its
// state.
func learn(ctx context.Context, o Options, from origin, learner *methods.Pretrainer, corpus *packer) (unfinished, error) {
	r := from.Recipe
	schedule := optimizer.ForTask(r.Rate, r.Warmup, r.Steps)
	so, err := goOn(o.Out, from, learner, corpus)
	if err != nil {
		return so, err
	}
	if so.Step > 0 {
		fmt.Fprintf(o.Log, "pretrain: goes on after step %d\n", so.Step)
	}
	start, first := time.Now(), so.Step
	for step := first + 1; step <= r.Steps; step++ {
		if err := ctx.Err(); err != nil {
			return so, err
		}
		batch, err := corpus.batch()
		if err != nil {
			return so, fmt.Errorf("pretrain: %w", err)
		}
		loss, err := learner.Step(batch, schedule.Rate(step-1))
		if err != nil {
			return so, fmt.Errorf("pretrain: %w", err)
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return so, fmt.Errorf("pretrain: the loss is %g at step %d", loss, step)
		}
		so.Step, so.Sum = step, so.Sum+loss
		if step%curveEvery == 0 || step == r.Steps {
			mean := so.Sum / float64((step-1)%curveEvery+1)
			so.Curve, so.Sum = append(so.Curve, curvePoint{step, mean}), 0
			spent := time.Since(start)
			fmt.Fprintf(o.Log, "pretrain: step %d/%d, loss %.4f, %s left\n", step, r.Steps, mean,
				(spent / time.Duration(step-first) * time.Duration(r.Steps-step)).Round(time.Second))
		}
		if step%o.saveEvery() == 0 && step < r.Steps {
			so.Corpus = corpus.read()
			if err := so.save(o, learner); err != nil {
				return so, err
			}
		}
	}
	return so, nil
}

// write puts the backbone's files in place once all of them are there, so that weights never stand
// beside another training's report.
func (report *trainingReport) write(ctx context.Context, model *backbone.Model, tokenizerJSON []byte, o Options) error {
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return fmt.Errorf("pretrain: %w", err)
	}
	work, err := os.MkdirTemp(o.Out, ".pretrain-")
	if err != nil {
		return fmt.Errorf("pretrain: %w", err)
	}
	defer os.RemoveAll(work)
	if err := model.Save(work, weights.BF16); err != nil {
		return fmt.Errorf("pretrain: %w", err)
	}
	if err := rundir.WriteBytes(filepath.Join(work, "tokenizer.json"), tokenizerJSON); err != nil {
		return fmt.Errorf("pretrain: %w", err)
	}
	if err := report.score(ctx, work, o); err != nil {
		return fmt.Errorf("pretrain: score the backbone: %w", err)
	}
	if err := rundir.WriteJSON(filepath.Join(work, reportFile), report); err != nil {
		return fmt.Errorf("pretrain: %w", err)
	}
	for _, name := range slices.Concat(pretrained.Files, []string{reportFile}) {
		if err := os.Rename(filepath.Join(work, name), filepath.Join(o.Out, name)); err != nil {
			return fmt.Errorf("pretrain: %w", err)
		}
	}
	return nil
}

// reportFile is a trainingReport beside a backbone's files.
const reportFile = "training.json"

// score evaluates the weights in a folder, as they were written, rounded: the base row of the main
// suite.
func (report *trainingReport) score(ctx context.Context, folder string, o Options) error {
	s, err := suite.Load("continual16", suite.Options{})
	if err != nil {
		return err
	}
	row, _, err := experiments.Eval(ctx, experiments.EvalOptions{Suite: s.RunOn(folder), HeldOut: builtin.HeldOut(), Limit: o.examples, Backend: o.Backend})
	if err != nil {
		return err
	}
	fmt.Fprintf(o.Log, "pretrain: accuracy %.1f, knowledge %.1f, held-out text %.3f nats a token\n", 100**row.Accuracy, 100**row.Knowledge, *row.Perplexity)
	for _, task := range row.Tasks {
		first := task.Scores[0]
		fmt.Fprintf(o.Log, "  %s %s %.3f\n", task.Task, first.Name, first.Value)
		report.Scores[task.Task] = first.Value
	}
	report.Knowledge, report.HeldOut = *row.Knowledge, *row.Perplexity
	return nil
}

func firstDocuments(documents iter.Seq[string], n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		left := n
		for d := range documents {
			if left--; left < 0 || !yield(d) {
				return
			}
		}
	}
}
