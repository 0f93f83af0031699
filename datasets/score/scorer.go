package score

import (
	"errors"
	"math"

	"secura/spelling"
)

// Case is one example to score.
type Case struct {
	Prediction string
	// Golds are the right answers, of which the best counts; at least one.
	Golds []string
	// Original is the text that the answer simplifies; sari alone reads it.
	Original string
}

// Scorer is a way to score generated texts, as a task names it.
type Scorer struct {
	// Name is how a task's file asks for it.
	Name  string
	score func(cases []Case) (corpus float64, perExample []float64)
}

// ScoreCases returns the score of all examples and that of each, all in [0, 1]. The corpus score
// need not be the mean of the others (BLEU's and macro-F1's are not). With no examples it is NaN.
// It panics where an example has no gold text.
func (s Scorer) ScoreCases(cases []Case) (corpus float64, perExample []float64) {
	for _, c := range cases {
		if len(c.Golds) == 0 {
			panic("score: an example has no gold text")
		}
	}
	if len(cases) == 0 {
		return math.NaN(), nil
	}
	return s.score(cases)
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
	// SQuAD's: share of answers that SquadExact, mean SquadF1.
	{"squad_em", averaged(func(p, g string) float64 { return indicator(SquadExact(p, g)) })},
	{"squad_f1", averaged(SquadF1)},
	// MacroF1; per example whether it is right.
	{"macro_f1", macroF1},
	// sacreBLEU's corpus score / 100; per example its sentence score / 100. bleu_zh with TokensZh.
	{"bleu", bleu(Tokens13a)},
	{"bleu_zh", bleu(TokensZh)},
	// Mean of BLEU4Smooth4.
	{"sentence_bleu", averaged(BLEU4Smooth4)},
	// Mean F1 of Rouge1 and RougeL, unstemmed: rouge_score's own default.
	{"rouge1", averaged(func(p, g string) float64 { return Rouge1(p, g, false).F })},
	{"rougeL", averaged(func(p, g string) float64 { return RougeL(p, g, false).F })},
	// The same on ScriptTokens.
	{"rouge1_scripts", averaged(func(p, g string) float64 { return rouge1Of(ScriptTokens(p), ScriptTokens(g)).F })},
	{"rougeL_scripts", averaged(func(p, g string) float64 { return rougeLOf(ScriptTokens(p), ScriptTokens(g)).F })},
	// Mean of EditSimilarity.
	{"edit_similarity", averaged(EditSimilarity)},
	// Mean of SARI / 100.
	{"sari", sari},
}

// ByName finds a scorer. An unknown name is an error that says which there are and which is
// nearest.
func ByName(name string) (Scorer, error) {
	var known []string
	for _, s := range Scorers {
		if s.Name == name {
			return s, nil
		}
		known = append(known, s.Name)
	}
	return Scorer{}, errors.New(spelling.Unknown("score", name, known))
}

// averaged makes a scorer of a score for one pair: the best of the gold texts counts.
func averaged(one func(prediction, gold string) float64) func(cases []Case) (float64, []float64) {
	return func(cases []Case) (float64, []float64) {
		each := make([]float64, len(cases))
		for i, c := range cases {
			for _, gold := range c.Golds {
				each[i] = max(each[i], min(one(c.Prediction, gold), 1)) // rounding can pass 1 in the last bit
			}
		}
		return mean(each), each
	}
}

// bleu makes a scorer of BLEU with a tokenizer; several gold texts are its references.
func bleu(tokens func(string) []string) func(cases []Case) (float64, []float64) {
	return func(cases []Case) (float64, []float64) {
		each := make([]float64, len(cases))
		var all BLEU
		for i, c := range cases {
			var one BLEU
			one.count(c.Prediction, c.Golds, tokens)
			all.addCounts(one)
			one.finish(true)
			each[i] = min(one.Score/100, 1)
		}
		all.finish(false)
		return min(all.Score/100, 1), each
	}
}

func sari(cases []Case) (float64, []float64) {
	each := make([]float64, len(cases))
	for i, c := range cases {
		each[i] = min(SARI(c.Original, c.Prediction, c.Golds)/100, 1)
	}
	return mean(each), each
}

func indicator(ok bool) float64 {
	if ok {
		return 1
	}
	return 0
}
