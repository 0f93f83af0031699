package methods

import (
	"encoding/json"
	"fmt"

	"secura/methods/adapter"
)

const releasedSource = "The code released with arXiv 2502.18168, as found by running its modules; checked against losses and weights recorded from them."

// released is what the release's modules do: S-MagNorm of outputs, without normalisation (a line overwrites it), and
// restraint, whose draws are made anew for every step.
var released = defaultSecura.changed(func(p *SecuraParams) {
	p.Space, p.Normalise, p.Restraint = adapter.SpaceActivation, adapter.NormaliseNone, true
})

// SecuraReleasedM1 is the release's M1. B is 0 at every forward pass, so that A gets no gradient and only shrinks by
// weight decay, S is 2 and restraint never acts: it trains as Secura does.
var SecuraReleasedM1 = Method{
	Name: "secura-released-m1",
	Doc: "SECURA's published code with merging M1, for reproduction: S-MagNorm of outputs without normalisation, restraint on, and a " +
		"merge after every step, under which A gets no gradient.",
	Source:       releasedSource,
	LearningRate: 1e-3,
	Params:       released,
	Adapter:      newCABR,
	Start:        startSecura,
}

// SecuraReleasedM2 is the release's M2. After every step A·B goes into a sum that the forward pass never uses, and B
// is set to 0: every forward pass is the pretrained model's, and the model does not learn.
var SecuraReleasedM2 = Method{
	Name: "secura-released-m2",
	Doc: "SECURA's published code with merging M2, for reproduction: updates go into a sum that the forward pass never uses, so that " +
		"the loss never changes and what looks like retention is that of a frozen model.",
	Source:       releasedSource,
	LearningRate: 1e-3,
	Params:       released.changed(func(p *SecuraParams) { p.Merge = string(adapter.MergeIntoUnusedSum) }),
	Adapter:      newCABR,
	Start:        startSecura,
}

// drawRestraint adds the draws of every adapted projection, and gives the hook that makes them anew for each step, from
// a stream of the step's own, and the count of steps that must be saved for it.
func drawRestraint(s *Session) (beforeStep func() error, state State) {
	outputs := make([]int, len(s.projections))
	for i, p := range s.projections {
		outputs[i] = s.base.Model.Weights[p.WeightName()].Shape().Dimensions[0]
		s.AddVariable(Name(p, "", adapter.DrawsTensor), []int{outputs[i]}, make([]float32, outputs[i]))
	}
	count := &stepCount{}
	return func() error {
		count.Steps++
		r := s.Rand(fmt.Sprintf("restraint/step%d", count.Steps))
		for i, p := range s.projections {
			if err := s.Set(Name(p, "", adapter.DrawsTensor), adapter.Draws(outputs[i], r)); err != nil {
				return err
			}
		}
		return nil
	}, count
}

// stepCount counts the steps of a whole stream.
type stepCount struct{ Steps int }

// MarshalJSON gives the count under its name.
func (c *stepCount) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]int{"steps": c.Steps})
}

// UnmarshalJSON reads what MarshalJSON gives.
func (c *stepCount) UnmarshalJSON(raw []byte) error {
	var fields map[string]int
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	n, ok := fields["steps"]
	if !ok || n < 0 {
		return fmt.Errorf("count of steps %s, expected {\"steps\": a number from 0}", raw)
	}
	c.Steps = n
	return nil
}

// Bytes is the size of the count.
func (*stepCount) Bytes() int { return 8 }
