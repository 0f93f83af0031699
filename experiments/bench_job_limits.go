package experiments

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"secura/experiments/suite"
)

// torchDoes are the methods that torch_job.py has, with the parameters that it is told of. Of all
// others it has the preset's own values.
var torchDoes = map[string][]string{
	"seq":      {"rank", "alpha"},
	"er":       {"rank", "alpha", "buffer", "replay_ratio"}, // the job has the replayed rows
	"ewc":      {"rank", "alpha", "lambda", "gamma", "fisher_examples"},
	"i-lora":   {"rank", "alpha", "buffer", "replay_ratio", "lambda", "gamma"},
	"cur-lora": {"rank", "sizes", "alpha"},
	"secura":   {"rank", "inner", "sizes", "scale", "edge", "share", "decay"}, // the last three are restraint's
}

// torchLacks says what of a suite torch_job.py does not do, all at once: it would do another job.
func torchLacks(s suite.Suite) error {
	var mistakes []error
	only := func(key string, has, does any) {
		if has != does {
			mistakes = append(mistakes, fmt.Errorf("%s is %v, and torch_job.py does %v alone; give -set %s=%v", key, has, does, key, does))
		}
	}
	t, e := s.Training, s.Evaluation
	only("dtype", cmp.Or(s.DType, "f32"), "f32")
	only("devices", max(s.Devices, 1), 1)
	only("stream", s.Stream, suite.Sequential)
	only("training.schedule", cmp.Or(t.Schedule, suite.Cosine), suite.Cosine)
	only("training.carry_optimizer", t.CarryOptimizer, false)
	only("training.empty_token", t.EmptyToken, false)
	only("evaluation.every", e.Every, suite.EveryTask)
	only("evaluation.every_steps", e.EverySteps, 0)
	only("evaluation.at_steps", fmt.Sprint(e.AtSteps), "[]")
	only("evaluation.interpolate", fmt.Sprint(e.Interpolate), "[]")
	only("evaluation.recovery", fmt.Sprint(e.Recovery), "[]")
	only("evaluation.teacher_forced", e.TeacherForced, false)
	only("evaluation.kl", e.KL, false)
	for _, spec := range s.Methods {
		told, ok := torchDoes[spec.Preset]
		if !ok {
			mistakes = append(mistakes, fmt.Errorf("method %s: torch_job.py has no %s; choose of %s with -methods", spec.Name, spec.Preset, strings.Join(slices.Sorted(maps.Keys(torchDoes)), ", ")))
			continue
		}
		has, does, err := paramsBeside(spec)
		if err != nil {
			mistakes = append(mistakes, err)
		}
		for _, key := range slices.Sorted(maps.Keys(has)) {
			if !slices.Contains(told, key) {
				only("methods."+spec.Name+".params."+key, has[key], does[key])
			}
		}
	}
	return suite.Told(mistakes...)
}

// paramsBeside are a method's parameters by their keys, and the values that its preset has.
func paramsBeside(spec suite.MethodSpec) (has, preset map[string]any, err error) {
	m, params, err := methodOf(spec)
	if err == nil {
		has, err = suite.ParamsByKey(params)
	}
	if err == nil {
		preset, err = suite.ParamsByKey(m.NewParams())
	}
	return has, preset, err
}
