package experiments

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"secura/datasets"
	"secura/datasets/prepared"
	"secura/experiments/evaluation"
	"secura/experiments/pretrained"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/stream"
	"secura/experiments/suite"
)

// Prepared is what a suite's cells will read, found to be good.
type Prepared struct {
	// Suite is the suite with the lengths of rows that it leaves to its data.
	Suite suite.Suite
	// Chosen tells of these lengths; it is empty where the suite has its own.
	Chosen string
	// Files are the data files and the backbones' files, by their content.
	Files []rundir.File
	// Sources tell where data sets and backbones come from, as far as their folders say.
	Sources []rundir.Source
	// Data are the examples, as the suite's first backbone reads them: those that are evaluated,
	// and how many there are to train on. The training splits are closed.
	Data *stream.Data
	// Warnings tell what is known of the data that is no mistake, such as prompts that are cut.
	Warnings []string
}

// Prepare checks everything that a suite's cells will read, before anything is written or trained:
// every method's parameters, every task's splits through its template, the backbone. Examples are
// left in the store for the cells. Its error joins what is wrong in all of these.
func Prepare(ctx context.Context, s suite.Suite, store *prepared.Store) (*Prepared, error) {
	p := &Prepared{}
	if mistakes := suite.Told(s.CheckParams(KnownPresets()), checkBackbones(s)); mistakes != nil {
		return nil, suite.Told(mistakes, checkRows(ctx, s, store), startable(s))
	}
	files, err := identify(s, "", store)
	if err != nil {
		return nil, suite.Told(err, checkRows(ctx, s, store), startable(s))
	}
	p.Files = files
	var unread []string
	p.Sources, unread = sources(s, store.DataDir)
	for _, text := range unread {
		p.Warnings = append(p.Warnings, text+": its license is not known")
	}
	if s, err = p.chooseLengths(ctx, s, store); err != nil {
		return nil, suite.Told(err, startable(s))
	}
	p.Suite = s
	var mistakes []error
	for i, name := range s.BackboneNames() {
		if i > 0 {
			debug.FreeOSMemory() // of the one before: there may be memory for one
		}
		mistakes = append(mistakes, p.fits(ctx, s.RunOn(name), store))
	}
	if err := suite.Told(mistakes...); err != nil {
		return nil, err
	}
	return p, nil
}

// checkRows makes an example of every row, where there is no backbone to prepare them for.
func checkRows(ctx context.Context, s suite.Suite, store *prepared.Store) error {
	var mistakes []error
	for _, r := range reads(s) {
		for _, split := range r.splits {
			mistakes = append(mistakes, store.Check(ctx, r.task, split))
		}
	}
	return errors.Join(mistakes...)
}

// taskSplits are the splits of a task that a suite's cells read.
type taskSplits struct {
	task   datasets.Task
	splits []string
}

// evaluated is the split that is not trained on.
func (r taskSplits) evaluated() string { return r.splits[len(r.splits)-1] }

// reads lists what a suite's cells read.
func reads(s suite.Suite) (list []taskSplits) {
	for _, task := range s.Tasks {
		list = append(list, taskSplits{task, []string{"train", s.Evaluation.Split}})
	}
	for _, task := range s.Knowledge {
		list = append(list, taskSplits{task, []string{"test"}})
	}
	if s.HeldOut.Named() {
		task, split := s.HeldOut.Task()
		list = append(list, taskSplits{task, []string{split}})
	}
	return list
}

// identify names the backbones' and the data files of a suite by their content; at says where the
// backbones lie, as for Suite.Places.
func identify(s suite.Suite, at string, store *prepared.Store) (files []rundir.File, err error) {
	places, err := s.Places(at)
	if err != nil {
		return nil, err
	}
	for i, place := range places {
		list, err := identifyBackbone(s, i, place)
		if err != nil {
			return nil, err
		}
		files = append(files, list...)
	}
	data, err := identifyData(s, store)
	return append(files, data...), err
}

// identifyData names the data files of a suite by their content.
func identifyData(s suite.Suite, store *prepared.Store) (files []rundir.File, err error) {
	for _, r := range reads(s) {
		list, err := identifyTask(r.task, store, r.splits...)
		if err != nil {
			return nil, err
		}
		files = append(files, list...)
	}
	return files, nil
}

// fits says whether the suite's one backbone is whole, every test example has room in the suite's
// shapes, and every method can be started on it.
func (p *Prepared) fits(ctx context.Context, s suite.Suite, store *prepared.Store) error {
	b, err := pretrained.OpenTexts(s.Place(), backboneOptions(s))
	if err != nil {
		return errors.Join(err, checkRows(ctx, s, store))
	}
	data, err := stream.Load(ctx, s, store, b)
	if err != nil {
		return errors.Join(err, checkMethods(s, b.Config, unknownExamples))
	}
	for _, text := range data.Warnings(s, b.Config.MaxPositions) {
		if !slices.Contains(p.Warnings, text) {
			p.Warnings = append(p.Warnings, text)
		}
	}
	if text := longerRows(data, s.Training, b.Config.MaxPositions); text != "" {
		p.Warnings = append(p.Warnings, text)
	}
	_, err = evaluation.New(nil, data, b.Tokenizer, b.Ends, s.Evaluation)
	err = errors.Join(checkMethods(s, b.Config, data.TrainExamples(s.Training)), err, data.Close())
	if p.Data == nil {
		p.Data = data
	}
	return err
}

// longerRows says what lengths of rows would cut no training example that fits the backbone's
// positions; it is empty where none is cut.
func longerRows(data *stream.Data, t suite.Training, positions int) string {
	var tokens []int
	for _, task := range data.Tasks {
		for i := range task.Train.Len() {
			tokens = append(tokens, task.Train.Lengths(i).Tokens)
		}
	}
	if len(tokens) == 0 || min(slices.Max(tokens), positions) <= t.Length {
		return ""
	}
	lengths := datasets.RowLengths(tokens, positions)
	longest, fits := lengths[len(lengths)-1], "all training examples"
	if slices.Max(tokens) > positions {
		fits = "as much of them as the backbone has positions for"
	}
	return fmt.Sprintf("training.length: %d would fit %s, and training.lengths: %v most batches", longest, fits, lengths[:len(lengths)-1])
}

// identifyTask names the files of a task's splits by their content.
func identifyTask(task datasets.Task, store *prepared.Store, splits ...string) (files []rundir.File, err error) {
	list, err := store.Files(task, splits...)
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		// Named by what it is for: another folder's file must not pass as another file.
		name := task.Name + "/" + f.Split + "/" + filepath.Base(f.Path)
		if source, ok := task.Builtin(); ok {
			name = "builtin/" + source + "/" + f.Split + ".parquet"
		}
		files = append(files, rundir.File{Path: name, SHA256: f.SHA256, Bytes: f.Bytes})
	}
	return files, nil
}

// WriteExamples writes the texts of all evaluated examples into the run, once: predictions name
// them by task and id.
func WriteExamples(run rundir.Run, data *stream.Data) error {
	var rows []record.Example
	for _, task := range slices.Concat(data.Tasks, data.Knowledge) {
		for _, e := range task.Examples {
			options := make([]string, len(e.Options))
			for i, o := range e.Options {
				options[i] = strings.TrimSpace(o)
			}
			rows = append(rows, record.Example{Task: e.Task, ID: int32(e.ID), Prompt: e.Prompt, Options: options, Gold: strings.TrimSpace(e.Answer)})
		}
	}
	content, err := record.EncodeExamples(rows)
	if err != nil {
		return fmt.Errorf("write examples: %w", err)
	}
	return rundir.WriteBytes(run.Examples(), content)
}

// Mistakes are those that the data, the backbones and the methods show of a suite that has others,
// so that all are told at once. s is what is left of it (see suite.Faulty).
func Mistakes(ctx context.Context, s suite.Suite, store *prepared.Store) error {
	backbones := checkBackbones(s)
	if s.Evaluation.Split != "validation" {
		s.Evaluation.Split = "test"
	}
	left := s
	left.Tasks, left.Knowledge = slices.DeleteFunc(slices.Clone(s.Tasks), unreadable), slices.DeleteFunc(slices.Clone(s.Knowledge), unreadable)
	if left.HeldOut.Validate() != nil {
		left.HeldOut = datasets.Texts{}
	}
	return suite.Told(backbones, checkRows(ctx, left, store), startable(s))
}

// unreadable says whether a task lacks what it needs to be read. Its own mistake was told then, and
// what follows from that is none.
func unreadable(t datasets.Task) bool {
	t.Scores, t.Limits, t.Stop, t.Shots = []string{"exact"}, datasets.Limits{}, nil, 0
	if t.Original = ""; t.Choice() {
		t.Scores = []string{"accuracy"}
	} else {
		t.MaxNewTokens = max(t.MaxNewTokens, 1)
	}
	return t.Validate() != nil
}

// unknownExamples stands for the number of a stream's examples where they could not be read.
const unknownExamples = 512

// startable says which methods cannot be started on the suite's backbones; a backbone that cannot
// be opened was told.
func startable(s suite.Suite) error {
	var mistakes []error
	for _, name := range s.BackboneNames() {
		one := s.RunOn(name)
		if pretrained.Check(one.Place()) != nil {
			continue
		}
		b, err := pretrained.OpenTexts(one.Place(), backboneOptions(s))
		if err == nil {
			err = checkMethods(one, b.Config, unknownExamples)
		}
		mistakes = append(mistakes, err)
	}
	return errors.Join(mistakes...)
}
