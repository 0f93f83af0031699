package score

import (
	"maps"
	"slices"
)

// SARI scores a simplification, 0 to 100, by the n-grams of orders 1 to 4 that it keeps, deletes
// and adds (Xu et al. 2016, "Optimizing Statistical Machine Translation for Text Simplification",
// equations 4 to 8): the mean of F1 of the kept and the added ones and of the precision of the
// deleted ones. As in Hugging Face's evaluate, texts are lower-cased and split as 13a, 0/0 is 1,
// and the recall of the kept ones counts each as often as it stands there. There must be a gold
// text.
func SARI(original, prediction string, golds []string) float64 {
	tokens := func(text string) []string {
		list := Tokens13a(lower(text))
		if len(list) == 0 {
			return []string{""} // as there, where an empty text is split at blanks
		}
		return list
	}
	s, p := tokens(original), tokens(prediction)
	var references [][]string
	for _, gold := range golds {
		references = append(references, tokens(gold))
	}
	total := 0.0
	for n := 1; n <= maxOrder; n++ {
		all := map[string]int{}
		for _, r := range references {
			for gram, times := range ngrams(r, n) {
				all[gram] += times
			}
		}
		total += sariOrder(ngrams(s, n), ngrams(p, n), all, len(golds))
	}
	return 100 * total / (3 * maxOrder)
}

// sariOrder is the sum of the three parts for n-grams of one order; all counts those of the
// references.
func sariOrder(original, predicted, all map[string]int, references int) float64 {
	var keptPrecision, keptRecall, deleted ratio
	for _, gram := range slices.Sorted(maps.Keys(original)) { // the sum must not depend on the order of a map
		times := original[gram] * references
		said, wanted := predicted[gram]*references, all[gram]
		if kept := min(times, said); kept > 0 {
			keptPrecision.add(float64(min(kept, wanted))/float64(kept), 1)
			keptRecall.hits += float64(min(kept, wanted))
		}
		keptRecall.of += float64(min(times, wanted))
		if gone := max(times-said, 0); gone > 0 {
			deleted.add(float64(max(gone-wanted, 0))/float64(gone), 1)
		}
	}
	var addedPrecision, addedRecall ratio
	for gram := range predicted {
		if original[gram] == 0 {
			addedPrecision.add(indicator(all[gram] > 0), 1)
			addedRecall.hits += indicator(all[gram] > 0)
		}
	}
	for gram := range all {
		if original[gram] == 0 {
			addedRecall.of++
		}
	}
	return harmonic(keptPrecision.value(), keptRecall.value()) + deleted.value() + harmonic(addedPrecision.value(), addedRecall.value())
}

type ratio struct{ hits, of float64 }

func (r *ratio) add(hits, of float64) { r.hits, r.of = r.hits+hits, r.of+of }

// value is 1 for 0/0: nothing was to do, and nothing was done.
func (r ratio) value() float64 {
	if r.of == 0 {
		return 1
	}
	return r.hits / r.of
}

func harmonic(a, b float64) float64 {
	if a+b == 0 {
		return 0
	}
	return 2 * a * b / (a + b)
}
