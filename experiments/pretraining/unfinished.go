package pretraining

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"secura/experiments/rundir"
	"secura/methods"
)

// unfinishedFolder lies in the folder of a pretraining that has not ended: what is needed to go on
// with the same bytes.
const unfinishedFolder = "unfinished"

// saveEvery is how many steps lie between two savings; at most so many are made again after an
// interruption.
func (o Options) saveEvery() int { return cmp.Or(o.every, 500) }

// unfinished is progress.json in that folder. It is written after the weights that it names, so
// that both fit.
type unfinished struct {
	origin
	Step   int          `json:"step"`
	Corpus string       `json:"corpus_sha256"` // of what was read so far
	Curve  []curvePoint `json:"loss_curve"`
	Sum    float64      `json:"sum"` // of the losses since the curve's last point
}

// origin is what a pretraining's bytes follow from, beside the corpus.
type origin struct {
	Recipe       recipe `json:"recipe"`
	Backend      string `json:"backend"`
	PluginSHA256 string `json:"plugin_sha256"`
	XLAFlags     string `json:"xla_flags"`
	Tokenizer    string `json:"tokenizer_sha256"`
}

// otherThan says what of it differs from what it is now; empty if nothing does.
func (o origin) otherThan(now origin) string {
	for _, part := range []struct {
		what    string
		was, is any
	}{
		{"recipe", o.Recipe, now.Recipe},
		{"backend", o.Backend, now.Backend},
		{"plugin sha256", o.PluginSHA256, now.PluginSHA256},
		{"XLA_FLAGS", o.XLAFlags, now.XLAFlags},
		{"tokenizer sha256", o.Tokenizer, now.Tokenizer},
	} {
		if part.was != part.is {
			return fmt.Sprintf("by another %s: was %+v, is %+v", part.what, part.was, part.is)
		}
	}
	return ""
}

func (u unfinished) weights(out string) string {
	return filepath.Join(out, unfinishedFolder, fmt.Sprintf("step-%d.safetensors", u.Step))
}

func progressPath(out string) string { return filepath.Join(out, unfinishedFolder, "progress.json") }

// save writes where a pretraining stands, and then removes where it stood before.
func (u unfinished) save(o Options, learner *methods.Pretrainer) error {
	out := o.Out
	if err := os.MkdirAll(filepath.Join(out, unfinishedFolder), 0o755); err != nil {
		return fmt.Errorf("pretrain: save: %w", err)
	}
	if err := learner.Save(u.weights(out)); err != nil {
		return fmt.Errorf("pretrain: %w", err)
	}
	if err := rundir.WriteJSON(progressPath(out), u); err != nil {
		return fmt.Errorf("pretrain: save: %w", err)
	}
	before := unfinished{Step: u.Step - o.saveEvery()}
	if err := os.Remove(before.weights(out)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("pretrain: %w", err)
	}
	return nil
}

// goOn loads what an interrupted pretraining of the same origin saved, and reads the corpus up to
// there; a zero value where there is none.
func goOn(out string, from origin, learner *methods.Pretrainer, corpus *packer) (u unfinished, err error) {
	err = rundir.ReadJSON(progressPath(out), &u)
	if errors.Is(err, fs.ErrNotExist) {
		return unfinished{origin: from}, nil
	}
	other := func(what string) error {
		return fmt.Errorf("pretrain: %s holds an unfinished pretraining %s; remove it, or give another -out", filepath.Join(out, unfinishedFolder), what)
	}
	if err != nil {
		return u, fmt.Errorf("pretrain: go on: %w", err)
	}
	if d := u.otherThan(from); d != "" {
		return u, other(d)
	}
	if err := learner.Load(u.weights(out)); err != nil {
		return u, fmt.Errorf("pretrain: %w", err)
	}
	for range u.Step {
		if _, err := corpus.batch(); err != nil {
			return u, fmt.Errorf("pretrain: %w", err)
		}
	}
	if corpus.read() != u.Corpus {
		return u, other("of another corpus")
	}
	return u, nil
}

// read is the sha256 of the documents that were taken so far, each followed by a zero byte.
func (p *packer) read() string { return hex.EncodeToString(p.hash.Sum(nil)) }
