package experiments

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/experiments/evaluation"
	"secura/experiments/record"
	"secura/methods"
)

// What a boundary says did not change over the task before it.
const (
	trainedParameters = "trained parameters"
	effectiveWeights  = "effective weights"
)

// fingerprint tells whether something was learned: equal values have equal digests.
type fingerprint struct {
	Trained   string `json:"trained"`
	Effective string `json:"effective"`
}

// digestOf is the digest of weights in the order of their names.
func digestOf(weights map[string]*tensors.Tensor) (string, error) {
	var list []*tensors.Tensor
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		list = append(list, weights[name])
	}
	return methods.Digest(list...)
}

// fingerprint is the session's where a lesson starts.
func (p *protocol) fingerprint(session *methods.Session) (f fingerprint, err error) {
	if f.Trained, err = session.TrainedDigest(); err != nil {
		return f, err
	}
	learned, err := session.Function()
	if err != nil {
		return f, err
	}
	defer learned.Close()
	f.Effective, err = evaluatedDigest(session, learned.Effective)
	return f, err
}

// evaluatedDigest is the digest of what is evaluated: the effective weights, and for a forward pass
// that is no weight what is trained beside them, such as a bias.
func evaluatedDigest(session *methods.Session, effective map[string]*tensors.Tensor) (string, error) {
	weights, err := digestOf(effective)
	if err != nil || session.LearnsWeights() {
		return weights, err
	}
	trained, err := session.TrainedDigest()
	return weights + " " + trained, err
}

// unchanged lists what a lesson did not change. Trained parameters that are made part of the weight
// in every step may stand as they did.
func (f fingerprint) unchanged(before fingerprint) (list []string) {
	if f.Effective != before.Effective {
		return nil
	}
	if f.Trained == before.Trained {
		list = append(list, trainedParameters)
	}
	return append(list, effectiveWeights)
}

// end records what a cell's records say went wrong silently, once for all tasks, and that the cell
// has ended.
func (p *protocol) end() error {
	steps, _, err := record.Read[record.Step](p.folder.Steps())
	if err != nil {
		return err
	}
	events, _, err := record.ReadEvents(p.folder.Records())
	if err != nil {
		return err
	}
	texts := silentErrors(steps, events)
	if p.parts > 0 {
		texts = append(texts, fmt.Sprintf("its batches were computed in %d parts, since a worker was killed that computed them whole", p.parts))
	}
	for _, text := range texts {
		if err := p.log.event(record.Event{Kind: record.Warning, Text: text}); err != nil {
			return err
		}
	}
	if err := p.log.event(record.Event{Kind: record.CellEnd}); err != nil {
		return err
	}
	return p.log.sync()
}

// silentErrors are the warnings that follow from steps and boundaries.
func silentErrors(steps []record.Step, events []record.Event) (texts []string) {
	tasks := map[int][]record.Step{}
	for _, s := range steps {
		tasks[s.Index] = append(tasks[s.Index], s)
	}
	constant := 0
	zero, groups := map[string]int{}, []string{}
	for _, index := range slices.Sorted(maps.Keys(tasks)) {
		task := tasks[index]
		if len(task) > 1 && !slices.ContainsFunc(task, func(s record.Step) bool { return s.Loss != task[0].Loss }) {
			constant++
		}
		for _, m := range task[0].Measures {
			group, isGradient := strings.CutPrefix(m.Name, "gradient/")
			if isGradient && alwaysZero(task, m.Name) {
				if zero[group]++; zero[group] == 1 {
					groups = append(groups, group)
				}
			}
		}
		if !slices.ContainsFunc(task, func(s record.Step) bool { return s.GradientNorm != 0 }) {
			if zero["everything that is trained"]++; zero["everything that is trained"] == 1 {
				groups = append([]string{"everything that is trained"}, groups...)
			}
		}
	}
	if constant > 0 {
		texts = append(texts, fmt.Sprintf("the loss was the same in every step of %d of %d tasks", constant, len(tasks)))
	}
	for i, group := range groups {
		n := zero[group]
		if slices.ContainsFunc(groups[:i], func(g string) bool { return zero[g] == n }) {
			continue // was told with that one
		}
		same := slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return zero[g] != n })
		texts = append(texts, fmt.Sprintf("the gradient of %s was 0 in every step of %d of %d tasks", strings.Join(same, ", "), n, len(tasks)))
	}
	for _, what := range []string{trainedParameters, effectiveWeights} {
		n := 0
		for _, e := range events {
			if slices.Contains(e.Unchanged, what) {
				n++
			}
		}
		if n > 0 {
			texts = append(texts, fmt.Sprintf("the %s did not change over %d of %d tasks: nothing was learned there", what, n, len(tasks)))
		}
	}
	return texts
}

// alwaysZero says whether a measure was 0 in every step.
func alwaysZero(steps []record.Step, name string) bool {
	return !slices.ContainsFunc(steps, func(s record.Step) bool {
		i := slices.IndexFunc(s.Measures, func(m record.Measure) bool { return m.Name == name })
		return i < 0 || s.Measures[i].Value != 0
	})
}

// notFiniteGroups names the groups of parameters whose gradient is not finite, or without
// diagnostics a tensor that is not any more.
func notFiniteGroups(session *methods.Session, measures []methods.Measure) string {
	var groups []string
	for _, m := range measures {
		if group, ok := strings.CutPrefix(m.Name, "gradient/"); ok && !evaluation.Finite(m.Value) {
			groups = append(groups, group)
		}
	}
	if len(groups) > 0 {
		return ", not finite is the gradient of " + strings.Join(groups, ", ")
	}
	if name, err := session.NotFinite(); err == nil && name != "" {
		return ", not finite is " + name
	}
	return ""
}
