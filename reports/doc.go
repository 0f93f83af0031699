// Package reports turns the records of a run into numbers and tables. A report
// is a pure function of the run directory: nothing is averaged before the last
// step, every number that is missing says why, and the same Table feeds every
// renderer.
package reports
