// Package reports turns the records of a run into numbers, tables and figures. A
// report is a pure function of the run directory: nothing is averaged before the
// last step, every number that is missing says why and every other can be traced
// to the lines that it came from (Explain), and the same Table feeds every
// renderer. Formats lists these; a new one is a value in it.
package reports
