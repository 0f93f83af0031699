package suite

// Training is the same for all methods of a suite, learning rate aside.
type Training struct {
	// Targets names the projections that are adapted, in every layer.
	Targets []string `yaml:"targets" json:"targets"`
	// Steps are the optimiser's steps on each task.
	Steps int `yaml:"steps" json:"steps"`
	// Batch is the number of examples of a step, replayed ones not counted.
	Batch int `yaml:"batch" json:"batch"`
	// Accumulate is in how many equal parts, one after the other, a batch is computed: the memory
	// of activations is that of a part. The gradients' sum is the batch's but for the order of
	// sums. 0 is one part.
	Accumulate int `yaml:"accumulate,omitempty" json:"accumulate,omitempty"`
	// Checkpoint keeps of a step's forward pass only what enters each layer, and computes the
	// layers again in the backward pass: the memory of activations is that of one layer, the time
	// that of one more forward pass. It changes no number but by rounding.
	Checkpoint bool `yaml:"checkpoint,omitempty" json:"checkpoint,omitempty"`
	// LearningRate is used by methods whose preset has none of its own.
	LearningRate float64 `yaml:"learning_rate" json:"learning_rate"`
	// Warmup is the share of a task's steps in which the rate rises from 0.
	Warmup float64 `yaml:"warmup" json:"warmup"`
	// Schedule is how the rate goes on after the warm-up: cosine, down to 0 at the task's end,
	// linear, down to 0 too, or constant. Empty is cosine.
	Schedule string `yaml:"schedule,omitempty" json:"schedule,omitempty"`
	// WeightDecay is decoupled (AdamW's).
	WeightDecay float64 `yaml:"weight_decay" json:"weight_decay"`
	// Clip bounds the gradient's global norm; 0 does not clip.
	Clip float64 `yaml:"clip" json:"clip"`
	// Length is the number of tokens of a training row, prompt and answer. 0 leaves it, and Lengths
	// where they are empty, to the data, from which they are chosen before a run starts.
	Length int `yaml:"length" json:"length"`
	// Lengths are shorter rows, ascending, each of them one more graph of each method to compile: a
	// batch takes the shortest in which all its texts fit. They change no number but by rounding.
	// None by default.
	Lengths []int `yaml:"lengths,omitempty" json:"lengths,omitempty"`
	// Pack lays the examples of a batch, replayed ones too, into rows of several texts each, which
	// do not see each other, in parts of a few shapes that are chosen for the suite's data. Without
	// it each example has a row, and a batch takes one of Lengths. It changes no number but by
	// rounding. Fisher information, which is an example's own, is estimated from a row for each
	// either way.
	Pack bool `yaml:"pack" json:"pack,omitempty"`
	// AnswerLength is the number of answer tokens whose logits are computed, all of them in rows
	// that are shorter. 0 leaves it to the data.
	AnswerLength int `yaml:"answer_length" json:"answer_length"`
	// CarryOptimizer keeps the optimiser's moments across tasks.
	CarryOptimizer bool `yaml:"carry_optimizer" json:"carry_optimizer"`
	// Draw is how a task's examples come: epochs, shuffled again for each pass, or
	// with_replacement, each drawn from all. Empty is epochs.
	Draw string `yaml:"draw,omitempty" json:"draw,omitempty"`
	// MaxPrompt draws an example again whose prompt has so many tokens or more, which is then no
	// part of what a task has to learn; 0 draws all, and cuts what does not fit.
	MaxPrompt int `yaml:"max_prompt,omitempty" json:"max_prompt,omitempty"`
	// EmptyToken puts a new, frozen token before each answer, in training and in evaluation, and
	// with chat has all learned that the template writes after an answer: the form of SECURA's
	// released code, for its reproduction alone. The first token of an answer is then predicted
	// from a token that means nothing.
	EmptyToken bool `yaml:"empty_token,omitempty" json:"empty_token,omitempty"`
	// CheckpointEvery is after how many steps within a task a checkpoint is made too, which the
	// next one replaces; 0 makes them at boundaries alone. It changes no number.
	CheckpointEvery int `yaml:"checkpoint_every" json:"checkpoint_every,omitempty"`
}

// RowLength is the shortest length of rows for texts of so many tokens; longer ones than all are
// cut.
func (t Training) RowLength(tokens int) int {
	for _, l := range t.Lengths {
		if tokens <= l {
			return l
		}
	}
	return t.Length
}

// Draws says whether an example is drawn whose prompt has so many tokens.
func (t Training) Draws(prompt int) bool { return t.MaxPrompt == 0 || prompt < t.MaxPrompt }
