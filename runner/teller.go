package main

import (
	"io"
	"sync"
	"time"
)

// A command that computes for long says what it does after tellFirst without a line, and then after
// each tellEvery.
const (
	tellFirst = 2 * time.Second
	tellEvery = 25 * time.Second
)

// teller is a writer that does not fall silent: where nothing was written for a while, it writes
// what is being done.
type teller struct {
	w            io.Writer
	doing        func() string // empty where there is nothing to say
	now          func() time.Time
	first, every time.Duration

	mu      sync.Mutex
	written time.Time // the last line, at first the start
	told    string    // what was said last

	stop chan struct{}
	done sync.WaitGroup
}

// newTeller begins to tell on w; the caller closes it.
func newTeller(w io.Writer, doing func() string) *teller {
	return newTellerEvery(w, doing, tellFirst, tellEvery)
}

// newTellerEvery tells after first without a line, and then after each every.
func newTellerEvery(w io.Writer, doing func() string, first, every time.Duration) *teller {
	t := &teller{w: w, doing: doing, now: time.Now, first: first, every: every, written: time.Now(), stop: make(chan struct{})}
	t.done.Go(func() {
		ticker := time.NewTicker(first / 4)
		defer ticker.Stop()
		for {
			select {
			case <-t.stop:
				return
			case <-ticker.C:
				t.tick()
			}
		}
	})
	return t
}

// tick writes a line if it is time: soon where what is being done has never been told, later where
// it was told or another line was written meanwhile.
func (t *teller) tick() {
	doing := t.doing()
	t.mu.Lock()
	defer t.mu.Unlock()
	quiet := t.now().Sub(t.written)
	if doing == "" || quiet < t.first || t.told != "" && quiet < t.every {
		return
	}
	t.told, t.written = doing, t.now()
	io.WriteString(t.w, doing+"\n")
}

// Write passes a line on.
func (t *teller) Write(line []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.written = t.now()
	return t.w.Write(line)
}

// Close ends the telling.
func (t *teller) Close() {
	close(t.stop)
	t.done.Wait()
}

// phase is what a command is doing, which one goroutine says and a teller reads.
type phase struct {
	mu    sync.Mutex
	text  string
	since time.Time
}

// is says what is being done from now on.
func (p *phase) is(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text, p.since = text, time.Now()
}

// String is what is being done, and for how long when that is more than some seconds.
func (p *phase) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if took := time.Since(p.since); p.text != "" && took > tellEvery/2 {
		return p.text + ", for " + took.Round(time.Second).String() + " so far"
	}
	return p.text
}
