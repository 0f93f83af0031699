package experiments

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"secura/datasets"
	"secura/datasets/builtin"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/methods"
)

// Prepare checks everything that a suite's cells will read, before anything is written or trained: every method's
// parameters, every task's splits through its template, the backbone. It returns the identity of the data files and of
// the backbone's files.
func Prepare(suite Suite, dataDir string) ([]rundir.File, error) {
	return PrepareAndTell(suite, dataDir, func(string) {})
}

// PrepareAndTell is Prepare, and tells what is known of the data that is no mistake, such as prompts that are cut.
func PrepareAndTell(suite Suite, dataDir string, tell func(warning string)) ([]rundir.File, error) {
	if err := CheckParams(suite); err != nil {
		return nil, err
	}
	var mistakes []error
	if err := checkBackbones(suite); err != nil {
		return nil, err
	}
	for _, r := range reads(suite) {
		for _, split := range r.splits {
			_, err := r.task.Load(dataDir, split)
			mistakes = append(mistakes, err)
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	files, err := identify(suite, "", dataDir)
	if err != nil {
		return nil, err
	}
	for i, name := range suite.BackboneNames() {
		if i > 0 {
			debug.FreeOSMemory() // of the one before: there may be memory for one
		}
		mistakes = append(mistakes, fits(suite, name, dataDir, tell))
	}
	return files, errors.Join(mistakes...)
}

// taskSplits are the splits of a task that a suite's cells read.
type taskSplits struct {
	task   datasets.Task
	splits []string
}

// reads lists what a suite's cells read.
func reads(suite Suite) (list []taskSplits) {
	for _, task := range suite.Tasks {
		list = append(list, taskSplits{task, []string{"train", suite.Evaluation.Split}})
	}
	for _, task := range suite.Knowledge {
		list = append(list, taskSplits{task, []string{"test"}})
	}
	return list
}

// identify names the backbones' and the data files of a suite by their content; at says where the backbones lie, as for
// Suite.places.
func identify(suite Suite, at, dataDir string) (files []rundir.File, err error) {
	places, err := suite.places(at)
	if err != nil {
		return nil, err
	}
	for i, place := range places {
		list, err := suite.identifyBackbone(i, place)
		if err != nil {
			return nil, err
		}
		files = append(files, list...)
	}
	data, err := identifyData(suite, dataDir)
	return append(files, data...), err
}

// identifyData names the data files of a suite by their content.
func identifyData(suite Suite, dataDir string) (files []rundir.File, err error) {
	for _, r := range reads(suite) {
		list, err := identifyTask(r.task, dataDir, r.splits...)
		if err != nil {
			return nil, err
		}
		files = append(files, list...)
	}
	return files, nil
}

// CheckParams decodes each method's parameters, and reports all that are unknown or of a wrong type.
func CheckParams(suite Suite) error {
	var mistakes []error
	for _, spec := range suite.Methods {
		if m, ok := methods.Find(spec.Preset); ok {
			_, err := decodeParams(m, spec)
			mistakes = append(mistakes, err)
		}
	}
	return errors.Join(mistakes...)
}

// fits says whether a backbone of the suite can be read and every test example has room in the suite's shapes.
func fits(suite Suite, name, dataDir string, tell func(warning string)) error {
	b, err := openBackbone(suite.RunOn(name))
	if err != nil {
		return err
	}
	data, err := loadStream(suite, dataDir, b.encoder)
	if err != nil {
		return err
	}
	for _, text := range data.dataWarnings(suite, b.ends[0]) {
		tell(text)
	}
	if data.heldOut, err = b.heldOut(); err != nil {
		return err
	}
	_, err = newEvaluator(nil, data, b.tokenizer, b.ends, suite.Evaluation)
	return err
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
func WriteExamples(run rundir.Run, suite Suite, dataDir string) error {
	var rows []record.Example
	for i, task := range append(append([]datasets.Task{}, suite.Tasks...), suite.Knowledge...) {
		split, bound := suite.Evaluation.Split, suite.Evaluation.TestExamples
		if i >= len(suite.Tasks) {
			split, bound = "test", suite.Evaluation.KnowledgeExamples
		}
		examples, err := task.Load(dataDir, split)
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
