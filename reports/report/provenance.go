package report

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/reports/table"
)

// ShortPlan is the beginning of the plan's hash, enough to tell runs apart.
func ShortPlan(r *Report) string { return r.Manifest.Plan[:min(12, len(r.Manifest.Plan))] }

// NoRevision says why a run's manifest has no code revision, and what records one.
const NoRevision = "not recorded (go run, -buildvcs=false, a git worktree and a folder without git leave it out; " +
	"go build -o bin/runner ./runner and go run -buildvcs=true ./runner in a clone record it)"

// Fact is something that a reader is told of a run.
type Fact struct{ Name, Text string }

// Provenance says what decided the numbers, but for the files that were read.
func Provenance(r *Report) []Fact {
	m := r.Manifest
	list := []Fact{
		{"plan", m.Plan}, {"code revision", m.Revision}, {"Go", m.Modules["go"]}, {"GoMLX", m.Modules["github.com/gomlx/gomlx"]},
		{"backend", m.Backend}, {"plugin sha256", m.PluginSHA256}, {"XLA flags", m.XLAFlags}, {"processor", r.Processors()},
	}
	if m.TF32 {
		list = append(list, Fact{"products of float32", "in TF32, with 10 bits"})
	}
	for _, change := range m.Changes {
		list = append(list, Fact{"changed on the way", change})
	}
	for _, name := range r.Suite.BackboneNames() {
		list = append(list, Fact{"revision of " + name, r.Suite.Revisions[name]})
	}
	return slices.DeleteFunc(list, func(f Fact) bool { return f.Text == "" })
}

// Processors are those of the cells which have begun, each with the number of its cells where there
// are several.
func (r *Report) Processors() string {
	var names []string
	cells := map[string]int{}
	for _, c := range r.Cells {
		if c.State == record.Queued {
			continue
		}
		name := r.Manifest.ComputedBy(c.Processors)
		if cells[name]++; cells[name] == 1 {
			names = append(names, name)
		}
	}
	if len(names) < 2 {
		return cmp.Or(strings.Join(names, ""), r.Manifest.Processor)
	}
	for i, name := range names {
		names[i] = fmt.Sprintf("%d by %s", cells[name], name)
	}
	return "of the cells " + strings.Join(names, "; ")
}

// SameProcessor says whether the seconds of the done cells can be compared: one processor computed
// all of them, by what their statuses name. Where no status names any, an older program wrote them,
// and it is one unless the run went on with another.
func (r *Report) SameProcessor() bool {
	var named []string
	done := 0
	for _, c := range r.Cells {
		if c.State != record.Done {
			continue
		}
		if done++; done == 1 {
			named = c.Processors
		}
		if len(c.Processors) > 1 || !slices.Equal(c.Processors, named) {
			return false
		}
	}
	return len(named) == 1 || r.Manifest.ComputedBy(nil) != rundir.UnknownProcessor
}

// WriteProvenance writes Provenance and the files. Modules are in the manifest.
func WriteProvenance(out *bytes.Buffer, r *Report) {
	list := Provenance(r)
	for _, f := range r.Manifest.Files {
		list = append(list, Fact{"file", fmt.Sprintf("%s, %d bytes, sha256 %s", f.Path, f.Bytes, f.SHA256)})
	}
	out.WriteString("\n## Provenance\n\n")
	for _, f := range list {
		fmt.Fprintf(out, "- %s: %s\n", f.Name, table.EscapeMarkdown(f.Text))
	}
}
