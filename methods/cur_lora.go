package methods

import "secura/methods/adapter"

// CURLoRAParams are the parameters of CUR-LoRA.
type CURLoRAParams struct {
	// Rank is the number of columns and rows. [16; cur-lora-released: 0, the released 150 by the
	// rule of sizes]
	Rank int `yaml:"rank"`
	// Sizes says what a rank of 0 means: width, ⌊150·in/1536⌋, or absolute, 150. [width: the
	// release's on Qwen2-1.5B, whose width is 1536]
	Sizes string `yaml:"sizes"`
	// Alpha scales the update. [1]
	Alpha float64 `yaml:"alpha"`
	// Selection says how columns and rows are chosen. [inverse-top: as SECURA's release does]
	Selection string `yaml:"selection"`
	// Fold makes the update part of the weight at each task's end. [true]
	Fold bool `yaml:"fold"`
}

var defaultCURLoRA = CURLoRAParams{Rank: 16, Sizes: string(adapter.SizesByWidth), Alpha: 1, Selection: string(adapter.InverseTop), Fold: true}

// CURLoRA trains U of W + α·C U R, where C and R are unimportant columns and rows of the pretrained
// weight; at a task's end the update becomes part of W and U starts again from 0.
var CURLoRA = Method{
	Name: "cur-lora",
	Doc: "CUR-LoRA: the update C·U·R is made of frozen columns and rows of the pretrained weight with the smallest norms; " +
		"only the small U is trained, and it is folded into the weight at each task's end.",
	Source:  "arXiv 2408.14572, with the selection and folding of SECURA's released code (arXiv 2502.18168).",
	Params:  defaultCURLoRA,
	Tuning:  Tuning{Coefficient: doublings("rank", 16)},
	Adapter: newCURLoRA,
	Start:   startCURLoRA,
}

// CURLoRAPaper is CUR-LoRA as its own paper and code have it: columns and rows are drawn, with
// replacement, with probabilities ∝ 1/(P + 0.001), so that one may come twice, and one U goes
// through the whole stream.
var CURLoRAPaper = Method{
	Name: "cur-lora-paper",
	Doc: "CUR-LoRA as first published: frozen columns and rows are drawn at random, small ones with more probability, and one " +
		"small U is trained through the whole stream without ever being folded into the weight.",
	Source:       "arXiv 2408.14572 and its code; formula and selection checked against golden values.",
	LearningRate: 2.5e-4,
	Params:       CURLoRAParams{Rank: 16, Sizes: string(adapter.SizesByWidth), Alpha: 1, Selection: string(adapter.InverseSampleOffset)},
	Tuning:       Tuning{Coefficient: doublings("rank", 16)},
	Adapter:      newCURLoRA,
	Start:        startCURLoRA,
}

// CURLoRAReleased is the CUR-LoRA that SECURA's release compares itself with: rank 150, U folded
// into the weight when the task changes, and AdamW's moments kept over the fold. In float32,
// without a bias of its own.
//
// The published code raises at the first change of task: its fold assigns a tensor where its module
// holds a parameter. Supplied is that the sum is stored as a parameter.
var CURLoRAReleased = Method{
	Name: "cur-lora-released",
	Doc: "CUR-LoRA in SECURA's published code, for reproduction: of SECURA's rank, on the columns and rows with the smallest norms, U " +
		"folded into the weight at each task's end while the optimiser's moments go on. The published code raises at the first fold, " +
		"which assigns the sum to a parameter; supplied is storing it as one.",
	Source: "The comparison in the code released with arXiv 2502.18168 (github.com/MeCuping/SECURA, 3f5c9f4); losses, U and outputs over a fold " +
		"checked against those recorded from its module.",
	LearningRate: 1e-3,
	KeepMoments:  true,
	Params:       CURLoRAParams{Rank: 0, Sizes: string(adapter.SizesByWidth), Alpha: 1, Selection: string(adapter.InverseTop), Fold: true},
	Adapter:      newCURLoRA,
	Start:        startCURLoRA,
}

func newCURLoRA(params any) (adapter.Adapter, error) {
	p := params.(*CURLoRAParams)
	return adapter.CURLoRA{Rank: p.Rank, Rule: adapter.SizeRule(p.Sizes), Alpha: p.Alpha, Selection: adapter.Selection(p.Selection)}, nil
}

func startCURLoRA(params any, s *Session) (Hooks, error) {
	if !params.(*CURLoRAParams).Fold {
		return Hooks{}, nil
	}
	return Hooks{AfterTask: func(t *TaskEnd) error { return t.Fold() }}, nil
}
