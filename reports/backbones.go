package reports

import (
	"fmt"
	"strings"

	"secura/experiments/record"
	"secura/reports/table"
)

// BackboneNames are the backbones that the suite was run on.
func (s Suite) BackboneNames() []string {
	if s.Backbone != "" {
		return []string{s.Backbone}
	}
	return s.Backbones
}

// divide makes a report of each backbone where the run has several, as of a run of it alone; none has cells yet.
func (r *Report) divide() {
	names := r.Suite.BackboneNames()
	if len(names) < 2 {
		return
	}
	labels := record.BackboneLabels(names)
	for i, name := range names {
		part := &Report{Run: r.Run, Manifest: r.Manifest, Suite: r.Suite, label: labels[i]}
		part.Suite.Backbone, part.Suite.Backbones = name, nil
		r.Backbones = append(r.Backbones, part)
	}
}

// Each are the reports of the run's backbones, or the report itself where there is one: what is averaged, compared and
// tested is within each of them.
func (r *Report) Each() []*Report {
	if r.Backbones == nil {
		return []*Report{r}
	}
	return r.Backbones
}

// Label is the short name that cells and tables have for the report's backbone, where the run has several.
func (r *Report) Label() string { return r.label }

// backbone names the report's backbone, or all of them.
func (r *Report) backbone() string { return strings.Join(r.Suite.BackboneNames(), ", ") }

// onBackbone is a backbone's name where the run has several, for tables and results that tell it only then.
func (r *Report) onBackbone() string {
	if r.label == "" {
		return ""
	}
	return r.Suite.Backbone
}

// page is where the page of one of several backbones lies.
func (r *Report) page() string { return r.Run.Report(r.label + ".html") }

// backboneTables sets the backbones side by side, and then gives the tables of each.
func (r *Report) backboneTables() []table.Table {
	first := RunsTable(r.Backbones)
	if r.Suite.Separate() {
		var of [][]table.Table
		for _, part := range r.Backbones {
			of = append(of, []table.Table{VariantsTable(part)})
		}
		first = SideBySide(r.Backbones, of)[0]
	}
	first.Title = "Backbones side by side"
	first.Remarks = append(first.Remarks, r.Warnings...)
	tables := []table.Table{first}
	for _, part := range r.Backbones {
		tables = append(tables, part.labelled(Tables(part))...)
	}
	return r.sourced(tables)
}

// labelled puts the backbone into the titles of tables where the run has several.
func (r *Report) labelled(tables []table.Table) []table.Table {
	for i := range tables {
		if r.label != "" {
			tables[i].Title += " on " + r.label
		}
	}
	return tables
}

// backboneFigures are the figures of each backbone, which its label is the name of.
func (r *Report) backboneFigures() ([]Figure, error) {
	var figures []Figure
	for _, part := range r.Backbones {
		list, err := Figures(part)
		if err != nil {
			return nil, err
		}
		for _, f := range list {
			f.Name += "-" + part.label
			f.Title += " on " + part.label
			f.plot.Title.Text += " on " + part.label
			figures = append(figures, f)
		}
	}
	return figures, nil
}

// OnBackbone takes ".LABEL" from the end of a name, as of "secura.nano", and gives the reports that the name is of: that
// backbone's, or all.
func (r *Report) OnBackbone(name string) (rest string, of []*Report) {
	for _, part := range r.Each() {
		if rest, ok := strings.CutSuffix(name, "."+part.label); ok && part.label != "" {
			return rest, []*Report{part}
		}
	}
	return name, r.Each()
}

// checkBackbone says whether a cell's records are of the backbone that it was planned on.
func (r *Report) checkBackbone(c Cell) error {
	if name := r.onBackbone(); name != "" && c.Backbone != name {
		return fmt.Errorf("its records are of backbone %s, the plan says %s", c.Backbone, name)
	}
	return nil
}
