package score

import "slices"

// TeacherForced is the measure of SECURA's released code (github.com/MeCuping/SECURA, 3f5c9f4,
// src/Evaluation.py and src/Processer.py): not of what a model writes, but of the most likely token
// at each position of the answer given the true answer so far, its end included. Each number is in
// [0, 1].
//
// It says little of what a model knows: Echo, which repeats its input token, has more than .8 of
// SelfRouge and SelfBLEU on answers of some length, and a model whose projections were destroyed by
// noise keeps 69 to 82 % of its SelfRouge.
type TeacherForced struct {
	// SelfRouge is the share of the predicted tokens that occur anywhere in the true answer,
	// however often.
	SelfRouge float64
	// SelfBLEU is the clipped unigram precision of the tokens, 1/length where none matches.
	SelfBLEU float64
	// BLEU is NLTK's sentence BLEU-4 with smoothing 4 over the characters of the texts.
	BLEU float64
	// Rouge1 and RougeL are rouge_score's F with stemming of the texts.
	Rouge1, RougeL float64
}

// TeacherForcedNames are the names of the five numbers in the order of Values.
var TeacherForcedNames = []string{"tf_selfrouge", "tf_selfbleu", "tf_bleu", "tf_rouge1", "tf_rougeL"}

// Values are the five numbers in the order of TeacherForcedNames.
func (s TeacherForced) Values() []float64 {
	return []float64{s.SelfRouge, s.SelfBLEU, s.BLEU, s.Rouge1, s.RougeL}
}

// ScoreTeacherForced scores the predicted tokens at the positions of the true answer's gold tokens,
// end token and what follows it counted. predictedText is predicted decoded with its special
// tokens, goldText the true answer's text, which has none: even Perfect has a BLEU below 1. It
// panics if the tokens differ in number.
func ScoreTeacherForced(predicted, gold []int32, predictedText, goldText string) TeacherForced {
	if len(predicted) != len(gold) {
		panic("score: predicted and gold tokens differ in number")
	}
	s := TeacherForced{
		BLEU:   min(smoothed4(characters(predictedText), characters(goldText)), 1),
		Rouge1: Rouge1(predictedText, goldText, true).F, RougeL: RougeL(predictedText, goldText, true).F,
	}
	if len(gold) == 0 {
		return s
	}
	left, within := map[int32]int{}, 0
	for _, id := range gold {
		left[id]++
	}
	clipped := 0
	for _, id := range predicted {
		if slices.Contains(gold, id) {
			within++
		}
		if left[id] > 0 {
			left[id]--
			clipped++
		}
	}
	s.SelfRouge = float64(within) / float64(len(gold))
	s.SelfBLEU = float64(max(clipped, 1)) / float64(len(gold)) // 1/length is the release's smoothing
	return s
}

// Echo predicts at each position the token that stands before it, before being that before the
// answer: it knows nothing.
func Echo(before int32, gold []int32) []int32 {
	if len(gold) == 0 {
		return nil
	}
	return append([]int32{before}, gold[:len(gold)-1]...)
}

func characters(text string) []string {
	var list []string
	for _, r := range text {
		list = append(list, string(r))
	}
	return list
}
