package page

import (
	"math"
	"slices"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// chartData is what the page's charts are drawn from.
type chartData struct {
	Methods []chartMethod `json:"methods"`
	// Tasks are in order 0, as the tables' T1, T2 and so on.
	Tasks []string `json:"tasks"`
	// Orders is how many of them the means over the stream are of.
	Orders int `json:"orders"`
	// Base is the untouched backbone's mean score on the first i tasks, from 1 on, over the orders,
	// in points of 100; empty before it was measured.
	Base []float64 `json:"base"`
}

// chartMethod is what the charts show of a method. A list over boundaries has N+1 entries, one over
// tasks N, in points of 100; what was not measured is null.
type chartMethod struct {
	Name      string `json:"name"`
	Reference bool   `json:"reference"`
	// Group is that of the run's tasks (tables.TaskGroups): only methods of one group are compared.
	Group int `json:"group"`
	// Summary has the metrics of summaryMetrics that are defined.
	Summary map[string]*interval `json:"summary"`
	// Accuracy is the mean score on the tasks learned by a boundary, Knowledge K[i] in percent of
	// K[0].
	Accuracy  []*interval `json:"accuracy"`
	Knowledge []*interval `json:"knowledge"`
	// Learned is a task's score right after it was learned, Kept that at the end, Lost the one
	// minus the other.
	Learned []*interval `json:"learned"`
	Kept    []*interval `json:"kept"`
	Lost    []*interval `json:"lost"`
	// Matrix and Base are the means of R and K over the done cells of order 0.
	Matrix [][]*float64 `json:"matrix"`
	Base   []*float64   `json:"base"`
}

// interval is a mean over seeds with the half-width of its 95% interval, absent for one seed, in
// points of 100.
type interval struct {
	Mean float64  `json:"m"`
	Half *float64 `json:"h,omitempty"`
	N    int      `json:"n"`
	// Text is the mean as the tables round it, Spread the half-width.
	Text   string `json:"t"`
	Spread string `json:"s,omitempty"`
}

var summaryMetrics = []string{"learning_accuracy", "acc", "knowledge_retention"}

func NewChartData(r *report.Report) chartData {
	data := chartData{Tasks: r.Suite.TaskNames(), Orders: r.Suite.Orders, Methods: []chartMethod{}, Base: []float64{}}
	for _, score := range r.BaseAlong() {
		data.Base = append(data.Base, Hundredths(score))
	}
	for _, m := range r.Suite.Methods {
		data.Methods = append(data.Methods, newChartMethod(r, m))
	}
	return data
}

// methodNames is what a page without charts needs, to hide methods in its tables.
func methodNames(r *report.Report) chartData {
	data := chartData{Tasks: r.Suite.TaskNames(), Orders: r.Suite.Orders, Methods: []chartMethod{}, Base: []float64{}}
	for _, m := range r.Suite.Methods {
		data.Methods = append(data.Methods, chartMethod{Name: m.Name, Reference: m.Reference()})
	}
	return data
}

func newChartMethod(r *report.Report, m suite.MethodSpec) chartMethod {
	out := chartMethod{Name: m.Name, Reference: m.Reference(), Summary: map[string]*interval{}, Matrix: [][]*float64{}, Base: []*float64{}}
	over := func(of func(report.Cell) metric.Value) *interval { return newInterval(r.Over(m.Name, of)) }
	for _, key := range summaryMetrics {
		if i := newInterval(r.Summarise(m.Name, key)); i != nil {
			out.Summary[key] = i
		}
	}
	n := len(r.Suite.Tasks)
	for i := range n + 1 {
		out.Accuracy = append(out.Accuracy, over(func(c report.Cell) metric.Value { return metric.Number(c.LearnedBy(i)) }))
		out.Knowledge = append(out.Knowledge, over(func(c report.Cell) metric.Value { return metric.Number(c.RetainedAt(i)) }))
	}
	for _, task := range r.Suite.Tasks {
		course := func(c report.Cell) []metric.Value { return courseOf(c, task.Name) }
		out.Learned = append(out.Learned, over(report.AfterOwnTraining(func(name string) bool { return name == task.Name })))
		out.Kept = append(out.Kept, over(func(c report.Cell) metric.Value { return course(c)[len(course(c))-1] }))
		out.Lost = append(out.Lost, over(func(c report.Cell) metric.Value { return lost(course(c)) }))
	}
	rows, k, _, _ := r.MeanMatrix(m.Name)
	for _, row := range rows {
		out.Matrix = append(out.Matrix, rounded(row))
	}
	if k != nil {
		out.Base = rounded(k)
	}
	return out
}

// courseOf are a task's scores at the boundaries from its own training on; of joint training, or
// without any, at the last one alone.
func courseOf(c report.Cell, task string) []metric.Value {
	j := slices.Index(c.Tasks, task)
	if j < 0 || len(c.R) <= j+1 {
		return []metric.Value{metric.Undefined("not trained")}
	}
	var scores []metric.Value
	for _, row := range c.R[j+1:] {
		if row == nil {
			scores = append(scores, metric.Undefined("not evaluated"))
			continue
		}
		scores = append(scores, metric.Number(row[j]))
	}
	return scores
}

// lost is the first score minus the one at the end.
func lost(course []metric.Value) metric.Value {
	first, last := course[0], course[len(course)-1]
	switch {
	case len(course) == 1:
		return metric.Undefined("learned last")
	case !last.Defined():
		return last
	case !first.Defined():
		return first
	}
	return metric.Number(first.Number - last.Number)
}

func newInterval(s metric.Summary) *interval {
	if !s.Mean.Defined() {
		return nil
	}
	i := &interval{Mean: Hundredths(s.Mean.Number), N: s.N, Text: table.Points(s.Mean.Number), Spread: spread(s)}
	if s.CI95.Defined() {
		half := Hundredths(s.CI95.Number)
		i.Half = &half
	}
	return i
}

// Hundredths is a score in points of 100 with two decimals: more is not seen.
func Hundredths(score float64) float64 { return math.Round(1e4*score) / 100 }

func rounded(row []float64) []*float64 {
	points := make([]float64, len(row))
	for i, x := range row {
		points[i] = Hundredths(x / 100)
	}
	list := report.Numbers(points)
	if list == nil {
		return []*float64{}
	}
	return list
}
