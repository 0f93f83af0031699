// Package reports turns the records of a run into numbers, tables and figures, in every form that
// they can be had in. A report is a pure function of the run directory, which comes in through
// Load: every number that is missing says why, and every other can be traced to the lines that it
// came from (Explain). Out come the run's tables, page, drawings and results.json. Read Load first,
// then WriteAll; Formats lists the forms, and a new one is a value in it.
//
// The rooms below, each of which knows those before it: metric (what a number is) and table (how a
// table looks), report (what a run's files say), claims and tables, figure and page.
package reports
