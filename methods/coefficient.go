package methods

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
)

// coefficients is the prefix of the names of scalars that AddCoefficient adds.
const coefficients = "coefficient/"

// AddCoefficient makes a parameter a scalar input of the graphs instead of a constant in them, so
// that methods which differ in its value alone share their compiled graphs. The parameter's field
// has the tag json:"-", which leaves it out of what tells graphs apart.
func (s *Session) AddCoefficient(name string, value float64) {
	s.AddVariable(coefficients+name, nil, []float32{float32(value)})
}

// Coefficient is a scalar that AddCoefficient added.
func (v Vars) Coefficient(name string) *graph.Node { return v[coefficients+name] }

// notNegative says whether all of some parameters are finite and at least 0.
func notNegative(parameters ...float64) bool {
	for _, x := range parameters {
		if !(x >= 0) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
