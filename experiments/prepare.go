package experiments

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"secura/datasets"
	"secura/datasets/builtin"
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
	// Texts are the examples of every split that is read.
	Texts *stream.Texts
	// Warnings tell what is known of the data that is no mistake, such as prompts that are cut.
	Warnings []string
}

// Prepare checks everything that a suite's cells will read, before anything is written or trained: every method's
// parameters, every task's splits through its template, the backbone. Its error joins what is wrong in all of these.
func Prepare(s suite.Suite, dataDir string) (*Prepared, error) {
	p := &Prepared{Texts: stream.NewTexts(dataDir)}
	mistakes := []error{s.CheckParams(KnownPresets()), checkBackbones(s)}
	for _, r := range reads(s) {
		for _, split := range r.splits {
			_, err := p.Texts.Load(r.task, split)
			mistakes = append(mistakes, err)
		}
	}
	err := suite.Told(mistakes...)
	if err == nil {
		p.Files, err = identify(s, "", dataDir)
	}
	if err != nil {
		return nil, errors.Join(err, startable(s))
	}
	var unread []string
	p.Sources, unread = sources(s, dataDir)
	for _, text := range unread {
		p.Warnings = append(p.Warnings, text+": its license is not known")
	}
	if s, err = p.chooseLengths(s); err != nil {
		return nil, err
	}
	p.Suite = s
	for i, name := range s.BackboneNames() {
		if i > 0 {
			debug.FreeOSMemory() // of the one before: there may be memory for one
		}
		mistakes = append(mistakes, p.fits(s.RunOn(name)))
	}
	if err := suite.Told(mistakes...); err != nil {
		return nil, err
	}
	return p, nil
}

// taskSplits are the splits of a task that a suite's cells read.
type taskSplits struct {
	task   datasets.Task
	splits []string
}

// reads lists what a suite's cells read.
func reads(s suite.Suite) (list []taskSplits) {
	for _, task := range s.Tasks {
		list = append(list, taskSplits{task, []string{"train", s.Evaluation.Split}})
	}
	for _, task := range s.Knowledge {
		list = append(list, taskSplits{task, []string{"test"}})
	}
	return list
}

// identify names the backbones' and the data files of a suite by their content; at says where the backbones lie, as for
// Suite.Places.
func identify(s suite.Suite, at, dataDir string) (files []rundir.File, err error) {
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
	data, err := identifyData(s, dataDir)
	return append(files, data...), err
}

// identifyData names the data files of a suite by their content.
func identifyData(s suite.Suite, dataDir string) (files []rundir.File, err error) {
	for _, r := range reads(s) {
		list, err := identifyTask(r.task, dataDir, r.splits...)
		if err != nil {
			return nil, err
		}
		files = append(files, list...)
	}
	return files, nil
}

// fits says whether the suite's one backbone is whole, every test example has room in the suite's shapes, and every method
// can be started on it.
func (p *Prepared) fits(s suite.Suite) error {
	b, err := pretrained.OpenTexts(s.Place(), backboneOptions(s))
	if err != nil {
		return err
	}
	data, err := stream.Load(s, p.Texts, b.Encoder)
	if err != nil {
		return err
	}
	for _, text := range data.Warnings(s, b.Ends[0]) {
		if !slices.Contains(p.Warnings, text) {
			p.Warnings = append(p.Warnings, text)
		}
	}
	if text := longerRows(data, s.Training); text != "" {
		p.Warnings = append(p.Warnings, text)
	}
	if data.HeldOut, err = b.HeldOut(); err != nil {
		return err
	}
	_, err = evaluation.New(nil, data, b.Tokenizer, b.Ends, s.Evaluation)
	return errors.Join(checkMethods(s, b.Config, data.TrainExamples()), err)
}

// longerRows says what lengths of rows would cut no training example; it is empty where none is cut.
func longerRows(data *stream.Data, t suite.Training) string {
	var tokens []int
	for _, task := range data.Tasks {
		for _, e := range task.Train {
			tokens = append(tokens, e.Tokens())
		}
	}
	if len(tokens) == 0 || slices.Max(tokens) <= t.Length {
		return ""
	}
	lengths := datasets.RowLengths(tokens, math.MaxInt)
	longest := lengths[len(lengths)-1]
	return fmt.Sprintf("training.length: %d would fit all training examples, and training.lengths: %v most batches", longest, lengths[:len(lengths)-1])
}

// identifyTask names the files of a task's splits by their content.
func identifyTask(task datasets.Task, dataDir string, splits ...string) (files []rundir.File, err error) {
	var read []string // with few-shot examples, those of the training split too
	for _, split := range splits {
		for _, other := range task.SplitsRead(split) {
			if !slices.Contains(read, other) {
				read = append(read, other)
			}
		}
	}
	for _, split := range read {
		if err := task.Allow(split); err != nil {
			return nil, err
		}
		if name, ok := task.Builtin(); ok {
			data, err := builtin.File(name, split)
			if err != nil {
				return nil, fmt.Errorf("task %s: %w", task.Name, err)
			}
			files = append(files, rundir.HashBytes("builtin/"+name+"/"+split+".parquet", data))
			continue
		}
		paths, err := task.Files(dataDir, split)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			f, err := rundir.HashFile(path)
			if err != nil {
				return nil, fmt.Errorf("task %s: %w", task.Name, err)
			}
			// Named by what it is for: another folder's file must not pass as another file.
			f.Path = task.Name + "/" + split + "/" + filepath.Base(path)
			files = append(files, f)
		}
	}
	return files, nil
}

// WriteExamples writes the texts of all evaluated examples into the run, once: predictions name them by task and id.
func WriteExamples(run rundir.Run, s suite.Suite, texts *stream.Texts) error {
	var rows []record.Example
	for i, task := range append(append([]datasets.Task{}, s.Tasks...), s.Knowledge...) {
		split, bound := s.Evaluation.Split, s.Evaluation.TestExamples
		if i >= len(s.Tasks) {
			split, bound = "test", s.Evaluation.KnowledgeExamples
		}
		examples, err := texts.Load(task, split)
		if err != nil {
			return fmt.Errorf("write examples: %w", err)
		}
		for _, e := range task.Sample(examples, bound) {
			options := make([]string, len(e.Options))
			for i, o := range e.Options {
				options[i] = strings.TrimSpace(o)
			}
			rows = append(rows, record.Example{Task: e.Task, ID: int32(e.ID), Prompt: e.Prompt, Options: options, Gold: strings.TrimSpace(e.Answer)})
		}
	}
	data, err := record.EncodeExamples(rows)
	if err != nil {
		return fmt.Errorf("write examples: %w", err)
	}
	return rundir.WriteBytes(run.Examples(), data)
}
