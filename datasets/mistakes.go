package datasets

import (
	"errors"
	"io"
	"reflect"
)

// joined is the type of what errors.Join makes.
var joined = reflect.TypeOf(errors.Join(io.EOF))

// Mistakes are the errors that errors.Join put into one, in their order; any other error is one
// mistake, and nil is none.
func Mistakes(err error) (all []error) {
	if err == nil {
		return nil
	}
	if reflect.TypeOf(err) != joined { // other errors of several have a text of their own
		return []error{err}
	}
	for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
		all = append(all, Mistakes(err)...)
	}
	return all
}
