package experiments

import (
	"secura/experiments/record"
	"secura/methods"
)

// measuresOf gives measures the form of records. One that is not finite has no form there and is left out: there was
// nothing to be measured.
func measuresOf(list []methods.Measure) (measures []record.Measure) {
	for _, m := range list {
		if finite(m.Value) {
			measures = append(measures, record.Measure{Name: m.Name, Value: m.Value})
		}
	}
	return measures
}
