package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"secura/experiments/launch"
	"secura/experiments/record"
)

// watchView shows the newest state of a run.
type watchView interface {
	show(f *launch.Follower, now time.Time)
}

// newWatchView redraws a block on a terminal, else writes a line per change.
func newWatchView(w io.Writer) watchView {
	if isTerminal(w) {
		return &watchBlock{w: w, size: func() (int, int) {
			width, height, err := term.GetSize(int(w.(*os.File).Fd()))
			if err != nil || width <= 0 {
				return 100, 24
			}
			return width, height
		}}
	}
	return &watchLines{w: w, last: map[string]string{}}
}

// runLine tells of the run in a line.
func runLine(f *launch.Follower, now time.Time) string {
	done := 0.0
	for _, c := range f.Cells {
		done += c.Share()
	}
	text := fmt.Sprintf("%d/%d cells done", f.Count(record.Done), len(f.Cells))
	for _, s := range []record.State{record.Running, record.Failed, record.CellDiverged, record.Cancelled} {
		if n := f.Count(s); n > 0 {
			text += fmt.Sprintf(", %d %s", n, s)
		}
	}
	text += fmt.Sprintf(", %.0f%%", 100*done/float64(len(f.Cells)))
	if left, ok := f.Remaining(now); ok && left > 0 {
		text += fmt.Sprintf(", about %s left", left)
	}
	return text
}

// scoreLine tells what a cell has reached: accuracy on what it has learned, and what it has kept of
// the base model's knowledge.
func scoreLine(c *launch.FollowedCell) string {
	var parts []string
	if a, ok := c.Accuracy(); ok {
		parts = append(parts, fmt.Sprintf("accuracy %.1f", 100*a))
	}
	if k, ok := c.Retention(); ok {
		parts = append(parts, fmt.Sprintf("knowledge kept %.1f%%", 100*k))
	}
	return strings.Join(parts, ", ")
}

// watchLines writes a line when a cell has learned a task and when it ends.
type watchLines struct {
	w    io.Writer
	last map[string]string
}

func (l *watchLines) show(f *launch.Follower, now time.Time) {
	if len(l.last) == 0 {
		fmt.Fprintf(l.w, "%s: %s\n", f.Suite.Name, runLine(f, now))
	}
	for _, c := range f.Cells {
		line := ""
		switch i := c.Learned(); {
		case c.State == record.Queued:
		case c.State.Ended():
			line = fmt.Sprintf("%s: %s", c.ID, c.State)
			if c.Reason != "" {
				line += ": " + c.Reason
			}
			line = withScores(line, c)
		case i < 0:
			line = c.ID + ": begun"
		case i == 0:
			line = c.ID + ": base row"
		default:
			line = withScores(fmt.Sprintf("%s: task %d/%d %s", c.ID, i, len(c.Tasks), taskName(f, c, i)), c)
		}
		if line != "" && line != l.last[c.ID] {
			fmt.Fprintf(l.w, "%s (%s)\n", line, runLine(f, now))
		}
		l.last[c.ID] = line
	}
}

func withScores(line string, c *launch.FollowedCell) string {
	if scores := scoreLine(c); scores != "" {
		return line + ", " + scores
	}
	return line
}

// taskName is the task at position i, from 1, of a cell's stream.
func taskName(f *launch.Follower, c *launch.FollowedCell, i int) string {
	return f.Suite.Tasks[c.Tasks[i-1]].Name
}

// watchBlock draws over what it drew last.
type watchBlock struct {
	w     io.Writer
	size  func() (width, height int)
	drawn int
}

func (b *watchBlock) show(f *launch.Follower, now time.Time) {
	width, height := b.size()
	lines := append([]string{f.Suite.Name + ": " + runLine(f, now), ""}, methodLines(f)...)
	lines = append(lines, "")
	for _, c := range f.Cells {
		if c.State == record.Running {
			lines = append(lines, runningLine(f, c))
		}
	}
	for _, c := range f.Cells {
		if c.State.Ended() && c.State != record.Done {
			lines = append(lines, fmt.Sprintf("%s %s: %s", c.ID, c.State, c.Reason))
		}
	}
	if len(lines) > height-1 {
		lines = append(lines[:max(1, height-2)], "… a higher window shows the rest")
	}
	var out strings.Builder
	if b.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", b.drawn)
	}
	for _, line := range lines {
		out.WriteString("\x1b[2K" + clip(line, width-1) + "\n")
	}
	out.WriteString("\x1b[J")
	b.drawn = len(lines)
	io.WriteString(b.w, out.String())
}

// clip cuts a line to a width and keeps what could steer the terminal out of it.
func clip(line string, width int) string {
	line = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, line)
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:max(0, width-1)]) + "…"
}

// methodLines tell of each method the means over those of its done cells that measured them: a
// method that never trains learns nothing, and tasks that are each learned alone have no end.
func methodLines(f *launch.Follower) []string {
	var lines []string
	for _, m := range f.Suite.Methods {
		cells, done, accuracy, measured, retention, kept := 0, 0, 0.0, 0, 0.0, 0
		for _, c := range f.Cells {
			if c.Method.Name != m.Name {
				continue
			}
			if cells++; c.State != record.Done {
				continue
			}
			done++
			if a, ok := c.Accuracy(); ok {
				accuracy, measured = accuracy+a, measured+1
			}
			if k, ok := c.Retention(); ok {
				retention, kept = retention+k, kept+1
			}
		}
		line := fmt.Sprintf("%-14s %3d/%d done", m.Name, done, cells)
		if measured > 0 {
			line += fmt.Sprintf("   accuracy %5.1f", 100*accuracy/float64(measured))
		}
		if kept > 0 {
			line += fmt.Sprintf("   knowledge kept %5.1f%%", 100*retention/float64(kept))
		}
		lines = append(lines, line)
	}
	return lines
}

// runningLine tells what a cell does: its task and step, loss, and scores.
func runningLine(f *launch.Follower, c *launch.FollowedCell) string {
	s, ok := c.Step()
	switch {
	case c.Learned() < 0:
		return c.ID + "  base row"
	case !ok && c.Learned() == 0:
		return c.ID + "  begins with " + taskName(f, c, 1)
	case !ok:
		return fmt.Sprintf("%s  evaluated after task %d/%d  %s", c.ID, c.Learned(), len(c.Tasks), scoreLine(c))
	}
	line := fmt.Sprintf("%s  task %d/%d %s  step %d/%d  loss %.3f %s", c.ID, s.Index, len(c.Tasks), s.Task, s.Step, c.Lesson, s.Loss, lossLine(c))
	if scores := scoreLine(c); scores != "" {
		line += "  " + scores
	}
	return line
}

// sparkWidth is the width of a line of losses in columns.
const sparkWidth = 16

// lossLine draws the losses of the newest task.
func lossLine(c *launch.FollowedCell) string {
	last := c.Steps[len(c.Steps)-1]
	var losses []float64
	for _, s := range c.Steps {
		if s.Index == last.Index {
			losses = append(losses, s.Loss)
		}
	}
	return spark(losses, sparkWidth)
}

// spark draws values as bars, each column the mean of its share of them.
func spark(values []float64, width int) string {
	n := min(width, len(values))
	if n == 0 {
		return ""
	}
	means := make([]float64, n)
	for i := range means {
		from, to := i*len(values)/n, (i+1)*len(values)/n
		for _, v := range values[from:to] {
			means[i] += v / float64(to-from)
		}
	}
	low, high := slices.Min(means), slices.Max(means)
	bars := []rune("▁▂▃▄▅▆▇█")
	var out strings.Builder
	for _, v := range means {
		k := 0
		if high > low {
			k = int(math.Round((v - low) / (high - low) * float64(len(bars)-1)))
		}
		out.WriteRune(bars[k])
	}
	return out.String()
}
