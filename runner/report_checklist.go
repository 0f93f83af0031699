package main

import (
	"fmt"
	"io"

	"secura/experiments"
	"secura/experiments/suite"
	"secura/methods"
	"secura/reports/checklist"
)

// runChecklist prints a run's checklist of reproducibility.
func runChecklist(path string, stdout io.Writer) error {
	r, err := loadAt(path)
	if err != nil {
		return err
	}
	return checklist.Write(stdout, r, func(m suite.MethodSpec) (s checklist.Settings, err error) {
		preset, known := experiments.KnownPresets().Find(m.Preset)
		if !known {
			return s, fmt.Errorf("this program has no method %s any more: use one of revision %s", m.Preset, r.Manifest.Revision)
		}
		method, _ := methods.Find(m.Preset)
		s.Rate = r.Suite.MethodRate(m, method.LearningRate)
		params, err := preset.Params(m)
		if err != nil || params == nil {
			return s, err
		}
		s.Params, err = suite.ParamsByKey(params)
		return s, err
	})
}
