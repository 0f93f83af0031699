package reports

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"secura/experiments/record"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/synthetic"
)

func explained(t *testing.T, r *report.Report, method, key string) string {
	t.Helper()
	var out bytes.Buffer
	synthetic.Must(t, Explain(&out, r, method, key))
	return out.String()
}

func TestExplanationOfARun(t *testing.T) {
	s := eight()
	s.Seeds = 2
	r := load(t, s.Make(t, nil))
	synthetic.CompareGolden(t, "explained.txt", []byte(explained(t, r, "secura", "forgetting")+"\n"+explained(t, r, "er", "knowledge_retention")+"\n"+explained(t, r, "er", "seconds")))
}

// Every line of the records that an explanation names holds the number that it says, and the
// explanation ends in the number of the tables.
func TestExplanationsNameTheLinesThatHoldTheNumbers(t *testing.T) {
	s := eight()
	s.Seeds, s.Orders = 2, 2
	run := s.Make(t, nil)
	r := load(t, run)
	line := regexp.MustCompile(`(\S+) line (\d+) \(boundary (\d+)\): (.*)`)
	number := regexp.MustCompile(`(R|K|joint|loss)\[(\d+)\](?:\[(\d+)\])?=(\S+?),? ?(task_\d+)?(,|$)`)
	for _, m := range r.Suite.MethodNames() {
		for _, key := range ExplainKeys() {
			text := explained(t, r, m, key)
			flat := strings.NewReplacer("\n  cells", "\x00cells", "\n  terms", "\x00terms", "\n  "+key, "\x00", "\n\n", "\x00", "\n  ", " ").Replace(text)
			seen := 0
			for _, part := range strings.Split(flat, "\x00") {
				found := line.FindStringSubmatch(strings.ReplaceAll(part, "\n", " "))
				if found == nil {
					continue
				}
				events, _, err := record.ReadEvents(filepath.Join(run.Path, found[1]))
				synthetic.Must(t, err)
				n, _ := strconv.Atoi(found[2])
				e := events[n-1]
				if e.Kind != record.Boundary || fmt.Sprint(e.Index) != found[3] {
					t.Fatalf("%s.%s: %s is line of %s %d", m, key, found[0], e.Kind, e.Index)
				}
				for _, x := range number.FindAllStringSubmatch(found[4], -1) {
					want := 0.0
					switch x[1] {
					case "K":
						want = *e.Knowledge
					case "loss":
						want = *e.Perplexity
					default:
						for _, scores := range e.Scores {
							if scores.Task == x[5] {
								want = scores.Scores[0].Value
							}
						}
					}
					if x[4] != metric.Precise(want) {
						t.Errorf("%s.%s: %s says %s, the record %s", m, key, found[0], x[0], metric.Precise(want))
					}
					seen++
				}
			}
			summary := r.Summarise(m, key)
			_, isMetric := metric.Find(key)
			switch {
			case !isMetric:
				mean := r.MeanDone(m, func(c report.Cell) float64 { return costOf(c, key) })
				if !strings.Contains(text, "= "+metric.Precise(mean.Number)+"\n") {
					t.Errorf("%s.%s does not end in %s:\n%s", m, key, metric.Precise(mean.Number), text)
				}
			case !summary.Mean.Defined():
				if !strings.Contains(text, "undefined: "+summary.Mean.Undefined) {
					t.Errorf("%s.%s does not say why it is undefined:\n%s", m, key, text)
				}
			case seen == 0 || !strings.Contains(text, "= "+metric.Precise(summary.Mean.Number)+"\n"):
				t.Errorf("%s.%s: %d numbers of records, and does not end in %s:\n%s", m, key, seen, metric.Precise(summary.Mean.Number), text)
			}
		}
	}
}

// TestTokensOfRecoveriesAreCounted: what was evaluated after the stream is part of the sum that is
// shown, as it is of the number.
func TestTokensOfRecoveriesAreCounted(t *testing.T) {
	text := explained(t, load(t, measuring().Make(t, nil)), "er", "eval_tokens")
	for line := range strings.Lines(text) {
		if said, is := strings.CutPrefix(strings.TrimSpace(line), "eval_tokens = "); is {
			parts := strings.Split(said, " = ")
			sum := 0.0
			for _, x := range strings.Split(strings.Trim(parts[0], "()"), " + ") {
				n, err := strconv.ParseFloat(x, 64)
				synthetic.Must(t, err)
				sum += n
			}
			if metric.Precise(sum) != parts[1] {
				t.Errorf("%s is not its sum, %g", line, sum)
			}
		}
	}
	if !strings.Contains(text, "(recovery): 50\n") {
		t.Errorf("no recovery in\n%s", text)
	}
}

func TestEntriesAndDifferencesAreExplained(t *testing.T) {
	r := load(t, eight().Make(t, nil))
	flat := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	text := flat(explained(t, r, "seq", "R[3][1]"))
	for _, want := range []string{"Formula: R[3][1]", "cells/seq-s7-o0/records.jsonl line 11 (boundary 3): R[3][1]=0.59 task_1", "in the table R of seq: 100 × 0.625 = "} {
		if !strings.Contains(text, want) {
			t.Errorf("R[3][1] of seq: nothing says %q: %s", want, text)
		}
	}
	for _, key := range []string{"R[0][0]", "R[1][0]", "R[4][1]", "R[1][4]", "R[-1][1]", "R[1][-1]", "K[-1]", "K[9]", "K[9223372036854775807]"} {
		var out bytes.Buffer
		err := Explain(&out, r, "seq", key)
		if err == nil || !strings.Contains(err.Error(), "there is no "+key+": in R[i][j] and K[i] rows i count the trainings, from 0, the row before the first, to 3; tasks j count from 1 to 3") {
			t.Errorf("%s: %v %s", key, err, out.String())
		}
	}
	for _, key := range []string{"R[0][1]", "R[0][3]", "R[3][3]", "K[0]", "K[3]"} {
		if text := explained(t, r, "seq", key); !strings.Contains(text, "Formula: "+key) {
			t.Errorf("%s: %s", key, text)
		}
	}
	for key, want := range map[string]bool{"acc": true, "seconds": true, "R[2][1]": true, "K[0]": true, "R[2]": false, "K[1][2]": false, "R[x][1]": false, "accuracy": false, "R[2][1]x": false} {
		if CanExplain(key) != want {
			t.Errorf("%s can be explained: %v", key, !want)
		}
	}
	var out bytes.Buffer
	synthetic.Must(t, ExplainDifference(&out, r, "secura", "joint", "acc"))
	c := r.Compare()[5] // acc against joint
	text = flat(out.String())
	for _, want := range []string{"seed 7: 0.59 − 0.68 = -0.09", "2 / 256 = 0.0078125", "in tables 100 × -0.09 = -9.0", "over 2 comparisons (p of frozen ", ": " + metric.Precise(c.PHolm.Number) + " -explain"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q: %s", want, text)
		}
	}
	out.Reset()
	synthetic.Must(t, ExplainDifference(&out, r, "secura", "frozen", "bwt"))
	if !strings.Contains(out.String(), "undefined: frozen: no training") {
		t.Error(out.String())
	}
}

func TestExplanationOfARoughRunSaysWhatDoesNotCount(t *testing.T) {
	r := load(t, rough().Make(t, nil))
	for method, want := range map[string]string{"ewc": "diverged: loss is NaN", "i-lora": "undefined: queued", "cur-lora": "do not count (failed: read task"} {
		if text := strings.Join(strings.Fields(explained(t, r, method, "acc")), " "); !strings.Contains(text, want) {
			t.Errorf("%s: nothing says %q:\n%s", method, want, text)
		}
	}
	if err := Explain(&bytes.Buffer{}, r, "seq", "accuracy"); err == nil {
		t.Error("an unknown metric is explained")
	}
	synthetic.Must(t, os.Remove(r.Run.Cell("seq-s0-o0").Records()))
	if err := Explain(&bytes.Buffer{}, r, "seq", "acc"); err == nil || !strings.Contains(err.Error(), "seq-s0-o0") {
		t.Errorf("records that are gone: %v", err)
	}
}
