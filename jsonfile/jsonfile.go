// Package jsonfile reads JSON that comes with a model, and says what is wrong with it in terms of
// the file: the line and column, or the key, what stands there and what was expected.
package jsonfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Decode reads the one JSON value of content into v. Options say how, such as
// (*json.Decoder).DisallowUnknownFields. The caller names the file.
func Decode(content []byte, v any, options ...func(*json.Decoder)) error {
	d := json.NewDecoder(bytes.NewReader(content))
	for _, option := range options {
		option(d)
	}
	if err := d.Decode(v); err != nil {
		return readable(err, content)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is text after the JSON value")
	}
	return nil
}

// readable says what is wrong in terms of the file instead of Go's.
func readable(err error, content []byte) error {
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("it ends after %d bytes, within a value: a part of it is missing", len(content))
	case errors.As(err, &syntax):
		before := content[:min(max(int(syntax.Offset)-1, 0), len(content))]
		line := before[bytes.LastIndexByte(before, '\n')+1:]
		return fmt.Errorf("line %d, column %d: %w", bytes.Count(before, []byte("\n"))+1, utf8.RuneCount(line)+1, err)
	case errors.As(err, &mistyped):
		key := strings.TrimPrefix(mistyped.Field, ".")
		switch key {
		case "":
			key = "it"
		case "String", "Regex": // of a tokenizer's pattern; all other keys are in lower case, Go's fields are not
		default:
			key = strings.ToLower(key)
		}
		return fmt.Errorf("%.60s is %s, expected %s", key, given(mistyped.Value), wanted(mistyped.Type.Kind()))
	}
	return err
}

// given and wanted name JSON's kinds of values and Go's types.
func given(value string) string {
	if number, ok := strings.CutPrefix(value, "number "); ok {
		return fmt.Sprintf("the number %.40s", number)
	}
	return map[string]string{"string": "a text", "number": "a number", "bool": "true or false", "array": "a list", "object": "an object"}[value]
}

func wanted(kind reflect.Kind) string {
	switch kind {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}
