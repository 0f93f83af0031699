package experiments

import (
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

func presetOf(m methods.Method) suite.Preset {
	return suite.Preset{Name: m.Name, Cost: m.RelativeCost(), NewParams: m.NewParams}
}
