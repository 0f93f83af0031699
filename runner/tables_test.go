package main

import (
	"slices"
	"testing"

	"secura/experiments"
	"secura/reports"
)

// What a suite may ask for is what reports can make.
func TestSuitesKnowEveryTableOfDiagnostics(t *testing.T) {
	if !slices.Equal(experiments.DiagnosticTables, reports.DiagnosticTables) || !slices.Equal(experiments.SuiteTables, reports.SuiteTables) {
		t.Errorf("suites may ask for %v, reports make %v", experiments.SuiteTables, reports.SuiteTables)
	}
}
