// Package chat renders conversations by the chat template that a model carries. In come the
// template (a Jinja program from a file that somebody downloaded) and messages; out comes text. The
// program can read nothing but the conversation, and its work is bounded. These are errors: macros,
// recursive loops, named arguments of methods, and an if in brackets but for (a if x else b), which
// Gemma 3's template has. Tuples are printed as lists. Read Template.Render first.
package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string // system, user or assistant
	Content string
}

// Template renders conversations. It is safe for concurrent use.
type Template struct {
	program *exec.Template
	tokens  map[string]string
	source  string
}

// Digest names the template's source and the special tokens that it may write.
func (t *Template) Digest() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q", t.source, t.tokens) // a map is printed in the order of its keys
	return hex.EncodeToString(sum.Sum(nil))
}

// Refusal is what a template says of a conversation that it does not take, such as "System role not
// supported".
type Refusal string

// Error tells that the template refused, and why.
func (r Refusal) Error() string { return "the chat template refuses the conversation: " + string(r) }

// largestSource bounds a template in bytes; published ones have up to 20,000.
const largestSource = 64 << 10

// sourceName is the one name that the library can load, and no template can.
const sourceName = "/chat_template"

// Compile parses a template. The special tokens are the variables that it may write beside the
// conversation, such as bos_token. What is not supported, or would let the template read files or
// call itself, is an error that names it.
func Compile(source string, specialTokens map[string]string) (t *Template, err error) {
	defer func() {
		if p := recover(); p != nil {
			t, err = nil, fmt.Errorf("parse chat template: the template library fails on it: %v", p)
		}
	}()
	if len(source) > largestSource {
		return nil, fmt.Errorf("parse chat template: it has %d bytes, more than %d", len(source), largestSource)
	}
	source = strings.ReplaceAll(strings.ReplaceAll(source, "\r\n", "\n"), "\r", "\n") // as the library does
	settings := configuration()
	if err := checkShape(source, settings); err != nil {
		return nil, fmt.Errorf("parse chat template: %w", err)
	}
	written := source
	if source, err = replaceChoices(source, settings); err == nil && source != written {
		err = checkShape(source, settings)
	}
	if err != nil {
		return nil, fmt.Errorf("parse chat template: %w", err)
	}
	loader, err := loaders.NewMemoryLoader(map[string]string{sourceName: source})
	if err != nil {
		return nil, fmt.Errorf("parse chat template: %w", err)
	}
	program, err := exec.NewTemplate(sourceName, settings, loader, environment())
	if err != nil {
		if inner := errors.Unwrap(err); inner != nil {
			err = inner // the library's own message repeats the whole source
		}
		return nil, fmt.Errorf("parse chat template: %.400s", err.Error())
	}
	if _, err := rewriteNodes(source, program.Root().Nodes); err != nil {
		return nil, fmt.Errorf("parse chat template: %w", err)
	}
	return &Template{program: program, tokens: maps.Clone(specialTokens), source: written}, nil
}

// Render writes a conversation, with generationPrompt the beginning of the assistant's next turn
// after it. A conversation that the template does not take is a Refusal; a template that works
// without end is an error.
func (t *Template) Render(messages []Message, generationPrompt bool) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			text, err = "", fmt.Errorf("render chat template: %v", p)
		}
	}()
	r := &rendering{left: largestWork}
	turns := make(exec.ValuesList, len(messages))
	for i, m := range messages {
		turns[i] = dictionary("role", m.Role, "content", m.Content)
	}
	variables := map[string]any{renderingName: r, noneName: none, "messages": turns, "tools": none, "documents": none, "add_generation_prompt": generationPrompt,
		"raise_exception": r.raise, "range": r.numbers, "namespace": r.namespace}
	for _, name := range slices.Sorted(maps.Keys(t.tokens)) {
		variables[name] = t.tokens[name]
	}
	err = t.program.Execute(r, exec.NewContext(variables))
	if r.stopped != nil {
		err = r.stopped // the library may have gone on, or wrapped the error many times
	}
	if refusal := Refusal(""); errors.As(err, &refusal) {
		return "", refusal
	}
	if err != nil {
		return "", fmt.Errorf("render chat template: %.400s", err.Error())
	}
	return r.text.String(), nil
}

// dictionary is a value with the given keys and values, in this order.
func dictionary(pairs ...string) *exec.Value {
	dict := exec.NewDict()
	for i := 0; i < len(pairs); i += 2 {
		dict.Pairs = append(dict.Pairs, &exec.Pair{Key: exec.AsValue(pairs[i]), Value: exec.AsValue(pairs[i+1])})
	}
	return exec.AsValue(dict)
}
