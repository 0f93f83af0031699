package methods

import (
	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/adapter"
)

// ERBallParams are the parameters of experience replay within a ball.
type ERBallParams struct {
	ReplayParams `yaml:",inline"`
	// Radius bounds how far a weight may move from the pretrained one, as a share of its Frobenius
	// norm. [0.4: it is the method's promise, and no tuning by accuracy may trade it away. On an
	// earlier nano six tasks at 0.016 raised held-out text from 0.61 nats a token to 0.67, 0.77,
	// 0.90 and 1.42 at radius 0.2, 0.3, 0.4 and 0.6, for a final accuracy on validation of 22, 24,
	// 27 and 30]
	Radius float64 `yaml:"radius"`
}

// ERBall is this project's extension. It keeps what SECURA sets out to do, to limit how far a
// weight may move and to keep what is trained in the weight itself, and replaces what the measured
// equations do instead:
//
//   - S-MagNorm does nothing when every step merges, and jumps where it acts: S is 2 where nothing moved and 1.95
//     where anything did, which scales every entry by 1.024, and the largest relative move, not the smallest, passes
//     undivided. Here S = √(1 + ‖D‖²/(Radius·‖W‖)²), one number for each projection, smooth, 1 at the start. The
//     effective weight W + D/S cannot leave a ball around the pretrained one, however many tasks come, so that what
//     the backbone knew stays near; within the ball, old and new tasks share the room: as D grows, a step turns the
//     update more than it lengthens it.
//   - SECURA's A gets no gradient and its step is tied to the norms of the smallest columns and rows. Here the update
//     D of the whole projection is trained: a rate means the same for every projection and the update has full rank.
//   - Nothing in SECURA looks back at earlier tasks. Here experience replay does, with ER's own memory and budget.
var ERBall = Method{
	Name: "er-ball",
	Doc: "This project's extension, not SECURA: experience replay with a full-rank update whose norm cannot exceed a share of " +
		"the pretrained weight's, W + D/S with the smooth S = √(1 + ‖D‖²/(radius·‖W‖)²) in S-MagNorm's place.",
	Source: "This project; made from S-MagNorm's form (arXiv 2502.18168) and experience replay (arXiv 1902.10486). Its nearest " +
		"relatives hold weights near the pretrained ones by a penalty (L2-SP, arXiv 1802.01483) or a projection (arXiv 2002.08253).",
	Cost:         1.4,
	LearningRate: 3.9e-3, // tuned on nano as the methods of continual16 are, by eight trials
	Tuning:       Tuning{Least: 5e-4, Largest: 3e-2},
	Params:       ERBallParams{defaultReplay, 0.4},
	Adapter: func(params any) (adapter.Adapter, error) {
		return adapter.Ball{Radius: params.(*ERBallParams).Radius}, nil
	},
	Start: func(params any, s *Session) (Hooks, error) {
		m, rows, err := params.(*ERBallParams).memory(s)
		if err != nil {
			return Hooks{}, err
		}
		return Hooks{ReplayRows: rows, MixBatch: m.mix, State: m,
			Measure: func(n StepNodes) []NamedNode { return []NamedNode{{"ball/fill", s.ballFill(n.After)}} }}, nil
	},
}

// ballFill is the largest share of its bound that a projection's update has reached, in [0, 1).
func (s *Session) ballFill(v Vars) *graph.Node {
	var largest *graph.Node
	for _, p := range s.projections {
		fill := adapter.Ball{}.Fill(v.Of(s, p, ""))
		if largest == nil {
			largest = fill
		} else {
			largest = graph.Max(largest, fill)
		}
	}
	return largest
}
