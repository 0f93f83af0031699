package report

import (
	"slices"
	"strings"

	"secura/datasets/score"
	"secura/experiments/record"
	"secura/reports/metric"
)

// Chance is what is scored without reading a question, by the run's examples.
type Chance struct {
	// Tasks has it for each task by its name; undefined, with the reason, where answers are
	// written. A guess takes any of the options.
	Tasks map[string]metric.Value
	// Majority has for each task by its name what one answer to all of its questions scores, the
	// most frequent right one: a model may learn that alone. Undefined, with the reason, where each
	// question has its own options, and where a score is not of the answer as a whole.
	Majority map[string]metric.Value
	// Knowledge is that of the battery, all of its questions together; a written answer counts 0.
	Knowledge metric.Value
}

// chance reads the run's examples. A run that has none any more has neither level.
func (r *Report) chance() Chance {
	examples := map[string][]record.Example{}
	for _, e := range r.Evaluated {
		examples[e.Task] = append(examples[e.Task], e)
	}
	guess := func(examples []record.Example) metric.Value {
		if r.Evaluated == nil {
			return metric.Undefined("the run has no examples.parquet, which tells the options")
		}
		options := make([]int, len(examples))
		for i, e := range examples {
			options[i] = len(e.Options)
		}
		return metric.Chance(options)
	}
	c := Chance{Tasks: map[string]metric.Value{}, Majority: map[string]metric.Value{}}
	for _, t := range r.Suite.Tasks {
		c.Tasks[t.Name] = guess(examples[t.Name])
		c.Majority[t.Name] = majority(t.Scores, examples[t.Name])
	}
	var battery []record.Example
	for _, t := range r.Suite.Knowledge {
		battery = append(battery, examples[t.Name]...)
	}
	c.Knowledge = guess(battery)
	return c
}

// majority is the score, the first of the task's, of its most frequent right answer, given to all
// of its examples.
func majority(scores []string, examples []record.Example) metric.Value {
	if len(examples) == 0 || len(scores) == 0 {
		return metric.Undefined("the run has no examples of it, which tell the right answers")
	}
	normalise := strings.TrimSpace
	switch scores[0] {
	case "accuracy":
	case "exact":
		normalise = score.Normalise
	default:
		return metric.Undefined("known of answers that are scored by accuracy or exact, not by " + scores[0])
	}
	offered := func(e record.Example) []string { return slices.Sorted(slices.Values(e.Options)) }
	golds, first := make([]string, len(examples)), offered(examples[0])
	for i, e := range examples {
		if !slices.Equal(offered(e), first) {
			return metric.Undefined("each question has its own options: no answer fits all")
		}
		golds[i] = normalise(e.Gold)
	}
	return metric.Majority(golds)
}

// Accuracy is the chance level in the mean over the suite's tasks, one without a chance level
// counting 0, and how many of them have one.
func (c Chance) Accuracy(tasks []string) (chance metric.Value, guessed int) {
	values := make([]metric.Value, len(tasks))
	for i, name := range tasks {
		values[i] = c.Tasks[name]
	}
	return metric.ChanceOf(values)
}

// ChanceMetrics are the metrics that a guess has at the end of any training.
func (r *Report) ChanceMetrics() map[string]metric.Value {
	accuracy, _ := r.Chance.Accuracy(r.Suite.TaskNames())
	knowledge, known := r.Chance.Knowledge, r.BaseMetrics()["knowledge_final"]
	retention := knowledge
	switch {
	case !knowledge.Defined():
	case !known.Defined():
		retention = known
	case known.Number == 0:
		retention = metric.Undefined("K[0] is 0")
	default:
		retention = metric.Number(knowledge.Number / known.Number)
	}
	return map[string]metric.Value{"acc": accuracy, "knowledge_retention": retention, "knowledge_final": knowledge}
}
