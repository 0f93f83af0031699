package tables

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/table"
)

// Condition is a loss that a gate fails on, such as knowledge_retention<-2: the metric of the first
// of two is more than two points below that of the second.
type Condition struct {
	// Key is a metric of metric.Keys.
	Key string
	// Above says that the loss is a difference above the bar, as that of forgetting; otherwise it
	// is one below.
	Above bool
	// Bar is in the unit of compare's tables: points of 100, and for perplexity_drift nats per
	// token.
	Bar float64
}

// conditionForm is METRIC<NUMBER or METRIC>NUMBER.
var conditionForm = regexp.MustCompile(`^\s*([a-z_]+)\s*([<>])\s*(\S+)\s*$`)

// ParseConditions reads conditions that are separated by commas, and says all that is wrong with
// the first wrong one.
func ParseConditions(text string) (list []Condition, err error) {
	for part := range strings.SplitSeq(text, ",") {
		m := conditionForm.FindStringSubmatch(part)
		if m == nil {
			return nil, fmt.Errorf("condition %q: expected METRIC<NUMBER or METRIC>NUMBER, as in knowledge_retention<-2, in points", part)
		}
		c := Condition{Key: m[1], Above: m[2] == ">"}
		definition, ok := metric.Find(c.Key)
		if !ok {
			return nil, fmt.Errorf("condition %q: %q is no metric; expected one of %s", part, c.Key, strings.Join(metric.Keys, ", "))
		}
		if c.Bar, err = strconv.ParseFloat(m[3], 64); err != nil || !metric.Number(c.Bar).Defined() {
			return nil, fmt.Errorf("condition %q: %q is no number of points", part, m[3])
		}
		if less := definition.Better < 0; less != c.Above {
			better, sign := "more", "<"
			if less {
				better, sign = "less", ">"
			}
			return nil, fmt.Errorf("condition %q: of %s %s is better; a loss is written %s%sNUMBER", part, c.Key, better, c.Key, sign)
		}
		if slices.ContainsFunc(list, func(other Condition) bool { return other.Key == c.Key }) {
			return nil, fmt.Errorf("condition %q: there is one of %s already", part, c.Key)
		}
		list = append(list, c)
	}
	return list, nil
}

func (c Condition) String() string {
	sign := "<"
	if c.Above {
		sign = ">"
	}
	return c.Key + sign + strconv.FormatFloat(c.Bar, 'f', -1, 64)
}

// rounding is how far beyond the bar, in its unit, an interval may lie by the last bits of its
// numbers.
const rounding = 1e-9

// lost says whether a whole interval, in the unit of the bar, lies beyond the bar.
func (c Condition) lost(low, high float64) bool {
	if c.Above {
		return low > c.Bar+rounding
	}
	return high < c.Bar-rounding
}

// Verdict is what a gate says of the pairs that it judged.
type Verdict struct {
	// Table has a row for each condition and pair.
	Table table.Table
	// Losses are the differences whose whole 95% interval lies beyond the bar, one sentence each.
	Losses []string
	// Undecided are the conditions that could not be judged, with the reason: what was not measured
	// is no success.
	Undecided []string
}

// Judge holds the differences of some pairs, each of the first side minus the second, against
// conditions. A difference is a loss where its whole 95% Student-t interval over paired seeds lies
// beyond the bar; its mean alone decides nothing. References, which are not trained in turn, are
// not judged. What cannot be compared, or is not finished, is undecided.
func Judge(pairs [][2]report.Side, conditions []Condition) Verdict {
	v := Verdict{Table: table.Table{
		Title: "Gate",
		Caption: []string{
			"the first minus the second over n paired seeds, in the units above; a loss is shown where the whole 95% interval lies beyond the bar, and the mean alone decides nothing",
		},
		Columns:     []table.Column{{Head: []string{"pair"}}, {Head: []string{"fails on"}}, {Head: []string{"n"}}, {Head: []string{"difference"}}, {Head: []string{"from"}}, {Head: []string{"to"}}, {Head: []string{"verdict"}}},
		TextColumns: []int{1, 6},
		MarkMeans:   "a loss is shown",
	}}
	for _, pair := range pairs {
		if isReference(pair[0]) || isReference(pair[1]) {
			continue
		}
		if reason := otherTests(pair[0].Report.Suite, pair[1].Report.Suite); reason != "" {
			v.undecided(pair, conditions, reason)
			continue
		}
		for _, c := range conditions {
			if c.Key == "perplexity_drift" && !reflect.DeepEqual(pair[0].Report.Suite.HeldOut, pair[1].Report.Suite.HeldOut) {
				v.undecided(pair, []Condition{c}, "the two have other held-out texts")
				continue
			}
			v.judge(pair, c)
		}
		v.open(pair)
	}
	if len(v.Table.Rows) == 0 {
		v.Undecided = append(v.Undecided, "there is no method but references, which learn nothing in turn")
	}
	return v
}

func isReference(s report.Side) bool { return s.Report.IsReference(s.Method) }

// otherTests says why the numbers of two runs are not those of the same tests; empty where they
// are.
func otherTests(a, b suite.Suite) string {
	tests := func(s suite.Suite) (stream, battery []string) {
		for _, t := range s.Tasks {
			stream = append(stream, t.Name+" by "+strings.Join(t.Scores, ", "))
		}
		for _, t := range s.Knowledge {
			battery = append(battery, t.Name+" by "+strings.Join(t.Scores, ", "))
		}
		slices.Sort(stream)
		slices.Sort(battery)
		return stream, battery
	}
	evaluated := func(s suite.Suite) string {
		return fmt.Sprint(s.Evaluation.Split, s.Evaluation.TestExamples, s.Evaluation.KnowledgeExamples)
	}
	tasks, battery := tests(a)
	otherTasks, otherBattery := tests(b)
	switch {
	case !slices.Equal(tasks, otherTasks):
		return "the two have other tasks, or other scores of a task"
	case !slices.Equal(battery, otherBattery):
		return "the two have other batteries of knowledge"
	case evaluated(a) != evaluated(b):
		return "the two are evaluated on other examples (evaluation.split, test_examples or knowledge_examples)"
	case a.Orders != b.Orders:
		return fmt.Sprintf("the one is a mean over %s of the tasks, the other over %d", table.Counted(a.Orders, "order"), b.Orders)
	}
	if name, keys := suite.AskOtherwise(a, b); name != "" {
		return fmt.Sprintf("task %s does not ask the same in both: they differ in %s", name, strings.Join(keys, ", "))
	}
	return ""
}

// undecided adds a row of a pair for each condition, none of which can be judged.
func (v *Verdict) undecided(pair [2]report.Side, conditions []Condition, reason string) {
	t := &v.Table
	for _, c := range conditions {
		t.Rows = append(t.Rows, []table.Entry{{Text: pairName(pair)}, {Text: c.String()}, {Text: "–"}, {Text: "–"}, {Text: "–"}, {Text: "–"}, {Text: "undecided", Notes: []int{t.Note(reason)}}})
	}
	v.Undecided = append(v.Undecided, pairName(pair)+": "+reason)
}

// open adds the cells of a pair that are not done: what was judged is not all that was to be run.
func (v *Verdict) open(pair [2]report.Side) {
	for _, side := range pair {
		said := notDone(side)
		if said != "" && !slices.Contains(v.Undecided, said) {
			v.Undecided = append(v.Undecided, said)
		}
	}
}

func pairName(pair [2]report.Side) string {
	name := pair[0].Name + " against " + pair[1].Name
	if label := pair[0].Report.Label; label != "" && pair[0].Report == pair[1].Report {
		name += " on " + label
	}
	return name
}

// judge adds the row of one condition and pair.
func (v *Verdict) judge(pair [2]report.Side, c Condition) {
	t := &v.Table
	names := pairName(pair)
	a, b, n, reason := report.PairUp(pair[0], pair[1], report.MetricOf(c.Key))
	difference := metric.NoDifference(reason, n).Summary
	if reason == "" {
		difference = metric.MeanSDCI(metric.Minus(a, b))
	}
	low, high, ok := difference.Interval()
	pairs := table.Entry{Text: "–"}
	if reason == "" {
		pairs = table.Count(n)
	}
	definition, _ := metric.Find(c.Key)
	shown := report.Shown(definition)
	row := []table.Entry{{Text: names}, {Text: c.String()}, pairs, report.MeanEntry(t, difference, shown)}
	if !ok {
		switch {
		case reason != "":
		case n == 1:
			reason = "1 paired seed has no interval; two are the least, and more make it narrower"
		default:
			reason = fmt.Sprintf("%d equal differences have no interval: so few agree by chance; %d are needed", n, metric.TellingSeeds)
		}
		t.Rows = append(t.Rows, append(row, table.Entry{Text: "–"}, table.Entry{Text: "–"}, table.Entry{Text: "undecided", Notes: []int{t.Note(reason)}}))
		v.Undecided = append(v.Undecided, fmt.Sprintf("%s of %s: %s", c, names, reason))
		return
	}
	verdict := table.Entry{Text: "no loss shown"}
	from, to := shown(low), shown(high)
	if c.lost(*from.Number, *to.Number) {
		verdict = table.Entry{Text: "loss", Marked: true}
		v.Losses = append(v.Losses, fmt.Sprintf("%s of %s: %s, 95%% interval from %s to %s", c, names, row[3].Text, from.Text, to.Text))
	}
	t.Rows = append(t.Rows, append(row, from, to, verdict))
}
