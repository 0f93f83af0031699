package chat

import (
	"errors"
	"fmt"
	"strings"

	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/tokens"
)

// mostChoices bounds the ifs in brackets of a template; Gemma 3's has one.
const mostChoices = 64

// errChoice is an if in brackets that is more than one choice between two values.
var errChoice = errors.New("an if in brackets, as in (a if x else b), is supported in round ones alone, with an else and without commas or named arguments")

// replaceChoices writes what the library does not parse, (a if x else b), as what means the same
// there: (((x) and [(a)] or [(b)])[0]), in which only one of a and b is evaluated too. It keeps
// lines. What cannot be written so is an error that names it.
func replaceChoices(source string, settings *config.Config) (string, error) {
	for n := 0; ; n++ {
		c, found, err := findChoice(source, settings)
		if err != nil || !found {
			return source, err
		}
		if n == mostChoices {
			return "", fmt.Errorf("it has more than %d ifs in brackets", mostChoices)
		}
		value, condition, other := source[c.open+1:c.choice], source[c.choice+len("if"):c.other], source[c.other+len("else"):c.close]
		source = source[:c.open+1] + "((" + condition + ") and [(" + value + ")] or [(" + other + ")])[0]" + source[c.close:]
	}
}

// choice has the places of (, if, else and ) in a source.
type choice struct{ open, choice, other, close int }

// findChoice finds the first brackets that close and have an if, whose inner brackets have none.
func findChoice(source string, settings *config.Config) (c choice, found bool, err error) {
	type bracket struct {
		choice
		simple bool
	}
	var open []bracket
	for token, err := range lex(source, settings) {
		if err != nil {
			return c, false, err
		}
		last := len(open) - 1
		switch token.Type {
		case tokens.BlockBegin, tokens.VariableBegin:
			open = open[:0]
		case tokens.LeftParenthesis, tokens.LeftBracket, tokens.LeftBrace:
			open = append(open, bracket{choice{open: token.Pos, choice: -1, other: -1}, token.Type == tokens.LeftParenthesis})
		case tokens.Comma, tokens.Assign:
			if last >= 0 {
				open[last].simple = false
			}
		case tokens.Name:
			switch {
			case last < 0:
			case token.Val == "if" && open[last].choice.choice < 0:
				open[last].choice.choice = token.Pos
			case token.Val == "else" && open[last].other < 0:
				open[last].other = token.Pos
			}
		case tokens.RightParenthesis, tokens.RightBracket, tokens.RightBrace:
			if last < 0 {
				continue
			}
			b := open[last]
			open = open[:last]
			if b.choice.choice < 0 || found {
				continue
			}
			b.close = token.Pos
			if !b.simple || b.other < b.choice.choice || !b.at(source) {
				return c, false, fmt.Errorf("line %d: %w", token.Line, errChoice)
			}
			c, found = b.choice, true // the rest is read, lest the lexer waits
		}
	}
	return c, found, nil
}

// at says whether the words are where the library's lexer says.
func (c choice) at(source string) bool {
	return source[c.open] == '(' && source[c.close] == ')' && strings.HasPrefix(source[c.choice:], "if") && strings.HasPrefix(source[c.other:], "else")
}
