package checklist

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"secura/datasets"
	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// code says what computed, and how the run is repeated and checked.
func (f *facts) code() {
	m := f.r.Manifest
	f.section("Code")
	f.item("program", "secura, code revision "+or(m.Revision, report.NoRevision))
	if !f.recorded() {
		f.item("code revision that has all of what ran", "")
	}
	f.item("where the code can be had", "")
	f.item("versions", strings.TrimSpace(fmt.Sprintf("%s, GoMLX %s", m.Modules["go"], m.Modules["github.com/gomlx/gomlx"]))+
		fmt.Sprintf("; all %d modules are in manifest.json", len(m.Modules)))
	f.item("backend", strings.TrimSpace(m.Backend+" "+m.XLAFlags))
	if m.PluginSHA256 != "" {
		f.item("plugin", "sha256 "+m.PluginSHA256)
	}
	f.item("plan", m.Plan+": a hash of the suite with every default, which manifest.json has whole")
	f.item("input files", fmt.Sprintf("%d, each with its sha256 in manifest.json", len(m.Files)))
	f.item("to repeat it", "runner verify RUN, or of a bundle (runner report RUN -bundle FILE.tar.zst), executes one task of each method again, with -full every cell: "+
		"on the same processor the records must be equal byte for byte, on another one scores to a tolerance")
	for _, change := range m.Changes {
		f.item("changed on the way", change)
	}
}

// recorded says whether the code revisions of all that ran are known, and are whole.
func (f *facts) recorded() bool {
	return !slices.ContainsFunc(f.r.Manifest.Revisions(), func(revision string) bool {
		return revision == "" || strings.HasSuffix(revision, "-dirty")
	})
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// data has a row for each task: what was read of it, and under which license.
func (f *facts) data() {
	f.section("Data")
	counts := map[string]int{}
	for _, e := range f.r.Evaluated {
		counts[e.Task]++
	}
	f.row("task", "data set", "license", "trained on", "evaluated on", "examples evaluated")
	f.row("---", "---", "---", "---", "---", "--:")
	s := f.r.Suite
	for _, t := range s.Tasks {
		f.task(t, trained(t), t.Splits.Of(s.Evaluation.Split), counts[t.Name])
	}
	for _, t := range s.Knowledge {
		f.task(t, "never: base knowledge", t.Splits.Of("test"), counts[t.Name])
	}
	if s.HeldOut.Named() {
		t, _ := s.HeldOut.Task()
		f.task(t, "never: held-out text", s.HeldOut.Split, s.HeldOut.Rows)
	}
	f.printf("\n")
	f.item("how a row becomes a prompt", "by the templates in manifest.json, which names the scores too; the program's datasets/README.md defines these")
	f.item("languages and domains", "")
	f.item("personal or offensive content", "")
	f.item("what was left out", "what a task's where and limits, and evaluation.test_examples, leave out; see manifest.json")
	for _, name := range s.BackboneNames() {
		source := f.r.BackboneSource(name)
		license := report.LicenseText(source)
		if license == "" {
			f.unlicensed["backbone "+name] = true
		}
		f.item("license of the backbone "+strings.TrimSpace(name+" "+source.Revision), license)
	}
}

func (f *facts) task(t datasets.Task, trained, evaluated string, examples int) {
	license := report.LicenseText(f.r.TaskSource(t.Name))
	if license == "" {
		license = author
		f.unlicensed[f.r.DataSet(t.Name)] = true
	}
	count := author
	if examples > 0 {
		count = strconv.Itoa(examples)
	}
	f.row(t.Name, f.r.DataSet(t.Name), license, trained, evaluated, count)
}

// trained says which split a task is trained on.
func trained(t datasets.Task) string {
	split := t.Splits.Of("train")
	if n := t.Limits.Train; n > 0 {
		return fmt.Sprintf("%s, %d examples", split, n)
	}
	return split
}

// hyperparameters says what was chosen, and how.
func (f *facts) hyperparameters() error {
	s := f.r.Suite
	t := s.Training
	f.section("Hyper-parameters")
	f.item("training", fmt.Sprintf("%d steps a task, batches of %d, AdamW with weight decay %g, warm-up %g of the steps, then %s, gradients clipped at %g, rows of %d tokens",
		t.Steps, t.Batch, t.WeightDecay, t.Warmup, or(t.Schedule, suite.Cosine), t.Clip, t.Length))
	f.item("adapted", strings.Join(t.Targets, ", ")+" in every layer")
	f.item("stopping", "after a fixed number of steps; no checkpoint is chosen")
	tuned, others := f.tuning()
	if len(tuned) > 0 {
		k := s.Tuning
		f.item("how they were chosen for "+strings.Join(tuned, ", "), report.Budget(k))
		f.item("range that was searched", "learning rates by the kind of adapter, and each method's own coefficient; tune.json of the tuning has all trials")
	}
	if len(others) > 0 {
		f.item("how they were chosen, and with what budget, for "+strings.Join(others, ", "), "")
	}
	f.printf("\n")
	f.row("method", "trained parameters", "learning rate", "parameters", "why they differ from the preset")
	f.row("---", "--:", "--:", "---", "---")
	for _, m := range s.Methods {
		settings, err := f.settings(m)
		if err != nil {
			return err
		}
		f.row(m.Name, f.parameters(m), strconv.FormatFloat(settings.Rate, 'g', 4, 64), report.Parameters(settings.Params), m.Reason)
	}
	f.printf("\n")
	f.item("parameters of the backbone", map[bool]string{true: "1,017,984 (nano)"}[s.Backbone == report.Embedded])
	return nil
}

// tuning are the methods whose settings a tuning chose, and the others. References that learn
// nothing have none.
func (f *facts) tuning() (tuned, others []string) {
	for _, m := range f.r.Suite.Methods {
		switch {
		case m.Preset == suite.Frozen:
		case f.r.Suite.Tuning.Trials > 0 && strings.HasPrefix(m.Reason, record.TunedReason):
			tuned = append(tuned, m.Name)
		default:
			others = append(others, m.Name)
		}
	}
	return tuned, others
}

// parameters are how many a method trains, on each backbone.
func (f *facts) parameters(m suite.MethodSpec) string {
	if m.Preset == suite.Frozen {
		return "0"
	}
	var list []string
	for _, part := range f.r.Each() {
		for _, c := range part.Cells {
			if c.Method.Name == m.Name && c.TrainedParameters > 0 {
				list = append(list, strings.TrimSpace(strconv.FormatInt(c.TrainedParameters, 10)+" "+part.Label))
				break
			}
		}
	}
	if list == nil {
		return "not run yet"
	}
	return strings.Join(list, ", ")
}

// seeds are the least and the largest number of finished seeds of a method on a backbone, of those
// methods that have one, the most pairs of seeds of two of them, and the comparisons of one such
// method with each other. As long as nothing is finished, they are the plan's.
func (f *facts) seeds() (least, most, pairs, comparisons int) {
	least, comparisons = f.r.Suite.Seeds, -1
	for _, part := range f.r.Each() {
		seeds, paired, tested := part.Tested()
		_, largest := part.SeedRange(part.Learners())
		least, most, comparisons = min(least, seeds), max(most, largest), max(comparisons, tested)
		pairs = max(pairs, paired)
	}
	if most == 0 {
		most = f.r.Suite.Seeds
	}
	return least, most, pairs, comparisons
}

// statistics says what means, bars and tests are.
func (f *facts) statistics() {
	s := f.r.Suite
	f.section("Statistics")
	f.item("seeds and orders", fmt.Sprintf("seeds 0 to %d, %s of the tasks; every random number comes from a stream named by its seed and purpose", s.Seeds-1, table.Counted(s.Orders, "order")))
	f.item("cells", fmt.Sprintf("%d of %d are done%s", f.done, f.cells, f.others()))
	least, most, pairs, comparisons := f.seeds()
	if most > 1 {
		bars := "mean over seeds with the half-width of its 95% Student-t interval (n - 1 degrees of freedom); they capture seeds: initialisation, order of examples, replay"
		if least == 1 {
			bars += ". Some methods have one seed yet, and no interval"
		}
		f.item("error bars", bars)
	} else {
		f.item("error bars", "none over seeds: there is one. Intervals over test examples are bootstrapped (10,000 resamples); they say nothing of other seeds")
	}
	if comparisons < 1 {
		f.item("tests", "none: there is one method that can be compared")
		return
	}
	test := fmt.Sprintf("paired sign-flip test over seeds, two-sided and exact up to %d seeds, adjusted after Holm; effect size Hedges' g of the paired values", metric.ExactPairs)
	if needed := metric.SeedsNeeded(comparisons); pairs < needed {
		test += fmt.Sprintf(". With %s no p of %s can fall below 0.05: %d are needed", table.Counted(pairs, "paired seed"), table.Counted(comparisons, "comparison"), needed)
	}
	f.item("tests", test)
}

// others tells of cells that are not done.
func (f *facts) others() string {
	list := report.Standings(f.r.Cells, 5, func(c report.Cell) bool { return c.State != record.Done })
	if list == nil {
		return ""
	}
	return "; not done: " + strings.Join(list, ", ")
}

// compute says on what the run was computed, and how long it took.
func (f *facts) compute() {
	m := f.r.Manifest
	f.section("Compute")
	f.item("hardware", strings.TrimSpace(f.r.Processors()+" "+m.Platform))
	wall, processor, peak := 0.0, 0.0, int64(0)
	done, wallDone := 0, 0.0
	for _, c := range f.r.Cells {
		wall, processor, peak = wall+c.Seconds.Total, processor+c.ProcessorSeconds, max(peak, c.PeakRSSBytes)
		if c.State == record.Done {
			done, wallDone = done+1, wallDone+c.Seconds.Total
		}
	}
	precision := "float32"
	if f.r.Suite.DType == suite.HalfPrecision {
		precision += "; those weights of the backbone that no method changes are held as bfloat16"
	}
	if m.TF32 {
		precision += "; products of float32 in TF32, with 10 bits"
	}
	f.item("precision of the computation", precision)
	f.item("accelerators, and how many", map[bool]string{true: "none: computed on the processor"}[m.Backend == "go"])
	f.item("time of all cells, in sum", fmt.Sprintf("%s of wall time%s", duration(wall), map[bool]string{true: ", " + duration(processor) + " of processor time"}[processor > 0]))
	if done > 0 {
		f.item("time of a cell", fmt.Sprintf("%s of wall time in the mean over %d", duration(wallDone/float64(done)), done))
	}
	f.item("memory", fmt.Sprintf("%.2f GiB a worker at most", float64(peak)/(1<<30)))
	f.item("compute of tuning, and of runs that are not reported", "")
}

// duration prints seconds as a reader of a checklist wants them.
func duration(seconds float64) string {
	switch {
	case seconds < 120:
		return fmt.Sprintf("%.0f seconds", seconds)
	case seconds < 2*3600:
		return fmt.Sprintf("%.1f minutes", seconds/60)
	}
	return fmt.Sprintf("%.1f hours", seconds/3600)
}
