package experiments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/gomlx/compute"

	"secura/datasets/prepared"
	"secura/datasets/prompt"
	"secura/experiments/engine"
	"secura/experiments/evaluation"
	"secura/experiments/machine"
	"secura/experiments/packing"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/standing"
	"secura/experiments/stream"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
)

// WorkerOptions are what OpenWorker is told.
type WorkerOptions struct {
	// Run has a manifest, whose suite the worker runs cells of.
	Run rundir.Run
	// Store has the prepared examples; nil is one that keeps none, for data below the present
	// folder.
	Store   *prepared.Store
	Backend backbone.BackendOptions
	// AnyBackend opens another backend than the manifest's too: for what writes no cell of the run.
	AnyBackend bool
	// KeepBaseRows leaves the untouched backbone's row in the run's folder and takes the one that
	// an earlier worker left there, if it is what this one would compute.
	KeepBaseRows bool
	// Until ends each cell at a boundary, for measurements: no later boundary is reached, and the
	// cell is not finished. 0 goes on to the end.
	Until int
	// Backbone is where the suite's backbone lies here, or its backbones in their order, separated
	// by commas; empty where the suite says.
	Backbone string
	// WithoutData leaves the data files alone: for what needs a cell's weights and no example.
	WithoutData bool
	// Doing is told what Measure begins; it may be nil.
	Doing func(text string)
}

// tellerOf is the function, or one that says nothing.
func tellerOf(doing func(text string)) func(text string) {
	if doing == nil {
		return func(string) {}
	}
	return doing
}

// Worker runs cells of one run, one at a time. Backend, backbone, examples and compiled graphs
// serve all of them; of several backbones one at a time is open, that of the last cell.
type Worker struct {
	run         rundir.Run
	until       int
	suite       suite.Suite // its Backbone is the one that is open
	cells       []suite.Cell
	store       *prepared.Store
	withoutData bool
	planned     suite.Suite   // the run's, as its manifest has it
	places      []string      // where its backbones lie here
	files       []rundir.File // those of the manifest; none in one that was made by hand
	keep        bool          // base rows
	backend     compute.Backend
	backendInfo backbone.BackendInfo
	untouched   map[string]*evaluation.Row // the backbones' own rows, by their names
	compiling   machine.Meter              // the time spent on compiling graphs
	seen        map[string]rundir.Sighting // the claims of other machines, by their cells

	// What follows is of the backbone that is open.
	base      *methods.Base // nil where none is
	tokenizer *prompt.Tokenizer
	ends      []int32 // tokens that end a text; the first is what training writes
	date      string  // what the chat template writes in today's place
	data      *stream.Data
	evaluator *evaluation.Evaluator
	warnings  []string
	graphs    string // the key of the last cell's
	packers   map[packs]*packing.Packer
}

// OpenWorker reads the run's manifest and opens the backend, and a single backbone; of several,
// each is opened when a cell of it is asked for. The caller closes the worker.
func OpenWorker(ctx context.Context, o WorkerOptions) (*Worker, error) {
	manifest, err := rundir.ReadManifest(o.Run)
	if err != nil {
		return nil, err
	}
	s, err := suite.Computable(o.Run.Manifest(), manifest.Suite)
	if err != nil {
		return nil, err
	}
	return openWorker(ctx, s, manifest, o)
}

// openWorker opens a worker of a suite. A manifest of no run, or one that was made by hand, has no
// files or no backend: then these are not compared.
func openWorker(ctx context.Context, s suite.Suite, manifest rundir.Manifest, o WorkerOptions) (*Worker, error) {
	if o.Store == nil {
		o.Store = &prepared.Store{DataDir: "."}
	}
	w := &Worker{run: o.Run, until: o.Until, planned: s, suite: s, store: o.Store, withoutData: o.WithoutData, files: manifest.Files, keep: o.KeepBaseRows, untouched: map[string]*evaluation.Row{}, seen: map[string]rundir.Sighting{}}
	var err error
	if w.cells, err = suite.Plan(s); err != nil {
		return nil, err
	}
	if w.places, err = s.Places(o.Backbone); err != nil {
		return nil, err
	}
	if !w.withoutData {
		if err := w.checkData(); err != nil {
			return nil, err
		}
	}
	if w.backend, w.backendInfo, err = backbone.OpenBackend(ctx, o.Backend); err != nil {
		return nil, err
	}
	if manifest.Backend != "" && !o.AnyBackend {
		var own rundir.Manifest
		DescribeBackend(&own, w.backendInfo)
		if err := manifest.CheckBackend(own); err != nil {
			w.Close()
			return nil, fmt.Errorf("go on with %s: %w", o.Run.Path, err)
		}
	}
	if names := s.BackboneNames(); len(names) == 1 {
		if err := w.use(ctx, names[0]); err != nil {
			w.Close()
			return nil, err
		}
	}
	return w, nil
}

// openSingle opens a worker of no run, for measurements on the one backbone that the suite must
// have.
func openSingle(ctx context.Context, s suite.Suite, o WorkerOptions) (*Worker, error) {
	if err := s.CheckSingle(); err != nil {
		return nil, err
	}
	return openWorker(ctx, s, rundir.Manifest{}, o)
}

// DescribeBackend puts into a manifest what computes the run.
func DescribeBackend(m *rundir.Manifest, info backbone.BackendInfo) {
	m.Backend, m.PluginSHA256, m.XLAFlags, m.TF32 = info.Name, info.PluginSHA256, info.Flags, info.TF32
	m.Processor = ProcessorOf(info)
}

// ProcessorOf names this machine's processor, and before it the GPU where one computes: what
// decides the last bits of numbers, and how long they take.
func ProcessorOf(info backbone.BackendInfo) string {
	if info.Device == "" {
		return machine.Processor()
	}
	return cmp.Or(machine.GPUs(), info.Device) + " with " + machine.Processor()
}

// Close releases the backbone and the backend.
func (w *Worker) Close() error {
	err := w.release()
	w.backend.Finalize()
	return err
}

// Cell finds a cell of the run by its id.
func (w *Worker) Cell(id string) (suite.Cell, error) {
	cell, ok := suite.FindCell(w.cells, id)
	if !ok {
		return suite.Cell{}, fmt.Errorf("run cell: the run has no cell %q", id)
	}
	return cell, nil
}

// RunCell runs a cell, or continues it from its newest checkpoint. It owns the cell's folder
// meanwhile; a cell that another process finished is left as it is, one whose records or steps were
// changed since is refused, and one of which they were cut off starts again. The error is
// rundir.ErrLocked where another process has the cell: asked for it again, the worker waits until
// it knows whether that process is still there. It is rundir.ErrClaimLost where another may have
// taken the cell over meanwhile, a *DivergedError where numbers became infinite, and ctx's where
// ctx ended it.
func (w *Worker) RunCell(ctx context.Context, cell suite.Cell, progress func(engine.Progress)) (err error) {
	folder := w.run.Cell(cell.ID)
	if err := folder.Make(); err != nil {
		return err
	}
	seen := w.seen[cell.ID]
	claim, err := rundir.TakeClaim(ctx, folder, rundir.DefaultLease, &seen)
	w.seen[cell.ID] = seen
	if err != nil {
		return fmt.Errorf("run cell %s: %w", cell.ID, err)
	}
	defer func() { err = errors.Join(err, claim.Release()) }()
	if ended, err := Ended(folder); ended || err != nil {
		return err
	}
	if again, err := rundir.StartAgain(folder); err != nil {
		return err
	} else if again && progress != nil {
		progress(engine.Progress{Cell: cell.ID, Method: cell.Method.Name, State: record.Running,
			Note: "starts again from the beginning: its records or steps were cut off after it had ended"})
	}
	if err := rundir.StartInParts(folder); err != nil {
		return err
	}
	host, _ := os.Hostname()
	settings, err := settingsOf(w.suite, cell.Method)
	if err != nil {
		return fmt.Errorf("run cell %s: %w", cell.ID, err)
	}
	status := record.Status{State: record.Running, Attempt: claim.Attempt, Host: host, PID: os.Getpid(), Job: claim.Job(), Started: time.Now().UTC(),
		Processors: processorsOf(folder, ProcessorOf(w.backendInfo)), Settings: settings}
	if err := rundir.WriteJSON(folder.Status(), status); err != nil {
		return err
	}
	err = w.runClaimed(ctx, cell, folder, claim, progress)
	if lost := claim.Err(); lost != nil {
		return lost // the files are another's, whatever went wrong with them
	}
	status.Ended = time.Now().UTC()
	status.State, status.Reason = EndState(ctx, err)
	if status.State == record.Cancelled {
		err = ctx.Err()
	}
	return errors.Join(err, rundir.WriteJSON(folder.Status(), status))
}

// processorsOf are those that will have computed a cell when this one has: with it those before, if
// there are checkpoints from which it may go on.
func processorsOf(folder rundir.Cell, own string) []string {
	var before []string
	if hasCheckpoints(folder) {
		if at, err := standing.Read(folder); err == nil {
			before = at.Status.Processors
		}
	}
	if !slices.Contains(before, own) {
		before = append(before, own)
	}
	return before
}

// hasCheckpoints says whether there are checkpoints of a cell, from which it may go on.
func hasCheckpoints(folder rundir.Cell) bool {
	entries, err := os.ReadDir(folder.Checkpoints())
	return err == nil && len(entries) > 0
}

func (w *Worker) runClaimed(ctx context.Context, cell suite.Cell, folder rundir.Cell, claim *rundir.Claim, progress func(engine.Progress)) error {
	p, err := w.protocol(ctx, cell, folder)
	if err != nil {
		return err
	}
	if progress != nil {
		p.progress = progress
	}
	p.log.mine = claim.Err
	defer p.log.close()
	w.shareGraphs(cell)
	if err := rundir.BreakSeal(folder); err != nil {
		return err
	}
	if w.until > 0 {
		p.until = w.until
	}
	elapsed, executed := machine.StartClock(), w.base.ExecuteSeconds()
	err = p.run(ctx)
	var diverged *DivergedError
	if err == nil && p.until == EndOfCell || errors.As(err, &diverged) {
		err = errors.Join(err, rundir.WriteSeal(folder))
	}
	return errors.Join(err, p.log.total(elapsed(), w.base.ExecuteSeconds()-executed))
}

// shareGraphs keeps the compiled graphs of the last cell if this one shares them: cells of equal
// graphs come together, and each set of them takes 100 MB.
func (w *Worker) shareGraphs(cell suite.Cell) {
	if key := KnownPresets().GraphKey(cell.Method); w.graphs != key {
		w.base.Forget(w.graphs)
		w.graphs = key
	}
}

func (w *Worker) trainer(cell suite.Cell, session *methods.Session, onStep func(record.Step) error) *trainer {
	return &trainer{cell: cell, session: session, data: w.data, training: w.suite.Training, end: w.ends[0], packer: w.packer(session), onStep: onStep}
}
