package score

import (
	"fmt"
	"math"
	"strings"
)

// Scorer is a way to score generated texts, as a task names it.
type Scorer struct {
	// Name is how a task's file asks for it.
	Name string
	// Score returns the score of all examples and that of each, all in [0, 1].
	// The corpus score need not be the mean of the others (BLEU's is not). With
	// no examples it is NaN. It panics if the lists differ in length.
	Score func(predictions, golds []string) (corpus float64, perExample []float64)
}

// Scorers lists every scorer.
var Scorers = []Scorer{
	// Share of answers that ExactMatch.
	{"exact", averaged(func(p, g string) float64 { return indicator(ExactMatch(p, g)) })},
	// Share of answers that NumberMatch.
	{"number", averaged(func(p, g string) float64 { return indicator(NumberMatch(p, g)) })},
	// Share of answers whose first number, or whose last, is the gold's.
	{"first_number", averaged(func(p, g string) float64 { return indicator(FirstNumberMatch(p, g)) })},
	{"last_number", averaged(func(p, g string) float64 { return indicator(LastNumberMatch(p, g)) })},
	// CorpusBLEU / 100; per example SentenceBLEU / 100.
	{"bleu", bleu},
	// Mean of BLEU4Smooth4.
	{"sentence_bleu", averaged(BLEU4Smooth4)},
	// Mean F1 of Rouge1 and RougeL, unstemmed: rouge_score's own default.
	{"rouge1", averaged(func(p, g string) float64 { return Rouge1(p, g, false).F })},
	{"rougeL", averaged(func(p, g string) float64 { return RougeL(p, g, false).F })},
}

// ByName finds a scorer. An unknown name is an error that says which there are
// and which is nearest.
func ByName(name string) (Scorer, error) {
	var known []string
	nearest, least := "", math.MaxInt
	for _, s := range Scorers {
		if s.Name == name {
			return s, nil
		}
		known = append(known, s.Name)
		if d := edits(strings.ToLower(name), strings.ToLower(s.Name)); d < least {
			nearest, least = s.Name, d
		}
	}
	hint := ""
	if least <= 2 {
		hint = fmt.Sprintf("did you mean %q? ", nearest)
	}
	return Scorer{}, fmt.Errorf("find scorer %q: %sknown are %s", name, hint, strings.Join(known, ", "))
}

// averaged makes a scorer of a score for one pair.
func averaged(one func(prediction, gold string) float64) func(predictions, golds []string) (float64, []float64) {
	return func(predictions, golds []string) (float64, []float64) {
		mustPair(predictions, golds)
		each := make([]float64, len(predictions))
		for i := range each {
			each[i] = min(one(predictions[i], golds[i]), 1) // rounding can pass 1 in the last bit
		}
		return mean(each), each
	}
}

func bleu(predictions, golds []string) (float64, []float64) {
	none, each := averaged(func(p, g string) float64 { return SentenceBLEU(p, g, false) / 100 })(predictions, golds)
	if len(each) == 0 {
		return none, each
	}
	return min(CorpusBLEU(predictions, golds, false).Score/100, 1), each
}

func indicator(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
