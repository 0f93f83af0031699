package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"secura/spelling"
)

// command is one entry of the command table. It is made for each call, since its flags write into
// its options.
type command struct {
	// name is what the user types; "data build" has two words.
	name string
	// does says in one line what the command does.
	does string
	// examples are command lines without the program's name.
	examples []string
	// argument is what the single positional argument is called in the usage; empty if the command
	// takes none.
	argument string
	// optional says that the argument may be left out.
	optional bool
	// further collects the arguments after the first one; nil if the command takes one at most.
	further *[]string
	// hidden keeps a command that other commands start out of the overview.
	hidden bool
	// flags are the command's own; parsing fills the command's options.
	flags *flag.FlagSet
	// check says what is wrong with the options, before anything is read; it may be nil.
	check func(argument string) error
	// run does the work. Results go to stdout, progress and logs to stderr.
	run func(ctx context.Context, argument string, stdout, stderr io.Writer) error
}

// newFlags makes a set of flags that prints nothing by itself.
func newFlags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	return flags
}

// usageError is a mistake in how the program was called; it ends in code 2.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// usage marks an error as wrong usage; nil stays nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &usageError{err}
}

// choose finds the command that args name and what remains for it. Without a name, run is meant.
func choose(table []command, args []string) (command, []string, error) {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		args = append([]string{"run"}, args...)
	}
	var names []string
	for _, c := range table {
		if c.name == args[0] {
			return c, args[1:], nil
		}
		if len(args) > 1 && c.name == args[0]+" "+args[1] {
			return c, args[2:], nil
		}
		if !c.hidden {
			names = append(names, c.name)
		}
	}
	name := args[0]
	var within []string // the commands that begin with the same word
	for _, n := range names {
		if strings.HasPrefix(n, name+" ") {
			within = append(within, n)
		}
	}
	if within != nil {
		if len(args) > 1 && !strings.HasPrefix(args[1], "-") {
			name += " " + args[1]
		}
		names = within
	}
	return command{}, nil, usagef("%s", spelling.Unknown("command", name, names))
}

// addData adds the flag -data.
func addData(flags *flag.FlagSet, dir *string) {
	flags.StringVar(dir, "data", ".", "`DIR` below which the tasks' relative sources lie")
}

// addNoDownload adds the flag -no-download.
func addNoDownload(flags *flag.FlagSet, forbidden *bool) {
	flags.BoolVar(forbidden, "no-download", false, "download nothing: use an installed XLA plugin or else pure Go, and a backbone that is on this machine")
}

// parse reads flags and the positional argument, which may stand before, between or after the
// flags. flag.ErrHelp asks for the help.
func (c command) parse(args []string) (argument string, err error) {
	given := false
	for {
		if err := c.flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return "", err
			}
			return "", c.flagError(err)
		}
		if args = c.flags.Args(); len(args) == 0 {
			break
		}
		switch {
		case c.argument == "" && c.flags.Lookup("suite") != nil:
			return "", usagef("%s takes no argument, was given %q; a suite is given by -suite SUITE", c.name, args[0])
		case c.argument == "":
			return "", usagef("%s takes no argument, was given %q", c.name, args[0])
		case given && c.further != nil:
			*c.further, args = append(*c.further, args[0]), args[1:]
			continue
		case given:
			return "", usagef("%s takes one argument, %s; was given %q and %q", c.name, c.argument, argument, args[0])
		}
		argument, given, args = args[0], true, args[1:]
	}
	if err := c.emptyFlags(); err != nil {
		return "", err
	}
	if c.argument != "" && !c.optional && argument == "" {
		return "", usagef("%s needs an argument: runner %s %s", c.name, c.name, c.argument)
	}
	if c.check != nil {
		return argument, usage(c.check(argument))
	}
	return argument, nil
}

// emptyFlags refuses flags without a value, as of a shell variable that is not set: `-adapter ""`
// would evaluate the untouched backbone.
func (c command) emptyFlags() error {
	var empty []error
	c.flags.Visit(func(f *flag.Flag) {
		if value, _ := flag.UnquoteUsage(f); f.Value.String() == "" {
			empty = append(empty, fmt.Errorf("%s: -%s is empty, must be %s; leave the flag out for its default", c.name, f.Name, value))
		}
	})
	return usage(errors.Join(empty...))
}

// flagError names the nearest flag for one that is not known.
func (c command) flagError(err error) error {
	name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: ")
	if !unknown {
		return usagef("%s: %w", c.name, err)
	}
	var known []string
	c.flags.VisitAll(func(f *flag.Flag) { known = append(known, "-"+f.Name) })
	return usagef("%s", spelling.Unknown("flag of "+c.name, name, known))
}

const exitCodes = `Exit codes:
  0    all done
  1    a cell failed or diverged, or data or files were wrong
  2    wrong usage or an invalid suite
  3    compare -fail: a loss is shown
  130  interrupted; the same command again goes on
`

// help writes what -h prints.
func (c command) help(w io.Writer) {
	line := "runner " + c.name
	if c.argument != "" && c.optional {
		line += " [" + c.argument + "]"
	} else if c.argument != "" {
		line += " " + c.argument
	}
	if c.further != nil {
		line += " [" + c.argument + " ...]"
	}
	fmt.Fprintf(w, "%s: %s\n\nUsage:\n  %s", "runner "+c.name, c.does, line)
	var flags strings.Builder
	c.flags.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		head := "-" + f.Name
		if value != "" {
			head += " " + value
		}
		fmt.Fprintf(&flags, "  %s\n      %s", head, text)
		if f.DefValue != "" && f.DefValue != "0" && f.DefValue != "false" {
			fmt.Fprintf(&flags, " (default %s)", f.DefValue)
		}
		flags.WriteByte('\n')
	})
	if flags.Len() > 0 {
		fmt.Fprint(w, " [flags]")
	}
	fmt.Fprint(w, "\n\nExamples:\n")
	for _, e := range c.examples {
		fmt.Fprintf(w, "  runner %s\n", e)
	}
	if flags.Len() > 0 {
		fmt.Fprintf(w, "\nFlags:\n%s", flags.String())
	}
	fmt.Fprintf(w, "\n%s", exitCodes)
}

// overview writes what there is.
func overview(w io.Writer, table []command) {
	fmt.Fprint(w, "runner: continual learning of fine-tuned language models, measured\n\nUsage:\n  runner [COMMAND] [ARGUMENT] [flags]    (without a command, run is meant)\n\nCommands:\n")
	for _, c := range table {
		if !c.hidden {
			fmt.Fprintf(w, "  %-13s %s\n", c.name, c.does)
		}
	}
	fmt.Fprintf(w, "\nThe main job:\n  runner -suite continual16\n\n`runner COMMAND -h` lists a command's flags.\n\n%s", exitCodes)
}
