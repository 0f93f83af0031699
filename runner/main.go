package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"secura/experiments/engine"
	"secura/experiments/suite"
)

const (
	// patience is how long a command may take to stop after an interruption: the engine gives its
	// workers less.
	patience = engine.DefaultGrace + 800*time.Millisecond
	// silence is how long it may take without a word.
	silence = 2 * time.Second
)

func main() {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, func() {
		if len(os.Args) > 1 && os.Args[1] == "worker" {
			return // who started it ends its patience
		}
		stop() // a second Ctrl-C ends the program at once
		time.Sleep(silence)
		fmt.Fprintf(os.Stderr, "runner: stopping, for up to %.0f s: what trains ends its step and saves. Ctrl-C once more stops at once\n", engine.DefaultGrace.Seconds())
		time.Sleep(patience - silence)
		fmt.Fprintln(os.Stderr, "runner: interrupted; did not stop by itself in time. The same command again goes on: "+sameCommand())
		os.Exit(130)
	})
	os.Exit(exitCode(ctx, execute(ctx, os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

// commands is the command table, in the order of the overview.
func commands() []command {
	return []command{
		newRun(), newTune(), newList(), newShow(), newValidate(), newStatus(), newCancel(), newWatch(), newReport(), newCompare(), newVerify(),
		newEval(), newExport(), newDataInspect(), newDataBuild(), newDataFetch(), newDataConvert(), newDataPreview(), newSetup(), newBench(), newPretrain(), newVersion(), newWorker(),
	}
}

// execute finds and runs a command.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	table := commands()
	if len(args) > 0 && args[0] == "help" {
		args = append(args[1:], "-h")
	}
	if len(args) == 1 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
		overview(stdout, table)
		return nil
	}
	c, rest, err := choose(table, args)
	if err != nil {
		return err
	}
	argument, err := c.parse(rest)
	if errors.Is(err, flag.ErrHelp) {
		c.help(stdout)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w\n`runner %s -h` tells more", err, c.name)
	}
	return c.run(ctx, argument, stdout, stderr)
}

// interruptedError says how to go on after an interruption.
type interruptedError struct{ advice string }

func (e *interruptedError) Error() string { return e.advice }

// exitCode tells of the error and maps it to the program's exit code.
func exitCode(ctx context.Context, err error, stderr io.Writer) int {
	var wrongUsage *usageError
	var interrupted *interruptedError
	var loss *lossError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &interrupted):
		fmt.Fprintln(stderr, "runner: interrupted;", told(err))
		return 130
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "runner: interrupted")
		return 130
	case errors.As(err, &wrongUsage):
		fmt.Fprintln(stderr, "runner:", told(err))
		return 2
	case errors.As(err, &loss):
		fmt.Fprintln(stderr, "runner:", told(err))
		return 3
	}
	fmt.Fprintln(stderr, "runner:", told(err))
	return 1
}

// Bounds of a printed error.
const (
	mostErrorLines = 100
	longestLine    = 2000
)

// told is an error's text without the middle of very long lines, such as those with a text that was
// given for a name, and without the lines after the first hundred.
func told(err error) string {
	lines := strings.Split(err.Error(), "\n")
	if more := len(lines) - mostErrorLines; more > 0 {
		lines = append(lines[:mostErrorLines:mostErrorLines], fmt.Sprintf("and %d more lines", more))
	}
	for i, line := range lines {
		lines[i] = suite.Shorten(line, longestLine)
	}
	return strings.Join(lines, "\n")
}
