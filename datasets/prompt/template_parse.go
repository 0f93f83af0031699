package prompt

import (
	"errors"
	"fmt"
	"strconv"
	"text/template"
	"text/template/parse"
)

// parseTemplate parses the template of a key and adds the columns that it reads to columns. row
// says whether its dot is the row.
//
// text/template writes a null as "<no value>", counts it as false and prints lists in Go's
// notation. So every value that a template reads is sent through a check ("value", "printed",
// "listed") that makes such a case an error.
func parseTemplate(key, text string, row bool, columns map[string]bool) (*template.Template, error) {
	t, err := template.New(key).Option("missingkey=error").Funcs(functions).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", key, err)
	}
	// Without text outside of it, a definition leaves the template no tree.
	if t.Tree == nil || len(t.Templates()) > 1 {
		return nil, fmt.Errorf("parse %s: define and block are not supported", key)
	}
	w := walker{columns: columns, hasRow: row}
	w.list(t.Tree.Root, row)
	if err := errors.Join(w.mistakes...); err != nil {
		return nil, fmt.Errorf("parse %s: %w", key, err)
	}
	return t, nil
}

// walker goes through a parse tree, collects columns and puts in the checks.
type walker struct {
	columns  map[string]bool
	hasRow   bool // $ is the row
	mistakes []error
}

func (w *walker) list(list *parse.ListNode, dotIsRow bool) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			source := n.Pipe.String()
			w.pipe(n.Pipe, dotIsRow)
			if len(n.Pipe.Decl) == 0 {
				check(n.Pipe, "printed", source)
			}
		case *parse.IfNode:
			w.pipe(n.Pipe, dotIsRow)
			w.list(n.List, dotIsRow)
			w.list(n.ElseList, dotIsRow)
		case *parse.WithNode:
			w.pipe(n.Pipe, dotIsRow)
			w.list(n.List, false)
			w.list(n.ElseList, dotIsRow)
		case *parse.RangeNode:
			source := n.Pipe.String()
			w.pipe(n.Pipe, dotIsRow)
			check(n.Pipe, "listed", source)
			w.list(n.List, false)
			w.list(n.ElseList, dotIsRow)
		case *parse.TemplateNode:
			w.wrong("template is not supported")
		}
	}
}

func (w *walker) pipe(pipe *parse.PipeNode, dotIsRow bool) {
	for _, command := range pipe.Cmds {
		w.column(command)
		function, _ := command.Args[0].(*parse.IdentifierNode)
		for i, arg := range command.Args {
			source := arg.String()
			if !w.reads(arg, dotIsRow) || function != nil && function.Ident == "null" {
				continue
			}
			if i == 0 && len(command.Args) > 1 {
				w.wrong("%s is no function", source)
				continue
			}
			checked := &parse.PipeNode{NodeType: parse.NodePipe, Pos: arg.Position(), Line: pipe.Line,
				Cmds: []*parse.CommandNode{{NodeType: parse.NodeCommand, Pos: arg.Position(), Args: []parse.Node{arg}}}}
			check(checked, "value", source)
			command.Args[i] = checked
		}
	}
}

// column makes a call of the function column the variable that reads that column of the row.
func (w *walker) column(command *parse.CommandNode) {
	if f, ok := command.Args[0].(*parse.IdentifierNode); !ok || f.Ident != "column" || len(command.Args) != 2 {
		return
	}
	name, ok := command.Args[1].(*parse.StringNode)
	switch {
	case !ok:
		return // the function says what is wrong
	case !w.hasRow:
		w.wrong("column %s: the dot is an option here, not the row", name)
		return
	}
	w.columns[name.Text] = true
	command.Args = []parse.Node{&parse.VariableNode{NodeType: parse.NodeVariable, Pos: name.Pos, Ident: []string{"$", name.Text}}}
}

// reads notes the column that arg reads and says whether arg is a value of the row, or of a
// variable, rather than a constant, a function or a pipeline.
func (w *walker) reads(arg parse.Node, dotIsRow bool) bool {
	switch n := arg.(type) {
	case *parse.FieldNode:
		if dotIsRow {
			w.columns[n.Ident[0]] = true
		}
	case *parse.VariableNode:
		switch {
		case n.Ident[0] != "$" || !w.hasRow:
		case len(n.Ident) == 1:
			w.wrong("$ is the whole row; name a column, as in $.question")
		default:
			w.columns[n.Ident[1]] = true
		}
	case *parse.DotNode:
		if dotIsRow {
			w.wrong(". is the whole row; name a column, as in .question")
		}
	case *parse.ChainNode:
		if inner, ok := n.Node.(*parse.PipeNode); ok {
			w.pipe(inner, dotIsRow)
		}
	case *parse.PipeNode:
		w.pipe(n, dotIsRow)
		return false
	default:
		return false
	}
	return true
}

func (w *walker) wrong(format string, args ...any) {
	w.mistakes = append(w.mistakes, fmt.Errorf(format, args...))
}

// check sends a pipeline's value through a function that also gets the pipeline's source for its
// errors.
func check(pipe *parse.PipeNode, function, source string) {
	pipe.Cmds = append(pipe.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pipe.Pos, Args: []parse.Node{
		parse.NewIdentifier(function).SetPos(pipe.Pos),
		&parse.StringNode{NodeType: parse.NodeString, Pos: pipe.Pos, Quoted: strconv.Quote(source), Text: source},
	}})
}
