package tables

import (
	"fmt"

	"secura/reports/report"
	"secura/reports/table"
)

// Source says what a report's numbers are of.
func Source(r *report.Report) string {
	return fmt.Sprintf("suite %s · backbone %s · backend %s · %s · seeds %d, orders %d · plan %s",
		r.Suite.Name, report.Backbone(r), r.Manifest.Backend, table.Counted(len(r.Suite.Tasks), "task"), r.Suite.Seeds, r.Suite.Orders, report.ShortPlan(r))
}

// Sourced puts the source into tables that have none.
func Sourced(r *report.Report, tables []table.Table) []table.Table {
	for i := range tables {
		if tables[i].Source == "" {
			tables[i].Source, tables[i].Suite = Source(r), r.Suite.Name
		}
	}
	return tables
}
