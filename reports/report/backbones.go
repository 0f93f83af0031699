package report

import (
	"fmt"
	"strings"

	"secura/experiments/record"
)

// divide makes a report of each backbone where the run has several, as of a run of it alone; none
// has cells yet.
func divide(r *Report) {
	names := r.Suite.BackboneNames()
	if len(names) < 2 {
		return
	}
	labels := record.BackboneLabels(names)
	for i, name := range names {
		part := &Report{Run: r.Run, Manifest: r.Manifest, Suite: r.Suite, Evaluated: r.Evaluated, Label: labels[i]}
		part.Suite.Backbone, part.Suite.Backbones = name, nil
		r.Backbones = append(r.Backbones, part)
	}
}

// Each are the reports of the run's backbones, or the report itself where there is one: what is
// averaged, compared and tested is within each of them.
func (r *Report) Each() []*Report {
	if r.Backbones == nil {
		return []*Report{r}
	}
	return r.Backbones
}

// Backbone names the report's backbone, or all of them.
func Backbone(r *Report) string { return strings.Join(r.Suite.BackboneNames(), ", ") }

// onBackbone is a backbone's name where the run has several, for tables and results that tell it
// only then.
func onBackbone(r *Report) string {
	if r.Label == "" {
		return ""
	}
	return r.Suite.Backbone
}

// OnBackbone takes ".LABEL" from the end of a name, as of "secura.nano", and gives the reports that
// the name is of: that backbone's, or all.
func (r *Report) OnBackbone(name string) (rest string, of []*Report) {
	for _, part := range r.Each() {
		if rest, ok := strings.CutSuffix(name, "."+part.Label); ok && part.Label != "" {
			return rest, []*Report{part}
		}
	}
	return name, r.Each()
}

// checkBackbone says whether a cell's records are of the backbone that it was planned on.
func checkBackbone(r *Report, c Cell) error {
	if name := onBackbone(r); name != "" && c.Backbone != name {
		return fmt.Errorf("its records are of backbone %s, the plan says %s", c.Backbone, name)
	}
	return nil
}
