package synthetic

import (
	"strings"

	scoring "secura/datasets/score"
	"secura/experiments/record"
)

// Variants is a run of tasks learned alone, the first two multiple choice, in which secura is ahead
// of dora by the given points there.
func Variants(seeds int, choice float64) Run {
	s := Run{Tasks: TaskNames(4), Methods: Named("dora", "secura"), Seeds: seeds, Orders: 1, Stream: "separate", Choices: 2}
	s.Score = func(m, seed, i, j int) float64 {
		x := 0.50 + 0.002*float64(seed)
		if m == 1 && j <= 2 {
			x += choice + 0.001*float64(seed%2)
		} else if m == 1 {
			x -= 0.05 + 0.001*float64(seed%2)
		}
		return x
	}
	return s
}

// ForcedScores are all five scores of one value.
func ForcedScores(value float64) (list []record.Score) {
	for _, name := range scoring.TeacherForcedNames {
		list = append(list, record.Score{Name: name, Value: value})
	}
	return list
}

// ForcedRow is a task of the stream and two of the battery, whose scores are apart by 0.2.
func ForcedRow(value, nats float64) []record.TeacherForced {
	row := func(task string, examples int, value float64) record.TeacherForced {
		return record.TeacherForced{Task: task, Examples: examples, Tokens: 10 * examples, Nats: nats, Right: value / 2, Scores: ForcedScores(value)}
	}
	return []record.TeacherForced{row("task_1", 5, 0.01), row("choices", 30, value+0.1), row("written", 30, value-0.1)}
}

// Predicting puts teacher-forced predictions on the records of a run: of .8 a method keeps a share,
// and an evaluation within the first task.
func Predicting(s *Run, keep func(method string) float64) {
	s.End = func(f *CellFiles) {
		method := f.Id[:strings.LastIndex(f.Id, "-s")]
		for i := range f.Events {
			e := &f.Events[i]
			if e.Kind != record.Boundary {
				continue
			}
			share := 1 - (1-keep(method))*float64(e.Index)/float64(len(s.Tasks))
			e.TeacherForced = ForcedRow(0.8*share, 1+float64(e.Index))
			if e.Index == 0 {
				for k := range e.TeacherForced {
					e.TeacherForced[k].Perfect, e.TeacherForced[k].Echo = ForcedScores(0.96), ForcedScores(0.88)
				}
				k := 0.19
				e.Perturbed = &record.Reference{Knowledge: &k, TeacherForced: ForcedRow(0.6, 8)}
			}
		}
	}
}
