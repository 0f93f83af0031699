package experiments

import (
	"fmt"
	"maps"
	"slices"

	"secura/experiments/suite"
	"secura/methods"
)

// KnownPresets are the methods of this program, as a suite needs to know them.
func KnownPresets() suite.Presets {
	list := make(suite.Presets, len(methods.All))
	for i, m := range methods.All {
		list[i] = presetOf(m)
	}
	for _, name := range slices.Sorted(maps.Keys(methods.Renamed)) {
		list = append(list, suite.Preset{Name: name, Renamed: methods.Renamed[name]})
	}
	return list
}

// methodOf is a suite's method, and its parameters with every default filled in.
func methodOf(spec suite.MethodSpec) (m methods.Method, params any, err error) {
	m, ok := methods.Find(spec.Preset)
	if !ok {
		return m, nil, fmt.Errorf("method %s: there is no preset %q", spec.Name, spec.Preset)
	}
	params, err = presetOf(m).Params(spec)
	return m, params, err
}

// settingsOf are those of a suite's method with every default filled in, as a cell's status keeps
// them: preset, learning_rate, and the parameters by their names in a suite.
func settingsOf(s suite.Suite, spec suite.MethodSpec) (map[string]any, error) {
	method, params, err := methodOf(spec)
	if err != nil {
		return nil, err
	}
	byKey, err := suite.ParamsByKey(params)
	if err != nil {
		return nil, fmt.Errorf("settings of %s: %w", spec.Name, err)
	}
	settings := map[string]any{"preset": spec.Preset}
	maps.Copy(settings, byKey)
	if method.Kind != methods.Untrained {
		settings["learning_rate"] = s.MethodRate(spec, method.LearningRate)
	}
	return settings, nil
}

func presetOf(m methods.Method) suite.Preset {
	return suite.Preset{Name: m.Name, Cost: m.RelativeCost(), NewParams: m.NewParams}
}
