package citation

import (
	"slices"
	"strings"
	"testing"

	"secura/datasets"
	"secura/datasets/hub"
	"secura/experiments/rundir"
	"secura/experiments/suite"
	"secura/reports/report"
)

func keys(list []work) (keys []string) {
	for _, w := range list {
		keys = append(keys, w.key)
	}
	return keys
}

func TestEveryEntryIsWhole(t *testing.T) {
	if n := strings.Count(references, "\n@"); n != len(works()) || n < 40 {
		t.Errorf("%d of %d entries were read", len(works()), n)
	}
	seen := map[string]bool{}
	for _, w := range works() {
		if seen[w.key] {
			t.Errorf("two entries are called %s", w.key)
		}
		seen[w.key] = true
		for _, field := range []string{"title", "author", "year"} {
			if !strings.Contains(w.text, "\n  "+field+" = {") {
				t.Errorf("%s has no %s", w.key, field)
			}
		}
		if strings.Contains(w.text, "@inproceedings") != strings.Contains(w.text, "\n  booktitle = {") {
			t.Errorf("%s: what is it of?", w.key)
		}
		// BibTeX's own styles print howpublished, and know nothing of eprint
		if strings.HasPrefix(w.text, "@misc") && !strings.Contains(w.text, "\n  howpublished = {arXiv:"+w.eprint+"},\n") {
			t.Errorf("%s: plain styles print no number at arXiv", w.key)
		}
		if !strings.HasSuffix(w.text, "}\n}") {
			t.Errorf("%s does not end where it should:\n%s", w.key, w.text)
		}
	}
	for _, set := range dataSets {
		for _, key := range set.keys {
			find(key) // ends the test where there is none
		}
		for _, name := range set.names {
			if name != strings.ToLower(name) {
				t.Errorf("%s is not found in upper case", name)
			}
		}
	}
	for _, list := range streams {
		for _, key := range list {
			find(key)
		}
	}
}

func TestWorksAreFoundInWhatASourceNames(t *testing.T) {
	list, unknown := named("arXiv 1902.10486; reservoir sampling: Vitter 1985, algorithm R; (arXiv 9999.12345).")
	if got := keys(list); !slices.Equal(got, []string{"experience-replay", "reservoir"}) || !slices.Equal(unknown, []string{"9999.12345"}) {
		t.Errorf("%q, unknown %q", got, unknown)
	}
}

func TestABibliographyNamesEachWorkOnce(t *testing.T) {
	r := &report.Report{Manifest: rundir.Manifest{Plan: "0123456789abcdef", Revision: "cafe"}, Suite: suite.Suite{Name: "trace", Backbone: "nano",
		Methods: []suite.MethodSpec{{Preset: "frozen", Name: "frozen"}, {Preset: "er", Name: "er-half"}, {Preset: "gone", Name: "gone"}},
		Tasks: []datasets.Task{{Name: "fomc", Source: "FOMC"}, {Name: "own", Source: "data/own@home"}, {Name: "facts", Source: "builtin:facts"},
			{Name: "math", Source: "sets/gsm8k/{split}.parquet", Scores: []string{"number", "sentence_bleu"}}, {Name: "again", Source: "gsm8k"}, {Name: "wiki", Source: "sst2"}, {Name: "logic", Source: "mine"}}}}
	r.Manifest.Sources = []rundir.Source{{Backbone: "nano", BibTeX: []string{"@misc{none,}"}}, {Tasks: []string{"wiki"}, Name: "org/wiki", BibTeX: []string{"@misc{wiki,\n}", "@misc{secura,\n}"}},
		{Tasks: []string{"logic"}, Name: "lucasmccabe/logiqa", BibTeX: []string{"@misc{other,\n}"}}}
	r.Suite.Evaluation.EverySteps, r.Suite.Evaluation.KL = 10, true
	var out strings.Builder
	err := Write(&out, r, func(preset string) (string, bool) {
		return map[string]string{"frozen": "No paper.", "er": "arXiv 1902.10486; arXiv 9999.12345"}[preset], preset != "gone"
	})
	if err != nil {
		t.Fatal(err)
	}
	got := out.String()
	var found []string
	for _, e := range hub.BibTeX(got) {
		found = append(found, keyOf(e))
	}
	if want := []string{"secura-program", "secura", "experience-replay", "adamw", "gem", "riemannian-walk", "stability-gap", "rl-razor", "bleu", "trace", "fomc", "gsm8k", "wiki", "logiqa"}; !slices.Equal(found, want) {
		t.Errorf("entries %q, want %q", found, want)
	}
	for _, line := range []string{
		"note = {plan 0123456789ab, code revision cafe}", "% method er-half (preset er): arXiv 1902.10486; arXiv 9999.12345", "% arXiv 9999.12345: no entry",
		"% method gone: this program has it no more", "% trace stands above", "% data set own(at)home (task own): no reference is known",
		"% tasks of this program, which are cited by it: facts", "% backbone nano comes with this program", "% data set org/wiki, as its README asks for (task wiki)",
		"% data set lucasmccabe/logiqa, by its name on the hub (task logic)", "% data set gsm8k, by its folder's name (task math)",
	} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is not in\n%s", line, got)
		}
	}
	if strings.Contains(got, "not recorded") {
		t.Errorf("a revision that is recorded is missed in\n%s", got)
	}
	r.Manifest.Changes = []string{`continued with another code revision: was "", is "beef"`, `continued with another code revision: was "beef", is "cafe"`}
	out.Reset()
	if err := Write(&out, r, func(string) (string, bool) { return "No paper.", true }); err != nil || !strings.Contains(out.String(), "note = {plan 0123456789ab, code revisions beef, then cafe}") ||
		!strings.Contains(out.String(), "% code revision not recorded") {
		t.Errorf("%v: not all revisions are told in\n%s", err, out.String())
	}
	r.Manifest.Changes = nil
	r.Manifest.Revision, r.Suite.Methods = "", r.Suite.Methods[:1]
	out.Reset()
	if err := Write(&out, r, func(string) (string, bool) { return "No paper.", true }); err != nil || strings.Contains(out.String(), "@inproceedings{adamw") {
		t.Errorf("%v: a run without training rests on AdamW:\n%s", err, out.String())
	}
	for _, line := range []string{"% code revision not recorded (go run,", "note = {plan 0123456789ab}", "  year = {2026},\n  howpublished = {Computer program, Apache-2.0},"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is not in\n%s", line, out.String())
		}
	}
}
