// Package metric turns what a cell measured (a Matrix of scores at the boundaries between tasks)
// into metrics, and metrics over seeds into means, intervals and tests. It knows no run, no file
// and no table: numbers come in, and out come Values, each a number or the reason why there is
// none, with the arithmetic that led there. Definitions is the list of all metrics; read it first.
// A new metric is one more definition there.
package metric
