package suite

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Slurm is what a suite asks of a cluster for each element of its job array. It decides no number
// of a run.
type Slurm struct {
	Partition string `yaml:"partition,omitempty" json:"partition,omitempty"`
	Account   string `yaml:"account,omitempty" json:"account,omitempty"`
	// Gres are generic resources, such as gpu:1.
	Gres string `yaml:"gres,omitempty" json:"gres,omitempty"`
	// CPUs is the number of processors, 1 if 0; Mem the memory with its unit, such as 4G.
	CPUs int    `yaml:"cpus,omitempty" json:"cpus,omitempty"`
	Mem  string `yaml:"mem,omitempty" json:"mem,omitempty"`
	// Time is the limit in one of Slurm's forms, such as 2:00:00 or 1-12. An element that reaches
	// it goes on from its checkpoint when it is its turn again.
	Time string `yaml:"time,omitempty" json:"time,omitempty"`
	// Warning is how many seconds before the limit an element is told to save; DefaultSlurmWarning
	// if 0.
	Warning int `yaml:"warning,omitempty" json:"warning,omitempty"`
	// Elements bounds the array's size, 1000 if 0, since clusters allow 1001 by default; Running is
	// how many of them run at a time, any number if 0.
	Elements int `yaml:"elements,omitempty" json:"elements,omitempty"`
	Running  int `yaml:"running,omitempty" json:"running,omitempty"`
	// Restarts is how often an element whose worker died is queued again, and how often in a row
	// one that reached its limit without a newer checkpoint; 3 if 0.
	Restarts int `yaml:"restarts,omitempty" json:"restarts,omitempty"`
	// Extra are further options of sbatch, such as --constraint=a100.
	Extra []string `yaml:"extra,omitempty" json:"extra,omitempty"`
}

var (
	slurmWord = regexp.MustCompile(`^[A-Za-z0-9_.,:/%+=@()\[\]-]*$`)
	slurmTime = regexp.MustCompile(`^(|\d{1,9}|\d{1,9}:\d\d|\d{1,9}:\d\d:\d\d|\d{1,6}-\d{1,6}(:\d\d){0,2})$`)
	slurmMem  = regexp.MustCompile(`^(|\d{1,12}[KMGT]?)$`)
)

// mostOfSlurm bounds its whole numbers.
const mostOfSlurm = 1_000_000_000

// DefaultSlurmWarning is the lead of an element's signal to save before its limit, in seconds.
const DefaultSlurmWarning = 120

// limit is Time in seconds; 0 where there is none. Slurm reads 90 as minutes, 90:00 as minutes and
// seconds, 1-12:30 as days, hours and minutes.
func (s Slurm) limit() (seconds int) {
	days, clock, hasDays := strings.Cut(s.Time, "-")
	units := []int{60, 1}
	if hasDays {
		units = []int{3600, 60, 1}
	} else {
		days, clock = "", s.Time
		if strings.Count(clock, ":") == 2 {
			units = []int{3600, 60, 1}
		}
	}
	d, _ := strconv.Atoi(days)
	seconds = d * 24 * 3600
	for i, part := range strings.Split(clock, ":") {
		n, _ := strconv.Atoi(part)
		seconds += n * units[i]
	}
	return seconds
}

// gresGPUs is an entry of Gres that asks for GPUs, such as gpu, gpu:2 or gpu:a100:2; the number is
// 1 where it is missing.
var gresGPUs = regexp.MustCompile(`^gpu(?::[A-Za-z][\w.-]*)?(?::(\d{1,9}))?$`)

// gpus is how many GPUs Gres asks for on a node; 0 where it names none.
func (s Slurm) gpus() (n int) {
	for entry := range strings.SplitSeq(s.Gres, ",") {
		if found := gresGPUs.FindStringSubmatch(entry); found != nil {
			count, _ := strconv.Atoi(cmp.Or(found[1], "1"))
			n += count
		}
	}
	return n
}

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
	} else if limit, lead := s.limit(), cmp.Or(s.Warning, DefaultSlurmWarning); limit > 0 && limit <= lead {
		wrong("time", s.Time, fmt.Sprintf("more than %d seconds: so long before the limit (slurm.warning) an element is told to save, and it would never train", lead))
	}
	if !slurmMem.MatchString(s.Mem) {
		wrong("mem", s.Mem, "a number with K, M, G or T")
	}
	for _, field := range []struct {
		key   string
		value int
	}{{"cpus", s.CPUs}, {"warning", s.Warning}, {"elements", s.Elements}, {"running", s.Running}, {"restarts", s.Restarts}} {
		if field.value < 0 || field.value > mostOfSlurm {
			wrong(field.key, strconv.Itoa(field.value), fmt.Sprintf("0 to %d", mostOfSlurm))
		}
	}
	for _, option := range s.Extra {
		if !strings.HasPrefix(option, "-") || strings.ContainsFunc(option, unicode.IsControl) {
			wrong("extra", option, "an option of sbatch on one line, such as --constraint=a100")
		}
	}
	return errors.Join(errs...)
}
