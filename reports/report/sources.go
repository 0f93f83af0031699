package report

import (
	"slices"
	"strings"

	"secura/experiments/rundir"
)

// The backbone that comes with the program, and the program's license, which is that of the
// backbone and of the built-in tasks too, as the hub names it.
const (
	Embedded   = "nano"
	OwnLicense = "apache-2.0"
)

// TaskSource is what is known of where a task's data come from; of a built-in task the license is.
func (r *Report) TaskSource(name string) rundir.Source {
	for _, t := range r.Suite.DataSets() {
		if _, builtin := t.Builtin(); builtin && t.Name == name {
			return rundir.Source{Tasks: []string{name}, Licenses: []string{OwnLicense}}
		}
	}
	return r.source(func(s rundir.Source) bool { return slices.Contains(s.Tasks, name) })
}

// BackboneSource is what is known of where a backbone comes from.
func (r *Report) BackboneSource(name string) rundir.Source {
	if name == Embedded {
		return rundir.Source{Backbone: name, Licenses: []string{OwnLicense}}
	}
	return r.source(func(s rundir.Source) bool { return s.Backbone == name })
}

func (r *Report) source(is func(rundir.Source) bool) rundir.Source {
	if i := slices.IndexFunc(r.Manifest.Sources, is); i >= 0 {
		return r.Manifest.Sources[i]
	}
	return rundir.Source{}
}

// DataSet names what a task reads: the repository on the hub with the beginning of its commit, what
// the program made, or the source as the suite has it.
func (r *Report) DataSet(task string) string {
	for _, t := range r.Suite.DataSets() {
		if t.Name != task {
			continue
		}
		if name, builtin := t.Builtin(); builtin {
			return name + ", made by secura"
		}
		source := r.TaskSource(task)
		if source.Name == "" {
			return t.Source
		}
		if len(source.Revision) < 8 {
			return source.Name
		}
		return source.Name + " at " + source.Revision[:8]
	}
	return task
}

// LicenseText are a source's licenses in a text, empty where none is known.
func LicenseText(s rundir.Source) string { return strings.Join(s.Licenses, ", ") }
