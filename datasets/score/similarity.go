package score

// EditSimilarity is 1 less the characters to insert and delete over those of both texts: 2·LCS/(|p|+|g|), as rapidfuzz's
// and fuzzywuzzy's fuzz.ratio (there in percent). It scores completed code, such as Py150's. Two empty texts are alike.
func EditSimilarity(prediction, gold string) float64 {
	p, g := []rune(prediction), []rune(gold)
	if len(p)+len(g) == 0 {
		return 1
	}
	row := make([]int, len(g)+1)
	for _, a := range p {
		diagonal := 0
		for j, b := range g {
			up := row[j+1]
			if a == b {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(up, row[j])
			}
			diagonal = up
		}
	}
	return 2 * float64(row[len(g)]) / float64(len(p)+len(g))
}
