package report

import "secura/reports/metric"

// Chance is what a guess among the options would score, by the run's examples.
type Chance struct {
	// Tasks has it for each task by its name; undefined, with the reason, where answers are
	// written.
	Tasks map[string]metric.Value
	// Knowledge is that of the battery, all of its questions together; a written answer counts 0.
	Knowledge metric.Value
}

// chance counts the options of the run's examples. A run that has none any more has no chance
// level.
func (r *Report) chance() Chance {
	options := map[string][]int{}
	for _, e := range r.Evaluated {
		options[e.Task] = append(options[e.Task], len(e.Options))
	}
	of := func(counts []int) metric.Value {
		if r.Evaluated == nil {
			return metric.Undefined("the run has no examples.parquet, which tells the options")
		}
		return metric.Chance(counts)
	}
	c := Chance{Tasks: map[string]metric.Value{}}
	for _, t := range r.Suite.Tasks {
		c.Tasks[t.Name] = of(options[t.Name])
	}
	var battery []int
	for _, t := range r.Suite.Knowledge {
		battery = append(battery, options[t.Name]...)
	}
	c.Knowledge = of(battery)
	return c
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
