package chat

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// largestWork bounds a rendering: the bytes that operations write plus the steps they take. A usual
// rendering needs some thousands.
const largestWork = 1 << 23

// These bound what is walked by recursion, which Go cannot stop once its stack is full. Published
// templates stay far below.
const (
	deepestValue    = 32   // lists in each other
	deepestBrackets = 16   // brackets in each other
	longestTag      = 1000 // tokens in one tag
	mostTags        = 1000
)

// checkShape holds a template to the bounds above before it is parsed.
func checkShape(source string, settings *config.Config) error {
	brackets, length, tags := 0, 0, 0
	for token, err := range lex(source, settings) {
		if err != nil {
			return err
		}
		length++
		switch token.Type {
		case tokens.Error:
			return fmt.Errorf("line %d: %s", token.Line, token.Val)
		case tokens.BlockBegin, tokens.VariableBegin:
			brackets, length = 0, 0
			tags++
		case tokens.LeftParenthesis, tokens.LeftBracket, tokens.LeftBrace:
			brackets++
		case tokens.RightParenthesis, tokens.RightBracket, tokens.RightBrace:
			brackets--
		}
		switch {
		case tags > mostTags:
			return fmt.Errorf("it has more than %d tags", mostTags)
		case length > longestTag:
			return fmt.Errorf("line %d: a tag has more than %d parts", token.Line, longestTag)
		case brackets > deepestBrackets:
			return fmt.Errorf("line %d: more than %d brackets lie in each other", token.Line, deepestBrackets)
		}
	}
	return nil
}

// lex gives a template's tokens one by one. The library's lexer goes back over what it has read
// where a character of several bytes stands after a number's point, and then on without end. Such a
// template is an error, and its lexer, which waits for somebody to take its next token, is left
// behind.
func lex(source string, settings *config.Config) iter.Seq2[*tokens.Token, error] {
	return func(yield func(*tokens.Token, error) bool) {
		lexer := tokens.NewLexer(source, settings)
		ended := make(chan error, 1)
		go func() {
			defer func() {
				var err error
				if p := recover(); p != nil {
					err = fmt.Errorf("the template library fails on it: %v", p)
				}
				ended <- err
			}()
			lexer.Run()
		}()
		wanted := true
		for range 2*len(source) + 64 { // each token has a character, but for those between tags and at the end
			select {
			case token, open := <-lexer.Tokens:
				if !open {
					return
				}
				wanted = wanted && yield(token, nil)
			case err := <-ended:
				if err != nil && wanted {
					yield(nil, err)
				}
				return
			}
		}
		if wanted {
			yield(nil, errors.New("the template library finds no end in it"))
		}
	}
}

// renderingName is a variable's name that no template can write.
const renderingName = "the rendering"

// noneName is another, of the value none.
const noneName = "the none"

// rendering is the state of one Render call: its output, and the work that it may still do. The
// bound is counted, not timed, so that it does not depend on the machine.
type rendering struct {
	text    strings.Builder
	left    int
	stopped error
}

// of finds the rendering that an evaluator works for.
func of(context *exec.Context) *rendering {
	value, _ := context.Get(renderingName)
	return value.(*rendering)
}

// work takes n from what is left. Once there is nothing left, or the template has refused, all
// further work fails.
func (r *rendering) work(n int) error {
	if r.stopped != nil {
		return r.stopped
	}
	if n < 0 || n > r.left {
		return r.fail(fmt.Errorf("it does not end within %d bytes and steps", largestWork))
	}
	r.left -= n
	return nil
}

// Write takes the template's output.
func (r *rendering) Write(p []byte) (int, error) {
	if err := r.work(len(p) + 1); err != nil {
		return 0, err
	}
	return r.text.Write(p)
}

// read pays for going through all of a value.
func (r *rendering) read(v *exec.Value) error {
	if !v.IsList() && !v.IsDict() {
		return r.work(size(v))
	}
	n, err := weigh(v, 0)
	if err != nil {
		return err
	}
	return r.work(n)
}

// fail keeps the first error, since the library loses those of a loop's condition.
func (r *rendering) fail(err error) error {
	if r.stopped == nil {
		r.stopped = err
	}
	return r.stopped
}

// raise is the function raise_exception.
func (r *rendering) raise(arguments *exec.VarArgs) (any, error) {
	return nil, r.fail(Refusal(arguments.First().String()))
}

// numbers is the function range; the library's own leaves a goroutine behind where a loop is left
// early.
func (r *rendering) numbers(arguments *exec.VarArgs) (any, error) {
	bounds := make([]int, len(arguments.Args))
	for i, a := range arguments.Args {
		if !a.IsInteger() {
			return nil, errors.New("range takes integers")
		}
		bounds[i] = a.Integer()
	}
	start, stop, step := 0, 0, 1
	switch len(bounds) {
	case 1:
		stop = bounds[0]
	case 2:
		start, stop = bounds[0], bounds[1]
	case 3:
		start, stop, step = bounds[0], bounds[1], bounds[2]
	default:
		return nil, errors.New("range takes one to three integers")
	}
	if step == 0 {
		return nil, errors.New("range: the step is 0")
	}
	list := exec.ValuesList{}
	for i := start; step > 0 && i < stop || step < 0 && i > stop; i += step {
		if err := r.work(16); err != nil {
			return nil, err
		}
		list = append(list, exec.AsValue(i))
	}
	return list, nil
}

// weigh is the work that copying a value takes; a value that lies too deep in itself, or holds a
// namespace, is an error.
func weigh(v *exec.Value, depth int) (int, error) {
	if depth > deepestValue {
		return 0, fmt.Errorf("a value lies deeper than %d lists in each other", deepestValue)
	}
	if _, ok := v.Interface().(*namespace); ok {
		return 0, errors.New("a namespace cannot be part of another value")
	}
	if v.IsString() {
		return len(v.String()) + 1, nil
	}
	sum := 1
	for _, element := range elements(v) {
		n, err := weigh(element, depth+1)
		if err != nil {
			return 0, err
		}
		if sum += n; sum > largestWork {
			return 0, fmt.Errorf("a value has more than %d bytes", largestWork)
		}
	}
	return sum, nil
}

// elements are the parts of a list, or the keys and values of a dictionary.
func elements(v *exec.Value) []*exec.Value {
	switch {
	case v.IsList():
		if list, ok := v.Interface().(exec.ValuesList); ok {
			return list
		}
		list := make([]*exec.Value, 0, v.Len())
		v.Iterate(func(_, _ int, element, _ *exec.Value) bool {
			list = append(list, element)
			return true
		}, func() {})
		return list
	case v.IsDict():
		var list []*exec.Value
		for _, pair := range pairs(v) {
			list = append(list, pair.Key, pair.Value)
		}
		return list
	}
	return nil
}

// pairs are the entries of a dictionary, in order.
func pairs(v *exec.Value) []*exec.Pair {
	if dict, ok := v.Interface().(*exec.Dict); ok {
		return dict.Pairs
	}
	return nil
}
