package methods

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/adapter"
)

// DERPlusPlusParams are the parameters of dark experience replay.
type DERPlusPlusParams struct {
	LoRAParams `yaml:",inline"`
	// ReplayParams: each of the two draws has replay_ratio of a batch's rows.
	ReplayParams `yaml:",inline"`
	// LogitWeight is the weight of the squared distance to the kept logits, α in the paper. [0.2:
	// as published for the buffer of 500]
	LogitWeight float64 `yaml:"logit_weight" json:"-"`
	// ReplayWeight is the weight of the cross-entropy of replayed rows, β in the paper. [0.5: as
	// published]
	ReplayWeight float64 `yaml:"replay_weight" json:"-"`
}

// DERPlusPlus is dark experience replay with the labels of replayed rows beside their logits
// (Buzzega et al. 2020, equation 6):
//
//	CE + α·mean (z − h(x′))² + β·CE(x″, y″)
//
// h are the logits at the answers, z those that the model had for x′ in the step in which the row
// was first learned, before its update. x′ and x″ are two draws from the reservoir. The mean goes
// over the vocabulary and the answers' tokens. The three terms are means of their own; er has one.
var DERPlusPlus = Method{
	Name: "der++",
	Doc: "Dark experience replay: a reservoir keeps, beside examples, the logits that the model had when it first learned them; " +
		"logits of one draw are held near those, a second draw is learned again by its labels.",
	Source:  "arXiv 2004.07211, equation 6, and its code (github.com/aimagelab/mammoth, derpp); loss and gradient checked against torch.",
	Cost:    1.8,
	Params:  DERPlusPlusParams{defaultLoRA, defaultReplay, 0.2, 0.5},
	Tuning:  Tuning{Coefficient: decades("logit_weight", 0.2)},
	Adapter: newLoRA,
	Start:   startDERPlusPlus,
}

func startDERPlusPlus(params any, s *Session) (Hooks, error) {
	p := params.(*DERPlusPlusParams)
	if !notNegative(p.LogitWeight, p.ReplayWeight) {
		return Hooks{}, fmt.Errorf("logit_weight %g and replay_weight %g must be finite and not negative", p.LogitWeight, p.ReplayWeight)
	}
	m, rows, err := p.memory(s)
	if err != nil {
		return Hooks{}, err
	}
	s.AddCoefficient("logit_weight", p.LogitWeight)
	s.AddCoefficient("replay_weight", p.ReplayWeight)
	dark := &darkMemory{rehearsal: m, answers: s.Answers, vocabulary: s.base.Model.Config.Vocabulary, logits: map[Row][]float32{}}
	return Hooks{
		ReplayRows: 2 * rows, MixBatch: dark.mix, State: dark, Logits: dark, ReplayApart: true,
		ExtraLoss: func(l *Loss) *graph.Node {
			distance, again := l.darkTerms()
			return graph.Add(graph.Mul(distance, l.Vars.Coefficient("logit_weight")), graph.Mul(again, l.Vars.Coefficient("replay_weight")))
		},
		Measure: func(n StepNodes) []NamedNode { return []NamedNode{{"replay/term", n.Own}} },
	}, nil
}

// darkTerms are the mean squared distance of the first draw's logits to the kept ones, and the
// cross-entropy of the second draw, each 0 where nothing was drawn.
func (l *Loss) darkTerms() (distance, again *graph.Node) {
	kept, first := l.Recalled()
	distance = meanSquaredError(l.Logits, kept, first, l.RecalledSlots())
	replayed := l.ReplayedMask()
	slots := graph.Sub(l.ReplayedSlots(replayed), l.RecalledSlots())
	return distance, crossEntropy(l.Logits, l.batch.targets, graph.Sub(replayed, first), slots)
}

// darkMemory is a reservoir with the logits of its rows.
type darkMemory struct {
	*rehearsal
	answers, vocabulary int // of a row at most
	logits              map[Row][]float32

	// Of the last batch: its rows, whether the reservoir holds each since then, and the logits of
	// the first draw. A row that was drawn may have left the reservoir for one of the batch.
	current  []Row
	taken    map[int]bool
	recalled [][]float32
}

// mix draws twice and offers the current rows.
func (m *darkMemory) mix(current []Row, r *rand.Rand) []Row {
	first, second := m.Draw(m.rows, r), m.Draw(m.rows, r)
	m.recalled = m.recalled[:0]
	for _, row := range first {
		m.recalled = append(m.recalled, m.logits[row])
	}
	m.current, m.taken = slices.Clone(current), map[int]bool{}
	if taken := m.offer(current, r); len(taken) > 0 {
		held := map[Row]bool{}
		for _, row := range m.Rows() {
			held[row] = true
		}
		maps.DeleteFunc(m.logits, func(row Row, _ []float32) bool { return !held[row] })
		for _, i := range taken {
			m.taken[i] = held[current[i]]
		}
	}
	return append(first, second...)
}

// Wants implements LogitMemory.
func (m *darkMemory) Wants(current int) bool { return m.taken[current] }

// Keep implements LogitMemory.
func (m *darkMemory) Keep(current int, logits []float32) { m.logits[m.current[current]] = logits }

// Recall implements LogitMemory: the second draw is learned by its labels.
func (m *darkMemory) Recall(replayed int) []float32 {
	if replayed >= len(m.recalled) {
		return nil
	}
	return m.recalled[replayed]
}

// Bytes is the memory of a full reservoir whose rows all have the longest answer: the logits are
// nearly all of it.
func (m *darkMemory) Bytes() int {
	return m.rehearsal.Bytes() + 4*m.Capacity()*m.answers*m.vocabulary
}

// Kept implements LogitMemory: logits under the reservoir's slots.
func (m *darkMemory) Kept() map[string]adapter.Matrix {
	kept := map[string]adapter.Matrix{}
	for slot, row := range m.Rows() {
		if values := m.logits[row]; values != nil {
			kept[strconv.Itoa(slot)] = adapter.Matrix{Rows: len(values) / m.vocabulary, Columns: m.vocabulary, Values: values}
		}
	}
	return kept
}

// Restore implements LogitMemory.
func (m *darkMemory) Restore(kept map[string]adapter.Matrix) error {
	rows := m.Rows()
	clear(m.logits)
	for slot, row := range rows {
		one, ok := kept[strconv.Itoa(slot)]
		if !ok {
			return fmt.Errorf("read replay memory: the logits of slot %d are not there", slot)
		}
		m.logits[row] = one.Values
	}
	if len(kept) != len(rows) {
		return fmt.Errorf("read replay memory: logits of %d rows, expected %d", len(kept), len(rows))
	}
	return nil
}
