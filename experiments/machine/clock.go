// Package machine tells of this machine and of what this process takes of it: processor time,
// memory, the processor's name. It is the one place that reads /proc; where there is none, numbers
// are 0 and names empty. Read StartClock first.
package machine

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"
)

// Spent is a stretch of time.
type Spent struct {
	// Seconds are those of the clock, Processor those that this process's threads computed, all
	// together, in steps of 10 ms; 0 where the system does not tell. On a machine with other work
	// only the second can be compared.
	Seconds, Processor float64
}

// Plus is both together.
func (s Spent) Plus(other Spent) Spent {
	return Spent{s.Seconds + other.Seconds, s.Processor + other.Processor}
}

// Minus is what is left without the other.
func (s Spent) Minus(other Spent) Spent {
	return Spent{s.Seconds - other.Seconds, s.Processor - other.Processor}
}

// StartClock gives what tells the time spent since.
func StartClock() func() Spent { return startClock(0) }

// StartChildrenClock is StartClock with the processor's time of child processes, of those that have
// ended since.
func StartChildrenClock() func() Spent { return startClock(2) }

// Meter adds stretches of time up.
type Meter struct{ total Spent }

// Start begins a stretch, which the function it returns ends.
func (m *Meter) Start() (stop func()) {
	elapsed := StartClock()
	return func() { m.total = m.total.Plus(elapsed()) }
}

// Total is the time of all stretches that have ended.
func (m *Meter) Total() Spent { return m.total }

func startClock(from int) func() Spent {
	start, before := time.Now(), processorSeconds(from)
	return func() Spent { return Spent{time.Since(start).Seconds(), processorSeconds(from) - before} }
}

// Uptime is the time since the system started, with that in which it was suspended, when the clock
// of a time.Time stands still; 0 where the system does not tell.
func Uptime() time.Duration {
	data, _ := os.ReadFile("/proc/uptime")
	first, _, _ := strings.Cut(string(data), " ")
	up, _ := time.ParseDuration(first + "s")
	return up
}

// clockTicks a second are what /proc counts processor time in on every platform that has it.
const clockTicks = 100

// processorSeconds is user and system time: of this process with from 0, of its children with
// from 2.
func processorSeconds(from int) float64 {
	fields := statOf("self") // user and system time are the 12th and 13th
	if len(fields) < 15 {
		return 0
	}
	user, errUser := strconv.ParseFloat(fields[11+from], 64)
	system, errSystem := strconv.ParseFloat(fields[12+from], 64)
	if errors.Join(errUser, errSystem) != nil {
		return 0
	}
	return (user + system) / clockTicks
}

// statOf are the fields behind a process's name in /proc/PID/stat, the first of which is its state;
// none where the system does not tell.
func statOf(process string) []string {
	data, err := os.ReadFile("/proc/" + process + "/stat")
	if err != nil {
		return nil
	}
	// The name, in brackets, may hold spaces.
	return strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
}
