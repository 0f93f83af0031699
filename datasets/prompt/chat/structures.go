package chat

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// controlStructures are the tags that a template may use. Those that read files (include, import,
// from, extends) or can call themselves (macro, call, block) are left out.
func controlStructures() *exec.ControlStructureSet {
	set := map[string]parser.ControlStructureParser{"set": parseAssignment, "generation": parseGeneration}
	for _, name := range []string{"for", "if", "break", "continue"} {
		structure, ok := builtins.ControlStructures.Get(name)
		if !ok {
			panic("the template library has no " + name)
		}
		set[name] = structure
	}
	return exec.NewControlStructureSet(set)
}

// assignment is {% set name = value %}, {% set space.name = value %} or {% set name %}…{% endset
// %}. The library's own keeps its expressions to itself, where they could not be rewritten.
type assignment struct {
	location    *tokens.Token
	space       string // the namespace's variable, "" for a variable of its own
	name        string
	value       nodes.Expression
	condition   nodes.Expression
	alternative nodes.Expression
	body        *nodes.Wrapper
}

// Position is where the tag stands.
func (a *assignment) Position() *tokens.Token { return a.location }

// String names the tag in errors.
func (a *assignment) String() string { return "set " + a.name }

func parseAssignment(p, arguments *parser.Parser) (nodes.ControlStructure, error) {
	a := &assignment{location: p.Current()}
	name := arguments.Match(tokens.Name)
	if name == nil {
		return nil, arguments.Error("set: a variable's name is expected", nil)
	}
	a.name = name.Val
	if arguments.Match(tokens.Dot) != nil {
		attribute := arguments.Match(tokens.Name)
		if attribute == nil {
			return nil, arguments.Error("set: expected a name after the dot", nil)
		}
		a.space, a.name = name.Val, attribute.Val
	}
	var err error
	if arguments.End() {
		var end *parser.Parser
		if a.body, end, err = p.WrapUntil("endset"); err != nil {
			return nil, err
		}
		if !end.End() {
			return nil, end.Error("endset takes no arguments", nil)
		}
		return a, nil
	}
	if arguments.Match(tokens.Assign) == nil {
		return nil, arguments.Error("set: = is expected", arguments.Current())
	}
	if a.value, err = arguments.ParseExpression(); err != nil {
		return nil, err
	}
	if a.condition, a.alternative, err = arguments.ParseCondition(); err != nil {
		return nil, err
	}
	if !arguments.End() {
		return nil, arguments.Error("set: expected nothing after the value", arguments.Current())
	}
	return a, nil
}

// Execute sets the variable.
func (a *assignment) Execute(r *exec.Renderer, _ *nodes.ControlStructureBlock) error {
	state := of(r.Environment.Context)
	value, err := a.evaluate(r, state)
	if err != nil {
		return err
	}
	weight, err := weigh(value, 0)
	if err != nil && !a.newNamespace(value) {
		return state.fail(fmt.Errorf("set %s: %w", a.name, err))
	}
	if err := state.work(weight); err != nil {
		return err
	}
	if a.space == "" {
		r.Environment.Context.Set(a.name, value)
		return nil
	}
	holder, _ := r.Environment.Context.Get(a.space)
	space, ok := exec.ToValue(holder).Interface().(*namespace)
	if !ok {
		return state.fail(fmt.Errorf("set %s.%s: %s is not a namespace", a.space, a.name, a.space))
	}
	space.values[a.name] = value
	return nil
}

// newNamespace says whether a variable is set to a namespace as it is made.
func (a *assignment) newNamespace(value *exec.Value) bool {
	_, ok := value.Interface().(*namespace)
	_, call := a.value.(*nodes.Call)
	return ok && call && a.space == ""
}

func (a *assignment) evaluate(r *exec.Renderer, state *rendering) (*exec.Value, error) {
	if a.body != nil {
		var out strings.Builder
		sub := r.Inherit()
		sub.Output = counted{state, &out}
		if err := sub.ExecuteWrapper(a.body); err != nil {
			return nil, err
		}
		return exec.AsValue(out.String()), nil
	}
	chosen := a.value
	if a.condition != nil {
		condition := r.Eval(a.condition)
		if condition.IsError() {
			return nil, condition
		}
		if !condition.IsTrue() {
			if a.alternative == nil {
				return exec.AsValue(nil), nil
			}
			chosen = a.alternative
		}
	}
	value := r.Eval(chosen)
	if value.IsError() {
		return nil, value
	}
	return value, nil
}

// counted is an output that is kept in a variable.
type counted struct {
	state *rendering
	out   *strings.Builder
}

// Write counts and keeps p.
func (c counted) Write(p []byte) (int, error) {
	if err := c.state.work(len(p) + 1); err != nil {
		return 0, err
	}
	return c.out.Write(p)
}

// namespace is the one value that a template can change.
type namespace struct{ values map[string]*exec.Value }

// namespace is the function namespace.
func (r *rendering) namespace(arguments *exec.VarArgs) (any, error) {
	if len(arguments.Args) > 0 {
		return nil, r.fail(errors.New("namespace takes named values only"))
	}
	space := &namespace{values: map[string]*exec.Value{}}
	for name, value := range arguments.KwArgs {
		weight, err := weigh(value, 0)
		if err == nil {
			err = r.work(weight)
		}
		if err != nil {
			return nil, r.fail(fmt.Errorf("namespace: %w", err))
		}
		space.values[name] = value
	}
	return space, nil
}

// generation is {% generation %}…{% endgeneration %}: it marks what the assistant writes, and its
// text is that of its body.
type generation struct {
	location *tokens.Token
	body     *nodes.Wrapper
}

// Position is where the tag stands.
func (g *generation) Position() *tokens.Token { return g.location }

// String names the tag in errors.
func (g *generation) String() string { return "generation" }

func parseGeneration(p, arguments *parser.Parser) (nodes.ControlStructure, error) {
	if !arguments.End() {
		return nil, arguments.Error("generation takes no arguments", nil)
	}
	g := &generation{location: p.Current()}
	var err error
	g.body, _, err = p.WrapUntil("endgeneration")
	return g, err
}

// Execute writes the body.
func (g *generation) Execute(r *exec.Renderer, _ *nodes.ControlStructureBlock) error {
	return r.ExecuteIfWrapper(g.body)
}
