package experiments

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"secura/experiments/pretrained"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
	"secura/methods/backbone/nano"
	"secura/methods/weights"
)

// ExportFormats are what Export can write: a merged model in the hub's layout, an adapter as the
// peft library keeps one, and auto, which is peft where the update has few enough ranks.
var ExportFormats = []string{"auto", "merged", "peft"}

// ExportOptions are what Export is told.
type ExportOptions struct {
	WorkerOptions
	// Cell is the id of the cell.
	Cell string
	// Dir is the folder to make; it must not hold anything.
	Dir string
	// Format is one of ExportFormats.
	Format string
	// Describe writes what else belongs into the folder, such as a README; nil for nothing. What it
	// fails with, Export does.
	Describe func(dir string, done Exported) error
}

// Exported says what Export wrote.
type Exported struct {
	Format string
	// Tasks is how many tasks the weights had learned.
	Tasks int
	// Rank is the largest rank of a module's adapter; 0 for a merged model.
	Rank int
	// Date is what the backbone's chat template wrote in the place of today's date; empty where it
	// wrote none.
	Date string
}

// Export writes what a cell has learned by its newest task boundary, so that transformers, or peft,
// loads it. It reads the run's manifest, the cell's checkpoint and the backbone, and no data.
func Export(ctx context.Context, o ExportOptions) (done Exported, err error) {
	entries, err := os.ReadDir(o.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return done, fmt.Errorf("export: %w; give a folder that is not there yet", err)
	case len(entries) > 0:
		return done, fmt.Errorf("export: %s is not empty; give a folder that is not there yet", o.Dir)
	}
	o.WithoutData, o.AnyBackend = true, true
	w, err := OpenWorker(ctx, o.WorkerOptions)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	cell, err := w.Cell(o.Cell)
	if err != nil {
		return done, err
	}
	session, place, err := w.restore(ctx, cell)
	if err != nil {
		return done, fmt.Errorf("export cell %s: %w", cell.ID, err)
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	done = Exported{Format: o.Format, Tasks: place.Index, Date: w.date}
	if err := os.MkdirAll(filepath.Dir(o.Dir), 0o755); err != nil {
		return done, fmt.Errorf("export: %w", err)
	}
	temp, err := os.MkdirTemp(filepath.Dir(o.Dir), ".tmp-export-*")
	if err != nil {
		return done, fmt.Errorf("export: %w", err)
	}
	defer os.RemoveAll(temp)
	if err := os.Chmod(temp, 0o755); err != nil {
		return done, fmt.Errorf("export: %w", err)
	}
	var adapter weights.PEFT
	if o.Format != "merged" {
		adapter, err = w.adapterOf(session)
		switch {
		case err == nil:
			done.Format = "peft"
		case o.Format == "auto":
			done.Format = "merged"
		default:
			return done, fmt.Errorf("export cell %s: %w", cell.ID, err)
		}
	}
	if done.Format == "peft" {
		for _, m := range adapter.Modules {
			done.Rank = max(done.Rank, m.Rank)
		}
		err = adapter.Write(temp)
	} else {
		err = w.writeModel(session, temp)
	}
	if err == nil && o.Describe != nil {
		err = o.Describe(temp, done)
	}
	if err != nil {
		return done, fmt.Errorf("export cell %s: %w", cell.ID, err)
	}
	if err := os.Remove(o.Dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return done, fmt.Errorf("export cell %s: %w", cell.ID, err)
	}
	return done, os.Rename(temp, o.Dir)
}

// restore is a cell's session as it was at its newest boundary. The caller closes it.
func (w *Worker) restore(ctx context.Context, cell suite.Cell) (_ *methods.Session, place rundir.Place, err error) {
	folder := w.run.Cell(cell.ID)
	p, err := w.protocol(ctx, cell, folder)
	if err != nil {
		return nil, place, err
	}
	place, found, problems, err := rundir.NewestCheckpoint(folder, nil)
	switch {
	case err != nil:
		return nil, place, err
	case !found:
		return nil, place, errors.Join(append([]error{errors.New("it has no checkpoint")}, problems...)...)
	case len(problems) > 0: // an older one would pass for what the cell has learned
		return nil, place, fmt.Errorf("its newest checkpoint is spoilt: %w; bring it here again whole, or remove it to export what was learned before it", errors.Join(problems...))
	case place.Within():
		return nil, place, fmt.Errorf("it stands within task %d, after step %d: run the same command again first", place.Index, place.Step)
	}
	session, err := p.start()
	if err != nil {
		return nil, place, err
	}
	err = session.Load(folder.CheckpointAt(place))
	if err == nil && !session.LearnsWeights() {
		err = errors.New("what it learned is a forward pass of its own (space: activation), not weights")
	}
	if err != nil {
		return nil, place, errors.Join(err, session.Close())
	}
	return session, place, nil
}

// writeModel writes the backbone with the learned weights in it: config.json, the weights in
// float32, and what turns texts into tokens and back.
func (w *Worker) writeModel(session *methods.Session, dir string) error {
	effective, err := session.Effective()
	if err != nil {
		return err
	}
	defer release(effective)
	merged := *w.base.Model
	merged.Weights = maps.Clone(merged.Weights)
	maps.Copy(merged.Weights, effective)
	if err := merged.Save(dir, weights.F32); err != nil {
		return err
	}
	place, err := pretrained.Find(w.place())
	if err != nil {
		return err
	}
	if place.GGUF != "" {
		return writeGGUFSettings(place.GGUF, merged.Config.EndTokens, dir)
	}
	files := nano.Files()
	if w.suite.Backbone != pretrained.Nano {
		files = os.DirFS(place.Folder)
	}
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "chat_template.jinja"} {
		data, err := fs.ReadFile(files, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o644)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// adapterOf is what a session learned as an adapter. LoRA and DoRA stay as they are. Any other
// method's learned weights are written as W + B·A with as few ranks as there are: an update C·X·R
// of a CUR decomposition has the decomposition's rank. It is taken apart by its singular values,
// U√S·√SVᵀ, so that an update is told by what it is and not by how the method got there. The error
// names a weight whose update has more ranks than half of its smaller side: an adapter would be no
// smaller than the weight.
func (w *Worker) adapterOf(session *methods.Session) (weights.PEFT, error) {
	adapter, ok, err := session.PEFT()
	adapter.Base = w.suite.Backbone
	if ok || err != nil {
		return adapter, err
	}
	effective, err := session.Effective()
	if err != nil {
		return weights.PEFT{}, err
	}
	defer release(effective)
	rank := 0
	for _, name := range w.base.Model.Names {
		learned, changed := effective[name]
		if !changed {
			continue
		}
		module, err := moduleOf(name, learned, w.base.Model)
		if err != nil {
			return weights.PEFT{}, err
		}
		adapter.Modules = append(adapter.Modules, module)
		rank = max(rank, module.Rank)
	}
	if len(adapter.Modules) == 0 {
		return weights.PEFT{}, errors.New("it changed no weight: there is no adapter to write")
	}
	for i := range adapter.Modules {
		adapter.Modules[i].Pad(rank) // peft keeps one rank for all modules of a name
	}
	return adapter, nil
}

// moduleOf is the adapter of one weight [out, in].
func moduleOf(name string, learned *tensors.Tensor, model *backbone.Model) (weights.PEFTModule, error) {
	shape := learned.Shape().Dimensions
	if len(shape) != 2 {
		return weights.PEFTModule{}, fmt.Errorf("%s is no matrix: export it with -format merged", name)
	}
	after, err := tensors.CopyFlatData[float32](learned)
	if err != nil {
		return weights.PEFTModule{}, err
	}
	before, err := tensors.CopyFlatData[float32](model.Weights[name])
	if err != nil {
		return weights.PEFTModule{}, err
	}
	out, in := shape[0], shape[1]
	update := mat.NewDense(out, in, nil)
	for i := range after {
		update.RawMatrix().Data[i] = float64(after[i]) - float64(before[i])
	}
	var svd mat.SVD
	if !svd.Factorize(update, mat.SVDThin) {
		return weights.PEFTModule{}, fmt.Errorf("%s: the singular values of its update do not converge", name)
	}
	// Of an update of low rank, rounding the learned weight to float32 leaves singular values like
	// those of noise: an entry's last bit times the sum of the sides' roots.
	largest := 0.0
	for _, x := range after {
		largest = max(largest, math.Abs(float64(x)))
	}
	noise := 2 * math.Ldexp(largest, -24) * (math.Sqrt(float64(out)) + math.Sqrt(float64(in)))
	values := svd.Values(nil)
	rank := 0
	for rank < len(values) && values[rank] > noise {
		rank++
	}
	rank = max(rank, 1) // an adapter has a rank, of zeros where nothing changed
	if most := min(out, in) / 2; rank > most {
		return weights.PEFTModule{}, fmt.Errorf("the update of %s has %d ranks, an adapter at most %d: export it with -format merged", name, rank, most)
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	m := weights.PEFTModule{Name: strings.TrimSuffix(name, ".weight"), Rank: rank, In: in, Out: out, Scale: 1,
		A: make([]float32, rank*in), B: make([]float32, out*rank)}
	for r := range rank {
		root := math.Sqrt(values[r])
		for i := range in {
			m.A[r*in+i] = float32(root * v.At(i, r))
		}
		for i := range out {
			m.B[i*rank+r] = float32(root * u.At(i, r))
		}
	}
	return m, nil
}

// release frees tensors that a session computed.
func release(list map[string]*tensors.Tensor) {
	for _, t := range list {
		t.FinalizeAll()
	}
}

// CheckExport says what is wrong with a format.
func CheckExport(format string) error {
	if !slices.Contains(ExportFormats, format) {
		return fmt.Errorf("format %q is not one of %s", format, strings.Join(ExportFormats, ", "))
	}
	return nil
}
