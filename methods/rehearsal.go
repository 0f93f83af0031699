package methods

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"secura/methods/replay"
)

// ReplayParams are the parameters of a replay memory.
type ReplayParams struct {
	// Buffer is the reservoir's size as a share of the stream's training examples. [0.02: about
	// what fits beside a model]
	Buffer float64 `yaml:"buffer"`
	// ReplayRatio is the number of replayed rows as a share of the batch; they are added to it.
	// [0.5]
	ReplayRatio float64 `yaml:"replay_ratio"`
}

var defaultReplay = ReplayParams{Buffer: 0.02, ReplayRatio: 0.5}

// mostReplay bounds the rows that are learned beside a batch, in batches.
const mostReplay = 100

// memory makes the reservoir and the hook that replays from it. A row is offered to the reservoir
// once, after its first use, and replayed rows never are.
func (p ReplayParams) memory(s *Session) (*rehearsal, int, error) {
	if !(p.Buffer > 0 && p.Buffer <= 1) || !notNegative(p.ReplayRatio) || p.ReplayRatio == 0 {
		return nil, 0, fmt.Errorf("buffer %g must lie in (0, 1] and replay_ratio %g be finite and positive",
			p.Buffer, p.ReplayRatio)
	}
	capacity := int(math.Round(p.Buffer * float64(s.StreamExamples)))
	rows := int(math.Round(p.ReplayRatio * float64(s.Rows)))
	if p.ReplayRatio > mostReplay || rows > mostReplay*s.Rows {
		return nil, 0, fmt.Errorf("replay_ratio is %g, must be at most %d: replayed rows are as many as those of so many batches", p.ReplayRatio, mostReplay)
	}
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

// rehearsal is a reservoir and what has been offered to it, which is all that must be saved within
// a task.
type rehearsal struct {
	*replay.Reservoir
	rows    int
	task    int
	offered map[Row]bool // of the current task only: earlier ones do not come back
}

func (m *rehearsal) mix(current []Row, r *rand.Rand) []Row {
	drawn := m.Draw(m.rows, r)
	m.offer(current, r)
	return drawn
}

// offer shows the reservoir those of a batch's rows that it has not seen, and gives the indices in
// the batch of those that it took.
func (m *rehearsal) offer(current []Row, r *rand.Rand) (taken []int) {
	for i, row := range current {
		if row.Task != m.task {
			m.task = row.Task
			clear(m.offered)
		}
		if m.offered[row] {
			continue
		}
		m.offered[row] = true
		if m.Offer(row, r) {
			taken = append(taken, i)
		}
	}
	return taken
}

// offeredKey is where MarshalJSON adds the offered rows to what the reservoir writes.
const offeredKey = "offered"

// MarshalJSON writes the reservoir, and the rows of the current task that were offered to it, in
// order.
func (m *rehearsal) MarshalJSON() ([]byte, error) {
	raw, err := json.Marshal(m.Reservoir)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, err
	}
	offered := slices.SortedFunc(maps.Keys(m.offered), func(a, b Row) int { return cmp.Compare(a.Index, b.Index) })
	if fields[offeredKey], err = json.Marshal(offered); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *rehearsal) UnmarshalJSON(raw []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return fmt.Errorf("read replay memory: %w", err)
	}
	var offered []Row
	if rows, ok := fields[offeredKey]; ok {
		if err := json.Unmarshal(rows, &offered); err != nil {
			return fmt.Errorf("read replay memory: %s: %w", offeredKey, err)
		}
		delete(fields, offeredKey)
	}
	rest, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(rest, m.Reservoir); err != nil {
		return err
	}
	clear(m.offered)
	for _, row := range offered {
		if row.Task != offered[0].Task || row.Task < 0 || row.Index < 0 {
			return fmt.Errorf("read replay memory: %s has task %d, index %d beside task %d", offeredKey, row.Task, row.Index, offered[0].Task)
		}
		m.task = row.Task
		m.offered[row] = true
	}
	return nil
}
