package methods

import (
	"fmt"
	"math"
	"math/rand/v2"

	"secura/methods/adapter"
	"secura/methods/replay"
)

// ReplayParams are the parameters of a replay memory.
type ReplayParams struct {
	// Buffer is the reservoir's size as a share of the stream's training examples. [0.02: about what fits beside a model]
	Buffer float64 `yaml:"buffer"`
	// ReplayRatio is the number of replayed rows as a share of the batch; they are added to it. [0.5]
	ReplayRatio float64 `yaml:"replay_ratio"`
}

var defaultReplay = ReplayParams{Buffer: 0.02, ReplayRatio: 0.5}

// memory makes the reservoir and the hook that replays from it. A row is offered to the reservoir once, after its
// first use, and replayed rows never are.
func (p ReplayParams) memory(s *Session) (*rehearsal, int, error) {
	if !(p.Buffer > 0 && p.Buffer <= 1) || !(p.ReplayRatio > 0) || math.IsInf(p.ReplayRatio, 0) {
		return nil, 0, fmt.Errorf("buffer %g must lie in (0, 1] and replay_ratio %g be finite and positive",
			p.Buffer, p.ReplayRatio)
	}
	capacity := int(math.Round(p.Buffer * float64(s.StreamExamples)))
	rows := int(math.Round(p.ReplayRatio * float64(s.Rows)))
	if capacity < 1 || rows < 1 {
		return nil, 0, fmt.Errorf("buffer %g of %d examples and replay_ratio %g of a batch of %d must each be one row or more",
			p.Buffer, s.StreamExamples, p.ReplayRatio, s.Rows)
	}
	reservoir, err := replay.New(capacity)
	if err != nil {
		return nil, 0, err
	}
	return &rehearsal{Reservoir: reservoir, rows: rows, offered: map[Row]bool{}}, rows, nil
}

// rehearsal is a reservoir and what has been offered to it.
type rehearsal struct {
	*replay.Reservoir
	rows    int
	task    int
	offered map[Row]bool // of the current task only: earlier ones do not come back
}

func (m *rehearsal) mix(current []Row, r *rand.Rand) []Row {
	drawn := m.Draw(m.rows, r)
	for _, row := range current {
		if row.Task != m.task {
			m.task = row.Task
			clear(m.offered)
		}
		if !m.offered[row] {
			m.offered[row] = true
			m.Offer(row, r)
		}
	}
	return drawn
}

// ERParams are the parameters of experience replay.
type ERParams struct {
	LoRAParams   `yaml:",inline"`
	ReplayParams `yaml:",inline"`
}

// ER is experience replay: the loss is one mean over the current batch and rows drawn from a reservoir of the stream.
var ER = Method{
	Name: "er",
	Doc: "Experience replay: a reservoir keeps a uniform sample of the stream's examples; rows drawn from it are learned " +
		"beside each batch, under one mean.",
	Cost:   1.4,
	Source: "arXiv 1902.10486; reservoir sampling: Vitter 1985, algorithm R. The 2% buffer and half a batch of replay are SECURA's comparison's.",
	Params: ERParams{defaultLoRA, defaultReplay},
	Adapter: func(params any) (adapter.Adapter, error) {
		return params.(*ERParams).LoRAParams.adapter()
	},
	Start: func(params any, s *Session) (Hooks, error) {
		m, rows, err := params.(*ERParams).memory(s)
		if err != nil {
			return Hooks{}, err
		}
		return Hooks{ReplayRows: rows, MixBatch: m.mix, State: m.Reservoir}, nil
	},
}
