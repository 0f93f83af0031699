package experiments

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/methods"
)

// anew is where a cell starts that has no checkpoint: before its base row.
var anew = rundir.Place{Index: -1}

// position is where training stands within a lesson, beside the session's state; the zero value is
// its start.
type position struct {
	// step is the last one made.
	step int
	// Tokens are those that carried a loss so far.
	Tokens int64 `json:"tokens"`
	// Forward are the operations of one forward pass over each batch so far.
	Forward float64 `json:"forward"`
	// Replay is where the stream stands that replayed rows are drawn from. That of the examples is
	// drawn again.
	Replay []byte `json:"replay"`
	// Start is the session's fingerprint where the lesson started.
	Start fingerprint `json:"start"`
}

// positionFile holds a position in a checkpoint within a task.
const positionFile = "position.json"

// resume loads the newest checkpoint that the records reach, and cuts every record after it. It
// returns its place, anew where there is none.
func (p *protocol) resume(session *methods.Session) (rundir.Place, error) {
	if err := p.folder.Sweep(); err != nil {
		return anew, err
	}
	place, found, problems, err := rundir.NewestCheckpoint(p.folder, p.onRecord)
	if err != nil {
		return anew, err
	}
	for _, problem := range problems {
		p.note("passed over a checkpoint: %v", problem)
	}
	if !found {
		place = anew
	}
	if err := p.drop(place); err != nil {
		return anew, err
	}
	switch {
	case place.Within():
		err = session.LoadWithin(p.folder.CheckpointAt(place))
	case found:
		err = session.Load(p.folder.CheckpointAt(place))
	}
	if err != nil {
		return anew, err
	}
	cut, err := p.log.cut(p.folder, place)
	if err != nil {
		return anew, err
	}
	switch {
	case place.Within():
		p.note("goes on in task %d after step %d; %d later lines of records were dropped", place.Index, place.Step, cut)
	case found:
		p.note("goes on after task %d; %d later lines of records were dropped", place.Index, cut)
	case cut > 0 || len(problems) > 0:
		p.note("starts again from the beginning, because there is no checkpoint; %d lines of records were dropped", cut)
	}
	return place, nil
}

// position reads where training stands in a lesson that a checkpoint was made within.
func (p *protocol) position(place rundir.Place, l lesson) (position, error) {
	if !place.Within() || place.Index != l.index {
		return position{}, nil
	}
	at := position{step: place.Step}
	err := rundir.ReadJSON(filepath.Join(p.folder.CheckpointAt(place), positionFile), &at)
	return at, err
}

// begin records the start of a lesson, unless training goes on within it.
func (p *protocol) begin(session *methods.Session, l lesson, at *position) (err error) {
	if at.step > 0 {
		return nil
	}
	if err := p.log.event(record.Event{Kind: record.TaskStart, Index: l.index, Task: l.name, Steps: l.steps}); err != nil {
		return err
	}
	at.Start, err = p.fingerprint(session)
	return err
}

// checkpointWithin saves where a lesson stands. The boundary before it stays, and the last
// checkpoint within the lesson until this one is on the disk.
func (p *protocol) checkpointWithin(session *methods.Session, l lesson, at position) error {
	if err := p.log.sync(); err != nil {
		return err
	}
	place := rundir.Place{Index: l.index, Step: at.step}
	err := rundir.SaveCheckpoint(p.folder, place, p.log.mine, func(dir string) error {
		if err := session.SaveWithin(dir); err != nil {
			return err
		}
		return rundir.WriteJSON(filepath.Join(dir, positionFile), at)
	})
	if err != nil {
		return err
	}
	return p.drop(place)
}

// drop removes the checkpoints that are of no use once the one of a place stands: later ones, which
// are spoilt, earlier ones within tasks, and where the suite keeps the last alone, earlier
// boundaries too. With a place within a task the boundary before it stays. In a cell that another
// process took over meanwhile later ones are that process's, and nothing is removed.
func (p *protocol) drop(place rundir.Place) error {
	if err := p.log.mine(); err != nil {
		return err
	}
	last := p.worker.suite.Evaluation.KeepCheckpoints == "last"
	return rundir.DropCheckpoints(p.folder, func(other rundir.Place) bool {
		earlier := !other.Within() && other.Index < place.Index
		return other == place || earlier && (!last || place.Within())
	})
}

// onRecord says whether the records up to a place are whole: a checkpoint without them is worth
// nothing.
func (p *protocol) onRecord(place rundir.Place) error {
	steps, there := place.Step, false
	for _, l := range p.lessons {
		if l.index < place.Index || l.index == place.Index && !place.Within() {
			steps += l.steps
		}
	}
	kind := record.Boundary
	if place.Within() {
		kind = record.TaskStart
	}
	err := record.Scan(p.folder.Records(), func(e record.Event) bool {
		there = e.Kind == kind && e.Index == place.Index
		return !there
	})
	if err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("%s: %s has no %s %d", p.folder.CheckpointAt(place), p.folder.Records(), kind, place.Index)
	}
	n := 0
	err = record.Scan(p.folder.Steps(), func(s record.Step) bool {
		if stands(s, place) {
			n++
		}
		return n < steps
	})
	if err == nil && n != steps {
		err = fmt.Errorf("%s: %s has %d of %d steps", p.folder.CheckpointAt(place), p.folder.Steps(), n, steps)
	}
	return err
}

// stands says whether a step was made by the time of a place.
func stands(s record.Step, place rundir.Place) bool {
	return s.Index < place.Index || s.Index == place.Index && (!place.Within() || s.Step <= place.Step)
}

// cut opens the log of a cell and drops every line after a place. It returns how many were dropped.
func (l *cellLog) cut(folder rundir.Cell, place rundir.Place) (dropped int, err error) {
	ended, within := place == anew, false
	keepEvent := func(line []byte) bool {
		var e record.Event
		if ended || json.Unmarshal(line, &e) != nil {
			return false
		}
		if within { // only what was evaluated by the step stands after the task's start
			return e.Kind == record.Curve && e.Step <= place.Step
		}
		if place.Within() {
			within = e.Kind == record.TaskStart && e.Index == place.Index
		} else {
			ended = e.Kind == record.Boundary && e.Index == place.Index
		}
		return true
	}
	keepStep := func(line []byte) bool {
		var s record.Step
		return json.Unmarshal(line, &s) == nil && stands(s, place)
	}
	keepTiming := func(line []byte) bool { return json.Valid(bytes.TrimSpace(line)) }
	for _, file := range []struct {
		path   string
		keep   func([]byte) bool
		writer **record.Writer
	}{{folder.Records(), keepEvent, &l.records}, {folder.Steps(), keepStep, &l.steps}, {folder.Timing(), keepTiming, &l.timing}} {
		n, torn, err := record.Truncate(file.path, file.keep)
		if err != nil {
			return 0, err
		}
		if torn {
			n++
		}
		if file.path != folder.Timing() {
			dropped += n
		}
		if *file.writer, err = record.OpenWriter(file.path); err != nil {
			return 0, err
		}
	}
	return dropped, nil
}
