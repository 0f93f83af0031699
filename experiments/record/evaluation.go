package record

import "fmt"

// Evaluation is the content of eval.json: how a backbone scores on tasks that it was not trained
// on.
type Evaluation struct {
	// Suite defines the tasks and how they are laid out.
	Suite    string `json:"suite"`
	Backbone string `json:"backbone"`
	// Chat says that prompts were written by the chat template of the backbone.
	Chat bool `json:"chat,omitempty"`
	// Adapter is the folder of a PEFT adapter that was merged into the backbone; empty without one.
	Adapter string `json:"adapter,omitempty"`
	// Backend and PluginSHA256 say what computed.
	Backend      string `json:"backend"`
	PluginSHA256 string `json:"plugin_sha256,omitempty"`
	// Split is the split of the tasks; the knowledge battery has its one, test.
	Split string `json:"split"`
	// Files are the sha256 (hex) of the data files and the backbone's files, by their names.
	Files map[string]string `json:"files"`
	// Tasks are the suite's, then those of its knowledge battery.
	Tasks []EvaluatedTask `json:"tasks"`
	// Accuracy is the mean of the suite's tasks' first scores; Knowledge the share of right answers
	// of the battery, Perplexity in nats per token on held-out base text: as in a run's base row,
	// and nil where a part only was asked for.
	Accuracy   *float64 `json:"accuracy,omitempty"`
	Knowledge  *float64 `json:"knowledge,omitempty"`
	Perplexity *float64 `json:"perplexity,omitempty"`
}

// EvaluatedTask is one task of an Evaluation.
type EvaluatedTask struct {
	Task   string `json:"task"`
	Family string `json:"family"`
	// Examples is how many were scored.
	Examples int `json:"examples"`
	// Scores begin with the task's own first one, the R of the reports. A task with options has
	// beside accuracy, by the mean log-likelihood of an option's tokens, those of ChoiceScores.
	Scores []IntervalScore `json:"scores"`
}

// The accuracies of a task with options: by the mean log-likelihood of an option's tokens, by the
// sum, which evaluation harnesses call acc, and by the sum over the number of characters, which
// they call acc_norm.
const (
	Accuracy           = "accuracy"
	AccuracyRaw        = "accuracy_raw"
	AccuracyCharacters = "accuracy_characters"
)

// IntervalScore is a score in [0, 1] with its 95% interval over the examples.
type IntervalScore struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Validate says what is wrong with the evaluation's shape; nil if nothing is.
func (e Evaluation) Validate() error {
	if e.Backbone == "" || len(e.Tasks) == 0 {
		return fmt.Errorf("evaluation without backbone or tasks")
	}
	for _, t := range e.Tasks {
		if t.Task == "" || t.Examples < 1 || len(t.Scores) == 0 {
			return fmt.Errorf("evaluation of task %q with %d examples and %d scores: it needs a name, and one of each", t.Task, t.Examples, len(t.Scores))
		}
	}
	return nil
}

// EvaluatedExample is a line of examples.jsonl: what a backbone read, and what it made of it.
// Prompt and options are the very texts, spaces at their ends included; each is encoded apart.
type EvaluatedExample struct {
	Task    string   `json:"task"`
	ID      int      `json:"id"`
	Prompt  string   `json:"prompt"`
	Options []string `json:"options,omitempty"`
	// Gold is the right answer's text, GoldOption its index where there are options.
	Gold       string `json:"gold"`
	GoldOption *int   `json:"gold_option,omitempty"`
	// Prediction is the text that was written or chosen by mean log-likelihood.
	Prediction string `json:"prediction"`
	// OptionScores are the options' summed log-likelihoods in nats, OptionTokens their lengths.
	OptionScores []float64 `json:"option_scores,omitempty"`
	OptionTokens []int     `json:"option_tokens,omitempty"`
	// Score is the example's own, by the task's first score.
	Score float64 `json:"score"`
}
