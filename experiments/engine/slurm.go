package engine

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"text/template"

	"secura/experiments/suite"
)

// Array is a job array that runs the cells of a run.
type Array struct {
	suite.Slurm
	// Name is the job's name.
	Name string
	// Shards is the number of elements: element K of N begins with the K-th part of the cells and
	// goes on with what nobody else has.
	Shards int
	// Program, Run, Data and Backend are what each element's worker is told; paths are absolute.
	Program, Run, Data, Backend string
	// Logs is the folder for the elements' output; Rounds that for how often each reached its time
	// limit.
	Logs, Rounds string
}

//go:embed slurm.sh.tmpl
var slurmScript string

// Script is the batch script of the array.
func (a Array) Script() (string, error) {
	a.CPUs, a.Warning, a.Restarts = cmp.Or(a.CPUs, 1), cmp.Or(a.Warning, suite.DefaultSlurmWarning), cmp.Or(a.Restarts, 3)
	for _, path := range []string{a.Program, a.Run, a.Data, a.Backend, a.Logs, a.Rounds} {
		if strings.ContainsAny(path, "\n\r%") {
			return "", fmt.Errorf("write the batch script: %q has a line break or a %%, which sbatch would replace", path)
		}
	}
	t, err := template.New("slurm.sh").Funcs(template.FuncMap{"quote": ShellQuote}).Parse(slurmScript)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = t.Execute(&out, struct {
		Array
		Last        int
		Environment []string
	}{a, a.Shards - 1, memorySettings})
	return out.String(), err
}

// ShellQuote makes one word for a shell of any text.
func ShellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// Submit hands a batch script to Slurm and returns the job's number.
func Submit(ctx context.Context, script string) (job string, err error) {
	out, err := slurmCommand(ctx, "sbatch", "--parsable", script)
	if err != nil {
		return "", err
	}
	job, _, _ = strings.Cut(strings.TrimSpace(out), ";") // a federation names the cluster behind it
	if _, err := strconv.Atoi(job); err != nil {
		return "", fmt.Errorf("sbatch answered %q, expected a job's number", strings.TrimSpace(out))
	}
	return job, nil
}

// Element is an element of a job array as Slurm knows it.
type Element struct {
	// ID is "JOB_INDEX".
	ID string
	// State is Slurm's, such as PENDING, RUNNING or COMPLETED; Reason says why it waits, or where
	// it runs.
	State, Reason string
}

// Queue asks Slurm for the elements of jobs that wait or run. Where Slurm keeps accounts, those
// that ended come too.
func Queue(ctx context.Context, jobs []string) ([]Element, error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	list := strings.Join(jobs, ",")
	// Without -j: squeue refuses a list with a job that it has forgotten.
	out, err := slurmCommand(ctx, "squeue", "--noheader", "--all", "--array", "--states=all", "--format=%F|%i|%T|%R")
	if err != nil {
		return nil, err
	}
	mine, known := map[string]bool{}, map[string]bool{}
	for _, job := range jobs {
		mine[job] = true
	}
	var elements []Element
	for line := range strings.Lines(out) {
		if f := strings.SplitN(strings.TrimSpace(line), "|", 4); len(f) == 4 && mine[f[0]] {
			elements = append(elements, Element{f[1], f[2], f[3]})
			known[f[1]] = true
		}
	}
	// No accounting is how many clusters are, and no error.
	out, err = slurmCommand(ctx, "sacct", "--noheader", "--parsable2", "--allocations", "--jobs="+list, "--format=JobID,State,ExitCode")
	if err == nil {
		for line := range strings.Lines(out) {
			if f := strings.Split(strings.TrimSpace(line), "|"); len(f) == 3 && !known[f[0]] && !strings.Contains(f[0], "[") {
				elements = append(elements, Element{f[0], f[1], "exit " + f[2]})
			}
		}
	}
	return elements, nil
}

// Waiting says whether the element has work ahead of it.
func (e Element) Waiting() bool {
	switch e.State {
	case "PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "REQUEUED", "RESIZING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT":
		return true
	}
	return false
}

// Cancel takes jobs from the queue and stops their elements.
func Cancel(ctx context.Context, jobs []string) error {
	if len(jobs) == 0 {
		return nil
	}
	_, err := slurmCommand(ctx, "scancel", jobs...)
	return err
}

func slurmCommand(ctx context.Context, name string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, name, arguments...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%s is not on this machine: -engine slurm is for a machine that can submit to Slurm", name)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}
