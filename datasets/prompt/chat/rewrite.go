package chat

import (
	"fmt"
	"strings"

	structures "github.com/nikolalohinski/gonja/v2/builtins/control_structures"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// The library, gonja v2.9.1, evaluates some operators otherwise than Jinja does: xs[-1] of a list
// of one is empty, -1 % 3 is -1, 'a' + none is 'a', 'éa'[0] is a byte; and nothing bounds what they
// write. We know of no issue there about these. So after parsing each of them becomes a call of a
// filter of this package: a + b becomes a | operator("+", b). Their names cannot be written in a
// template. When the library answers the four as Jinja does, only the bounds need this.
const (
	operatorFilter  = "the operator"
	itemFilter      = "the item"
	attributeFilter = "the attribute"
	sliceFilter     = "the slice"
	methodFilter    = "the method"
	notFilter       = "the negation"
	truthFilter     = "the condition"
	printFilter     = "the text"
	loopFilter      = "the loop"
)

// rewriteNodes rewrites a template's nodes in place, and returns how many steps it takes to execute
// them once.
func rewriteNodes(source string, list []nodes.Node) (steps int, err error) {
	for _, node := range list {
		n := 1
		switch node := node.(type) {
		case *nodes.Data:
			stripLeft(source, node.Data)
		case *nodes.Output:
			n, err = rewriteAll(&node.Expression, &node.Condition, &node.Alternative)
			node.Expression = filtered(node.Expression, printFilter)
			if node.Alternative != nil {
				node.Alternative = filtered(node.Alternative, printFilter)
			}
		case *nodes.ControlStructureBlock:
			n, err = rewriteStructure(source, node.ControlStructure)
		}
		if err != nil {
			return 0, err
		}
		steps += n
	}
	return steps, nil
}

func rewriteStructure(source string, structure nodes.ControlStructure) (steps int, err error) {
	bodies := []*nodes.Wrapper{}
	switch s := structure.(type) {
	case *structures.ForControlStructure:
		if s.Recursive {
			return 0, fmt.Errorf("for … recursive is not supported")
		}
		if steps, err = rewriteAll(&s.ObjectEvaluator, &s.IfCondition); err != nil {
			return 0, err
		}
		if s.IfCondition != nil {
			s.IfCondition = filtered(s.IfCondition, truthFilter)
		}
		bodies = append(bodies, s.BodyWrapper, s.EmptyWrapper)
		defer func() {
			// Each round is paid for before the first one.
			s.ObjectEvaluator = filtered(s.ObjectEvaluator, loopFilter, &nodes.Integer{Location: s.ObjectEvaluator.Position(), Val: steps + 8})
		}()
	case *structures.IfControlStructure:
		for i := range s.Conditions {
			n, err := rewriteAll(&s.Conditions[i])
			if err != nil {
				return 0, err
			}
			steps += n
		}
		bodies = s.Wrappers
	case *assignment:
		if steps, err = rewriteAll(&s.value, &s.condition, &s.alternative); err != nil {
			return 0, err
		}
		bodies = append(bodies, s.body)
	case *generation:
		bodies = append(bodies, s.body)
	}
	for _, body := range bodies {
		if body == nil {
			continue
		}
		n, err := rewriteNodes(source, body.Nodes)
		if err != nil {
			return 0, err
		}
		steps += n
	}
	return steps + 4, nil
}

// stripLeft takes away the spaces that a line begins with before a tag or a comment. The library's
// own setting also takes those after other text.
func stripLeft(source string, data *tokens.Token) {
	if data.Pos+len(data.Val) > len(source) {
		return
	}
	next := source[data.Pos+len(data.Val):]
	if !strings.HasPrefix(next, "{%") && !strings.HasPrefix(next, "{#") || len(next) > 2 && next[2] == '+' {
		return
	}
	line := strings.LastIndexByte(source[:data.Pos+len(data.Val)], '\n') + 1
	if start := max(0, line-data.Pos); line >= data.Pos && strings.TrimSpace(data.Val[start:]) == "" {
		data.Val = data.Val[:start]
	}
}

// rewriteAll rewrites expressions, of which some may be nil.
func rewriteAll(list ...*nodes.Expression) (steps int, err error) {
	r := rewriter{}
	for _, e := range list {
		if *e != nil {
			*e = r.rewrite(*e)
		}
	}
	return r.steps, r.err
}

// rewriter counts the nodes of expressions and keeps the first mistake.
type rewriter struct {
	steps int
	err   error
}

func (r *rewriter) fail(at nodes.Node, format string, arguments ...any) {
	if r.err == nil {
		line := 0
		if position := at.Position(); position != nil {
			line = position.Line
		}
		r.err = fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, arguments...))
	}
}

func (r *rewriter) rewrite(e nodes.Node) nodes.Expression {
	r.steps++
	again := r.rewrite
	all := func(list []nodes.Expression) {
		for i := range list {
			list[i] = again(list[i])
		}
	}
	switch e := e.(type) {
	case *nodes.List:
		all(e.Val)
	case *nodes.Tuple:
		all(e.Val)
	case *nodes.Dict:
		for _, pair := range e.Pairs {
			pair.Key, pair.Value = again(pair.Key), again(pair.Value)
		}
	case *nodes.Negation:
		return filtered(again(e.Term), notFilter)
	case *nodes.UnaryExpression:
		e.Term = again(e.Term)
	case *nodes.BinaryExpression:
		left, right := again(e.Left), again(e.Right)
		if kind := e.Operator.Token.Type; kind == tokens.And || kind == tokens.Or {
			e.Left, e.Right = left, right
			return e
		}
		return filtered(left, operatorFilter, text(e, e.Operator.Token.Val), right)
	case *nodes.GetItem:
		if e.Arg == nil {
			r.fail(e, "an index is missing between [ and ]")
			return e
		}
		return filtered(again(e.Node), itemFilter, again(e.Arg))
	case *nodes.GetAttribute:
		if e.Attribute == "" {
			return filtered(again(e.Node), itemFilter, &nodes.Integer{Location: e.Position(), Val: e.Index})
		}
		return filtered(again(e.Node), attributeFilter, text(e, e.Attribute))
	case *nodes.GetSlice:
		bounds := []nodes.Expression{}
		for _, bound := range []nodes.Node{e.Start, e.End, e.Step} {
			if bound == nil {
				bound = &nodes.None{Location: e.Position()}
			}
			bounds = append(bounds, again(bound))
		}
		return filtered(again(e.Node), sliceFilter, bounds...)
	case *nodes.Call:
		return r.rewriteCall(e, again, all)
	case *nodes.FilteredExpression:
		e.Expression = again(e.Expression)
		for _, filter := range e.Filters {
			r.steps++
			if _, ok := supported(filter.Name); !ok {
				r.fail(e, "the filter %s is not supported", filter.Name)
			}
			all(filter.Args)
			for name, argument := range filter.Kwargs {
				filter.Kwargs[name] = again(argument)
			}
		}
	case *nodes.TestExpression:
		term := again(e.Expression)
		all(e.Test.Args)
		if comparisons[e.Test.Name] {
			if len(e.Test.Args) != 1 {
				r.fail(e, "%s needs a right side", e.Test.Name)
				return e
			}
			return filtered(term, operatorFilter, text(e, e.Test.Name), e.Test.Args[0])
		}
		if _, ok := valueTests[e.Test.Name]; !ok {
			r.fail(e, "the test %s is not supported", e.Test.Name)
		}
		e.Expression = term
	case *nodes.None:
		return name(e, noneName)
	case *nodes.Name:
		if e.Name.Val == "none" { // a variable to the library, None alone is not
			return name(e, noneName)
		}
	case *nodes.String, *nodes.Integer, *nodes.Float, *nodes.Bool:
	case nil:
		r.steps, r.err = 0, fmt.Errorf("an expression is missing")
		return &nodes.None{}
	default:
		r.fail(e, "%T is not supported", e)
	}
	expression, _ := e.(nodes.Expression)
	return expression
}

// rewriteCall rewrites f(…), and x.f(…), whose x the library evaluates twice.
func (r *rewriter) rewriteCall(e *nodes.Call, again func(nodes.Node) nodes.Expression, all func([]nodes.Expression)) nodes.Expression {
	all(e.Args)
	for name, argument := range e.Kwargs {
		e.Kwargs[name] = again(argument)
	}
	switch function := e.Func.(type) {
	case *nodes.Name:
		return e
	case *nodes.GetAttribute:
		if function.Attribute == "" {
			break
		}
		if len(e.Kwargs) > 0 {
			r.fail(e, "the method %s takes no named arguments here", function.Attribute)
		}
		return filtered(again(function.Node), methodFilter, append([]nodes.Expression{text(e, function.Attribute)}, e.Args...)...)
	}
	r.fail(e, "only functions and methods can be called")
	return e
}

// filtered is e | name(arguments).
func filtered(e nodes.Expression, name string, arguments ...nodes.Expression) nodes.Expression {
	return &nodes.FilteredExpression{Expression: e, Filters: []*nodes.FilterCall{{Token: e.Position(), Name: name, Args: arguments}}}
}

func name(at nodes.Node, name string) nodes.Expression {
	token := *at.Position()
	token.Val = name
	return &nodes.Name{Name: &token}
}

func text(at nodes.Node, value string) nodes.Expression {
	return &nodes.String{Location: at.Position(), Val: value}
}
