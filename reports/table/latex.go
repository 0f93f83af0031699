package table

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// LaTeX writes tables as LaTeX floats that a paper can \input. They need the packages booktabs,
// longtable and graphicx, which every TeX distribution has. A table that is wider than its column
// is shrunk to it. {\newcommand{\securafloat}{table*}\input{FILE}} lets one have both columns of a
// page. The label is "tab:SUITE-TITLE", so that tables of two suites can stand in one paper.
func LaTeX(w io.Writer, tables []Table, _ bool) error {
	var out bytes.Buffer
	for i, t := range tables {
		if i > 0 {
			out.WriteByte('\n')
		}
		writeLaTeX(&out, t)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write tables in LaTeX: %w", err)
	}
	return nil
}

// What an article's page holds, in TeX's points, with some room to spare.
const (
	pageRows    = 40
	lineWidth   = 345.0
	columnGap   = 12.0
	normalWidth = 5.3 // of a character
	smallWidth  = 4.5 // of one in \footnotesize
)

// A float is \securafloat, which is a table where the paper has not said what it is. The group lets
// the paper say it of one table.
const (
	beginFloat = "\\begingroup\n\\providecommand{\\securafloat}{table}\n\\begin{\\securafloat}\n\\centering\n"
	endFloat   = "\\end{\\securafloat}\n\\endgroup\n"
)

func writeLaTeX(out *bytes.Buffer, t Table) {
	fmt.Fprintf(out, "%% \\usepackage{booktabs,longtable,graphicx}\n")
	caption, label := latexCaption(t), "tab:"+Slug(strings.TrimSpace(t.Suite+" "+t.Title))
	if len(t.Rows) == 0 {
		fmt.Fprintf(out, beginFloat+"\\caption{%s}\n\\label{%s}\n%s"+endFloat, caption, label, latexNotes(t))
		return
	}
	spec, characters := latexColumns(t)
	width := func(character float64) float64 {
		return character*float64(characters) + columnGap*float64(len(t.Columns))
	}
	size, scaled := "", width(smallWidth) > lineWidth
	if width(normalWidth) > lineWidth {
		size = "\\footnotesize\n"
	}
	if len(t.Rows) > pageRows && !scaled {
		fmt.Fprintf(out, "{%s\\begin{longtable}{%s}\n\\caption{%s}\\label{%s}\\\\\n\\toprule\n", size, spec, caption, label)
		writeLatexHead(out, t)
		out.WriteString("\\midrule\n\\endfirsthead\n\\toprule\n")
		writeLatexHead(out, t)
		out.WriteString("\\midrule\n\\endhead\n")
		writeLatexRows(out, t)
		fmt.Fprintf(out, "\\bottomrule\n\\end{longtable}\n%s}\n", latexNotes(t))
		return
	}
	fmt.Fprintf(out, beginFloat+"%s\\caption{%s}\n\\label{%s}\n\\smallskip\n", size, caption, label)
	fmt.Fprintf(out, "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%%\n\\begin{tabular}{%s}\n\\toprule\n", spec)
	writeLatexHead(out, t)
	out.WriteString("\\midrule\n")
	writeLatexRows(out, t)
	fmt.Fprintf(out, "\\bottomrule\n\\end{tabular}}\n%s"+endFloat, latexNotes(t))
}

// spreads says whether a column has the spreads of its numbers beside them.
func (t *Table) spreads(column int) bool {
	return !slices.Contains(t.TextColumns, column) &&
		slices.ContainsFunc(t.Rows, func(row []Entry) bool { return row[column].Spread != "" })
}

// latexColumns is what tabular is told of the columns, and how many characters they hold.
func latexColumns(t Table) (spec string, characters int) {
	for column, c := range t.Columns {
		widest := 0
		for _, line := range c.Head {
			widest = max(widest, utf8.RuneCountInString(line))
		}
		number, spread := 0, 0
		for _, row := range t.Rows {
			number = max(number, utf8.RuneCountInString(row[column].Text)+len(row[column].Notes))
			spread = max(spread, utf8.RuneCountInString(row[column].Spread), utf8.RuneCountInString(row[column].Below))
		}
		switch {
		case slices.Contains(t.TextColumns, column) && number+spread > 30:
			spec += "p{0.3\\linewidth}"
			number, spread = 30, 0
		case column == 0 || slices.Contains(t.TextColumns, column):
			spec += "l"
		case t.spreads(column):
			spec += "r@{\\,}l"
		default:
			spec += "r"
		}
		characters += max(widest, number+spread)
	}
	return spec, characters
}

func writeLatexHead(out *bytes.Buffer, t Table) {
	tall := 1
	for _, c := range t.Columns {
		tall = max(tall, len(c.Head))
	}
	for line := range tall {
		var fields []string
		for column, c := range t.Columns {
			text := ""
			if i := line - (tall - len(c.Head)); i >= 0 {
				text = latex(c.Head[i])
			}
			align := "r"
			if column == 0 || slices.Contains(t.TextColumns, column) {
				align = "l"
			}
			span := 1
			if t.spreads(column) {
				span = 2
			}
			if text != "" || span > 1 {
				text = fmt.Sprintf("\\multicolumn{%d}{%s}{%s}", span, align, text)
			}
			fields = append(fields, text)
		}
		out.WriteString(strings.Join(fields, " & ") + " \\\\\n")
	}
}

func writeLatexRows(out *bytes.Buffer, t Table) {
	most, decimals := make([]int, len(t.Columns)), make([][]int, len(t.Columns))
	for column := range t.Columns {
		most[column], decimals[column] = t.decimals(column)
	}
	for k, row := range t.Rows {
		var fields []string
		for column, e := range row {
			text := latex(e.Text)
			if e.Number != nil {
				text = minusSigns(text)
			}
			switch {
			case e.Marked:
				text = "\\textbf{" + text + "}"
			case e.Second:
				text = "\\underline{" + text + "}"
			}
			for i, n := range e.Notes {
				separator := ""
				if i > 0 {
					separator = ","
				}
				text += fmt.Sprintf("\\textsuperscript{%s%d}", separator, n)
			}
			if fewer := most[column] - decimals[column][k]; e.Number != nil && fewer > 0 {
				missing := strings.Repeat("0", fewer)
				if decimals[column][k] == 0 {
					missing = "." + missing[1:]
				}
				text += "\\phantom{" + missing + "}"
			}
			if column == 0 {
				text = strings.Repeat("\\quad ", len(e.Text)-len(strings.TrimLeft(e.Text, " "))) + strings.TrimSpace(text)
			}
			if e.Below != "" {
				text += " {\\scriptsize (" + latex(e.Below) + ")}"
			}
			switch {
			case t.spreads(column) && e.Spread != "":
				fields = append(fields, text, "{\\scriptsize "+minusSigns(latex(e.Spread))+"}")
			case t.spreads(column):
				fields = append(fields, text, "")
			case e.Spread != "":
				fields = append(fields, text+" "+latex(e.Spread))
			default:
				fields = append(fields, text)
			}
		}
		out.WriteString(strings.Join(fields, " & ") + " \\\\\n")
	}
}

// minusSigns writes those of numbers as such, not as hyphens.
func minusSigns(text string) string { return strings.ReplaceAll(text, "-", "$-$") }

// latexCaption is the title, what the numbers are, and last what they are of, each a sentence.
func latexCaption(t Table) string {
	parts := []string{t.Title}
	for _, line := range t.Caption {
		if line != t.Source {
			parts = append(parts, capitalised(line))
		}
	}
	if t.Source != "" {
		parts = append(parts, "Run: "+t.Source)
	}
	for i, part := range parts {
		part = strings.ReplaceAll(part, " · ", ", ")
		parts[i] = strings.TrimSuffix(strings.TrimSpace(latex(part)), ".") + "."
	}
	return strings.Join(parts, " ")
}

// capitalised begins a sentence with a capital letter, unless it begins with a symbol or a label,
// as in "p: two-sided" and "qwen: suite paper".
func capitalised(text string) string {
	word, _, _ := strings.Cut(text, " ")
	first, size := utf8.DecodeRuneInString(word)
	if strings.HasSuffix(word, ":") || len(word) == size || !isWord(first) {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// latexNotes are the footnotes and remarks below a table.
func latexNotes(t Table) string {
	var lines []string
	marked, second := t.Marks()
	if marked {
		lines = append(lines, "Bold: "+latex(t.MarkMeans)+".")
	}
	if second {
		lines = append(lines, "Underlined: "+latex(t.SecondMeans)+".")
	}
	for i, note := range t.Footnotes {
		lines = append(lines, fmt.Sprintf("\\textsuperscript{%d}\\,%s", i+1, latex(note)))
	}
	for _, remark := range t.Remarks {
		lines = append(lines, latex(remark)+".")
	}
	if len(lines) == 0 {
		return ""
	}
	return "\\par\\smallskip\\noindent\n\\begin{minipage}{\\linewidth}\\footnotesize\\raggedright\n" + strings.Join(lines, "\\par\n") + "\n\\end{minipage}\n"
}

// latex escapes a text. What a font of TeX may lack is written as mathematics, or as the number of
// its character.
func latex(text string) string {
	var s strings.Builder
	quoted := false
	for _, c := range text {
		known, ok := latexRunes[c]
		switch {
		case c == '"':
			if quoted = !quoted; quoted {
				s.WriteString("``")
			} else {
				s.WriteString("''")
			}
		case ok:
			s.WriteString(known)
		case c < ' ':
			s.WriteByte(' ')
		case c > 'ſ': // beyond the Latin letters that inputenc knows
			fmt.Fprintf(&s, "[U+%04X]", c)
		default:
			s.WriteRune(c)
		}
	}
	return s.String()
}

var latexRunes = map[rune]string{
	'\\': `\textbackslash{}`, '{': `\{`, '}': `\}`, '$': `\$`, '&': `\&`, '#': `\#`, '%': `\%`, '_': `\_`,
	'^': `\textasciicircum{}`, '~': `\textasciitilde{}`, '<': `$<$`, '>': `$>$`, '|': `$|$`, '`': `\textasciigrave{}`,
	'–': `--`, '—': `---`, '−': `$-$`, '±': `$\pm$`, '·': `$\cdot$`, '×': `$\times$`, '≥': `$\geq$`, '≤': `$\leq$`, '≠': `$\neq$`,
	'‖': `$\|$`, '…': `\ldots{}`, '¼': `$\frac14$`, '½': `$\frac12$`, '¾': `$\frac34$`, '²': `$^2$`, '³': `$^3$`, '¹': `$^1$`, '₀': `$_0$`, 'ᵀ': `$^{\top}$`,
	'→': `$\rightarrow$`, 'Δ': `$\Delta$`, 'λ': `$\lambda$`, 'σ': `$\sigma$`, 'α': `$\alpha$`, 'β': `$\beta$`, 'Γ': `$\Gamma$`, 'θ': `$\theta$`, '√': `$\surd$`, 'Σ': `$\Sigma$`,
	'∞': `$\infty$`, '≈': `$\approx$`, '’': `'`, '‘': "`", '“': "``", '”': `''`, '°': `$^\circ$`, '€': `\texteuro{}`, '\u00a0': `~`,
}

// Slug is a title as the name of a file.
func Slug(title string) string {
	var s strings.Builder
	for _, c := range strings.ToLower(title) {
		switch {
		case isWord(c) || c == '_' || c == '.':
			s.WriteRune(c)
		case s.Len() > 0 && !strings.HasSuffix(s.String(), "-"):
			s.WriteByte('-')
		}
	}
	return strings.Trim(s.String(), "-.")
}
