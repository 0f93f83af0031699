package figure

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"secura/reports/report"
)

// Figure is a drawing of a report's numbers.
type Figure struct {
	// Name is the file's, without its extension.
	Name string
	// Title is what stands above it.
	Title  string
	plot   *plot.Plot
	legend plot.Legend
	// above are the lines and markers that finish puts over the bands.
	above []plot.Plotter
	// width and height are those of the whole figure, its legend included.
	width, height vg.Length
}

const (
	figureWidth  = 16 * vg.Centimeter
	figureHeight = 9.5 * vg.Centimeter
	resolution   = 200 // dots per inch of a PNG
)

// SVG is the figure as an SVG document: equal records give equal bytes.
func (f Figure) SVG() ([]byte, error) {
	canvas := vgsvg.New(f.width, f.height)
	f.draw(canvas)
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("draw figure %s: %w", f.Name, err)
	}
	return bytes.ReplaceAll(out.Bytes(), []byte("font-family:Liberation Sans"), []byte(svgFonts)), nil
}

// svgFonts are the font that texts were measured with, and those of the same widths that a machine
// without it has.
const svgFonts = "font-family:'Liberation Sans',Arial,Helvetica,sans-serif"

// PNG is the figure as an image of 200 dots per inch: equal records give equal bytes.
func (f Figure) PNG() ([]byte, error) {
	canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(resolution))}
	f.draw(canvas)
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("draw figure %s: %w", f.Name, err)
	}
	return out.Bytes(), nil
}

// draw puts the legend beside the plot, where it hides no data.
func (f Figure) draw(c vg.CanvasSizer) {
	canvas := draw.New(c)
	canvas.SetColor(color.White)
	canvas.Fill(canvas.Rectangle.Path())
	canvas = draw.Crop(canvas, 2*vg.Millimeter, -2*vg.Millimeter, vg.Millimeter, -vg.Millimeter)
	box := f.legend.Rectangle(canvas)
	aside := box.Max.X - box.Min.X
	if aside > 0 {
		aside += 3 * vg.Millimeter
	}
	left := canvas
	left.Min.X = canvas.Max.X - (box.Max.X - box.Min.X)
	f.legend.Draw(left)
	f.plot.Draw(draw.Crop(canvas, 0, -aside, 0, 0))
}

// newFigure is an empty one with the style that all have.
func newFigure(name, title, x, y string) Figure {
	p := plot.New()
	sans := func(f *font.Font, size vg.Length) { f.Variant, f.Size = "Sans", size }
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	sans(&p.Title.TextStyle.Font, 11)
	p.Title.Padding = 3 * vg.Millimeter
	sans(&p.X.Label.TextStyle.Font, 9)
	sans(&p.Y.Label.TextStyle.Font, 9)
	sans(&p.X.Tick.Label.Font, 8)
	sans(&p.Y.Tick.Label.Font, 8)
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{}, ticks{}
	p.X.Tick.Length, p.Y.Tick.Length = 1.2*vg.Millimeter, 1.2*vg.Millimeter
	p.X.Label.Padding, p.Y.Label.Padding = vg.Millimeter, vg.Millimeter
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{232}, color.Gray{232}
	p.Add(grid)
	legend := plot.NewLegend()
	sans(&legend.TextStyle.Font, 8)
	legend.Top, legend.Left, legend.Padding, legend.ThumbnailWidth = true, true, vg.Millimeter, 9*vg.Millimeter
	return Figure{Name: name, Title: title, plot: p, legend: legend, width: figureWidth, height: figureHeight}
}

// finish puts the curves over their bands, and the axes about all; empty says that there are none.
func (f *Figure) finish() (empty bool) {
	f.plot.Add(f.above...)
	empty, f.above = len(f.above) == 0, nil
	return empty
}

// Okabe and Ito's colours, which readers with any colour vision tell apart; the yellow is left out,
// since it is pale on white paper.
var (
	referenceGrey = color.NRGBA{R: 110, G: 110, B: 110, A: 255}

	vermilion = color.NRGBA{R: 213, G: 94, A: 255}
	palette   = []color.NRGBA{
		{G: 114, B: 178, A: 255},         // blue
		{R: 230, G: 159, A: 255},         // orange
		{G: 158, B: 115, A: 255},         // bluish green
		{R: 204, G: 121, B: 167, A: 255}, // reddish purple
		{R: 86, G: 180, B: 233, A: 255},  // sky blue
		{A: 255},                         // black
	}
	glyphs = []draw.GlyphDrawer{draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.CrossGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.PlusGlyph{}}
	dashes = [][]vg.Length{{6, 2}, {2, 2}, {8, 2, 2, 2}, {4, 1, 1, 1, 1, 1}, {10, 3}, {1, 2}}
)

// look is how a method is drawn: by its colour, its marker and its dashes, so that two are told
// apart in print without colour too.
type look struct {
	line  draw.LineStyle
	glyph draw.GlyphStyle
}

// lookOf gives secura the same look in every run and the other methods theirs in the suite's order.
func lookOf(r *report.Report, method string) look {
	if method == report.Subject {
		return newLook(vermilion, draw.CircleGlyph{}, nil, 1.8)
	}
	place := 0
	for _, m := range r.Suite.Methods {
		switch {
		case m.Name == method && m.Reference():
			return newLook(referenceGrey, draw.PlusGlyph{}, []vg.Length{1, 2}, 1.2)
		case m.Name == method:
			return numberedLook(place)
		case m.Name != report.Subject && !m.Reference():
			place++
		}
	}
	return numberedLook(place)
}

func numberedLook(i int) look {
	return newLook(palette[i%len(palette)], glyphs[i%len(glyphs)], dashes[(i+i/len(palette))%len(dashes)], 1.2)
}

func newLook(c color.NRGBA, glyph draw.GlyphDrawer, dash []vg.Length, width vg.Length) look {
	return look{
		line:  draw.LineStyle{Color: c, Width: width, Dashes: dash},
		glyph: draw.GlyphStyle{Color: c, Radius: 2.6, Shape: glyph},
	}
}

// datum is a point of a series with the half-width of its interval, 0 for none.
type datum struct{ X, Y, half float64 }

// curve draws a series as a line with a band about it, and markers unless there are too many.
func (f *Figure) curve(name string, l look, series []datum) error {
	series = slices.DeleteFunc(slices.Clone(series), func(p datum) bool { return math.IsNaN(p.Y) })
	if len(series) == 0 {
		return nil
	}
	var line, low, high plotter.XYs
	banded := false
	for _, p := range series {
		line = append(line, plotter.XY{X: p.X, Y: p.Y})
		low, high = append(low, plotter.XY{X: p.X, Y: p.Y - p.half}), append(high, plotter.XY{X: p.X, Y: p.Y + p.half})
		banded = banded || p.half > 0
	}
	if banded {
		slices.Reverse(high)
		band, err := plotter.NewPolygon(append(low, high...))
		if err != nil {
			return fmt.Errorf("figure %s: %s: %w", f.Name, name, err)
		}
		faint := l.line.Color.(color.NRGBA)
		faint.A = 36
		band.Color, band.LineStyle.Width = faint, 0
		f.plot.Add(band)
	}
	if len(series) > 40 {
		drawn, err := plotter.NewLine(line)
		if err != nil {
			return fmt.Errorf("figure %s: %s: %w", f.Name, name, err)
		}
		drawn.LineStyle = l.line
		f.above = append(f.above, drawn)
		f.legend.Add(name, drawn)
		return nil
	}
	drawn, points, err := plotter.NewLinePoints(line)
	if err != nil {
		return fmt.Errorf("figure %s: %s: %w", f.Name, name, err)
	}
	drawn.LineStyle, points.GlyphStyle = l.line, l.glyph
	f.above = append(f.above, drawn, points)
	f.legend.Add(name, drawn, points)
	return nil
}

// ticks are at multiples of 1, 2 or 5 times a power of ten, about six on an axis.
type ticks struct{}

func (ticks) Ticks(low, high float64) (list []plot.Tick) {
	if !(high > low) {
		return []plot.Tick{{Value: low, Label: strconv.FormatFloat(low, 'g', 4, 64)}}
	}
	power := math.Pow(10, math.Floor(math.Log10((high-low)/6)))
	step := 10 * power
	for _, times := range []float64{1, 2, 5} {
		if (high-low)/(times*power) <= 8 {
			step = times * power
			break
		}
	}
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9*step; i++ {
		list = append(list, plot.Tick{Value: i * step, Label: strconv.FormatFloat(i*step+0, 'f', decimals, 64)})
	}
	return list
}

// powers are ticks of an axis of logarithms to base 10, named by what these are of. (The library's
// own scale leaves room for a label where there is none.)
type powers struct{}

func (powers) Ticks(low, high float64) (list []plot.Tick) {
	for exponent := math.Floor(low); exponent <= high; exponent++ {
		list = append(list, plot.Tick{Value: exponent, Label: strconv.FormatFloat(math.Pow(10, exponent), 'g', 4, 64)})
		for times := 2.0; times < 10 && exponent < high; times++ {
			list = append(list, plot.Tick{Value: exponent + math.Log10(times)})
		}
	}
	return list
}

// whole are ticks at whole numbers, each with its label where they are few.
type whole struct{}

func (whole) Ticks(low, high float64) (list []plot.Tick) {
	step := 1
	for (high-low)/float64(step) > 16 {
		step *= 2
	}
	for x := int(math.Ceil(low)); float64(x) <= high; x++ {
		if x%step == 0 {
			list = append(list, plot.Tick{Value: float64(x), Label: strconv.Itoa(x)})
		}
	}
	return list
}
