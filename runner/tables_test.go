package main

import (
	"slices"
	"testing"

	"secura/experiments/suite"
	"secura/reports"
)

// What a suite may ask for is what reports can make.
func TestSuitesKnowEveryTableOfDiagnostics(t *testing.T) {
	if !slices.Equal(suite.DiagnosticTables, reports.DiagnosticTables) || !slices.Equal(suite.TableNames, reports.SuiteTables) {
		t.Errorf("suites may ask for %v, reports make %v", suite.TableNames, reports.SuiteTables)
	}
}
