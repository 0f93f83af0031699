package page

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"secura/reports/report"
	"secura/reports/table"
	"secura/reports/tables"
)

// WriteSideBySide writes a page of several runs, or backbones: what each method learned and kept in
// each of them with the front of those that no other one beats in both, and their tables side by
// side. Equal records give equal bytes.
func WriteSideBySide(w io.Writer, runs []*report.Report) error {
	p, err := sideBySide(runs)
	if err == nil {
		err = p.write(w)
	}
	if err != nil {
		return fmt.Errorf("write the page of several runs: %w", err)
	}
	return nil
}

func sideBySide(runs []*report.Report) (*document, error) {
	labels := tables.RunLabels(runs)
	groups := tables.TaskGroups(runs)
	p := &document{Title: strings.Join(labels, ", ") + " side by side", Front: true, Means: means(runs), Line: oneLine}
	if slices.Max(groups) > 0 {
		p.Line = "a line joins the methods that no other one beats in both, among the runs of the same tasks; scores of different tasks cannot be compared"
	}
	data := chartData{Methods: []chartMethod{}, Tasks: []string{}, Base: []float64{}}
	each := make([][]table.Table, len(runs))
	for i, r := range runs {
		p.Facts = append(p.Facts, fact{labels[i], tables.Source(r)})
		for _, f := range provenance(r) {
			p.Provenance = append(p.Provenance, fact{labels[i] + ": " + f.Name, f.Text})
		}
		if s := standingOf(r); s != nil {
			p.Remarks = append(p.Remarks, labels[i]+": "+s.Text)
		}
		for _, m := range r.Suite.Methods {
			shown := newChartMethod(r, m)
			shown.Name, shown.Group = m.Name+" in "+labels[i], groups[i]
			data.Methods = append(data.Methods, shown)
		}
		each[i] = []table.Table{tables.Tasks(r)}
	}
	// Rows are of a method in several runs, and the chips of the charts are of one run each: they
	// do not hide rows.
	none := &report.Report{Backbones: runs}
	p.Summary = []pageTable{newPageTable(none, tables.Runs(runs), "runs")}
	for i, t := range tables.SideBySide(runs, each) {
		p.Tables = append(p.Tables, newPageTable(none, t, fmt.Sprintf("table-%d", i+1)))
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("encode charts: %w", err)
	}
	p.Data = template.JS(encoded) // json.Marshal leaves no < in it
	return p, p.addAssets()
}
