package suite

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"secura/datasets"
)

// methodName keeps cell ids unambiguous: METHOD[.BACKBONE][.VARIANT]-s0-o0. A variant is a tuning's trial.
var methodName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(\.t[0-9]+)?$`)

// suiteName keeps a run's folder within runs.
var suiteName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_-])?$`)

// maxName bounds a suite's name, maxCells the cells of a plan: each of them is a folder with its records.
const (
	maxName  = 100
	maxCells = 100_000
)

// projectionNames are the projections of a layer that can be adapted.
var projectionNames = []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

// DiagnosticTables are the tables of measures that a suite can ask for.
var DiagnosticTables = []string{"norms", "gradients", "steps"}

// TableNames are the tables that a suite can ask for beyond those that its report has by itself.
var TableNames = append([]string{"ablation"}, DiagnosticTables...)

// Validate returns all mistakes in the suite's values at once; nil if there
// are none. presets are those that it may name; nil knows all.
func (s Suite) Validate(presets Presets) error {
	var mistakes []error
	wrong := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	atLeast := func(key string, value, least int) {
		if value < least {
			wrong("%s is %d, must be at least %d", key, value, least)
		}
	}
	s.validateBackbones(wrong)
	if !slices.Contains([]string{"auto", "xla", "go"}, s.Backend) && !(strings.HasPrefix(s.Backend, "xla:") && len(s.Backend) > 4) {
		wrong("%s", datasets.Unknown("backend", s.Backend, []string{"auto", "xla", "go", "xla:FILE"}))
	}
	if s.System != "" && !s.Chat {
		wrong("system is given and chat is off: a system prompt is part of a conversation; give chat: true")
	}
	if types := []string{"f32", HalfPrecision}; s.DType != "" && !slices.Contains(types, s.DType) {
		wrong("%s", datasets.Unknown("dtype", s.DType, types))
	}
	if atLeast("devices", s.Devices, 0); s.Devices > 1 {
		multiple := func(key string, rows int) {
			if rows%s.Devices != 0 {
				wrong("%s is %d, must be a multiple of devices, %d", key, rows, s.Devices)
			}
		}
		multiple("training.batch", s.Training.Batch)
		multiple("evaluation.batch", s.Evaluation.Batch)
	}
	if err := s.Slurm.Check(); err != nil {
		mistakes = append(mistakes, err)
	}
	if len(s.Tasks) == 0 {
		wrong("tasks is empty; `list tasks` names the built-in ones")
	}
	seen := map[string]bool{}
	for _, t := range append(slices.Clone(s.Tasks), s.Knowledge...) {
		if err := t.Validate(); err != nil {
			mistakes = append(mistakes, err)
		}
		if seen[t.Name] {
			wrong("task %q stands twice", t.Name)
		}
		seen[t.Name] = true
	}
	s.validateMethods(presets, wrong)
	if !suiteName.MatchString(s.Name) || len(s.Name) > maxName {
		wrong("name is %q, must be letters, digits, _, - and dots within, at most %d of them: it names a folder in runs (where the key is missing, the file's own name counts)", s.Name, maxName)
	}
	atLeast("seeds", s.Seeds, 1)
	atLeast("orders", s.Orders, 1)
	s.validateCells(wrong)

	t := s.Training
	if len(t.Targets) == 0 {
		wrong("training.targets is empty; give names of projections such as q_proj, v_proj")
	}
	for i, name := range t.Targets {
		if !slices.Contains(projectionNames, name) {
			wrong("%s", datasets.Unknown("projection in training.targets", name, projectionNames))
		}
		if slices.Contains(t.Targets[:i], name) {
			wrong("training.targets names %q twice", name)
		}
	}
	atLeast("training.steps", t.Steps, 1)
	atLeast("training.batch", t.Batch, 1)
	atLeast("training.length", t.Length, 2)
	if atLeast("training.accumulate", t.Accumulate, 0); t.Accumulate > 1 && t.Batch%t.Accumulate != 0 {
		wrong("training.batch is %d, must be a multiple of training.accumulate, %d", t.Batch, t.Accumulate)
	}
	atLeast("training.max_prompt", t.MaxPrompt, 0)
	atLeast("training.answer_length", t.AnswerLength, 1)
	atLeast("training.checkpoint_every", t.CheckpointEvery, 0)
	if t.AnswerLength >= t.Length {
		wrong("training.answer_length is %d, must be less than training.length, %d", t.AnswerLength, t.Length)
	}
	if n := len(t.Lengths); n > 3 {
		wrong("training.lengths has %d lengths, must have at most three: each is a graph to compile", n)
	}
	for i, l := range t.Lengths {
		if l < 2 || l >= t.Length || i > 0 && l <= t.Lengths[i-1] {
			wrong("training.lengths is %v, must ascend from at least 2 and stay below training.length, %d", t.Lengths, t.Length)
			break
		}
	}
	if t.LearningRate <= 0 {
		wrong("training.learning_rate is %g, must be above 0", t.LearningRate)
	}
	if t.Warmup < 0 || t.Warmup >= 1 {
		wrong("training.warmup is %g, must be a share from 0 to below 1", t.Warmup)
	}
	if kinds := []string{Cosine, Linear, Constant}; t.Schedule != "" && !slices.Contains(kinds, t.Schedule) {
		wrong("%s", datasets.Unknown("training.schedule", t.Schedule, kinds))
	}
	if ways := []string{Epochs, WithReplacement}; t.Draw != "" && !slices.Contains(ways, t.Draw) {
		wrong("%s", datasets.Unknown("training.draw", t.Draw, ways))
	}
	if t.WeightDecay < 0 {
		wrong("training.weight_decay is %g, must not be negative", t.WeightDecay)
	}
	if t.Clip < 0 {
		wrong("training.clip is %g, must not be negative", t.Clip)
	}

	e := s.Evaluation
	if e.Split != "test" && e.Split != "validation" {
		wrong("%s", datasets.Unknown("evaluation.split", e.Split, []string{"test", "validation"}))
	}
	atLeast("evaluation.test_examples", e.TestExamples, 0)
	atLeast("evaluation.knowledge_examples", e.KnowledgeExamples, 0)
	atLeast("evaluation.batch", e.Batch, 1)
	atLeast("evaluation.max_tokens", e.MaxTokens, 1)
	if n := len(e.Lengths); n < 1 || n > 3 {
		wrong("evaluation.lengths has %d lengths, must have one to three: each is a graph to compile", n)
	}
	for i, l := range e.Lengths {
		if l < 2 || i > 0 && l <= e.Lengths[i-1] {
			wrong("evaluation.lengths is %v, must ascend from at least 2", e.Lengths)
			break
		}
	}
	if e.KeepCheckpoints != "all" && e.KeepCheckpoints != "last" {
		wrong("%s", datasets.Unknown("evaluation.keep_checkpoints", e.KeepCheckpoints, []string{"all", "last"}))
	}
	diagnosed := false
	for i, name := range s.Tables {
		if !slices.Contains(TableNames, name) {
			wrong("%s", datasets.Unknown("table", name, TableNames))
		}
		diagnosed = diagnosed || slices.Contains(DiagnosticTables, name)
		if slices.Contains(s.Tables[:i], name) {
			wrong("tables names %q twice", name)
		}
	}
	if diagnosed && !e.Diagnostics {
		wrong("tables %v need evaluation.diagnostics, which is off", s.Tables)
	}
	s.validateStream(wrong)
	s.validateTuning(wrong)
	return errors.Join(mistakes...)
}

// validateCells checks how many cells there are of each method.
func (s Suite) validateCells(wrong func(string, ...any)) {
	if n := len(s.Tasks); n > 0 && s.Orders > permutations(n, maxCells+1) {
		wrong("orders is %d, must be at most %d: no more than that many orders of %d tasks differ", s.Orders, permutations(n, maxCells+1), n)
	}
	cells := max(len(s.Methods), 1) * max(len(s.BackboneNames()), 1)
	for _, n := range []int{s.Seeds, s.Orders} {
		if n > 0 && cells > maxCells/n {
			wrong("%d methods with %d seeds and %d orders on %d backbones are more than %d cells", len(s.Methods), s.Seeds, s.Orders, len(s.BackboneNames()), maxCells)
			return
		}
		cells *= max(n, 1)
	}
}

// validateTuning checks what a suite says of its tuning, and holds a tuning's own suite to it.
func (s Suite) validateTuning(wrong func(string, ...any)) {
	t := s.Tuning
	if t.Trials == 0 && t.Split == "" && t.Objective == "" && len(t.Stream) == 0 && t.Examples == 0 {
		return
	}
	if t.Trials < 1 || len(t.Stream) == 0 || t.Examples < 0 {
		wrong("tuning has %d trials, a stream of %d tasks and %d examples; must have at least 1, 1 and 0", t.Trials, len(t.Stream), t.Examples)
	}
	if t.Split != "validation" {
		wrong("tuning.split is %q, must be validation: what is chosen on the test split says nothing about it", t.Split)
	}
	if !slices.Contains(Objectives, t.Objective) {
		wrong("%s", datasets.Unknown("metric in tuning.objective", t.Objective, Objectives))
	}
}

// Objectives are the metrics that a tuning may choose by.
var Objectives = []string{"acc", "learning_accuracy"}

func (s Suite) validateMethods(presets Presets, wrong func(string, ...any)) {
	if len(s.Methods) == 0 {
		wrong("methods is empty; `list methods` names them")
	}
	for i, m := range s.Methods {
		if _, known := presets.Find(m.Preset); presets != nil && !known {
			if now := presets.renamed(m.Preset); now != "" {
				wrong("unknown method %q: %s", m.Preset, now)
			} else {
				wrong("%s", datasets.Unknown("method", m.Preset, presets.Names()))
			}
		}
		if !methodName.MatchString(m.Name) {
			wrong("method name %q must be lower-case letters, digits, _ and -; a tuning's trial adds .t01", m.Name)
		}
		if slices.ContainsFunc(s.Methods[:i], func(o MethodSpec) bool { return o.Name == m.Name }) {
			wrong("method %q stands twice; give one of them another name", m.Name)
		}
		if m.LearningRate < 0 {
			wrong("methods.%s.learning_rate is %g, must be above 0", m.Name, m.LearningRate)
		}
		if m.LearningRate != 0 && m.Reason == "" {
			wrong("methods.%s.learning_rate needs a reason beside it", m.Name)
		}
	}
}

// Select keeps the named methods, in the order in which they are named. One
// that the suite lacks is an error with the nearest one it has.
func (s Suite) Select(names []string) (Suite, error) {
	have := s.MethodNames()
	var chosen []MethodSpec
	var mistakes []error
	for _, name := range names {
		if m, ok := s.Method(name); ok {
			chosen = append(chosen, m)
		} else {
			mistakes = append(mistakes, errors.New(datasets.Unknown("method of suite "+s.Name, name, have)))
		}
	}
	s.Methods = chosen
	return s, errors.Join(mistakes...)
}
