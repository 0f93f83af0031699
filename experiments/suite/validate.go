package suite

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"secura/datasets"
	"secura/spelling"
)

// methodName keeps cell ids unambiguous: METHOD[.BACKBONE][.VARIANT]-s0-o0. A variant is a tuning's
// trial.
var methodName = regexp.MustCompile(`^[a-z0-9][a-z0-9_+-]*(\.t[0-9]+)?$`)

// suiteName keeps a run's folder within runs.
var suiteName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_-])?$`)

// isName says whether a suite may have a name.
func isName(name string) bool { return suiteName.MatchString(name) && len(name) <= maxName }

// maxName bounds a suite's name, maxCells the cells of a plan: each of them is a folder with its
// records.
const (
	maxName  = 100
	maxCells = 100_000
)

// Bounds of what is computed. They are above what anybody asks for, and keep absurd numbers from
// taking all memory or from wrapping round.
const (
	maxSteps      = 1_000_000_000
	maxRowTokens  = 1 << 20 // longer than the context of any backbone
	maxStepTokens = 1 << 24 // of all rows of a batch
)

// Learning rates and other numbers that are computed with are float32 on a device: what is smaller
// is 0 there, what is larger infinite.
const (
	smallestRate = 1e-37
	largestRate  = 1e38
)

// projectionNames are the projections of a layer that can be adapted.
var projectionNames = []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

// rules are what a suite's values must keep; all that are broken are told at once.
type rules struct {
	broken []error
	// lost says that tasks or methods were left out because of a mistake that was told: what
	// follows from that is no mistake.
	lost bool
}

func (r *rules) wrong(format string, args ...any) {
	r.broken = append(r.broken, fmt.Errorf(format, args...))
}

// must says what is wrong where a rule does not hold.
func (r *rules) must(holds bool, format string, args ...any) {
	if !holds {
		r.wrong(format, args...)
	}
}

func (r *rules) atLeast(key string, value, least int) {
	r.must(value >= least, "%s is %d, must be at least %d", key, value, least)
}

func (r *rules) within(key string, value, least, most int) {
	r.atLeast(key, value, least)
	r.must(value <= most, "%s is %d, must be at most %d", key, value, most)
}

func (r *rules) rate(key string, value float64) {
	r.must(value >= smallestRate && value <= largestRate, "%s is %g, must be above 0, from %g to %g", key, value, smallestRate, largestRate)
}

// tokens bounds those of a batch's rows.
func (r *rules) tokens(key string, rows, length int) {
	r.must(rows < 1 || length < 1 || rows <= maxStepTokens/length, "%s is %d rows of %d tokens, must be at most %d tokens in all", key, rows, length, maxStepTokens)
}

// oneOf names the nearest of the known values.
func (r *rules) oneOf(what, value string, known ...string) {
	if !slices.Contains(known, value) {
		r.wrong("%s", spelling.Unknown(what, value, known))
	}
}

// ascending says whether each number is above the one before it, from least on.
func ascending(list []int, least int) bool {
	for _, n := range list {
		if n < least {
			return false
		}
		least = n + 1
	}
	return true
}

// Validate returns all mistakes in the suite's values at once; nil if there are none. presets are
// those that it may name; nil knows all.
func (s Suite) Validate(presets Presets) error { return Told(s.mistakes(presets, false)...) }

// mistakes are those of Validate; lost is that of rules.
func (s Suite) mistakes(presets Presets, lost bool) []error {
	r := &rules{lost: lost}
	s.validateBackbones(r)
	if file, ok := strings.CutPrefix(s.Backend, "xla:"); !ok || file == "" {
		r.oneOf("backend", s.Backend, "auto", "xla", "go", "xla:FILE")
	}
	r.must(s.System == "" || s.Chat, "system is given and chat is off: a system prompt is part of a conversation; give chat: true")
	r.oneOf("dtype", cmp.Or(s.DType, "f32"), "f32", HalfPrecision)
	r.atLeast("devices", s.Devices, 0)
	for _, batch := range []struct {
		key  string
		rows int
	}{{"training.batch", s.Training.Batch}, {"evaluation.batch", s.Evaluation.Batch}} {
		r.must(s.Devices < 2 || batch.rows%s.Devices == 0, "%s is %d, must be a multiple of devices, %d", batch.key, batch.rows, s.Devices)
	}
	if err := s.Slurm.Check(); err != nil {
		r.broken = append(r.broken, err)
	}
	gpus := s.Slurm.gpus()
	r.must(gpus == 0 || gpus >= s.Devices, "devices is %d, and slurm.gres, %q, asks for %d: a worker computes on so many GPUs as devices says, so ask for gpu:%d",
		s.Devices, s.Slurm.Gres, gpus, s.Devices)
	s.validateTasks(r)
	s.validateMethods(r, presets)
	r.must(s.Pairing == "" || isName(s.Pairing), "pairing is %q, must be a suite's name", s.Pairing)
	r.must(isName(s.Name), "name is %q, must be letters, digits, _, - and dots within, at most %d of them: it names a folder in runs (where the key is missing, the file's own name counts)", s.Name, maxName)
	r.atLeast("seeds", s.Seeds, 1)
	r.atLeast("orders", s.Orders, 1)
	s.validateCells(r)
	s.Training.validate(r)
	s.Evaluation.validate(r)
	s.validateTables(r)
	s.validateStream(r)
	s.Tuning.validate(r)
	return r.broken
}

func (s Suite) validateTasks(r *rules) {
	r.must(len(s.Tasks) > 0 || r.lost, "tasks is empty; `list tasks` names the built-in ones")
	seen := map[string]bool{}
	for _, t := range append(slices.Clone(s.Tasks), s.Knowledge...) {
		if err := t.Validate(); err != nil {
			r.broken = append(r.broken, err)
		}
		r.must(!seen[t.Name], "task %q stands twice", t.Name)
		seen[t.Name] = true
	}
	if s.HeldOut.Named() {
		if err := s.HeldOut.Validate(); err != nil {
			r.broken = append(r.broken, err)
		}
		r.must(!seen[datasets.HeldOut], "task %q has the name of the held-out text; give it another", datasets.HeldOut)
	}
}

func (t Training) validate(r *rules) {
	r.must(len(t.Targets) > 0, "training.targets is empty; give names of projections such as q_proj, v_proj")
	for i, name := range t.Targets {
		r.oneOf("projection in training.targets", name, projectionNames...)
		r.must(!slices.Contains(t.Targets[:i], name), "training.targets names %q twice", name)
	}
	r.within("training.steps", t.Steps, 1, maxSteps)
	r.atLeast("training.batch", t.Batch, 1)
	if t.Length != 0 { // 0 is chosen from the data
		r.within("training.length", t.Length, 2, maxRowTokens)
		r.tokens("training.batch", t.Batch, t.Length)
	}
	r.atLeast("training.accumulate", t.Accumulate, 0)
	r.must(t.Accumulate < 2 || t.Batch%t.Accumulate == 0, "training.batch is %d, must be a multiple of training.accumulate, %d", t.Batch, t.Accumulate)
	r.within("training.max_prompt", t.MaxPrompt, 0, maxRowTokens)
	if t.AnswerLength != 0 { // 0 is chosen from the data; the last is the end token's
		r.within("training.answer_length", t.AnswerLength, 2, maxRowTokens)
	}
	r.within("training.checkpoint_every", t.CheckpointEvery, 0, maxSteps)
	r.must(t.Length == 0 || t.AnswerLength < t.Length, "training.answer_length is %d, must be less than training.length, %d", t.AnswerLength, t.Length)
	r.must(len(t.Lengths) <= 3, "training.lengths has %d lengths, must have at most three: each is a graph to compile", len(t.Lengths))
	r.must(ascending(t.Lengths, 2), "training.lengths is %v, must ascend from at least 2", t.Lengths)
	r.must(t.Length == 0 || len(t.Lengths) == 0 || slices.Max(t.Lengths) < t.Length, "training.lengths is %v, must stay below training.length, %d", t.Lengths, t.Length)
	r.rate("training.learning_rate", t.LearningRate)
	r.must(t.Warmup >= 0 && t.Warmup < 1, "training.warmup is %g, must be a share from 0 to below 1", t.Warmup)
	r.oneOf("training.schedule", cmp.Or(t.Schedule, Cosine), Cosine, Linear, Constant)
	r.oneOf("training.draw", cmp.Or(t.Draw, Epochs), Epochs, WithReplacement)
	r.must(t.WeightDecay >= 0 && t.WeightDecay <= largestRate, "training.weight_decay is %g, must not be negative, and at most %g", t.WeightDecay, largestRate)
	r.must(t.Clip == 0 || t.Clip >= smallestRate && t.Clip <= largestRate, "training.clip is %g, must be 0 for no bound, or from %g to %g", t.Clip, smallestRate, largestRate)
}

func (e Evaluation) validate(r *rules) {
	r.oneOf("evaluation.split", e.Split, "test", "validation")
	r.atLeast("evaluation.test_examples", e.TestExamples, 0)
	r.atLeast("evaluation.knowledge_examples", e.KnowledgeExamples, 0)
	r.atLeast("evaluation.batch", e.Batch, 1)
	r.atLeast("evaluation.max_tokens", e.MaxTokens, 1)
	r.must(len(e.Lengths) <= 3, "evaluation.lengths has %d lengths, must have at most three: each is a graph to compile; none are chosen from the data", len(e.Lengths))
	r.must(ascending(e.Lengths, 2), "evaluation.lengths is %v, must ascend from at least 2", e.Lengths)
	if n := len(e.Lengths); n > 0 {
		r.must(e.Lengths[n-1] <= maxRowTokens, "evaluation.lengths is %v, must be at most %d", e.Lengths, maxRowTokens)
		r.tokens("evaluation.batch", e.Batch, e.Lengths[n-1])
	}
	r.oneOf("evaluation.keep_checkpoints", e.KeepCheckpoints, "all", "last")
}

// validateCells checks how many cells there are of each method.
func (s Suite) validateCells(r *rules) {
	if r.lost {
		return
	}
	most := permutations(len(s.Tasks), maxCells+1)
	r.must(len(s.Tasks) == 0 || s.Orders <= most, "orders is %d, must be at most %d: no more than that many orders of %d tasks differ", s.Orders, most, len(s.Tasks))
	cells := max(len(s.Methods), 1) * max(len(s.BackboneNames()), 1)
	for _, n := range []int{s.Seeds, s.Orders} {
		if n > 0 && cells > maxCells/n {
			r.wrong("%d methods with %d seeds and %d orders on %d backbones are more than %d cells", len(s.Methods), s.Seeds, s.Orders, len(s.BackboneNames()), maxCells)
			return
		}
		cells *= max(n, 1)
	}
}

// validate checks what a suite says of its tuning, and holds a tuning's own suite to it.
func (t Tuning) validate(r *rules) {
	if t.Trials == 0 && t.Split == "" && t.Objective == "" && len(t.Stream) == 0 && t.Examples == 0 && t.Seeds == 0 && t.LearnedShare == 0 {
		return
	}
	r.must(t.Trials >= 1 && len(t.Stream) > 0 && t.Examples >= 0 && t.Seeds >= 0, "tuning has %d trials, a stream of %d tasks, %d examples and %d seeds; must have at least 1, 1, 0 and 0",
		t.Trials, len(t.Stream), t.Examples, t.Seeds)
	r.must(t.Split == "validation", "tuning.split is %q, must be validation: what is chosen on the test split says nothing about it", t.Split)
	r.oneOf("metric in tuning.objective", t.Objective, Objectives...)
	r.must(t.LearnedShare >= 0 && t.LearnedShare <= 1, "tuning.learned_share is %g, must be from 0 to 1", t.LearnedShare)
	r.must(t.LearnedShare == 0 || t.Trials > 0, "tuning.learned_share is %g of a tuning without trials", t.LearnedShare)
}

// Objectives are the metrics that a tuning may choose by.
var Objectives = []string{FinalAccuracy, LearningAccuracy}

// What a tuning may choose by: the mean score at the stream's end, and that of each task right
// after it was learned.
const (
	FinalAccuracy    = "acc"
	LearningAccuracy = "learning_accuracy"
)

func (s Suite) validateMethods(r *rules, presets Presets) {
	r.must(len(s.Methods) > 0 || r.lost, "methods is empty; `list methods` names them")
	for i, m := range s.Methods {
		if now := presets.renamed(m.Preset); now != "" {
			r.wrong("unknown method %q: %s", m.Preset, now)
		} else if presets != nil {
			r.oneOf("method", m.Preset, presets.Names()...)
		}
		r.must(methodName.MatchString(m.Name) && len(m.Name) <= maxName, "method name %q must be lower-case letters, digits, _, + and -, at most %d of them; a tuning's trial adds .t01", m.Name, maxName)
		r.must(!slices.ContainsFunc(s.Methods[:i], func(o MethodSpec) bool { return o.Name == m.Name }), "method %q stands twice; give one of them another name", m.Name)
		if m.LearningRate != 0 {
			r.rate("methods."+m.Name+".learning_rate", m.LearningRate)
		}
		if b := m.LearningRates; len(b) > 0 {
			key := "methods." + m.Name + ".learning_rates"
			for _, rate := range b {
				r.rate(key, rate)
			}
			r.must(len(b) == 2 && b[0] < b[1], "%s is %v, must be the least and the largest that a tuning tries first, such as [0.0001, 0.01]", key, b)
		}
		r.must(m.LearningRate == 0 || m.Reason != "", "methods.%s.learning_rate needs a reason beside it", m.Name)
	}
}

// Select keeps the named methods, in the order in which they are named. One that the suite lacks is
// an error with the nearest one it has.
func (s Suite) Select(names []string) (Suite, error) {
	have := s.MethodNames()
	var chosen []MethodSpec
	var mistakes []error
	for _, name := range names {
		if m, ok := s.Method(name); ok {
			chosen = append(chosen, m)
		} else {
			mistakes = append(mistakes, errors.New(spelling.Unknown("method of suite "+s.Name, name, have)))
		}
	}
	s.Methods = chosen
	return s, Told(mistakes...)
}
