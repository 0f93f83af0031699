package pretraining

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/datasets/builtin"
	"secura/datasets/prompt"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
	"secura/methods/backbone/nano"
	"secura/methods/optimizer"
)

// little learns seven steps on a backbone of some thousand parameters, in a folder.
func little(t *testing.T, ctx context.Context, o Options, corpusSeed uint64, adjust func(*origin)) (unfinished, map[string][]float32, error) {
	t.Helper()
	r := recipe{Steps: 7, Rows: 2, Length: 48, Rate: 3e-3, Warmup: 0.1, WeightDecay: 0.05, Beta2: 0.98, Clip: 1, Vocabulary: 1024}
	from := origin{Recipe: r, Backend: "go", Tokenizer: "beef"}
	if adjust != nil {
		adjust(&from)
	}
	data, err := fs.ReadFile(nano.Files(), "tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	tokenizer, err := prompt.NewTokenizer(data)
	if err != nil {
		t.Fatal(err)
	}
	backend, _, err := backbone.OpenBackend(t.Context(), backbone.BackendOptions{Name: "go"})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	config := nanoConfig(r.Vocabulary, int32(r.Vocabulary-1))
	config.Width, config.Intermediate, config.Layers, config.Heads, config.KeyValueHeads, config.HeadSize = 16, 16, 1, 2, 1, 8
	base := methods.NewBase(backend, backbone.Random(config, suite.Streams{RunSeed: 1}.Rand("weights")))
	defer base.Close()
	corpus := newPacker(builtin.Corpus(corpusSeed), tokenizer, int32(r.Vocabulary-1), r.Rows, r.Length)
	defer corpus.close()
	so, failed := learn(ctx, o, from, methods.NewPretrainer(base, optimizer.NewAdamW(r.WeightDecay), r.Clip), corpus)
	weights := map[string][]float32{}
	for name, w := range base.Model.Weights {
		if weights[name], err = tensors.CopyFlatData[float32](w); err != nil {
			t.Fatal(err)
		}
	}
	return so, weights, failed
}

// fewSteps is a context that ends after some steps, each of which looks at it once.
type fewSteps struct {
	context.Context
	left int
}

func (c *fewSteps) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestAnInterruptedPretrainingGoesOnWithTheSameBits: it goes on from what it saved, and refuses
// what another recipe, backend, tokenizer or corpus saved.
func TestAnInterruptedPretrainingGoesOnWithTheSameBits(t *testing.T) {
	whole, want, err := little(t, t.Context(), Options{Out: t.TempDir(), Log: io.Discard, every: 3}, 1, nil)
	if err != nil || whole.Step != 7 || len(whole.Curve) != 1 {
		t.Fatalf("%+v, %v", whole, err)
	}
	var log strings.Builder
	o := Options{Out: t.TempDir(), Log: &log, every: 2}
	if _, _, err := little(t, &fewSteps{t.Context(), 5}, o, 1, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("five steps of seven: %v", err)
	}
	for what, c := range map[string]struct {
		corpus uint64
		adjust func(*origin)
	}{
		"another recipe: was {":                            {1, func(from *origin) { from.Recipe.Rate = 1 }},
		"another backend: was go, is xla":                  {1, func(from *origin) { from.Backend = "xla" }},
		"another plugin sha256: was , is f00d":             {1, func(from *origin) { from.PluginSHA256 = "f00d" }},
		"another XLA_FLAGS: was , is --x":                  {1, func(from *origin) { from.XLAFlags = "--x" }},
		"another tokenizer sha256: was beef, is other":     {1, func(from *origin) { from.Tokenizer = "other" }},
		"an unfinished pretraining of another corpus; rem": {2, nil},
	} {
		_, _, err := little(t, t.Context(), o, c.corpus, c.adjust)
		if err == nil || !strings.Contains(err.Error(), what) || !strings.Contains(err.Error(), o.Out) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if files, err := filepath.Glob(filepath.Join(o.Out, unfinishedFolder, "*")); err != nil || len(files) != 2 {
		t.Errorf("%v are kept, %v", files, err)
	}
	again, got, err := little(t, t.Context(), o, 1, nil)
	if err != nil || !strings.Contains(log.String(), "goes on after step 4") {
		t.Fatalf("%v, log %s", err, &log)
	}
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(again.Curve, whole.Curve) {
		t.Errorf("interrupted it ends with the loss %v and other weights, whole with %v", again.Curve, whole.Curve)
	}
}
