// Package reports turns the records of a run into numbers, tables and figures. A
// report is a pure function of the run directory, which comes in through Load:
// nothing is averaged before the last step, every number that is missing says why
// and every other can be traced to the lines that it came from (Explain), and the
// same table feeds every renderer. What the numbers are is decided in
// reports/metric, how a table looks in reports/table. Read Load first, then
// Tables. Formats lists the forms of a report; a new one is a value in it.
package reports
