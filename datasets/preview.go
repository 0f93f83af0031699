package datasets

import (
	"fmt"
	"io"
	"strings"
)

// border stands between the tokens of a prompt and those of what follows.
const border = "┃"

// aroundBorder is how many tokens of a prompt a preview shows.
const aroundBorder = 8

// Preview writes some examples of a task's split as the model sees them: the text before the
// answer, the answer or the options, and the tokens around the border between them. The examples
// are drawn by seed.
func (c *Encoder) Preview(w io.Writer, task Task, dir, split string, rows, seed int) error {
	set, err := task.Read(dir, split)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "task %s, split %s: %d examples of %d rows%s\n", task.Name, split, len(set.Examples), set.Rows, set.leftOut("limits"))
	fmt.Fprintln(w, c.trained(task, split))
	for _, i := range drawn(len(set.Examples), min(rows, len(set.Examples)), seed) {
		if err := c.previewRow(w, task, set.Examples[i]); err != nil {
			return err
		}
	}
	return nil
}

// leftOut tells of the rows that were not read, those above a bound by the key that has it.
func (s Set) leftOut(bound string) (text string) {
	if s.LeftOut > 0 {
		text = fmt.Sprintf(", %d left out by `where`", s.LeftOut)
	}
	if s.Bounded > 0 {
		text += fmt.Sprintf(", %d by `%s`", s.Bounded, bound)
	}
	return text
}

// trained says what is done with what stands after the border.
func (c *Encoder) trained(task Task, split string) string {
	switch {
	case split == "train" && task.Choice():
		return "trained on: the right option, after " + border + ", and the end of the text"
	case split == "train":
		return "trained on: the answer, after " + border + ", and the end of the text"
	case task.Choice():
		return "scored: each option, after " + border + "; * is the right one"
	}
	stop := ""
	if len(task.Stop) > 0 {
		stop = fmt.Sprintf(", cut at the first of %q", task.Stop)
	}
	return fmt.Sprintf("written: at most %d tokens from %s on%s; the answer shows what is expected", task.MaxNewTokens, border, stop)
}

func (c *Encoder) previewRow(w io.Writer, task Task, e Example) error {
	encoded, err := c.Encode(e)
	if err != nil {
		return err
	}
	context, _, err := c.context(e.System, e.Prompt)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nrow %d\n", e.ID)
	block(w, "prompt", context)
	notes := ""
	if encoded.Border.Blank {
		notes += "; the white space at the prompt's end belongs to what follows"
	}
	if encoded.Border.Merged {
		notes += "; a token reaches over the border, and what follows loses its beginning"
	}
	if !task.Choice() {
		for _, answer := range e.RightAnswers() {
			block(w, "answer", answer)
		}
		fmt.Fprintf(w, "  tokens  %s\n", c.tokens(encoded.Prompt, encoded.Answer))
	}
	for i, option := range encoded.Options {
		mark := " "
		if e.Right(i) {
			mark = "*"
		}
		fmt.Fprintf(w, "  option%s %s\n", mark, c.tokens(encoded.Prompt, option))
	}
	fmt.Fprintf(w, "          %d tokens before the border, %d after%s\n", len(encoded.Prompt), len(encoded.Answer), notes)
	return nil
}

// block writes a text of several lines.
func block(w io.Writer, name, text string) {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(w, "  %-6s │%s\n", name, line)
	}
}

// tokens writes tokens around the border, each as the tokenizer's file has it.
func (c *Encoder) tokens(before, after []int32) string {
	var out strings.Builder
	if len(before) > aroundBorder {
		before = before[len(before)-aroundBorder:]
		out.WriteString("… ")
	}
	for _, id := range before {
		out.WriteString(c.shown(id) + " ")
	}
	out.WriteString(border)
	for i, id := range after {
		if i == 4*aroundBorder {
			fmt.Fprintf(&out, " … (%d more)", len(after)-i)
			break
		}
		out.WriteString(" " + c.shown(id))
	}
	return out.String()
}

func (c *Encoder) shown(id int32) string {
	token, ok := c.tokenizer.Token(id)
	if !ok {
		return fmt.Sprintf("<%d>", id)
	}
	return strings.NewReplacer("\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(token)
}
