package experiments

import (
	"context"
	"errors"
	"path"
	"runtime/debug"
	"slices"

	"secura/experiments/evaluation"
	"secura/experiments/packing"
	"secura/experiments/rundir"
	"secura/experiments/stream"
	"secura/methods"
	"secura/methods/backbone"
)

// use opens one of the run's backbones, and what is made with its tokenizer, unless it is open. The
// one before is closed first: a worker has memory for one.
func (w *Worker) use(ctx context.Context, name string) error {
	if w.base != nil && w.suite.Backbone == name {
		return nil
	}
	if w.base != nil {
		if err := w.release(); err != nil {
			return err
		}
		debug.FreeOSMemory() // or the next one is read while the heap holds two
	}
	i := slices.Index(w.planned.BackboneNames(), name)
	if err := w.checkBackbone(i); err != nil {
		return err
	}
	b, err := openBackbone(w.planned.RunOn(w.places[i]))
	if err != nil {
		return err
	}
	w.tokenizer, w.ends, w.date = b.Tokenizer, b.Ends, b.Encoder.FixedDate()
	if w.withoutData {
		w.suite.Backbone = name
		w.base = methods.NewBase(w.backend, b.Model)
		return nil
	}
	if w.data, err = stream.Load(ctx, w.suite, w.store, b); err != nil {
		return err
	}
	w.warnings = w.data.Warnings(w.suite, b.Config.MaxPositions)
	if split := w.suite.Evaluation.Split; split != "test" {
		w.warnings = append(w.warnings, "the tasks' scores are those of the "+split+" split")
	}
	w.suite.Backbone = name
	return w.compute(b.Model)
}

// place is where the backbone that is open lies here.
func (w *Worker) place() string {
	return w.places[slices.Index(w.planned.BackboneNames(), w.suite.Backbone)]
}

// compute puts a model on the backend's devices, and lays out what is evaluated of the worker's
// data.
func (w *Worker) compute(model *backbone.Model) error {
	w.base = methods.NewBase(w.backend, model)
	w.base.Compiling = w.compiling.Start
	w.packers = map[packs]*packing.Packer{}
	err := w.base.UseDevices(w.suite.Devices)
	if err == nil {
		w.evaluator, err = evaluation.New(w.base, w.data, w.tokenizer, w.ends, w.suite.Evaluation)
	}
	if err != nil {
		err = errors.Join(err, w.release())
	}
	return err
}

// release closes the backbone that is open, if one is.
func (w *Worker) release() (err error) {
	if w.base != nil {
		w.base.Close()
	}
	if w.data != nil {
		err = w.data.Close()
	}
	w.base, w.tokenizer, w.ends, w.data, w.evaluator, w.warnings, w.packers = nil, nil, nil, nil, nil, nil, nil
	w.graphs, w.date = "", ""
	return err
}

// checkBackbone holds the files of the run's i-th backbone to the manifest's.
func (w *Worker) checkBackbone(i int) error {
	if len(w.files) == 0 {
		return nil
	}
	files, err := identifyBackbone(w.planned, i, w.places[i])
	if err != nil {
		return err
	}
	folder := manifestFolder(w.planned, i)
	return checkUnchanged(filesOf(w.files, func(of string) bool { return of == folder }), files, w.store.DataDir)
}

// checkData holds the data files to the manifest's.
func (w *Worker) checkData() error {
	if len(w.files) == 0 {
		return nil
	}
	files, err := identifyData(w.planned, w.store)
	if err != nil {
		return err
	}
	var folders []string
	for i := range w.places {
		folders = append(folders, manifestFolder(w.planned, i))
	}
	return checkUnchanged(filesOf(w.files, func(of string) bool { return !slices.Contains(folders, of) }), files, w.store.DataDir)
}

// filesOf are the files in some of a manifest's folders.
func filesOf(files []rundir.File, in func(folder string) bool) (list []rundir.File) {
	for _, f := range files {
		if in(path.Dir(f.Path)) {
			list = append(list, f)
		}
	}
	return list
}
