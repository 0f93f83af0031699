package citation

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"secura/datasets"
	"secura/experiments/suite"
	"secura/reports/report"
)

// Write prints the bibliography of a run: this program with the run's plan and revision, SECURA's
// paper, and what the run's methods, metrics, stream and data sets come from. Each work stands
// once, where it is first needed; a comment above it says for what. What has no reference is told
// in a comment too. Data sets and backbones that references.bib does not have are cited as their
// READMEs ask for, where the run's manifest has these.
//
// sourceOf gives what the program says of a method's source, by the preset's name; it is false for
// a method that the program does not have.
func Write(w io.Writer, r *report.Report, sourceOf func(preset string) (string, bool)) error {
	b := bibliography{taken: map[string]bool{}}
	b.program(r)
	b.part("the paper whose claims are tested")
	b.add(find("secura"))
	b.methods(r, sourceOf)
	if trains(r) {
		b.part("the optimizer")
		b.add(find("adamw"))
		b.part("the metrics of transfer, and of forgetting")
		b.add(find("gem"), find("riemannian-walk"))
		b.measures(r.Suite)
	}
	b.scores(r.Suite)
	b.backbones(r)
	b.data(r)
	_, err := io.WriteString(w, b.out.String())
	if err != nil {
		return fmt.Errorf("write bibliography: %w", err)
	}
	return nil
}

// bibliography is what has been written so far.
type bibliography struct {
	out   strings.Builder
	taken map[string]bool // by key
}

// comment writes a line that BibTeX does not read; an @ would begin an entry.
func (b *bibliography) comment(format string, args ...any) {
	fmt.Fprintf(&b.out, "%% %s\n", strings.NewReplacer("@", "(at)", "\n", " ", "\r", " ").Replace(fmt.Sprintf(format, args...)))
}

// part begins a part.
func (b *bibliography) part(format string, args ...any) {
	b.out.WriteByte('\n')
	b.comment(format, args...)
}

// add writes works that are not there yet, and names those that are.
func (b *bibliography) add(list ...work) {
	for _, w := range list {
		if b.taken[w.key] {
			b.comment("%s stands above", w.key)
			continue
		}
		b.taken[w.key] = true
		b.out.WriteString(w.text + "\n")
	}
}

// year is that of this program's code, as CITATION.cff has it too: a style that orders by author
// and year prints an empty one otherwise.
const year = "2026"

// program is the entry of this program, whose note tells which numbers are meant.
func (b *bibliography) program(r *report.Report) {
	note := "plan " + report.ShortPlan(r)
	b.comment("suite %s: %s", r.Suite.Name, report.Backbone(r))
	all := r.Manifest.Revisions()
	switch recorded := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "" }); len(recorded) {
	case 0:
	case 1:
		note += ", code revision " + recorded[0]
	default:
		note += ", code revisions " + strings.Join(recorded, ", then ")
	}
	if slices.Contains(all, "") {
		b.comment("code revision %s: add the one that made this run to the note", report.NoRevision)
	}
	fmt.Fprintf(&b.out, `@misc{secura-program,
  title = {{secura}: how much a language model forgets while it learns},
  author = {{The secura authors}},
  year = {%s},
  howpublished = {Computer program, Apache-2.0},
  note = {%s}
}
`, year, note)
	b.taken["secura-program"] = true
}

func (b *bibliography) methods(r *report.Report, sourceOf func(string) (string, bool)) {
	for _, m := range r.Suite.Methods {
		name := m.Name
		if name != m.Preset {
			name += " (preset " + m.Preset + ")"
		}
		source, ok := sourceOf(m.Preset)
		if !ok {
			b.part("method %s: this program has it no more, so that its source is not known", name)
			continue
		}
		b.part("method %s: %s", name, source)
		list, unknown := named(source)
		b.add(list...)
		for _, number := range unknown {
			b.comment("arXiv %s: no entry", number)
		}
	}
}

// measures are the works of those that the suite asks for.
func (b *bibliography) measures(s suite.Suite) {
	if s.Evaluation.EverySteps > 0 {
		b.part("the stability gap, and the worst case")
		b.add(find("stability-gap"))
	}
	if s.Evaluation.KL {
		b.part("the divergence from the untouched backbone, held against what is forgotten")
		b.add(find("rl-razor"))
	}
}

// scores are the works of BLEU and of ROUGE, where a task is scored by them.
func (b *bibliography) scores(s suite.Suite) {
	for _, key := range []string{"bleu", "rouge"} {
		uses := func(score string) bool { return strings.Contains(score, key) }
		if slices.ContainsFunc(s.DataSets(), func(t datasets.Task) bool { return slices.ContainsFunc(t.Scores, uses) }) {
			b.part("the score %s", strings.ToUpper(key))
			b.add(find(key))
		}
	}
}

// trains says whether any method of the run learns.
func trains(r *report.Report) bool {
	return slices.ContainsFunc(r.Suite.Methods, func(m suite.MethodSpec) bool { return m.Preset != suite.Frozen })
}

func (b *bibliography) data(r *report.Report) {
	if keys := streams[r.Suite.Name]; keys != nil {
		b.part("the stream %s", r.Suite.Name)
		for _, key := range keys {
			b.add(find(key))
		}
	}
	var own []string
	seen := map[string]bool{}
	for _, t := range r.Suite.DataSets() {
		if _, builtin := t.Builtin(); builtin {
			own = append(own, t.Name)
			continue
		}
		name, by := folderOf(t), "its folder's name"
		source := r.TaskSource(t.Name)
		if source.Name != "" {
			name, by = source.Name, "its name on the hub"
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		list := describing(name)
		switch {
		case list != nil:
			b.part("data set %s, by %s (task %s)", name, by, t.Name)
			b.add(list...)
		case source.BibTeX != nil:
			b.part("data set %s, as its README asks for (task %s)", name, t.Name)
			b.readme(source.BibTeX)
		default:
			b.part("data set %s (task %s): no reference is known; cite what its authors ask for", name, t.Name)
		}
	}
	if len(own) > 0 {
		b.part("tasks of this program, which are cited by it: %s", strings.Join(own, ", "))
	}
}

// backbones writes what the READMEs of the run's backbones ask for.
func (b *bibliography) backbones(r *report.Report) {
	for _, name := range r.Suite.BackboneNames() {
		source := r.BackboneSource(name)
		switch {
		case name == report.Embedded:
			b.part("backbone %s comes with this program", name)
		case source.BibTeX == nil:
			b.part("backbone %s: no reference is known; cite what its authors ask for", name)
		default:
			b.part("backbone %s, as its README asks for", name)
			b.readme(source.BibTeX)
		}
	}
}

// readme writes entries of a README.
func (b *bibliography) readme(entries []string) {
	for _, text := range entries {
		b.add(work{key: keyOf(text), text: text})
	}
}
