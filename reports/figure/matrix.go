package figure

import (
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	plottext "gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"secura/experiments/suite"
	"secura/reports/report"
	"secura/reports/table"
)

// MatrixFigure draws a method's R, and K beside it, as a heat map with its numbers: the mean over
// the done cells of order 0. ok is false without one.
func MatrixFigure(r *report.Report, m suite.MethodSpec) (f Figure, ok bool) {
	rows, k, n, _ := r.MeanMatrix(m.Name)
	if n == 0 {
		return Figure{}, false
	}
	of := fmt.Sprintf("mean over %d seeds", n)
	if n == 1 {
		of = "one seed"
	}
	title := fmt.Sprintf("R of %s: score of each task after each training (%s)", m.Name, of)
	f = newFigure("r-of-"+table.Slug(m.Name), title, "task evaluated", "")
	styled := f.plot
	f.plot = plot.New() // without the grid
	f.plot.Title, f.plot.X, f.plot.Y = styled.Title, styled.X, styled.Y
	columns := len(r.Suite.Tasks)
	heat := &heatMap{rows: rows, outlined: !m.Reference()}
	ticks := taskTicks(r)
	if k != nil {
		heat.last = k
		columns++
		ticks = append(ticks, plot.Tick{Value: float64(columns), Label: "K"})
	}
	f.plot.X.Tick.Marker, f.plot.X.Tick.Length, f.plot.Y.Tick.Length = ticks, 0, 0
	var down plot.ConstantTicks
	for i := range rows {
		label := "before the stream"
		if i > 0 {
			label = fmt.Sprintf("after T%d %s", i, table.Shorten(r.Suite.Tasks[i-1].Name, 24, false))
		}
		down = append(down, plot.Tick{Value: -float64(i), Label: label})
	}
	f.plot.Y.Tick.Marker = down
	f.plot.X.LineStyle.Width, f.plot.Y.LineStyle.Width = 0, 0
	f.plot.X.Min, f.plot.X.Max = 0.5, float64(columns)+0.5
	f.plot.Y.Min, f.plot.Y.Max = -float64(len(rows))+0.5, 0.5
	f.plot.X.Padding, f.plot.Y.Padding = 0, 0
	f.plot.Add(heat)
	f.width = 6*vg.Centimeter + vg.Length(max(columns, 8))*0.85*vg.Centimeter
	f.height = 2.6*vg.Centimeter + vg.Length(max(len(rows), 3))*0.6*vg.Centimeter
	return f, true
}

// heatMap is a plotter of numbers from 0 to 100 in squares: column j from 1 on, row i at -i.
type heatMap struct {
	rows [][]float64
	// last is one more column; nil without one.
	last []float64
	// outlined puts a frame about what was measured right after a task's own training.
	outlined bool
}

// Plot draws the squares.
func (h *heatMap) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := plottext.Style{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: 7}, XAlign: draw.XCenter, YAlign: draw.YCenter, Handler: plot.DefaultTextHandler}
	square := func(column, row int, value float64, framed bool) {
		if math.IsNaN(value) {
			return
		}
		left, right := x(float64(column)-0.5), x(float64(column)+0.5)
		bottom, top := y(-float64(row)-0.5), y(-float64(row)+0.5)
		corners := []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}}
		c.FillPolygon(shade(value/100), corners)
		if framed {
			const inset = 0.8
			frame := []vg.Point{{X: left + inset, Y: bottom + inset}, {X: right - inset, Y: bottom + inset}, {X: right - inset, Y: top - inset}, {X: left + inset, Y: top - inset}, {X: left + inset, Y: bottom + inset}}
			c.StrokeLines(draw.LineStyle{Color: vermilion, Width: 1.4}, frame)
		}
		style.Color = color.Black
		if value > 55 {
			style.Color = color.White
		}
		c.FillText(style, vg.Point{X: (left + right) / 2, Y: (bottom + top) / 2}, strconv.FormatFloat(math.Abs(math.Round(value)), 'f', 0, 64))
	}
	for i, row := range h.rows {
		for j, value := range row {
			square(j+1, i, value, h.outlined && i == j+1)
		}
	}
	for i, value := range h.last {
		square(len(h.rows[0])+1, i, value, false)
	}
}

// shade goes from white over blue to a dark blue: evenly darker, so that it is the same in grey.
func shade(share float64) color.NRGBA {
	share = min(max(share, 0), 1)
	between := func(a, b uint8, t float64) uint8 { return uint8(math.Round(float64(a) + t*(float64(b)-float64(a)))) }
	if share < 0.6 {
		t := share / 0.6
		return color.NRGBA{R: between(255, 66, t), G: between(255, 146, t), B: between(255, 198, t), A: 255}
	}
	t := (share - 0.6) / 0.4
	return color.NRGBA{R: between(66, 8, t), G: between(146, 48, t), B: between(198, 107, t), A: 255}
}
