package report

import (
	"slices"

	"secura/reports/metric"
)

// enoughRetention is the retention from which on settings are matched by their accuracy.
const enoughRetention = 0.9

// Front is retention against learning of each method's settings. The settings are a tuning's
// trials, or the methods of a run.
type Front struct {
	// Retention is "knowledge", K[N]/K[0], or "tasks", acc / learning accuracy.
	Retention string
	Methods   []MethodFront
}

// MethodFront is a method's part of a front.
type MethodFront struct {
	Method string
	// Settings are how many there are, and Measured how many of them count; Unmeasured says why the
	// first one does not that does not.
	Settings, Measured int
	Unmeasured         string
	// Area is that under the front of the settings, over the seeds that all of them were run on,
	// and Areas its values. Finalists is the same of the settings of several seeds; its N is 0
	// where these are all or none.
	Area, Finalists metric.Summary
	Areas           []SeedValue
	// Matched is the accuracy of the best setting of those that retain 90% or more, and With its
	// name; empty where none does.
	Matched metric.Summary
	With    string
	// Undominated are the settings that none of all settings of the front dominates.
	Undominated []string
}

// Fronts are those of a tuning's trials, or of a run: by retention of base knowledge, where it has
// a battery, and of tasks.
func (r *Report) Fronts() []Front {
	if r.Trials != nil {
		return []Front{{"tasks", methodFronts(TriedSettings(*r.Trials))}}
	}
	tasks := Front{"tasks", methodFronts(r.Settings(Kept))}
	if base, ok := r.Base(); ok && base.K == nil {
		return []Front{tasks}
	}
	return []Front{{"knowledge", methodFronts(r.Settings(MetricOf("knowledge_retention")))}, tasks}
}

func methodFronts(all []Setting) (list []MethodFront) {
	unmeasured := func(s Setting) bool { return len(s.Learning) == 0 }
	for _, method := range presetsOf(all) {
		own := slices.DeleteFunc(slices.Clone(all), func(s Setting) bool { return s.Method != method })
		measured := slices.DeleteFunc(slices.Clone(own), unmeasured)
		f := MethodFront{Method: method, Settings: len(own), Measured: len(measured)}
		if i := slices.IndexFunc(own, unmeasured); i >= 0 {
			f.Unmeasured = own[i].Reason
		}
		if len(measured) == 0 {
			f.Area = undefinedSummary(f.Unmeasured)
			list = append(list, f)
			continue
		}
		f.Areas = AreaBySeed(measured)
		f.Area = over(f.Areas)
		again := slices.DeleteFunc(slices.Clone(measured), func(s Setting) bool { return len(s.Learning) < 2 })
		if len(again) > 0 && len(again) < len(measured) {
			f.Finalists = over(AreaBySeed(again))
		}
		if best, ok := matched(measured); ok {
			f.Matched, f.With = over(best.Accuracy), best.Name
		}
		f.Undominated = undominated(measured, all)
		list = append(list, f)
	}
	return list
}

// presetsOf are the methods of the settings, in their order.
func presetsOf(all []Setting) (names []string) {
	for _, s := range all {
		if !slices.Contains(names, s.Method) {
			names = append(names, s.Method)
		}
	}
	return names
}

// over summarises values that are all defined.
func over(values []SeedValue) metric.Summary {
	numbers := make([]float64, len(values))
	for i, v := range values {
		numbers[i] = v.Value.Number
	}
	return metric.MeanSDCI(numbers)
}

// matched is the setting with the highest accuracy of those that retain enough.
func matched(settings []Setting) (best Setting, ok bool) {
	for _, s := range settings {
		if s.At().Retention < enoughRetention {
			continue
		}
		if !ok || over(s.Accuracy).Mean.Number > over(best.Accuracy).Mean.Number {
			best, ok = s, true
		}
	}
	return best, ok
}

// undominated names the settings that none of all settings dominates.
func undominated(own, all []Setting) (names []string) {
	for _, s := range own {
		if !slices.ContainsFunc(all, func(other Setting) bool { return len(other.Learning) > 0 && other.At().Dominates(s.At()) }) {
			names = append(names, s.Name)
		}
	}
	return names
}
