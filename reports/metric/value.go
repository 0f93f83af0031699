package metric

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// Value is a number of a report, or the reason why there is none. An undefined number is never
// printed as 0 and never averaged.
//
// As JSON it is a number, or {"undefined": "no joint run"}.
type Value struct {
	// Number is meaningful only where Undefined is empty.
	Number float64
	// Undefined is the reason, empty if the number is defined.
	Undefined string
}

// Number is a defined value. A number that is not finite is undefined.
func Number(x float64) Value {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return Undefined("not finite")
	}
	return Value{Number: x}
}

// Undefined is a value that is missing for a reason, which must not be empty.
func Undefined(reason string) Value { return Value{Undefined: reason} }

// Defined says whether there is a number.
func (v Value) Defined() bool { return v.Undefined == "" }

// MarshalJSON writes the number, or an object with the reason.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.Defined() {
		v = Number(v.Number)
	}
	if v.Defined() {
		return json.Marshal(v.Number)
	}
	return json.Marshal(map[string]string{"undefined": v.Undefined})
}

// UnmarshalJSON reads what MarshalJSON writes and refuses anything else.
func (v *Value) UnmarshalJSON(data []byte) error {
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] != '{' {
		var x *float64
		if err := json.Unmarshal(data, &x); err != nil {
			return fmt.Errorf("read value: %w", err)
		}
		if x == nil {
			return errors.New("read value: null is neither a number nor a reason")
		}
		*v = Value{Number: *x}
		return nil
	}
	var reason struct{ Undefined string }
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&reason); err != nil {
		return fmt.Errorf("read value: %w", err)
	}
	if reason.Undefined == "" {
		return errors.New("read value: undefined without a reason")
	}
	*v = Undefined(reason.Undefined)
	return nil
}
