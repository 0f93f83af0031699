package suite

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"secura/spelling"
)

// Preset is what a suite needs to know of a method that the program has.
type Preset struct {
	Name string
	// Cost is the time of a cell relative to one of SEQ.
	Cost float64
	// NewParams returns a pointer to a copy of the default parameters, a struct with yaml tags; nil
	// if there are none.
	NewParams func() any
	// Renamed says of a name that the program had what it is called now; the preset is none then.
	Renamed string
}

// Presets are the methods that the program has.
type Presets []Preset

// Names lists them in order.
func (p Presets) Names() []string {
	var names []string
	for _, preset := range p {
		if preset.Renamed == "" {
			names = append(names, preset.Name)
		}
	}
	return names
}

// renamed says what a name that the program had is called now; "" of any other.
func (p Presets) renamed(name string) string {
	i := slices.IndexFunc(p, func(preset Preset) bool { return preset.Name == name })
	if i < 0 {
		return ""
	}
	return p[i].Renamed
}

// Find finds a preset by its name.
func (p Presets) Find(name string) (Preset, bool) {
	i := slices.IndexFunc(p, func(preset Preset) bool { return preset.Name == name })
	if i < 0 || p[i].Renamed != "" {
		return Preset{}, false
	}
	return p[i], true
}

// Params makes the parameters of a suite's method: the preset's with the suite's over them, a
// pointer to a struct; nil where the method has none.
func (p Preset) Params(spec MethodSpec) (any, error) {
	params := p.NewParams()
	if params == nil {
		if len(spec.Params) > 0 {
			return nil, fmt.Errorf("method %s takes no params", spec.Name)
		}
		return nil, nil
	}
	if err := decodeParams(spec.Name, spec.Params, params); err != nil {
		return nil, err
	}
	return params, checkFloats(reflect.ValueOf(params).Elem(), "methods."+spec.Name+".params")
}

// checkFloats says which numbers of a struct would be 0 or infinite where they are computed with.
func checkFloats(v reflect.Value, key string) error {
	var mistakes []error
	for i := range v.NumField() {
		name, option, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		switch field := v.Field(i); {
		case option == "inline":
			mistakes = append(mistakes, checkFloats(field, key))
		case field.Kind() == reflect.Float64:
			if size := math.Abs(field.Float()); size != 0 && size < smallestRate || size > largestRate {
				mistakes = append(mistakes, fmt.Errorf("%s.%s is %g, must be 0 or from %g to %g in size", key, name, field.Float(), smallestRate, largestRate))
			}
		}
	}
	return Told(mistakes...)
}

// CheckParams decodes each method's parameters, and reports all that are unknown or of a wrong
// type.
func (s Suite) CheckParams(presets Presets) error {
	var mistakes []error
	for _, spec := range s.Methods {
		if preset, ok := presets.Find(spec.Preset); ok {
			_, err := preset.Params(spec)
			mistakes = append(mistakes, err, preset.checkFixed(spec))
		}
	}
	return Told(mistakes...)
}

// checkFixed says which of the parameters that a tuning is to leave alone the method does not have.
func (p Preset) checkFixed(spec MethodSpec) error {
	if len(spec.Fixed) == 0 {
		return nil
	}
	known, err := ParamsByKey(p.NewParams())
	if err != nil {
		return fmt.Errorf("methods.%s.fixed: %w", spec.Name, err)
	}
	var mistakes []error
	for _, key := range spec.Fixed {
		if _, ok := known[key]; !ok {
			mistakes = append(mistakes, fmt.Errorf("methods.%s.fixed: %s", spec.Name, spelling.Unknown("parameter", key, slices.Sorted(maps.Keys(known)))))
		}
	}
	return Told(mistakes...)
}

// GraphKey names the graphs that a method of a suite compiles: cells of equal keys, which differ in
// seed, order, learning rate or coefficients (see methods.Session.AddCoefficient) alone, share
// them.
func (p Presets) GraphKey(spec MethodSpec) string {
	var params any
	if preset, ok := p.Find(spec.Preset); ok {
		params, _ = preset.Params(spec) // what is wrong with them is told where the cell starts
	}
	data, err := json.Marshal(params)
	if err != nil {
		return spec.Name // parameters that have no JSON form share nothing
	}
	sum := sha256.Sum256(data)
	return spec.Preset + "-" + hex.EncodeToString(sum[:4])
}
