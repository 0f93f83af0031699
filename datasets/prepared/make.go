package prepared

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"secura/datasets"
)

// making makes one file of a store.
type making struct {
	store   *Store
	task    datasets.Task
	want    Want
	encoder *datasets.Encoder // nil where rows are only looked at
	files   []File
	header  header
}

// Check makes every row of a split an example, as Open does, and keeps none.
func (s *Store) Check(ctx context.Context, task datasets.Task, split string) error {
	m := &making{store: s, task: task, want: Want{Split: split}}
	_, err := m.each(ctx, func(records []byte, entries []entry) error { return nil })
	return err
}

// write makes the file's content.
func (m *making) write(ctx context.Context) content {
	return func(w *writer) (uint32, header, error) {
		facts, err := m.each(ctx, w.add)
		if err == nil {
			err = m.unchanged()
		}
		m.header.Facts = facts
		return widthOf(m.encoder.Largest()), m.header, err
	}
}

// unchanged says whether the data files are those that were hashed.
func (m *making) unchanged() error {
	for _, f := range m.files {
		if f.Path == "" {
			continue
		}
		h, err := m.store.hash(f.Path)
		if err == nil && h.SHA256 != f.SHA256 {
			err = fmt.Errorf("%s was changed while it was read: give the command again", f.Path)
		}
		if err != nil {
			return fmt.Errorf("task %s: %w", m.task.Name, err)
		}
	}
	return nil
}

// A chunk is some rows that one goroutine makes examples of. It bounds what is in memory: rows of 4
// kB make 64 of them.
const (
	chunkRows  = 256
	chunkBytes = 256 << 10
)

type chunk struct {
	rows  []datasets.SourceRow
	keep  []bool // of rows, those whose tokens are kept; nil are all
	err   error  // what ended the rows after these
	ready chan struct{}

	// What was made of the rows, up to the first mistake.
	records []byte
	entries []entry
}

// each makes examples of a split's rows on all cores, and hands their records on in the order of
// the rows.
func (m *making) each(ctx context.Context, keep func(records []byte, entries []entry) error) (Facts, error) {
	m.tell(0, 0)
	defer m.tell(0, -1)
	split, err := m.task.Open(m.store.DataDir, m.want.Split)
	if err != nil {
		return Facts{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	work, order := make(chan *chunk), make(chan *chunk, 2*workers)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	all.Go(func() {
		defer close(work)
		defer close(order)
		m.chunks(split, func(c *chunk) bool {
			for _, to := range []chan *chunk{order, work} {
				select {
				case to <- c:
				case <-ctx.Done():
					return false
				}
			}
			return true
		})
	})
	for range workers {
		all.Go(func() {
			for c := range work {
				m.encodeRows(split, c)
				close(c.ready)
			}
		})
	}
	facts := Facts{Rows: split.Set.Rows, LeftOut: split.LeftOut, Bounded: split.Bounded, Texts: m.want.Evaluated}
	for c := range order {
		select {
		case <-c.ready:
		case <-ctx.Done():
			return Facts{}, context.Cause(ctx)
		}
		if c.err != nil {
			return Facts{}, c.err
		}
		if err := keep(c.records, c.entries); err != nil {
			return Facts{}, err
		}
		facts.Available += len(c.rows)
		m.tell(facts.Available, split.Len())
	}
	if ctx.Err() != nil {
		return Facts{}, context.Cause(ctx)
	}
	if facts.Available != split.Len() {
		return Facts{}, fmt.Errorf("task %s: split %s has %d rows, its footers say %d", m.task.Name, m.want.Split, facts.Available, split.Len())
	}
	return facts, nil
}

// chunks reads a split's rows, and yields some at a time while more are wanted.
func (m *making) chunks(split *datasets.Opened, yield func(*chunk) bool) {
	kept := m.want.places(m.task, split.Len())
	c, bytes, n := &chunk{ready: make(chan struct{})}, 0, 0
	for row, err := range split.Rows() {
		if err != nil {
			c.err = err
			break
		}
		c.rows = append(c.rows, row)
		if kept != nil {
			_, chosen := slices.BinarySearch(kept, n)
			c.keep = append(c.keep, chosen)
		}
		n++
		if bytes += sizeOf(map[string]any(row.Row)); len(c.rows) == chunkRows || bytes > chunkBytes {
			if !yield(c) {
				return
			}
			c, bytes = &chunk{ready: make(chan struct{})}, 0
		}
	}
	if len(c.rows) > 0 || c.err != nil {
		yield(c)
	}
}

// places are those of the examples that are kept, nil being all.
func (w Want) places(task datasets.Task, all int) []int {
	if !w.Evaluated {
		return nil
	}
	return task.Sample(all, w.Most, 0)
}

// sizeOf is about how many bytes a value takes.
func sizeOf(v any) int {
	n := 16
	switch v := v.(type) {
	case string:
		n += len(v)
	case []any:
		for _, x := range v {
			n += sizeOf(x)
		}
	case map[string]any:
		for _, x := range v {
			n += sizeOf(x)
		}
	}
	return n
}

// encodeRows makes a chunk's records; a row that is wrong ends it.
func (m *making) encodeRows(split *datasets.Opened, c *chunk) {
	for i, row := range c.rows {
		e, err := split.Example(row)
		if err == nil && m.encoder != nil && (c.keep == nil || c.keep[i]) {
			err = m.encode(c, e)
		}
		if err != nil {
			c.err = err
			return
		}
	}
}

// encode appends an example to a chunk.
func (m *making) encode(c *chunk, e datasets.Example) error {
	encoded, err := m.encoder.Encode(e)
	if err != nil {
		return err
	}
	var text *datasets.Example
	cannotWrite := false
	if m.want.Evaluated {
		text, cannotWrite = &e, m.encoder.CannotWrite(e)
	}
	at := uint64(len(c.records))
	var x entry
	c.records, x = recordOf(c.records, widthOf(m.encoder.Largest()), encoded, text, e.Fingerprint(), cannotWrite)
	x.offset = at
	c.entries = append(c.entries, x)
	return nil
}

// tellEvery bounds how often progress is told.
const tellEvery = 200 * time.Millisecond

// tell says how far the making is: n of all rows, of -1 when it ends.
func (m *making) tell(n, all int) {
	if m.store.Doing == nil {
		return
	}
	what := fmt.Sprintf("prepares the %s split of %s", m.want.Split, m.task.Name)
	switch {
	case all < 0:
		m.store.Doing("")
	case all == 0:
		m.store.Doing(what)
	case time.Since(m.store.toldAt) > tellEvery:
		m.store.toldAt = time.Now()
		m.store.Doing(fmt.Sprintf("%s: %d of %d rows, %.0f %%", what, n, all, 100*float64(n)/float64(all)))
	}
}
