package methods

import (
	"math/rand/v2"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/backbone"
)

// NewShapes is a base on which sessions can be started, to see whether they can, and on which
// nothing can be run: it has no backend, and of the backbone one layer's projections of these
// names, with values of their own. devices is on how many a run would compute; 0 is one. The caller
// closes it.
func NewShapes(c backbone.Config, targets []string, devices int) *Base {
	c.Layers = 1
	m := &backbone.Model{Config: c, Weights: map[string]*tensors.Tensor{}}
	shapes, r := c.WeightShapes(), rand.New(rand.NewPCG(1, 1))
	for _, p := range c.Projections(0) {
		if !slices.Contains(targets, p.Name) {
			continue
		}
		name := p.WeightName()
		values := make([]float32, shapes[name][0]*shapes[name][1])
		for i := range values {
			values[i] = r.Float32() - 0.5
		}
		m.Names = append(m.Names, name)
		m.Weights[name] = tensors.FromFlatDataAndDimensions(values, shapes[name]...)
	}
	slices.Sort(m.Names)
	b := NewBase(nil, m)
	if devices > 1 {
		b.sharding = &sharding{devices: devices}
	}
	return b
}
