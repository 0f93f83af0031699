package figure

import (
	"cmp"
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
)

// Along is a number of a method over the stream, over seeds, in points of 100. It is told by the
// tasks learned before: a whole number at a boundary.
func Along(r *report.Report, method string, of func(c report.Cell, s report.Station) float64) (series []datum) {
	courses := map[string][]report.Station{}
	var places []int
	for _, c := range r.Cells {
		if c.Method.Name != method || c.State != record.Done {
			continue
		}
		courses[c.ID] = r.Course(c)
		for _, s := range courses[c.ID] {
			if !slices.Contains(places, s.Steps) {
				places = append(places, s.Steps)
			}
		}
	}
	slices.Sort(places)
	each := r.Suite.Training.TaskSteps()
	for _, steps := range places {
		s := r.Over(method, func(c report.Cell) metric.Value {
			course := courses[c.ID]
			i := slices.IndexFunc(course, func(s report.Station) bool { return s.Steps == steps })
			if i < 0 {
				return metric.Undefined("not evaluated there")
			}
			return metric.Number(of(c, course[i]))
		})
		if s.Mean.Defined() {
			series = append(series, datum{X: float64(steps/each) + float64(steps%each)/float64(each), Y: 100 * s.Mean.Number, half: 100 * half(s)})
		}
	}
	return series
}

// streamFigures show accuracy on the tasks learned so far, and what is left of the base knowledge,
// along the stream.
func streamFigures(r *report.Report) ([]Figure, error) {
	if r.Suite.Evaluation.Every == suite.EveryFinal {
		return nil, nil // within a stream nothing but the task just learned was evaluated
	}
	methods := r.Trained() // the base row is drawn once, below
	x := "tasks learned\n" + r.SeedsMean(methods, "band: 95% interval")
	accuracy := newFigure("accuracy-over-the-stream", "Accuracy on the tasks learned so far", x, "mean score, points of 100")
	knowledge := newFigure("knowledge-over-the-stream", "Base knowledge retained over the stream", x, "K[i]/K[0], percent")
	learned := func(_ report.Cell, s report.Station) float64 { return report.FirstOf(s.Scores, s.Begun) }
	retained := func(c report.Cell, s report.Station) float64 { return c.Retained(s.K) }
	for _, m := range methods {
		for _, drawn := range []struct {
			figure *Figure
			of     func(c report.Cell, s report.Station) float64
		}{{&accuracy, learned}, {&knowledge, retained}} {
			if err := drawn.figure.curve(m.Name, lookOf(r, m.Name), Along(r, m.Name, drawn.of)); err != nil {
				return nil, err
			}
		}
	}
	if base := r.BaseAlong(); base != nil {
		var series []datum
		for i, score := range base {
			series = append(series, datum{X: float64(i + 1), Y: 100 * score})
		}
		grey := lookOf(r, "")
		grey.line.Color, grey.line.Dashes, grey.line.Width = referenceGrey, []vg.Length{1, 2}, 1.2
		grey.glyph.Radius = 0
		if err := accuracy.curve("base model", grey, series); err != nil {
			return nil, err
		}
	}
	var figures []Figure
	for _, f := range []Figure{accuracy, knowledge} {
		f.finish()
		f.plot.X.Tick.Marker = whole{}
		f.plot.X.Max = float64(len(r.Suite.Tasks))
		figures = append(figures, f)
	}
	if base, ok := r.Base(); !ok || base.K == nil {
		figures = figures[:1]
	}
	return figures, nil
}

// tradeoff is one figure of methods as points: a metric on each axis.
type tradeoff struct {
	name, title, X, Y string
	of                [2]func(report.Cell) metric.Value
	// unit is what the first metric is multiplied by; the second is a share, drawn in hundredths.
	unit float64
	// better is how far right is good: 1, or -1 where less is better.
	better float64
}

// tradeoffFigures set retention against plasticity and, where one processor computed all cells,
// against cost.
func tradeoffFigures(r *report.Report) ([]Figure, error) {
	retention := report.MetricOf("knowledge_retention")
	kept := "knowledge retention, percent"
	if base, ok := r.Base(); !ok || base.K == nil {
		retention, kept = report.MetricOf("acc"), "accuracy at the end of the stream, points of 100"
	}
	tradeoffs := []tradeoff{
		{"plasticity-and-retention", "Plasticity against retention", "learning accuracy, points of 100", kept,
			[2]func(report.Cell) metric.Value{report.MetricOf("learning_accuracy"), retention}, 100, 1},
	}
	if r.SameProcessor() {
		tradeoffs = append(tradeoffs, tradeoff{"cost-and-retention", "Cost against retention", "seconds of a cell", kept,
			[2]func(report.Cell) metric.Value{func(c report.Cell) metric.Value { return metric.Number(c.Seconds.Total) }, retention}, 1, -1})
	}
	var figures []Figure
	for _, t := range tradeoffs {
		f, drawn, err := tradeoffFigure(r, t)
		if err != nil {
			return nil, err
		}
		if drawn > 0 {
			figures = append(figures, f)
		}
	}
	return figures, nil
}

// bars says how intervals are drawn about a point.
const bars = "bars: 95% intervals"

func tradeoffFigure(r *report.Report, t tradeoff) (f Figure, drawn int, err error) {
	var methods []suite.MethodSpec
	for _, m := range r.Suite.Methods {
		if r.Over(m.Name, t.of[0]).Mean.Defined() && r.Over(m.Name, t.of[1]).Mean.Defined() {
			methods = append(methods, m)
		}
	}
	f = newFigure(t.name, t.title, t.X+"\n"+r.SeedsMean(methods, bars), t.Y)
	var front plotter.XYs
	for _, m := range methods {
		x, y := r.Over(m.Name, t.of[0]), r.Over(m.Name, t.of[1])
		at := plotter.XY{X: t.unit * x.Mean.Number, Y: 100 * y.Mean.Number}
		l := lookOf(r, m.Name)
		l.glyph.Radius = 4
		points, err := plotter.NewScatter(plotter.XYs{at})
		if err != nil {
			return f, 0, fmt.Errorf("figure %s: %s: %w", t.name, m.Name, err)
		}
		points.GlyphStyle = l.glyph
		if err := f.cross(at, t.unit*half(x), 100*half(y), l.line); err != nil {
			return f, 0, err
		}
		f.plot.Add(points)
		f.legend.Add(m.Name, points)
		if r.Competes(m) {
			front = append(front, at)
		}
	}
	if front = Pareto(front, t.better); len(front) > 1 {
		line, err := plotter.NewLine(front)
		if err != nil {
			return f, 0, fmt.Errorf("figure %s: %w", t.name, err)
		}
		line.LineStyle = draw.LineStyle{Color: referenceGrey, Width: 0.8, Dashes: []vg.Length{3, 3}}
		f.plot.Add(line)
		f.legend.Add("Pareto front", line)
	}
	if len(methods) > 0 { // room for whole markers, but none for what no number here can be
		dx, dy := 0.05*(f.plot.X.Max-f.plot.X.Min), 0.05*(f.plot.Y.Max-f.plot.Y.Min)
		f.plot.X.Min, f.plot.X.Max, f.plot.Y.Min, f.plot.Y.Max = max(f.plot.X.Min-dx, 0), f.plot.X.Max+dx, max(f.plot.Y.Min-dy, 0), f.plot.Y.Max+dy
	}
	return f, len(methods), nil
}

// half is the half-width of a mean's interval, 0 where it has none.
func half(s metric.Summary) float64 {
	if !s.CI95.Defined() {
		return 0
	}
	return s.CI95.Number
}

// cross draws the intervals of a point that are wider than it.
func (f *Figure) cross(at plotter.XY, x, y float64, style draw.LineStyle) error {
	style.Dashes, style.Width = nil, 0.8
	for _, ends := range []plotter.XYs{{{X: at.X - x, Y: at.Y}, {X: at.X + x, Y: at.Y}}, {{X: at.X, Y: at.Y - y}, {X: at.X, Y: at.Y + y}}} {
		if ends[0] == ends[1] {
			continue
		}
		line, err := plotter.NewLine(ends)
		if err != nil {
			return fmt.Errorf("figure %s: %w", f.Name, err)
		}
		line.LineStyle = style
		f.plot.Add(line)
	}
	return nil
}

// Pareto are the points that no other one beats on both axes, from left to right; on the first axis
// better times the number counts.
func Pareto(points plotter.XYs, better float64) (front plotter.XYs) {
	for _, p := range points {
		beaten := slices.ContainsFunc(points, func(q plotter.XY) bool {
			return better*q.X >= better*p.X && q.Y >= p.Y && q != p
		})
		if !beaten {
			front = append(front, p)
		}
	}
	slices.SortFunc(front, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
	return front
}

// forgettingFigure shows for each task how much of its score right after its own training is gone
// at the end of the stream. ok is false with a single task.
func forgettingFigure(r *report.Report) (f Figure, ok bool, err error) {
	n := len(r.Suite.Tasks)
	var methods []suite.MethodSpec
	for _, m := range r.Learners() {
		if done, _ := r.ScoredCells(m.Name); len(done) > 0 {
			methods = append(methods, m)
		}
	}
	if n < 2 || len(methods) == 0 {
		return f, false, nil
	}
	x := "task of the stream"
	if r.Suite.Orders > 1 {
		x += ", order 0 alone"
	}
	f = newFigure("forgetting-per-task", "Lost per task since it was learned", x+"\n"+r.SeedsMean(methods, bars), "R[j][j] − R[N][j], points of 100")
	f.width += 4 * vg.Centimeter
	for k, m := range methods {
		done, _ := r.ScoredCells(m.Name)
		l := lookOf(r, m.Name)
		var points plotter.XYs
		for j := range n - 1 { // the last task has had no time to be forgotten
			var lost []float64
			for _, c := range done {
				lost = append(lost, 100*(c.R[j+1][j]-c.R[n][j]))
			}
			s := metric.MeanSDCI(lost)
			at := plotter.XY{X: float64(j+1) + 0.8*((float64(k)+0.5)/float64(len(methods))-0.5), Y: s.Mean.Number}
			if err := f.cross(at, 0, half(s), l.line); err != nil {
				return f, false, err
			}
			points = append(points, at)
		}
		scatter, err := plotter.NewScatter(points)
		if err != nil {
			return f, false, fmt.Errorf("figure %s: %s: %w", f.Name, m.Name, err)
		}
		scatter.GlyphStyle = l.glyph
		f.plot.Add(scatter)
		f.legend.Add(m.Name, scatter)
	}
	zero := plotter.NewFunction(func(float64) float64 { return 0 })
	zero.LineStyle = draw.LineStyle{Color: referenceGrey, Width: 0.8}
	f.plot.Add(zero)
	f.plot.X.Min, f.plot.X.Max = 0.5, float64(n)-0.5
	f.plot.Y.Min, f.plot.Y.Max = min(f.plot.Y.Min, 0), max(f.plot.Y.Max, 1)
	f.plot.X.Tick.Marker = taskTicks(r)
	return f, true, nil
}

// taskTicks name the tasks by their numbers.
func taskTicks(r *report.Report) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for j := range r.Suite.Tasks {
		ticks = append(ticks, plot.Tick{Value: float64(j + 1), Label: fmt.Sprintf("T%d", j+1)})
	}
	return ticks
}

// finished says whether any cell is done.
func finished(r *report.Report) bool {
	return slices.ContainsFunc(r.Cells, func(c report.Cell) bool { return c.State == record.Done })
}
