package experiments

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"strings"

	"secura/experiments/pretrained"
	"secura/experiments/record"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// manifestFolder is the folder of a manifest's names for the files of the suite's i-th backbone.
func manifestFolder(s suite.Suite, i int) string {
	names := s.BackboneNames()
	if names[i] == pretrained.Nano {
		return pretrained.Nano
	}
	return path.Join("backbone", record.BackboneLabels(names)[i])
}

// identifyBackbone names the files of the suite's i-th backbone, which lies in place, by their
// content.
func identifyBackbone(s suite.Suite, i int, place string) ([]rundir.File, error) {
	files, err := pretrained.Hash(place, s.Chat)
	for k := range files {
		files[k].Path = path.Join(manifestFolder(s, i), path.Base(files[k].Path))
	}
	return files, err
}

// Pin gives a suite the revisions of its backbones on the hub that the hub's cache has now, but for
// those that it has already: what it computes is then that of these commits, whatever becomes of
// the cache's branches.
func Pin(s suite.Suite) suite.Suite {
	revisions := maps.Clone(s.Revisions)
	for _, name := range s.BackboneNames() {
		if _, ok := revisions[name]; ok {
			continue
		}
		if commit, ok := pretrained.Revision(name); ok {
			if revisions == nil {
				revisions = map[string]string{}
			}
			revisions[name] = commit
		}
	}
	s.Revisions = revisions
	return s
}

// openBackbone opens the suite's one backbone.
func openBackbone(s suite.Suite) (*pretrained.Backbone, error) {
	return pretrained.Open(s.Place(), backboneOptions(s))
}

// backboneOptions say how the suite has its backbones opened.
func backboneOptions(s suite.Suite) pretrained.Options {
	return pretrained.Options{Chat: s.Chat, System: s.System, Empty: s.Training.EmptyToken, Held: precision(s)}
}

// precision is how the suite's backbones are held.
func precision(s suite.Suite) backbone.Precision {
	return backbone.Precision{Half: s.DType == suite.HalfPrecision, Changed: s.Training.Targets}
}

// checkBackbones says which of a suite's backbones are missing, or why they cannot be computed, and
// what to do, before their large files are read.
func checkBackbones(s suite.Suite) error {
	others := ""
	if s.Backbone != "" && len(s.Backbones) > 0 {
		others = fmt.Sprintf("; suite %s is meant for %s", s.Name, strings.Join(s.Backbones, ", "))
	}
	var mistakes []error
	places, _ := s.Places("")
	for i, name := range s.BackboneNames() {
		if err := pretrained.Check(places[i]); err != nil {
			mistakes = append(mistakes, fmt.Errorf("backbone %s: %w%s", name, err, others))
		}
	}
	return errors.Join(mistakes...)
}
