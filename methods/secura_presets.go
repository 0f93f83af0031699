package methods

import (
	"math"

	"secura/methods/adapter"
)

const securaSource = "arXiv 2502.18168, sections on CABR, S-MagNorm and merging; checked against golden values of its formulas and its release."

// defaultSecura is SECURA as specified; the other presets change what their names say.
var defaultSecura = SecuraParams{Sizes: string(adapter.SizesByWidth), Selection: string(adapter.InverseTop), Init: string(adapter.StartReleased),
	MagNorm: true, Scale: 6, Space: adapter.SpaceWeight, Normalise: adapter.NormaliseMax, Form: adapter.FormSum, Edge: 1.2, Share: 0.9, Decay: 0.99,
	Merge: string(adapter.MergeIntoWeight), MergeEvery: 1, MergePrecision: string(adapter.MergeFloat32), Former: string(adapter.FormerHeld)}

func (p SecuraParams) changed(change func(p *SecuraParams)) SecuraParams {
	change(&p)
	return p
}

// Secura trains CABR, W + C A B R, under S-MagNorm in weight space, and merges after every step: W
// ← W + C A B R, B ← 0 (M1). With a merge at each step B is 0 in every forward pass, so that A gets
// no gradient and S-MagNorm changes no loss: that is what the published equations say, and it is
// kept.
var Secura = Method{
	Name: "secura",
	Doc: "SECURA as specified: the CABR adapter W + C·A·B·R on unimportant columns and rows, S-MagNorm in weight space, and a " +
		"merge of the update into the weight after every step (M1).",
	Source:       securaSource,
	LearningRate: 1e-3,
	Params:       defaultSecura,
	Tuning:       Tuning{Coefficient: Coefficient{[]string{"rank", "inner"}, sizes}},
	Adapter:      newCABR,
	Start:        startSecura,
}

// SecuraM2 is Secura with the updates in a sum beside the weight, (AB)_long, which the forward pass
// uses. With former held it is the same function as Secura, up to rounding.
var SecuraM2 = Method{
	Name: "secura-m2",
	Doc: "SECURA with merging M2: after every step A·B is added to a separate sum, W + C·(AB)_long·R is what is held, and the " +
		"weight itself is never written.",
	Source:       securaSource,
	LearningRate: 1e-3,
	Params:       defaultSecura.changed(func(p *SecuraParams) { p.Merge = string(adapter.MergeIntoSum) }),
	Tuning:       Tuning{Coefficient: Coefficient{[]string{"rank", "inner"}, sizes}},
	Adapter:      newCABR,
	Start:        startSecura,
}

// CABR is the adapter alone: no S-MagNorm, no merge, no bias. B leaves 0 with the first step, so
// that A is trained.
var CABR = Method{
	Name: "cabr",
	Doc: "CABR alone, an ablation of SECURA: W + C·A·B·R on unimportant columns and rows with A and B trained through the whole " +
		"stream, without S-MagNorm and without merging.",
	Source:       securaSource,
	LearningRate: 1e-3,
	Params:       defaultSecura.changed(func(p *SecuraParams) { p.MagNorm, p.Merge = false, string(adapter.MergeNone) }),
	Tuning:       Tuning{Coefficient: Coefficient{[]string{"rank", "inner"}, sizes}},
	Adapter:      newCABR,
	Start:        startSecura,
}

// SecuraK is Secura with a merge after every few steps. Between merges B is not 0: A is trained and
// S-MagNorm acts. What is merged, W + C A B R, is not the function that was trained, which is the
// fused weight.
var SecuraK = Method{
	Name: "secura-k",
	Doc: "SECURA with a merge (M1) after every 10 steps instead of each, so that A is trained and S-MagNorm acts in between; " +
		"merge_every and the learning rate are to be chosen on validation.",
	Source:       securaSource + " The preset is no part of the paper.",
	LearningRate: 1e-3,
	Params:       defaultSecura.changed(func(p *SecuraParams) { p.MergeEvery = 10 }),
	Tuning:       Tuning{Coefficient: Coefficient{[]string{"merge_every"}, mergeIntervals}},
	Adapter:      newCABR,
	Start:        startSecura,
}

// SecuraNormed keeps what was trained: at each merge the weight becomes the fused one. That needs
// the form F + (G − F)/S, which S-MagNorm's published form equals at S = 2: an entry that did not
// move keeps its value exactly, a small relative move is halved, a large one is let through. The
// published form would scale the weight at every merge. With a merge after each step S would act on
// an update that the forward pass never saw; hence every 10 or more.
var SecuraNormed = Method{
	Name: "secura-normed",
	Doc: "SECURA whose S-MagNorm acts as its text intends: every 10 steps the weight becomes F + (G − F)/S, which is also what the " +
		"forward pass uses, so that what was trained is what is kept.",
	Source:       securaSource + " The preset is no part of the paper.",
	LearningRate: 1e-3,
	Params: defaultSecura.changed(func(p *SecuraParams) {
		p.MergeEvery, p.Form, p.Merge = 10, adapter.FormStep, string(adapter.MergeFused)
	}),
	Tuning:  Tuning{Coefficient: Coefficient{[]string{"merge_every"}, mergeIntervals}},
	Adapter: newCABR,
	Start:   startSecura,
}

// sizes are those of CABR, r and m: how much an update can hold is SECURA's own coefficient, as λ
// is EWC's. The least are the published share of the width, ⌊150·in/1536⌋ and ⌊200·in/1536⌋, the
// largest ⌊in/2⌋ and ⌊2·in/3⌋; two lie between, in equal steps of their logarithms, and rung 0 is
// the larger of these. r stays within the smallest side of a weight.
func sizes(s Scale, k int) ([]any, bool) {
	const (
		least, largest = float64(adapter.PublishedRank) / adapter.PublishedWidth, 0.5
		steps, start   = 3, 2
		inner          = float64(adapter.PublishedInner) / adapter.PublishedRank
	)
	at := func(k int) (r, m int) {
		share := float64(s.Width) * least * math.Pow(largest/least, float64(k+start)/steps)
		return int(share + rounding), int(share*inner + rounding)
	}
	r, m := at(k)
	if k < -start || k > steps-start || r < 1 || r > s.Side || m <= r {
		return nil, false
	}
	if before, _ := at(k - 1); k > -start && before == r { // a backbone that is so narrow has fewer rungs
		return nil, false
	}
	return []any{r, m}, true
}

// rounding is what a size that is a whole number may lack after its computation.
const rounding = 1e-9

// mergeIntervals are 10 steps on rung 0, and 2.5 times as many on each further one, from 2 up to
// those of a task.
func mergeIntervals(s Scale, k int) ([]any, bool) {
	steps := int(math.Round(10 * math.Pow(2.5, float64(k))))
	return []any{steps}, steps >= 2 && steps <= s.TaskSteps
}
