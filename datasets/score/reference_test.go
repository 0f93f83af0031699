package score

import "math/big"

// CorpusBLEU is sacreBLEU 2.6.0's corpus score with one reference each, 13a tokens and exponential
// smoothing; with lowercase, both sides are lower-cased first. Signature:
// nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp. It panics if the lists differ in length.
func CorpusBLEU(predictions, golds []string, lowercase bool) BLEU {
	mustPair(predictions, golds)
	var b BLEU
	for i := range predictions {
		b.add(predictions[i], golds[i], lowercase)
	}
	b.finish(false)
	return b
}

// SentenceBLEU is sacreBLEU 2.6.0's sentence score, 0 to 100: as CorpusBLEU, but n-gram orders
// longer than the prediction are left out (eff:yes).
func SentenceBLEU(prediction, gold string, lowercase bool) float64 {
	var b BLEU
	b.add(prediction, gold, lowercase)
	b.finish(true)
	return b.Score
}

// add counts one pair.
func (b *BLEU) add(prediction, gold string, lowercase bool) {
	if lowercase {
		prediction, gold = lower(prediction), lower(gold)
	}
	b.count(prediction, []string{gold}, Tokens13a)
}

// mustPair panics where predictions and gold texts do not pair up: a mistake of the caller, which
// no score could express.
func mustPair(predictions, golds []string) {
	if len(predictions) != len(golds) {
		panic("score: predictions and gold texts differ in number")
	}
}

// Score is ScoreCases of examples with one gold text each. It panics if the lists differ in length.
func (s Scorer) Score(predictions, golds []string) (corpus float64, perExample []float64) {
	mustPair(predictions, golds)
	cases := make([]Case, len(predictions))
	for i := range cases {
		cases[i] = Case{Prediction: predictions[i], Golds: golds[i : i+1]}
	}
	return s.ScoreCases(cases)
}

// FinalNumber is the value of answerNumber, nil where there is none.
func FinalNumber(text string) *big.Rat {
	if n := answerNumber(text); n != nil {
		return n.value
	}
	return nil
}
