package main

import (
	"context"
	"io"
)

// ShowOptions are the flags of show.
type ShowOptions struct{ SuiteOptions }

func newShow() command {
	var o ShowOptions
	c := command{
		name: "show", does: "prints a suite whole, as YAML that runs",
		argument: "SUITE",
		examples: []string{"show continual16", "show smoke -set training.steps=12 > mine.yaml"},
		flags:    newFlags("show"),
		check:    func(string) error { return o.SuiteOptions.check() },
		run: func(_ context.Context, suite string, stdout, _ io.Writer) error {
			o.Suite = suite
			return runShow(o, stdout)
		},
	}
	o.addFlags(c.flags)
	return c
}

func runShow(o ShowOptions, stdout io.Writer) error {
	suite, err := o.load()
	if err != nil {
		return err
	}
	text, err := suite.Resolved()
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, text)
	return err
}
