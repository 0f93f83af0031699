package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"secura/experiments"
	"secura/experiments/launch"
	"secura/experiments/pretrained"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/backbone"
)

// SuiteOptions are the flags that choose a suite and change its settings.
type SuiteOptions struct {
	Suite    string
	Methods  string
	Seeds    count
	Orders   count
	Backbone string
	Backend  string
	Set      settings
}

func (o *SuiteOptions) addFlags(flags *flag.FlagSet) {
	o.addSettings(flags)
	flags.Var(&o.Seeds, "seeds", "take the first `NUMBER` of seeds, from 0 on. Default: the suite's")
	flags.Var(&o.Orders, "orders", "take the first `NUMBER` of orders of the tasks, from 0 on. Default: the suite's")
}

// addSettings adds the flags of everything but how many cells each method has.
func (o *SuiteOptions) addSettings(flags *flag.FlagSet) {
	flags.StringVar(&o.Methods, "methods", "", "`NAMES` of the methods to take, separated by commas; also ones that the suite leaves out, such as joint")
	o.addBackbone(flags)
}

// addBackbone adds the flags of what computes, and of single settings.
func (o *SuiteOptions) addBackbone(flags *flag.FlagSet) {
	flags.StringVar(&o.Backbone, "backbone", "", "`nano|DIR|FILE.gguf|ORG/NAME[@REVISION]`: the embedded model; a folder with config.json, *.safetensors and tokenizer.json; a GGUF file; or a repository of the hub. Several, separated by commas, are one run. Default: the suite's")
	flags.StringVar(&o.Backend, "backend", "", "`auto|xla|go|xla:FILE`: what computes. Default: the suite's, which is auto unless it says otherwise")
	flags.Var(&o.Set, "set", "`KEY=VALUE` replaces a setting of the suite, such as training.steps=6; may be repeated")
}

func (o *SuiteOptions) check() error {
	if o.Backend == "" {
		return nil
	}
	return backbone.CheckBackendName(o.Backend)
}

// count is a flag's whole number of at least 1; 0 while it is not given.
type count int

// String shows the number.
func (c *count) String() string { return strconv.Itoa(int(*c)) }

// Set takes the number.
func (c *count) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return errors.New("must be a whole number of at least 1")
	}
	*c = count(n)
	return nil
}

// settings collects a repeated flag.
type settings []string

// String shows what was collected.
func (s *settings) String() string { return strings.Join(*s, " ") }

// Set adds one KEY=VALUE.
func (s *settings) Set(setting string) error {
	if key, _, ok := strings.Cut(setting, "="); !ok || key == "" {
		return errors.New("must be KEY=VALUE")
	}
	*s = append(*s, setting)
	return nil
}

// load reads the suite, applies the options and checks everything that can be checked without a
// data file; each mistake is wrong usage, together a *suite.Faulty.
func (o *SuiteOptions) load() (suite.Suite, error) {
	chosen := splitNames(o.Methods)
	s, err := suite.Load(o.Suite, suite.Options{Presets: experiments.KnownPresets(), Set: o.Set, Methods: knownMethods(chosen)})
	faulty := (*suite.Faulty)(nil)
	if errors.As(err, &faulty) {
		s = faulty.Suite
	} else if err != nil {
		return suite.Suite{}, usage(err)
	}
	mistakes := []error{err}
	if o.Seeds != 0 {
		s.Seeds = int(o.Seeds)
	}
	if o.Orders != 0 {
		s.Orders = int(o.Orders)
	}
	if o.Backbone != "" {
		s = s.RunOn(splitNames(o.Backbone)...)
	}
	if o.Backend != "" {
		s.Backend = o.Backend
	}
	if len(chosen) > 0 {
		selected, err := selectMethods(s, chosen)
		if err == nil {
			s = selected
		}
		mistakes = append(mistakes, err)
	}
	inSuite := func(err error) {
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("suite %s: %w", s.Name, err))
		}
	}
	if faulty == nil { // else they were told
		inSuite(s.Validate(experiments.KnownPresets()))
	}
	inSuite(s.CheckParams(experiments.KnownPresets()))
	if err := errors.Join(mistakes...); err != nil {
		return suite.Suite{}, usage(&suite.Faulty{Suite: s, Err: err})
	}
	return s, nil
}

// loadSingle is load for what takes one backbone.
func (o *SuiteOptions) loadSingle() (suite.Suite, error) {
	s, err := o.load()
	if err == nil {
		if err = s.CheckSingle(); err != nil {
			err = usage(err)
		}
	}
	return s, err
}

// fetchBackbones brings the suite's backbones that lie on the hub into the hub's cache, and returns
// the suite with their revisions.
func fetchBackbones(ctx context.Context, s suite.Suite, noDownload bool, stderr io.Writer) (suite.Suite, error) {
	places, err := s.Places("")
	if err != nil {
		return s, err
	}
	for i, place := range places {
		if noDownload {
			break
		}
		_, goesOn := s.Revisions[s.BackboneNames()[i]]
		if err := pretrained.Fetch(ctx, place, goesOn, stderr); err != nil {
			return s, err
		}
	}
	return experiments.Pin(s), nil
}

// fetchForRun is fetchBackbones for a run, which goes on with the revisions that it began with.
func fetchForRun(ctx context.Context, run rundir.Run, s suite.Suite, noDownload bool, stderr io.Writer) (suite.Suite, error) {
	s, err := launch.KeepRevisions(run, s)
	if err != nil {
		return s, err
	}
	for _, name := range s.BackboneNames() {
		began, kept := s.Revisions[name]
		if now, ok := pretrained.Revision(name); kept && ok && now != began {
			fmt.Fprintf(stderr, "backbone %s: the run goes on with revision %.12s, with which it began; that of the hub's cache is %.12s now\n", name, began, now)
		}
	}
	return fetchBackbones(ctx, s, noDownload, stderr)
}

// selectMethods keeps the named methods. A method that the suite leaves out takes part with its
// preset's values.
func selectMethods(s suite.Suite, names []string) (suite.Suite, error) {
	return withAllMethods(s).Select(names)
}

// withAllMethods adds every preset that a suite leaves out, with its own values.
func withAllMethods(s suite.Suite) suite.Suite {
	s.Methods = slices.Clone(s.Methods)
	for _, name := range methods.Names() {
		if _, ok := s.Method(name); !ok {
			s.Methods = append(s.Methods, suite.MethodSpec{Preset: name, Name: name})
		}
	}
	return s
}

// knownMethods are those of the names that are presets. An unknown one is told with the nearest
// when the suite's methods are chosen.
func knownMethods(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(methods.Names(), name) })
}

// splitNames takes a list apart whose names are separated by commas; no text is no list.
func splitNames(text string) []string {
	if text == "" {
		return nil
	}
	names := strings.Split(text, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names
}
