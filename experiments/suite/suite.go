// Package suite says what a run is asked to do. In comes YAML, an embedded suite or a file, with
// settings of the command line; out comes a Suite with every default filled in, or all of its
// mistakes at once, and from it the plan: cells, one method on one backbone, seed and order each,
// and the random streams that they draw from. Read Load first, then Plan.
//
// The package knows no method and no tensor, so that a report can be made from a suite on a machine
// without either. What it needs of the methods is handed to it as Presets.
package suite

import (
	"cmp"
	"maps"
	"slices"

	"secura/datasets"
	"secura/experiments/record"
)

// Suite is everything a run is asked to do. Load makes it from YAML with every default filled in;
// the same value encodes to JSON for the manifest.
type Suite struct {
	Name string `yaml:"name" json:"name"`
	// Doc says in a sentence or two what the suite is for.
	Doc string `yaml:"doc,omitempty" json:"doc,omitempty"`
	// Backbone is "nano", a folder, a GGUF file, or ORG/NAME[@REVISION] on the hub. It is empty
	// where the suite is run on several.
	Backbone string `yaml:"backbone,omitempty" json:"backbone,omitempty"`
	// DType is how the backbone's frozen matrices are held: f32, or bf16 for half of the memory.
	// Those of training.targets, which methods change, and all that methods add are f32 either way.
	// Empty is f32.
	DType string `yaml:"dtype,omitempty" json:"dtype,omitempty"`
	// Devices is on how many of the backend's devices, such as GPUs, a worker computes, a part of
	// each batch's rows on each; 0 is one. Sums are made in another order then, and so the last
	// digits differ.
	Devices int `yaml:"devices,omitempty" json:"devices,omitempty"`
	// Chat writes prompts as a user's turn by the backbone's chat template, and answers as the
	// assistant's. It is for backbones that were trained to chat.
	Chat bool `yaml:"chat,omitempty" json:"chat,omitempty"`
	// System is the system prompt of every conversation; empty leaves it to the backbone's
	// template.
	System string `yaml:"system,omitempty" json:"system,omitempty"`
	// Backend is what the numbers are computed by: auto, xla, go or xla:FILE.
	Backend string `yaml:"backend" json:"backend"`
	// Backbones are several, which stand instead of Backbone: every method, seed and order is run
	// on each, in one run, one backbone after the other. A suite file gives one of the two keys.
	// Where Backbone is not empty, as after -backbone NAME, it alone is run, and these are those
	// that the suite is meant for.
	Backbones []string `yaml:"backbones,omitempty" json:"backbones,omitempty"`
	// Revisions are the commits of those backbones that lie on the hub, by their names here. No
	// file gives them: a run takes them when it begins, and keeps them.
	Revisions map[string]string `yaml:"-" json:"revisions,omitempty"`
	// Stream is "sequential", or "separate": each task is learned alone from the pretrained
	// backbone.
	Stream string `yaml:"stream" json:"stream"`
	// Tasks are the stream in order 0.
	Tasks []datasets.Task `yaml:"tasks" json:"tasks"`
	// Knowledge is the battery of what the backbone knew before the stream.
	Knowledge []datasets.Task `yaml:"knowledge" json:"knowledge"`
	// HeldOut is the text whose perplexity, and with Evaluation.KL whose divergence, is measured,
	// on every backbone of the run: passages of a data set that no task learns. Where none is
	// named, it is text of its own for the embedded backbone, and none for others.
	HeldOut datasets.Texts `yaml:"held_out,omitempty" json:"held_out,omitzero"`
	Methods []MethodSpec   `yaml:"methods" json:"methods"`
	// TaskOrders are the orders of learning after order 0, by the tasks' names; further ones are
	// drawn.
	TaskOrders [][]string `yaml:"task_orders,omitempty" json:"task_orders,omitempty"`
	// Pairing names the random numbers that cells draw, seed by seed and order by order: suites of
	// one pairing and the same tasks draw the same, and their cells can be compared in pairs. Empty
	// is the suite's name.
	Pairing string `yaml:"pairing,omitempty" json:"pairing,omitempty"`
	// Seeds and Orders are how many there are of each, from 0 on.
	Seeds      int        `yaml:"seeds" json:"seeds"`
	Orders     int        `yaml:"orders" json:"orders"`
	Training   Training   `yaml:"training" json:"training"`
	Evaluation Evaluation `yaml:"evaluation" json:"evaluation"`
	// Tables are the names of further tables of the report, of those that Tables lists.
	Tables []string `yaml:"tables,omitempty" json:"tables,omitempty"`
	// Slurm is what an element of a job array asks of a cluster (-engine slurm).
	Slurm Slurm `yaml:"slurm,omitempty" json:"slurm,omitzero"`
	// Tuning says how learning rates and coefficients were chosen; zero where that was not by a
	// tuning. A tuning's own trials carry it too.
	Tuning Tuning `yaml:"tuning,omitempty" json:"tuning,omitzero"`
}

// Tuning is the budget by which a suite's methods were tuned: the same for each.
type Tuning struct {
	// Trials is how many each method had, and Seeds on how many the best of them were compared; 0
	// is one.
	Trials int `yaml:"trials,omitempty" json:"trials,omitempty"`
	Seeds  int `yaml:"seeds,omitempty" json:"seeds,omitempty"`
	// Stream names the calibration stream's tasks, in the order of learning.
	Stream []string `yaml:"stream,omitempty" json:"stream,omitempty"`
	// Split is what was evaluated, Examples how many of it per task (0: all).
	Split    string `yaml:"split,omitempty" json:"split,omitempty"`
	Examples int    `yaml:"examples,omitempty" json:"examples,omitempty"`
	// Objective is the metric that was the higher the better.
	Objective string `yaml:"objective,omitempty" json:"objective,omitempty"`
	// LearnedShare is the share of the largest gain of a method's trials that a trial must have to
	// be chosen by the objective; 0 is four fifths (record.LearnedShare).
	LearnedShare float64 `yaml:"learned_share,omitempty" json:"learned_share,omitempty"`
}

// Share is LearnedShare, or what it is where the tuning does not say.
func (t Tuning) Share() float64 { return cmp.Or(t.LearnedShare, record.LearnedShare) }

// MethodSpec is one method of a suite.
type MethodSpec struct {
	// Preset is the method's name in the list of methods.
	Preset string `yaml:"preset" json:"preset"`
	// Name is how tables and cells call it; the preset's name by default. A suite may have one
	// preset twice under two names.
	Name string `yaml:"name" json:"name"`
	// LearningRate replaces the preset's own; 0 leaves that.
	LearningRate float64 `yaml:"learning_rate,omitempty" json:"learning_rate,omitempty"`
	// Reason says why this method's learning rate or parameters differ; it is required where
	// LearningRate is given.
	Reason string `yaml:"reason,omitempty" json:"reason,omitempty"`
	// Params are the method's parameters that differ from its preset's, decoded by Preset.Params.
	Params map[string]any `yaml:"params,omitempty" json:"params,omitempty"`
	// LearningRates bound those that a tuning tries first, least and largest; none leaves them to
	// the method.
	LearningRates []float64 `yaml:"learning_rates,omitempty,flow" json:"learning_rates,omitempty"`
	// Fixed are parameters that a tuning leaves as they are.
	Fixed []string `yaml:"fixed,omitempty,flow" json:"fixed,omitempty"`
}

// Evaluation is what happens at each boundary.
type Evaluation struct {
	// Split is what the tasks are evaluated on: test, or validation while hyper-parameters are
	// chosen. The battery has its one split.
	Split string `yaml:"split" json:"split"`
	// TestExamples and KnowledgeExamples bound the examples of each task and of each knowledge
	// task; 0 takes all.
	TestExamples      int `yaml:"test_examples" json:"test_examples"`
	KnowledgeExamples int `yaml:"knowledge_examples" json:"knowledge_examples"`
	// Lengths are the row lengths that rows are padded to, ascending; each is one compiled graph.
	// None leaves them to the data.
	Lengths []int `yaml:"lengths" json:"lengths"`
	// Batch is the number of rows of a forward pass.
	Batch int `yaml:"batch" json:"batch"`
	// MaxTokens bounds the tokens that are computed at one boundary, padding included; a suite
	// above it is refused.
	MaxTokens int `yaml:"max_tokens" json:"max_tokens"`
	// Every says what is evaluated at the boundaries within a stream: "task" evaluates everything
	// at each, "final" only the task that was just learned. The base row is always whole, and so is
	// the row at a stream's end; where tasks are learned alone there is no end.
	Every string `yaml:"every" json:"every"`
	// EverySteps is after how many steps everything is evaluated within a task too; 0 evaluates at
	// boundaries alone.
	EverySteps int `yaml:"every_steps" json:"every_steps"`
	// AtSteps are steps of a stream's first task after which everything is evaluated too,
	// ascending; none by default.
	AtSteps []int `yaml:"at_steps,omitempty" json:"at_steps,omitempty"`
	// KeepCheckpoints is "all" or "last".
	KeepCheckpoints string `yaml:"keep_checkpoints" json:"keep_checkpoints"`
	// TeacherForced predicts each answer's tokens given the true answer so far too, and puts the
	// measure of SECURA's released code on record: one forward pass over every prompt and its
	// answer. No metric and no ranking is made of it.
	TeacherForced bool `yaml:"teacher_forced,omitempty" json:"teacher_forced,omitempty"`
	// KL puts the divergence of predictions from the untouched backbone's on record, on held-out
	// text and on the battery's true answers: two forward passes over each. Where only the task
	// just learned is evaluated it is left out.
	KL bool `yaml:"kl,omitempty" json:"kl,omitempty"`
	// Interpolate are the mixtures of the pretrained and the learned weights that are evaluated
	// where a stream ends, each the share of the way to the learned ones, ascending between 0 and
	// 1; none by default. Each is an evaluation of everything.
	Interpolate []float64 `yaml:"interpolate,omitempty" json:"interpolate,omitempty"`
	// Recovery are numbers of further examples, ascending, after which each task but the last is
	// scored again from what was learned in the whole stream; none by default. Each is a few steps
	// and an evaluation of each task.
	Recovery []int `yaml:"recovery,omitempty" json:"recovery,omitempty"`
	// Diagnostics puts measures of each step and boundary on record. Those of a boundary take the
	// singular values of every adapted weight's update, which is slow for wide models.
	Diagnostics bool `yaml:"diagnostics" json:"diagnostics"`
}

// Values of Training.Schedule and Training.Draw. Of each the first is the default.
const (
	Cosine   = "cosine"
	Linear   = "linear"
	Constant = "constant"

	Epochs          = "epochs"
	WithReplacement = "with_replacement"
)

// HalfPrecision is the value of Suite.DType that halves the memory.
const HalfPrecision = "bf16"

// Values of Suite.Stream and of Evaluation.Every.
const (
	Sequential = "sequential"
	Separate   = "separate"
	EveryTask  = "task"
	EveryFinal = "final"
)

// Default is what a suite file's keys replace.
func Default() Suite {
	return Suite{
		Backbone: "nano", // the embedded one: needs no download
		Backend:  "auto",
		Seeds:    1, // more seeds cost in proportion; statistics need six
		Orders:   1,
		Stream:   Sequential,
		Training: Training{
			Targets: []string{"q_proj", "v_proj"}, // the paper's, and LoRA's
			Steps:   48,                           // 40 to 60 teach nano a task
			Batch:   16,                           // the paper's
			// the LoRA family's published rate
			LearningRate: 1e-3,
			Warmup:       0.03, // the paper's
			WeightDecay:  0.01, // the paper's
			Clip:         1,    // the paper's
			Length:       64,   // one shape for the stream; built-in rows fit
			AnswerLength: 32,
			Pack:         true, // a third of the time of batches with padding
			// longer than a task of the built-in suites; minutes of a wide backbone
			CheckpointEvery: 200,
		},
		Evaluation: Evaluation{
			Split:           "test",
			Lengths:         []int{32, 64, 96}, // prompt and answer fit in 96
			Batch:           32,
			MaxTokens:       100_000, // keeps a boundary at seconds on one core
			Every:           EveryTask,
			KeepCheckpoints: "all", // small for nano, and any boundary can be looked at
			Diagnostics:     true,  // a hundredth of nano's time, and says why
		},
	}
}

// Method finds a method by its name.
func (s Suite) Method(name string) (MethodSpec, bool) {
	i := slices.IndexFunc(s.Methods, func(m MethodSpec) bool { return m.Name == name })
	if i < 0 {
		return MethodSpec{}, false
	}
	return s.Methods[i], true
}

// MethodRate is the learning rate of one of the suite's methods: the suite's for the method, else
// the preset's own, else the suite's for all.
func (s Suite) MethodRate(m MethodSpec, preset float64) float64 {
	return cmp.Or(m.LearningRate, preset, s.Training.LearningRate)
}

// PairingName is what the suite's random numbers are drawn by.
func (s Suite) PairingName() string { return cmp.Or(s.Pairing, s.Name) }

// DataSets are the tasks that say what a run reads: the stream's, the battery's, and the one that
// held-out text is read as.
func (s Suite) DataSets() []datasets.Task {
	list := slices.Concat(s.Tasks, s.Knowledge)
	if s.HeldOut.Named() {
		task, _ := s.HeldOut.Task()
		list = append(list, task)
	}
	return list
}

// TaskNames lists the stream's names in order 0.
func (s Suite) TaskNames() []string {
	names := make([]string, len(s.Tasks))
	for i, t := range s.Tasks {
		names[i] = t.Name
	}
	return names
}

// Families are the indices of the stream's tasks in order 0, those of each family together: the
// families in the order of their first tasks.
func (s Suite) Families() (tasks [][]int) {
	at := map[string]int{}
	for i, t := range s.Tasks {
		f, known := at[t.Family]
		if !known {
			f = len(tasks)
			at[t.Family] = f
			tasks = append(tasks, nil)
		}
		tasks[f] = append(tasks[f], i)
	}
	return tasks
}

// InOrder are the indices of the stream's tasks of these names, in their order; false where one is
// none of its tasks, or stands twice.
func (s Suite) InOrder(names []string) (tasks []int, ok bool) {
	have := s.TaskNames()
	for _, name := range names {
		at := slices.Index(have, name)
		if at < 0 || slices.Contains(tasks, at) {
			return nil, false
		}
		tasks = append(tasks, at)
	}
	return tasks, true
}

// MethodNames lists the methods in the suite's order.
func (s Suite) MethodNames() []string {
	names := make([]string, len(s.Methods))
	for i, m := range s.Methods {
		names[i] = m.Name
	}
	return names
}

// Overrides are the settings of a method that differ from its preset, its learning rate among them.
func (m MethodSpec) Overrides() map[string]any {
	overrides := map[string]any{}
	maps.Copy(overrides, m.Params)
	if m.LearningRate != 0 {
		overrides["learning_rate"] = m.LearningRate
	}
	return overrides
}

// Separate says that the tasks are no stream: each is learned alone.
func (s Suite) Separate() bool { return s.Stream == Separate }

// TaskSteps is how many steps a task has, 1 where the suite does not say.
func (t Training) TaskSteps() int { return max(t.Steps, 1) }

// The presets that are no methods but marks that others are seen against.
const (
	Frozen = "frozen" // the untouched backbone
	Joint  = "joint"  // all tasks at once
)

// Reference says whether the method is one of the marks.
func (m MethodSpec) Reference() bool { return m.Preset == Frozen || m.Preset == Joint }
