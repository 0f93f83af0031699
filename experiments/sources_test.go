package experiments

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"secura/experiments/rundir"
	"secura/experiments/suite"
)

func TestAPreparedSuiteKnowsWhereItsDataComeFrom(t *testing.T) {
	y := newToy(t)
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(y.dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("backbone/README.md", "---\nlicense: apache-2.0\n---\n# Toy\n")
	write("next/README.md", "---\nlicense: [mit, gfdl]\n---\n```\n@article{next,\n  title={Next}\n}\n```\n@misc{long, note={"+strings.Repeat("x", mostBibTeX)+"}}\n")
	write("next/origin.json", `{"name": "org/next", "revision": "0123"}`)
	write("same/README.md", "---\nlicense: mit\n")
	s := y.with(suite.MethodSpec{Preset: "seq"})
	again := s.Tasks[0]
	again.Name = "again"
	s.Tasks = append(s.Tasks, again)
	prepared, err := Prepare(t.Context(), s, y.store())
	if err != nil {
		t.Fatal(err)
	}
	want := []rundir.Source{
		{Backbone: s.Backbone, Licenses: []string{"apache-2.0"}},
		{Tasks: []string{"next", "again"}, Name: "org/next", Revision: "0123", Licenses: []string{"mit", "gfdl"}, BibTeX: []string{"@article{next,\n  title={Next}\n}"}},
		{Tasks: []string{"same"}},
	}
	if !reflect.DeepEqual(prepared.Sources, want) {
		t.Errorf("sources %+v", prepared.Sources)
	}
	if !slices.ContainsFunc(prepared.Warnings, func(w string) bool {
		return strings.Contains(w, filepath.Join("same", "README.md")) && strings.HasSuffix(w, "its license is not known")
	}) {
		t.Errorf("warnings %q", prepared.Warnings)
	}
}
