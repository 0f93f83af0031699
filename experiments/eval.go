package experiments

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/datasets"
	"secura/datasets/prepared"
	"secura/experiments/evaluation"
	"secura/experiments/pretrained"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
	"secura/methods/weights"
	"secura/spelling"
)

// EvalOptions are what Eval is told.
type EvalOptions struct {
	// Suite has one backbone (see Suite.CheckSingle), the tasks and the shapes; its methods and
	// training are not used.
	Suite suite.Suite
	// Tasks are the names of those of the suite's tasks and its battery that are scored, in this
	// order; nil scores all, and held-out text, as a run's base row does.
	Tasks []string
	// Limit bounds the examples of each task; 0 leaves the suite's bounds.
	Limit int
	// Store prepares the examples; nil reads below the working folder and keeps nothing.
	Store *prepared.Store
	// HeldOut are what is known as held-out text for the backbone; nil is what it says itself.
	HeldOut []string
	// Adapter is a PEFT folder whose adapter is merged into the backbone; empty for none.
	Adapter string
	Backend backbone.BackendOptions
	// Warn is told of test prompts that were cut.
	Warn func(text string)
	// Doing is told what begins: loading, evaluating. It may be nil.
	Doing func(text string)
}

// Eval scores a backbone on tasks without training. The examples are in the order of the tasks.
func Eval(ctx context.Context, o EvalOptions) (record.Evaluation, []record.EvaluatedExample, error) {
	s, err := o.suite()
	if err != nil {
		return record.Evaluation{}, nil, err
	}
	if err := checkBackbones(s); err != nil {
		return record.Evaluation{}, nil, err
	}
	if o.Store == nil {
		o.Store = &prepared.Store{DataDir: "."}
	}
	doing := tellerOf(o.Doing)
	doing("loads backbone " + s.Backbone + " and the examples")
	out := record.Evaluation{Suite: s.Name, Backbone: s.Backbone, Chat: s.Chat, Adapter: o.Adapter, Split: s.Evaluation.Split, Files: map[string]string{}}
	if err := hashEvaluated(s, o.Store, out.Files); err != nil {
		return record.Evaluation{}, nil, err
	}
	b, err := openBackbone(s)
	if err != nil {
		return record.Evaluation{}, nil, err
	}
	switch {
	case o.Tasks != nil:
		b.HeldOut = nil
	case o.HeldOut != nil:
		b.HeldOut = o.HeldOut
	}
	if o.Adapter != "" {
		if err := mergeAdapter(b.Model, o.Adapter, out.Files); err != nil {
			return record.Evaluation{}, nil, err
		}
	}
	if len(s.Evaluation.Lengths) == 0 {
		if s.Evaluation.Lengths, err = evaluationLengths(ctx, s, o.Store, b); err != nil {
			return record.Evaluation{}, nil, err
		}
	}
	data, err := stream.LoadTests(ctx, s, o.Store, b)
	if err != nil {
		return record.Evaluation{}, nil, err
	}
	for _, text := range append(data.TextWarnings(), data.PromptWarnings()...) {
		if o.Warn != nil {
			o.Warn(text)
		}
	}
	backend, info, err := backbone.OpenBackend(ctx, o.Backend)
	if err != nil {
		return record.Evaluation{}, nil, err
	}
	defer backend.Finalize()
	out.Backend, out.PluginSHA256 = info.Name, info.PluginSHA256
	base := methods.NewBase(backend, b.Model)
	defer base.Close()
	if err := base.UseDevices(s.Devices); err != nil {
		return record.Evaluation{}, nil, err
	}
	v, err := evaluation.New(base, data, b.Tokenizer, b.Ends, s.Evaluation)
	if err != nil {
		return record.Evaluation{}, nil, err
	}
	doing(fmt.Sprintf("compiles, and evaluates %d tasks", len(s.Tasks)))
	row, err := v.Watched(func(percent int) { doing(fmt.Sprintf("evaluates %d tasks, %d%%", len(s.Tasks), percent)) }).Evaluate(ctx, nil)
	if err != nil {
		return record.Evaluation{}, nil, err
	}
	if o.Tasks == nil {
		mean := row.Accuracy()
		out.Accuracy, out.Knowledge, out.Perplexity = &mean, row.Knowledge, row.Perplexity
	}
	var examples []record.EvaluatedExample
	for g, t := range v.Groups() {
		task, err := evaluation.ScoredTask(t, row.Groups[g])
		if err != nil {
			return record.Evaluation{}, nil, err
		}
		out.Tasks = append(out.Tasks, task)
		examples = append(examples, evaluation.ScoredExamples(t, row.Groups[g])...)
	}
	return out, examples, nil
}

// mergeAdapter puts a PEFT folder's adapter into the model's weights, and its files' hashes beside
// the others.
func mergeAdapter(model *backbone.Model, dir string, hashes map[string]string) error {
	adapter, err := weights.ReadPEFT(dir)
	if err != nil {
		return err
	}
	for _, m := range adapter.Modules {
		name := m.Name + ".weight"
		old, ok := model.Weights[name]
		if !ok {
			return fmt.Errorf("merge adapter %s: the backbone has no weight %s", dir, name)
		}
		if shape := old.Shape().Dimensions; !slices.Equal(shape, []int{m.Out, m.In}) {
			return fmt.Errorf("merge adapter %s: module %s is of a weight [%d, %d], and the backbone's is %v: the adapter is another model's", dir, m.Name, m.Out, m.In, shape)
		}
		values, err := backbone.Values(old)
		if err == nil {
			values, err = m.Merge(values)
		}
		if err != nil {
			return fmt.Errorf("merge adapter %s: %w", dir, err)
		}
		model.Weights[name] = tensors.FromFlatDataAndDimensions(values, old.Shape().Dimensions...)
		if err := old.FinalizeAll(); err != nil {
			return err
		}
	}
	for _, name := range weights.PEFTFiles {
		file, err := rundir.HashFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		hashes[file.Path] = file.SHA256
	}
	return nil
}

// suite is the options' suite with the tasks and bounds that are asked for. What an evaluation
// computes is not bounded: it is done once.
func (o EvalOptions) suite() (suite.Suite, error) {
	s := o.Suite
	s.Evaluation.MaxTokens = math.MaxInt
	if o.Limit > 0 {
		s.Evaluation.TestExamples, s.Evaluation.KnowledgeExamples = o.Limit, o.Limit
	}
	if o.Tasks == nil {
		return s, nil
	}
	s.Tasks, s.Knowledge, s.HeldOut = nil, nil, datasets.Texts{}
	var known []string
	for _, t := range append(slices.Clone(o.Suite.Tasks), o.Suite.Knowledge...) {
		known = append(known, t.Name)
	}
	var mistakes []error
	for i, name := range o.Tasks {
		at := slices.Index(known, name)
		switch {
		case at < 0:
			mistakes = append(mistakes, fmt.Errorf("%s (suite %s)", spelling.Unknown("task", name, known), s.Name))
		case slices.Contains(o.Tasks[:i], name):
			mistakes = append(mistakes, fmt.Errorf("task %s is named twice", name))
		case at < len(o.Suite.Tasks):
			s.Tasks = append(s.Tasks, o.Suite.Tasks[at])
		default:
			s.Knowledge = append(s.Knowledge, o.Suite.Knowledge[at-len(o.Suite.Tasks)])
		}
	}
	return s, errors.Join(mistakes...)
}

// CheckTasks says which of the tasks that are asked for the suite has not.
func (o EvalOptions) CheckTasks() error {
	_, err := o.suite()
	return err
}

// hashEvaluated puts the sha256 of the backbone's and the tasks' files into hashes.
func hashEvaluated(s suite.Suite, store *prepared.Store, hashes map[string]string) error {
	files, err := pretrained.Hash(s.Place(), s.Chat)
	if err != nil {
		return err
	}
	for _, r := range reads(s) {
		list, err := identifyTask(r.task, store, r.evaluated())
		if err != nil {
			return err
		}
		files = append(files, list...)
	}
	for _, f := range files {
		hashes[f.Path] = f.SHA256
	}
	return nil
}
