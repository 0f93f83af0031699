package evaluation

import (
	"math"
	"strings"
	"unicode/utf8"

	"secura/datasets"
	"secura/datasets/score"
	"secura/experiments/record"
	"secura/experiments/stream"
	"secura/experiments/suite"
)

// ScoredTask scores a task's predictions by each of its scores, with intervals.
func ScoredTask(t stream.Task, predictions []Prediction) (record.EvaluatedTask, error) {
	out := record.EvaluatedTask{Task: t.Task.Name, Family: t.Task.Family, Examples: len(predictions)}
	for _, name := range t.Task.Scores {
		total, each, err := scoreTask(name, t, predictions)
		if err != nil {
			return record.EvaluatedTask{}, err
		}
		out.Scores = append(out.Scores, intervalScore(name, t, predictions, total, each))
	}
	if !t.Task.Choice() {
		return out, nil
	}
	for _, by := range []struct {
		name   string
		choose func(p Prediction, e datasets.Example) int
	}{
		{record.AccuracyRaw, func(p Prediction, _ datasets.Example) int { return score.ChooseRaw(p.Sums) }},
		{record.AccuracyCharacters, func(p Prediction, e datasets.Example) int { return score.Choose(p.Sums, characters(e.Options)) }},
	} {
		right := 0
		for i, p := range predictions {
			if t.Examples[i].Right(by.choose(p, t.Examples[i])) {
				right++
			}
		}
		low, high := score.Wilson(right, len(predictions))
		out.Scores = append(out.Scores, record.IntervalScore{Name: by.name, Value: float64(right) / float64(len(predictions)), Low: low, High: high})
	}
	return out, nil
}

// characters are the options' lengths without the white space around them, the blank that an option
// begins with among it. lm-evaluation-harness's acc_norm takes the length of the whole choice,
// white space of its own included.
func characters(options []string) []int {
	lengths := make([]int, len(options))
	for i, o := range options {
		lengths[i] = utf8.RuneCountInString(strings.TrimSpace(o))
	}
	return lengths
}

// intervalScore adds the 95% interval over the examples: Wilson's where each is right or wrong,
// else a bootstrap's.
func intervalScore(name string, t stream.Task, predictions []Prediction, total float64, each []float64) record.IntervalScore {
	out := record.IntervalScore{Name: name, Value: total}
	right := 0
	for _, x := range each {
		if x == 1 {
			right++
		} else if x != 0 {
			right = -1
			break
		}
	}
	if right >= 0 && float64(right)/float64(len(each)) == total {
		out.Low, out.High = score.Wilson(right, len(each))
		return out
	}
	r := suite.Streams{}.Rand("eval/" + t.Task.Name + "/" + name)
	out.Low, out.High = score.Bootstrap(len(each), r, resampled(name, t, predictions, total, each))
	return out
}

// resampled is a written task's score of a sample of its examples: the mean of each one's score
// where that is what the score is, else what the scorer says of the sample's texts.
func resampled(name string, t stream.Task, predictions []Prediction, total float64, each []float64) func(sample []int) float64 {
	mean := func(sample []int) float64 {
		sum := 0.0
		for _, i := range sample {
			sum += each[i]
		}
		return sum / float64(len(sample))
	}
	all := make([]int, len(each))
	for i := range all {
		all[i] = i
	}
	if math.Abs(mean(all)-total) < 1e-9 {
		return mean
	}
	return func(sample []int) float64 {
		drawn, part := t, make([]Prediction, len(sample))
		drawn.Examples = make([]datasets.Example, len(sample))
		for k, i := range sample {
			part[k], drawn.Examples[k] = predictions[i], t.Examples[i]
		}
		value, _, err := scoreTask(name, drawn, part)
		if err != nil {
			return math.NaN() // cannot be: the scorer has scored these texts before
		}
		return value
	}
}

// ScoredExamples are a task's lines of examples.jsonl.
func ScoredExamples(t stream.Task, predictions []Prediction) []record.EvaluatedExample {
	list := make([]record.EvaluatedExample, len(predictions))
	for i, p := range predictions {
		e := t.Examples[i]
		list[i] = record.EvaluatedExample{Task: t.Task.Name, ID: e.ID, Prompt: e.Prompt, Options: e.Options, Gold: strings.TrimSpace(e.Answer),
			Prediction: p.Answer(e), OptionScores: p.Sums, Score: p.Score}
		if t.Task.Choice() {
			list[i].GoldOption = &e.Gold
			for _, option := range t.Test[i].Options {
				list[i].OptionTokens = append(list[i].OptionTokens, len(option))
			}
		}
	}
	return list
}
