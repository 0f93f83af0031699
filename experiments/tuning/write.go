package tuning

import (
	"fmt"
	"slices"
	"strings"

	"secura/experiments/record"
	"secura/experiments/suite"
)

// TunedSuite is a suite file, as YAML, that extends the tuned suite by the tuning's choices: each
// method's learning rate and parameters with the reason for them, and the budget under the key
// tuning. extends is what the file names as its base. A method without any score, and one that
// trains nothing, stays as it is in the suite, with a comment.
func (t *Tuner) TunedSuite(extends string, comments ...string) (string, error) {
	r, err := t.Tuning()
	if err != nil {
		return "", err
	}
	file := suite.Extension{Extends: extends, Name: t.suite.Name + "-tuned", Tuning: t.calibration.Tuning}
	for _, spec := range t.suite.Methods {
		for _, m := range r.Methods {
			if m.Name != spec.Name {
				continue
			}
			chosen, ok := m.Chosen()
			if !ok {
				comments = append(comments, fmt.Sprintf("%s: none of its %d trials has a score; it stays as it was", m.Name, len(m.Trials)))
				continue
			}
			spec.LearningRate, spec.Params, spec.Reason = chosen.LearningRate, chosen.Params, reason(r, m, chosen, t.calibration.Tuning.Share())
		}
		file.Methods = append(file.Methods, spec)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "# Made by `runner tune`: %d trials of each method, by %s on the %s split.\n", r.Budget, r.Objective, r.Split)
	for _, c := range comments {
		fmt.Fprintf(&out, "# %s\n", c)
	}
	text, err := file.YAML()
	out.WriteString(text)
	return out.String(), err
}

// reason says why a method has the settings that a tuning chose.
func reason(r record.Tuning, m record.TunedMethod, chosen record.Trial, share float64) string {
	o := chosen.Overall()
	text := fmt.Sprintf("%s %.3f, the best of %d trials", r.Objective, *o.Score, len(m.Trials))
	if !o.Learns() {
		text = fmt.Sprintf("none of %d trials learned %g points above the base row, this one most, %.1f", len(m.Trials), 100*record.LearnedGain, 100**o.Gain)
	}
	least, largest := chosen.LearningRate, chosen.LearningRate
	var tried []string
	for _, t := range m.Trials {
		least, largest = min(least, t.LearningRate), max(largest, t.LearningRate)
		if c := m.Coefficients(t); c != "" && !slices.Contains(tried, c) {
			tried = append(tried, c)
		}
	}
	seeds := "1 seed"
	if n := len(chosen.Again); n > 0 {
		seeds = fmt.Sprintf("%d seeds", 1+n)
	}
	text += fmt.Sprintf(" (%d tasks, %s split, %s)", len(r.Stream), r.Split, seeds)
	if n := m.Enough(share); o.Learns() && n < len(m.Trials) {
		text += fmt.Sprintf(", of which %d learned enough", n)
	}
	text += fmt.Sprintf(", learning rates %g to %g", least, largest)
	if len(tried) > 0 {
		text += ", tried with " + strings.Join(tried, "; ")
	}
	return record.TunedReason + strings.Join(append([]string{text}, m.Remarks...), "; ")
}
