// Package replay keeps a uniform sample of the rows of a stream whose length is not known
// beforehand. In come rows as they are learned; out come rows to learn again. Read Reservoir first.
package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
)

// Row names one training example: the row number within its task's data, both from 0.
type Row struct {
	Task  int `json:"task"`
	Index int `json:"index"`
}

const (
	// rowBytes is what one row takes in memory.
	rowBytes = 16
	// mostSeen leaves a restored reservoir room to count on.
	mostSeen = 1 << 53
)

// Reservoir is a uniform sample of all rows offered so far, without knowing how many will come:
// algorithm R of Vitter, "Random sampling with a reservoir" (1985). The random source is the
// caller's, so that equal sources and offers give equal samples.
type Reservoir struct {
	capacity int
	seen     int
	rows     []Row
}

// New makes an empty reservoir for at most capacity rows.
func New(capacity int) (*Reservoir, error) {
	if capacity < 1 {
		return nil, fmt.Errorf("the reservoir's capacity is %d, expected at least 1", capacity)
	}
	return &Reservoir{capacity: capacity}, nil
}

// Offer shows the next row of the stream; afterwards each row shown so far is in the sample with
// equal probability. It reports whether this row is. Once the reservoir is full, it draws one
// number for each offer.
func (s *Reservoir) Offer(row Row, r *rand.Rand) bool {
	s.seen++
	if len(s.rows) < s.capacity {
		s.rows = append(s.rows, row)
		return true
	}
	slot := r.IntN(s.seen)
	if slot >= s.capacity {
		return false
	}
	s.rows[slot] = row
	return true
}

// Draw gives n of the rows held, without replacement. If n is more than are held, every row comes
// once before any comes again: the draw is made of whole shuffles and a last partial one. An empty
// reservoir gives nil.
func (s *Reservoir) Draw(n int, r *rand.Rand) []Row {
	if len(s.rows) == 0 || n < 1 {
		return nil
	}
	drawn := make([]Row, 0, n)
	order := make([]int, len(s.rows))
	for len(drawn) < n {
		for i := range order {
			order[i] = i
		}
		for i := 0; i < len(order) && len(drawn) < n; i++ { // a shuffle stopped when enough are drawn
			j := i + r.IntN(len(order)-i)
			order[i], order[j] = order[j], order[i]
			drawn = append(drawn, s.rows[order[i]])
		}
	}
	return drawn
}

// Rows are the rows held, in the order of their slots: a copy.
func (s *Reservoir) Rows() []Row { return slices.Clone(s.rows) }

// Capacity is the largest number of rows held.
func (s *Reservoir) Capacity() int { return s.capacity }

// Bytes is the memory of a full reservoir, two 8-byte numbers a row: what a report counts as the
// method's memory beside the examples that they name.
func (s *Reservoir) Bytes() int { return rowBytes * s.capacity }

// state is the reservoir in a checkpoint.
type state struct {
	Capacity int   `json:"capacity"`
	Seen     int   `json:"seen"`
	Rows     []Row `json:"rows"`
}

// MarshalJSON writes capacity, number of rows seen and the rows held.
func (s *Reservoir) MarshalJSON() ([]byte, error) {
	rows := s.rows
	if rows == nil {
		rows = []Row{}
	}
	return json.Marshal(state{Capacity: s.capacity, Seen: s.seen, Rows: rows})
}

// UnmarshalJSON reads what MarshalJSON wrote. On an error, which names the field, the reservoir
// keeps what it held.
func (s *Reservoir) UnmarshalJSON(raw []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	var read state
	if err := decoder.Decode(&read); err != nil {
		return fmt.Errorf("read reservoir: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("read reservoir: there is text after the JSON object")
	}
	if read.Capacity < 1 {
		return fmt.Errorf("read reservoir: capacity is %d, expected at least 1", read.Capacity)
	}
	if read.Seen < 0 || read.Seen > mostSeen {
		return fmt.Errorf("read reservoir: seen is %d, expected 0 to %d", read.Seen, mostSeen)
	}
	if want := min(read.Seen, read.Capacity); len(read.Rows) != want {
		return fmt.Errorf("read reservoir: rows has %d entries, expected %d with capacity %d and %d rows seen",
			len(read.Rows), want, read.Capacity, read.Seen)
	}
	for i, row := range read.Rows {
		if row.Task < 0 || row.Index < 0 {
			return fmt.Errorf("read reservoir: rows[%d] is task %d, index %d, expected numbers from 0", i, row.Task, row.Index)
		}
	}
	*s = Reservoir{capacity: read.Capacity, seen: read.Seen, rows: read.Rows}
	return nil
}
