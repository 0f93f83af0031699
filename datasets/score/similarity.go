package score

// EditSimilarity is 1 less the characters to insert and delete over those of both texts:
// 2·LCS/(|p|+|g|), as rapidfuzz's and fuzzywuzzy's fuzz.ratio (there in percent). It scores
// completed code, such as Py150's. Two empty texts are alike.
func EditSimilarity(prediction, gold string) float64 {
	p, g := []rune(prediction), []rune(gold)
	if len(p)+len(g) == 0 {
		return 1
	}
	return 2 * float64(lcs(p, g)) / float64(len(p)+len(g))
}
