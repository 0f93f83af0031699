package optimizer

import (
	"math"
)

// Kind is the shape of a schedule after its warm-up.
type Kind string

// The kinds of schedules.
const (
	Cosine   Kind = "cosine"
	Linear   Kind = "linear"
	Constant Kind = "constant"
)

// Schedule gives the learning rate of each step, as the schedules "with warmup" of the transformers
// library do: a line from 0 to Base over Warmup steps, then Kind until Steps. The very first step
// of a warm-up has rate 0.
type Schedule struct {
	Kind Kind
	// Base is the rate at the end of the warm-up.
	Base float64
	// Warmup and Steps count optimiser steps; Steps, which Constant ignores, includes the warm-up.
	Warmup, Steps int
}

// ForTask is the protocol's default: a task of the given number of steps warms up over a share of
// them, rounded up, and then falls along a cosine to 0.
func ForTask(base, warmupShare float64, steps int) Schedule {
	return Schedule{Kind: Cosine, Base: base, Warmup: int(math.Ceil(warmupShare * float64(steps))), Steps: steps}
}

// Rate is the learning rate of a step, counted from 0.
func (s Schedule) Rate(step int) float64 {
	if step < s.Warmup {
		return s.Base * float64(step) / float64(s.Warmup)
	}
	rest := float64(max(1, s.Steps-s.Warmup))
	switch s.Kind {
	case Cosine:
		progress := float64(step-s.Warmup) / rest
		return s.Base * max(0, 0.5*(1+math.Cos(math.Pi*progress)))
	case Linear:
		return s.Base * max(0, float64(s.Steps-step)/rest)
	}
	return s.Base
}
