package experiments

import (
	"github.com/gomlx/gomlx/core/tensors"

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

// measureStart gives the diagnostics of the boundary before the stream, where nothing has moved yet.
func (p *protocol) measureStart(session *methods.Session) ([]record.Measure, error) {
	if !p.worker.suite.Evaluation.Diagnostics {
		return nil, nil
	}
	list, err := session.MeasureStart()
	return measuresOf(list), err
}

// measureUpdate gives the diagnostics of the weights that are evaluated.
func (p *protocol) measureUpdate(session *methods.Session, effective map[string]*tensors.Tensor) ([]record.Measure, error) {
	if !p.worker.suite.Evaluation.Diagnostics {
		return nil, nil
	}
	list, err := session.MeasureBoundary(effective)
	return measuresOf(list), err
}
