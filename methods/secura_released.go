package methods

import (
	"encoding/json"
	"fmt"

	"secura/methods/adapter"
)

const releasedSource = "The code released with arXiv 2502.18168 (github.com/MeCuping/SECURA, 3f5c9f4) as its ExpStart.py configures it; " +
	"losses, gradients, S, A, B, bias, weights and outputs checked against those recorded from its modules."

// released is what the release's modules do as its authors configured them: a trained and decayed
// bias, S-MagNorm of outputs without normalisation (a line overwrites it), restraint, and updates
// rounded to bfloat16 before they are merged. With the bias S-MagNorm acts from the second step on:
// an output that did not move has S 1.5, so that the outputs of q_proj and v_proj are multiplied by
// about 4/3, in evaluation too.
var released = defaultSecura.changed(func(p *SecuraParams) {
	p.Bias, p.Space, p.Normalise, p.Restraint = true, adapter.SpaceActivation, adapter.NormaliseNone, true
	p.MergePrecision = string(adapter.MergeBFloat16)
})

// SecuraReleasedM1 is the release's M1. B is 0 at every forward pass, so that A gets no gradient
// and only shrinks by weight decay; the bias is not, so that S is below 2 from the second step on.
// With bias: false S is 2 and restraint never acts: it then trains as Secura does, but for the
// rounding of its merges.
//
// The presets of the release go on with AdamW's moments from task to task, as the release does.
var SecuraReleasedM1 = Method{
	Name: "secura-released-m1",
	Doc: "SECURA's published code with merging M1, for reproduction: a trained, decayed bias, S-MagNorm of outputs without " +
		"normalisation, which multiplies them by about 4/3 from the second step on, restraint, and a merge in bfloat16 after every " +
		"step, under which A gets no gradient. No raising line had to be supplied; the published sizes are sizes: absolute.",
	Source:       releasedSource,
	LearningRate: 1e-3,
	KeepMoments:  true,
	Params:       released,
	Adapter:      newCABR,
	Start:        startSecura,
}

// SecuraReleasedM2 is the release's M2. The weight is never written: after every step B goes into a
// sum that the forward pass never uses, and is set to 0. What learns is the bias, and the gain that
// S-MagNorm makes of it; with bias: false nothing does, and the loss of a batch is constant to all
// digits. B's gradient is three times M1's, for the release adds the update to the former output as
// well.
var SecuraReleasedM2 = Method{
	Name: "secura-released-m2",
	Doc: "SECURA's published code with merging M2, for reproduction: updates go into a sum that the forward pass never uses, so that " +
		"the weight stays and only the trained bias learns, with the gain of about 4/3 that S-MagNorm gives to outputs. No raising " +
		"line had to be supplied; the published sizes are sizes: absolute.",
	Source:       releasedSource,
	LearningRate: 1e-3,
	KeepMoments:  true,
	Params: released.changed(func(p *SecuraParams) {
		p.Merge, p.Former, p.MergePrecision = string(adapter.MergeIntoUnusedSum), string(adapter.FormerUpdated), string(adapter.MergeFloat32)
	}),
	Adapter: newCABR,
	Start:   startSecura,
}

// CABRReleased is the release's CABR without S-MagNorm and without merging. B leaves 0 with the
// first step, so that A has a gradient from the second one on.
var CABRReleased = Method{
	Name: "cabr-released",
	Doc: "CABR alone in SECURA's published code, for reproduction: W + C·A·B·R with a trained, decayed bias, without S-MagNorm and " +
		"without merging. No raising line had to be supplied; the published sizes are sizes: absolute.",
	Source:       releasedSource,
	LearningRate: 1e-3,
	KeepMoments:  true,
	Params:       defaultSecura.changed(func(p *SecuraParams) { p.Bias, p.MagNorm, p.Merge = true, false, string(adapter.MergeNone) }),
	Adapter:      newCABR,
	Start:        startSecura,
}

// drawRestraint gives the hook that makes the draws of every adapted projection for each step, from
// a stream of the step's own, and the count of steps that must be saved for it.
func drawRestraint(s *Session) (beforeStep func() error, state State) {
	count := &stepCount{}
	return func() error {
		count.Steps++
		r := s.Rand(fmt.Sprintf("restraint/step%d", count.Steps))
		for _, p := range s.projections {
			name := Name(p, "", adapter.DrawsTensor)
			if err := s.Set(name, adapter.Draws(s.find(name).value.Size(), r)); err != nil {
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
