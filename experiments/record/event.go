// Package record is what a cell writes down: one JSON object a line, appended and never changed. In
// come events, steps and predictions as they happen; out they come again for reports, which compute
// every number from them. Neither events nor steps hold a clock, memory or rates, so that two equal
// runs write equal bytes; Timing and Status hold those. Read Event first.
package record

import (
	"encoding/json"
	"fmt"
)

// Kind names what an Event tells.
type Kind string

// The kinds of events, in the order in which a cell writes them.
const (
	CellStart Kind = "cell_start" // Cell, Method, Seed, Order, Backbone, Tasks, TrainedParameters, StateBytes
	TaskStart Kind = "task_start" // Index, Task, Steps
	TaskEnd   Kind = "task_end"   // Index, Task, TrainTokens, Steps, FinalLoss
	Boundary  Kind = "boundary"   // Index, Scores, Knowledge, KnowledgeParts, Perplexity, EvalTokens, Predictions, Measures, Unchanged
	Curve     Kind = "curve"      // within a task: Index, Task, Step, and what a boundary has
	Recovery  Kind = "recovery"   // after the last boundary: Index, Task, Examples, Scores, EvalTokens
	Warning   Kind = "warning"    // Text, Task, Step
	Diverged  Kind = "diverged"   // Task, Step, Reason
	CellEnd   Kind = "cell_end"   // nothing else
)

// Event is one line of records.jsonl. It is flat: which fields mean something follows from Kind
// (see the constants), the others are zero and not written.
type Event struct {
	Kind   Kind   `json:"event"`
	Cell   string `json:"cell,omitempty"`
	Method string `json:"method,omitempty"`
	Seed   int    `json:"seed,omitempty"`
	Order  int    `json:"order,omitempty"`
	// Index is the 1-based position of the task in the cell's order, also of the one that a curve's
	// event lies within; of a boundary, the number of tasks trained so far, 0 being the base model.
	Index int `json:"index,omitempty"`

	Backbone string `json:"backbone,omitempty"`
	// Tasks are the tasks' names in the order in which the cell learns them.
	Tasks             []string `json:"tasks,omitempty"`
	TrainedParameters int64    `json:"trained_parameters,omitempty"`
	StateBytes        int64    `json:"state_bytes,omitempty"`

	Task  string `json:"task,omitempty"`
	Step  int    `json:"step,omitempty"`
	Steps int    `json:"steps,omitempty"`
	// Examples is how many further ones of a task were learned before it was evaluated again.
	Examples int `json:"examples,omitempty"`
	// TrainTokens counts the tokens of this task that carried a loss.
	TrainTokens int64   `json:"train_tokens,omitempty"`
	FinalLoss   float64 `json:"final_loss,omitempty"`

	// Scores holds the scores of every task that was evaluated, in the cell's order of tasks. A
	// boundary within a stream may leave out all but its own.
	Scores []TaskScores `json:"scores,omitempty"`
	// Knowledge is the score on the knowledge battery; nil without a battery.
	Knowledge      *float64 `json:"knowledge,omitempty"`
	KnowledgeParts []Score  `json:"knowledge_parts,omitempty"`
	// Perplexity is in nats per token on held-out base text; nil without one.
	Perplexity *float64 `json:"perplexity,omitempty"`
	// Divergence is how far predictions are from the untouched backbone's; nil where that was not
	// asked for.
	Divergence *Divergence `json:"kl,omitempty"`
	// Mixtures, of a cell's last boundary, are what mixtures of the pretrained and the learned
	// weights have; nil where none were asked for.
	Mixtures []Mixture `json:"mixtures,omitempty"`
	// TeacherForced says of every task that was evaluated, in the cell's order, and then of the
	// battery's, how its true answers were predicted token by token; nil where that was not asked
	// for.
	TeacherForced []TeacherForced `json:"teacher_forced,omitempty"`
	// Perturbed stands beside the teacher-forced predictions of a base row.
	Perturbed  *Reference `json:"perturbed,omitempty"`
	EvalTokens int64      `json:"eval_tokens,omitempty"`
	// Predictions is the sha256 (hex) of the boundary's predictions file.
	Predictions string `json:"predictions,omitempty"`

	// Measures are the diagnostics of a boundary or curve, in the order in which they were taken;
	// nil where none were asked for.
	Measures []Measure `json:"measures,omitempty"`
	// Unchanged says of a boundary what the task before it did not change, where it should:
	// "trained parameters", "effective weights".
	Unchanged []string `json:"unchanged,omitempty"`

	Text   string `json:"text,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// TaskScores are the scores of one task at one boundary.
type TaskScores struct {
	Task string `json:"task"`
	// Scores is ordered; the first one is the R of the reports.
	Scores []Score `json:"scores"`
}

// Score is one named score in [0, 1].
type Score struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Divergence is KL(untouched backbone ‖ model), the mean over the tokens that are predicted, in
// nats.
type Divergence struct {
	// HeldOut is that on held-out base text, Knowledge that on the true answers of the battery; nil
	// without one.
	HeldOut   *float64 `json:"held_out,omitempty"`
	Knowledge *float64 `json:"knowledge,omitempty"`
}

// Mixture is what the weights θ₀ + mix·(θ − θ₀) have, θ₀ pretrained and θ what the method
// evaluates.
type Mixture struct {
	Mix        float64      `json:"mix"`
	Scores     []TaskScores `json:"scores"`
	Knowledge  *float64     `json:"knowledge,omitempty"`
	Perplexity *float64     `json:"perplexity,omitempty"`
}

// Reference is what a backbone has with noise of half a standard deviation on each targeted weight,
// which destroys most language models: what it keeps by a measure, a method that has lost all keeps
// as well.
type Reference struct {
	Scores        []TaskScores    `json:"scores"`
	Knowledge     *float64        `json:"knowledge,omitempty"`
	TeacherForced []TeacherForced `json:"teacher_forced"`
}

// TeacherForced is how a task's true answers are predicted, each token given the true answer so
// far, the end of the answer counted.
type TeacherForced struct {
	Task string `json:"task"`
	// Examples are how many were predicted. Tokens counts their answers' tokens, Nats is the mean
	// −log p of these, Right the share that is the most likely one.
	Examples int     `json:"examples"`
	Tokens   int     `json:"tokens"`
	Nats     float64 `json:"nats"`
	Right    float64 `json:"right"`
	// Scores are the means over examples of the five numbers of SECURA's released code (see
	// datasets/score).
	Scores []Score `json:"scores"`
	// Perfect and Echo are those of the predictor that is always right, and of one that repeats the
	// token before. They need no model, and stand in a base row alone.
	Perfect []Score `json:"perfect,omitempty"`
	Echo    []Score `json:"echo,omitempty"`
}

// Measure is one named diagnostic of a step or a boundary, such as the gradient norm of one group
// of parameters. A value that is not finite has no JSON form and is left out by who takes the
// measure.
type Measure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Step is one line of steps.jsonl.
type Step struct {
	Index int     `json:"index"` // the task's 1-based position in the cell's order
	Task  string  `json:"task"`
	Step  int     `json:"step"` // 1-based within the task
	Loss  float64 `json:"loss"`
	// GradientNorm is the global norm before clipping.
	GradientNorm float64 `json:"gradient_norm"`
	LearningRate float64 `json:"learning_rate"`
	// Tokens counts the step's tokens that carried a loss.
	Tokens int64 `json:"tokens"`
	// Measures are the step's diagnostics, in the same order at every step of a method; one that
	// had no finite value is left out.
	Measures []Measure `json:"measures,omitempty"`
}

type plainEvent Event

// MarshalJSON writes the fields of the event's kind also where they are 0, so that a boundary
// always has its index and a first seed is seen.
func (e Event) MarshalJSON() ([]byte, error) {
	line := struct {
		Kind   Kind   `json:"event"`
		Cell   string `json:"cell,omitempty"`
		Method string `json:"method,omitempty"`
		Seed   *int   `json:"seed,omitempty"`
		Order  *int   `json:"order,omitempty"`
		Index  *int   `json:"index,omitempty"`
		plainEvent
		TrainedParameters *int64   `json:"trained_parameters,omitempty"`
		StateBytes        *int64   `json:"state_bytes,omitempty"`
		Steps             *int     `json:"steps,omitempty"`
		TrainTokens       *int64   `json:"train_tokens,omitempty"`
		FinalLoss         *float64 `json:"final_loss,omitempty"`
		EvalTokens        *int64   `json:"eval_tokens,omitempty"`
	}{
		Kind: e.Kind, Cell: e.Cell, Method: e.Method, plainEvent: plainEvent(e),
		Seed: shown(e.Seed, e.Kind == CellStart), Order: shown(e.Order, e.Kind == CellStart),
		Index:             shown(e.Index, e.Kind == TaskStart || e.Kind == TaskEnd || e.Kind == Boundary || e.Kind == Curve),
		TrainedParameters: shown(e.TrainedParameters, e.Kind == CellStart),
		StateBytes:        shown(e.StateBytes, e.Kind == CellStart),
		Steps:             shown(e.Steps, e.Kind == TaskStart || e.Kind == TaskEnd),
		TrainTokens:       shown(e.TrainTokens, e.Kind == TaskEnd),
		FinalLoss:         shown(e.FinalLoss, e.Kind == TaskEnd),
		EvalTokens:        shown(e.EvalTokens, e.Kind == Boundary || e.Kind == Curve || e.Kind == Recovery),
	}
	return json.Marshal(line)
}

func shown[T comparable](v T, always bool) *T {
	var zero T
	if v == zero && !always {
		return nil
	}
	return &v
}

// Validate says what is wrong with the event's shape; nil if nothing is.
func (e Event) Validate() error {
	switch e.Kind {
	case CellStart:
		if e.Cell == "" || e.Method == "" || len(e.Tasks) == 0 {
			return fmt.Errorf("%s without cell, method or tasks", e.Kind)
		}
	case TaskStart, TaskEnd:
		if e.Index < 1 || e.Task == "" {
			return fmt.Errorf("%s without task or with index %d", e.Kind, e.Index)
		}
	case Recovery:
		if e.Index < 1 || e.Task == "" || e.Examples < 1 || len(e.Scores) != 1 || len(e.Scores[0].Scores) == 0 {
			return fmt.Errorf("%s without task, examples or its scores, or with index %d", e.Kind, e.Index)
		}
	case Boundary, Curve:
		if e.Index < 0 || len(e.Scores) == 0 {
			return fmt.Errorf("%s without scores or with index %d", e.Kind, e.Index)
		}
		if e.Kind == Curve && (e.Index < 1 || e.Task == "" || e.Step < 1) {
			return fmt.Errorf("%s without task, or with index %d and step %d: both count from 1", e.Kind, e.Index, e.Step)
		}
		for _, t := range e.Scores {
			if t.Task == "" || len(t.Scores) == 0 {
				return fmt.Errorf("%s %d has a task without name or scores: %q", e.Kind, e.Index, t.Task)
			}
		}
		for _, t := range e.TeacherForced {
			if t.Task == "" || t.Examples < 1 || t.Tokens < 1 || len(t.Scores) == 0 {
				return fmt.Errorf("%s %d has teacher-forced predictions of task %q with %d tokens and %d scores", e.Kind, e.Index, t.Task, t.Tokens, len(t.Scores))
			}
		}
		for _, m := range e.Mixtures {
			if len(m.Scores) == 0 {
				return fmt.Errorf("%s %d has a mixture %g without scores", e.Kind, e.Index, m.Mix)
			}
			for _, t := range m.Scores {
				if len(t.Scores) == 0 {
					return fmt.Errorf("%s %d has a mixture %g without scores of task %q", e.Kind, e.Index, m.Mix, t.Task)
				}
			}
		}
		if err := validateMeasures(e.Measures); err != nil {
			return fmt.Errorf("%s %d: %w", e.Kind, e.Index, err)
		}
	case Warning:
		if e.Text == "" {
			return fmt.Errorf("%s without text", e.Kind)
		}
	case Diverged, CellEnd:
	default:
		return fmt.Errorf("unknown event %q", e.Kind)
	}
	return nil
}

// Validate says what is wrong with the step's shape; nil if nothing is.
func (s Step) Validate() error {
	if s.Step < 1 {
		return fmt.Errorf("step %d of task %q: steps count from 1", s.Step, s.Task)
	}
	if err := validateMeasures(s.Measures); err != nil {
		return fmt.Errorf("step %d of task %q: %w", s.Step, s.Task, err)
	}
	return nil
}

func validateMeasures(measures []Measure) error {
	for i, m := range measures {
		if m.Name == "" {
			return fmt.Errorf("measure %d has no name", i+1)
		}
		for _, before := range measures[:i] {
			if before.Name == m.Name {
				return fmt.Errorf("measure %q stands twice", m.Name)
			}
		}
	}
	return nil
}
