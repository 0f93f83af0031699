package engine

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"text/template"
)

// Slurm is what a suite asks of a cluster for each element of its job array. It decides no number of a run.
type Slurm struct {
	Partition string `yaml:"partition,omitempty" json:"partition,omitempty"`
	Account   string `yaml:"account,omitempty" json:"account,omitempty"`
	// Gres are generic resources, such as gpu:1.
	Gres string `yaml:"gres,omitempty" json:"gres,omitempty"`
	// CPUs is the number of processors, 1 if 0; Mem the memory with its unit, such as 4G.
	CPUs int    `yaml:"cpus,omitempty" json:"cpus,omitempty"`
	Mem  string `yaml:"mem,omitempty" json:"mem,omitempty"`
	// Time is the limit in one of Slurm's forms, such as 2:00:00 or 1-12. An element that reaches it goes on from its
	// checkpoint when it is its turn again.
	Time string `yaml:"time,omitempty" json:"time,omitempty"`
	// Warning is how many seconds before the limit an element is told to save; 120 if 0.
	Warning int `yaml:"warning,omitempty" json:"warning,omitempty"`
	// Elements bounds the array's size, 1000 if 0, since clusters allow 1001 by default; Running is how many of them run
	// at a time, any number if 0.
	Elements int `yaml:"elements,omitempty" json:"elements,omitempty"`
	Running  int `yaml:"running,omitempty" json:"running,omitempty"`
	// Restarts is how often an element whose worker died is queued again; 3 if 0.
	Restarts int `yaml:"restarts,omitempty" json:"restarts,omitempty"`
	// Extra are further options of sbatch, such as --constraint=a100.
	Extra []string `yaml:"extra,omitempty" json:"extra,omitempty"`
}

var (
	slurmWord = regexp.MustCompile(`^[A-Za-z0-9_.,:/%+=@()\[\]-]*$`)
	slurmTime = regexp.MustCompile(`^(|\d+|\d+:\d\d|\d+:\d\d:\d\d|\d+-\d+(:\d\d){0,2})$`)
	slurmMem  = regexp.MustCompile(`^(|\d+[KMGT]?)$`)
)

// Check says what is wrong with the values, each by its key.
func (s Slurm) Check() error {
	var errs []error
	wrong := func(key, value, want string) {
		errs = append(errs, fmt.Errorf("slurm.%s is %q, expected %s", key, value, want))
	}
	for _, field := range []struct{ key, value string }{{"partition", s.Partition}, {"account", s.Account}, {"gres", s.Gres}} {
		if !slurmWord.MatchString(field.value) {
			wrong(field.key, field.value, "a word without spaces and quotes")
		}
	}
	if !slurmTime.MatchString(s.Time) {
		wrong("time", s.Time, "minutes, H:MM:SS or DAYS-HOURS")
	}
	if !slurmMem.MatchString(s.Mem) {
		wrong("mem", s.Mem, "a number with K, M, G or T")
	}
	for _, field := range []struct {
		key   string
		value int
	}{{"cpus", s.CPUs}, {"warning", s.Warning}, {"elements", s.Elements}, {"running", s.Running}, {"restarts", s.Restarts}} {
		if field.value < 0 {
			wrong(field.key, strconv.Itoa(field.value), "0 or more")
		}
	}
	for _, option := range s.Extra {
		if !strings.HasPrefix(option, "-") || strings.ContainsAny(option, "\n\r") {
			wrong("extra", option, "an option of sbatch on one line, such as --constraint=a100")
		}
	}
	return errors.Join(errs...)
}

// Array is a job array that runs the cells of a run.
type Array struct {
	Slurm
	// Name is the job's name.
	Name string
	// Shards is the number of elements: element K of N begins with the K-th part of the cells and goes on with what
	// nobody else has.
	Shards int
	// Program, Run, Data and Backend are what each element's worker is told; paths are absolute.
	Program, Run, Data, Backend string
	// Logs is the folder for the elements' output.
	Logs string
}

//go:embed slurm.sh.tmpl
var slurmScript string

// Script is the batch script of the array.
func (a Array) Script() (string, error) {
	a.CPUs, a.Warning, a.Restarts = cmp.Or(a.CPUs, 1), cmp.Or(a.Warning, 120), cmp.Or(a.Restarts, 3)
	for _, path := range []string{a.Program, a.Run, a.Data, a.Backend, a.Logs} {
		if strings.ContainsAny(path, "\n\r%") {
			return "", fmt.Errorf("write the batch script: %q has a line break or a %%, which sbatch would replace", path)
		}
	}
	t, err := template.New("slurm.sh").Funcs(template.FuncMap{"quote": shellQuote}).Parse(slurmScript)
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

// shellQuote makes one word for a shell of any text.
func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

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
	// State is Slurm's, such as PENDING, RUNNING or COMPLETED; Reason says why it waits, or where it runs.
	State, Reason string
}

// Queue asks Slurm for the elements of jobs that wait or run. Where Slurm keeps accounts, those that ended come too.
func Queue(ctx context.Context, jobs []string) ([]Element, error) {
	if len(jobs) == 0 {
		return nil, nil
	}
	list := strings.Join(jobs, ",")
	// Without -j: squeue refuses a list with a job that it has forgotten.
	out, err := slurmCommand(ctx, "squeue", "--noheader", "--array", "--states=all", "--format=%F|%i|%T|%R")
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
