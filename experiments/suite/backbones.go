package suite

import (
	"fmt"
	"path/filepath"
	"strings"
)

// BackboneNames are the backbones that the suite is run on, in their order.
func (s Suite) BackboneNames() []string {
	if s.Backbone != "" {
		return []string{s.Backbone}
	}
	return s.Backbones
}

// Place is where the suite's one backbone lies: Backbone, or with its revision NAME@COMMIT.
func (s Suite) Place() string { return s.place(s.Backbone) }

func (s Suite) place(name string) string {
	commit, ok := s.Revisions[name]
	if !ok {
		return name
	}
	repository, _, _ := strings.Cut(name, "@")
	return repository + "@" + commit
}

// RunOn is the suite on these backbones instead of its own.
func (s Suite) RunOn(names ...string) Suite {
	if len(names) == 1 {
		s.Backbone = names[0]
	} else {
		s.Backbone, s.Backbones = "", names
	}
	return s
}

// CheckSingle says that what is to be done takes one backbone, where the suite has several.
func (s Suite) CheckSingle() error {
	if names := s.BackboneNames(); len(names) > 1 {
		return fmt.Errorf("suite %s has %d backbones, and this takes one at a time: give one of them with -backbone: %s", s.Name, len(names), strings.Join(names, ", "))
	}
	return nil
}

// validateBackbones checks the backbones that the suite is run on or meant for.
func (s Suite) validateBackbones(r *rules) {
	r.must(s.Backbone != "" || len(s.Backbones) > 0, "backbone is empty, and so is backbones; give nano, a folder, a GGUF file or ORG/NAME, or a list of them")
	seen := map[string]bool{}
	for i, name := range s.Backbones {
		place := filepath.Clean(name)
		r.must(name != "", "backbones[%d] is empty; give nano, a folder, or ORG/NAME", i)
		r.must(name == "" || !seen[place], "backbones names %q twice", name)
		seen[place] = true
	}
}

// Places are where the suite's backbones lie here: where the suite says, in the revisions that it
// has, or at, their places in its order, separated by commas.
func (s Suite) Places(at string) ([]string, error) {
	names := s.BackboneNames()
	switch {
	case at == "":
		places := make([]string, len(names))
		for i, name := range names {
			places[i] = s.place(name)
		}
		return places, nil
	case len(names) == 1:
		return []string{at}, nil
	}
	places := strings.Split(at, ",")
	if len(places) != len(names) {
		return nil, fmt.Errorf("%q names %d places of backbones, separated by commas; expected one of each of these, in this order: %s", at, len(places), strings.Join(names, ", "))
	}
	return places, nil
}
