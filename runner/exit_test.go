package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
)

// TestExitCodes holds what -h says of them: each end has its code, and what is told of it.
func TestExitCodes(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		err  error
		code int
		told string
	}{
		{t.Context(), nil, 0, ""},
		{over, nil, 0, ""}, // it was done all the same
		{t.Context(), errors.New("a cell failed"), 1, "runner: a cell failed\n"},
		{t.Context(), fmt.Errorf("load: %w", usagef("no such suite")), 2, "runner: load: no such suite\n"},
		{t.Context(), &lossError{[]string{"seq"}}, 3, "runner: a loss is shown:\n  seq\n"},
		{t.Context(), &interruptedError{"give it again"}, 130, "runner: interrupted; give it again\n"},
		{over, fmt.Errorf("run: %w", &interruptedError{"give it again"}), 130, "runner: interrupted; run: give it again\n"},
		{over, context.Canceled, 130, "runner: interrupted\n"},
		{over, usagef("cut short"), 130, "runner: interrupted\n"},
	} {
		var told bytes.Buffer
		if code := exitCode(c.ctx, c.err, &told); code != c.code || told.String() != c.told {
			t.Errorf("%v, interrupted %v: code %d and %q, expected %d and %q", c.err, c.ctx.Err() != nil, code, told.String(), c.code, c.told)
		}
	}
}
