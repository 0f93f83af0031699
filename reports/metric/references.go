package metric

// LearnedBar is how far above the base row, in the mean over its tasks right after each was
// learned, a method must be to have learned. A tuning asks for the same (record.LearnedGain).
const LearnedBar = 0.08

// Chance is what a guess scores in the mean over some questions: one of its options, the same
// chance for each, and nothing where an answer is to be written, which has none. options has the
// number of options of each question, 0 for a written answer. Without any options chance is
// undefined.
func Chance(options []int) Value {
	sum, guessed := 0.0, false
	for _, n := range options {
		if n > 0 {
			sum += 1 / float64(n)
			guessed = true
		}
	}
	if !guessed {
		return Undefined("a written answer has no chance level")
	}
	return Number(sum / float64(len(options)))
}

// Majority is the share of questions that one answer to all of them gets right, the most frequent
// of the right answers. Undefined without questions.
func Majority(golds []string) Value {
	if len(golds) == 0 {
		return Undefined("no questions")
	}
	times, most := map[string]int{}, 0
	for _, g := range golds {
		times[g]++
		most = max(most, times[g])
	}
	return Number(float64(most) / float64(len(golds)))
}

// ChanceOf is the mean of several tasks' chance; a task without one counts 0. Where no task has one
// it is undefined.
func ChanceOf(tasks []Value) (chance Value, guessed int) {
	sum := 0.0
	for _, v := range tasks {
		if v.Defined() {
			sum += v.Number
			guessed++
		}
	}
	if guessed == 0 {
		reason := "no tasks"
		if len(tasks) > 0 {
			reason = tasks[0].Undefined
		}
		return Undefined(reason), 0
	}
	return Number(sum / float64(len(tasks))), guessed
}

// Learned says whether a gain over the base row, in the mean over seeds, is at least LearnedBar;
// one that is not known is taken to be.
func Learned(gain Summary) bool { return !gain.Mean.Defined() || gain.Mean.Number >= LearnedBar }

// Rises says whether a final accuracy lies above the base row's: with its whole 95% interval
// over seeds or, where it has none, by LearnedBar.
func Rises(accuracy Summary, base Value) bool {
	if !accuracy.Mean.Defined() || !base.Defined() {
		return false
	}
	if low, _, ok := accuracy.Interval(); ok {
		return low > base.Number
	}
	return accuracy.Mean.Number-base.Number > LearnedBar
}
