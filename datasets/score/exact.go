package score

import (
	"math/big"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Normalise makes short answers comparable: lower case, runs of white space as
// one blank, none at the ends, and no punctuation of a sentence or closing quote
// at the end (a % or # stays: it can be the answer).
func Normalise(text string) string {
	text = strings.Join(words(lower(text)), " ")
	return strings.TrimRightFunc(text, func(r rune) bool { return isSpace(r) || strings.ContainsRune(sentenceEnds, r) })
}

const sentenceEnds = ".,;:!?…。！？\"'”’“»"

// ExactMatch says whether both texts are the same once normalised. A gold text
// that is nothing but punctuation is compared without its white space instead,
// so that it does not match an empty answer.
func ExactMatch(prediction, gold string) bool {
	if Normalise(gold) == "" {
		return strings.TrimFunc(prediction, isSpace) == strings.TrimFunc(gold, isSpace)
	}
	return Normalise(prediction) == Normalise(gold)
}

// NumberMatch says whether both texts answer with the same number, by value:
// "#### 1,234.50" equals "so it is $1234.5". It is false where either has none.
func NumberMatch(prediction, gold string) bool {
	p, g := FinalNumber(prediction), FinalNumber(gold)
	return p != nil && g != nil && p.Cmp(g) == 0
}

// FinalNumber is the number that a worked answer ends in: the first one after
// the first "####" (GSM8K's mark, after which a model may ramble on), else the
// last one in the text. It is exact, and nil where there is none.
func FinalNumber(text string) *big.Rat {
	if _, after, ok := strings.Cut(text, "####"); ok {
		if found := numbers(after); len(found) > 0 {
			return found[0]
		}
	}
	found := numbers(text)
	if len(found) == 0 {
		return nil
	}
	return found[len(found)-1]
}

var decimal = regexp.MustCompile(`\d[\d,]*(?:\.\d+)?|\.\d+`)

// numbers reads all decimal numbers. Commas count as thousands separators only
// where every group after the first has three digits; "1,2,3" is three numbers,
// of which only the last is kept, for only ends matter here.
func numbers(text string) []*big.Rat {
	var found []*big.Rat
	for _, at := range decimal.FindAllStringIndex(text, -1) {
		before, digits := text[:at[0]], text[at[0]:at[1]]
		if last, _ := utf8.DecodeLastRuneInString(before); digits[0] == '.' && unicode.IsDigit(last) {
			digits = digits[1:] // 24.12.2021 ends in 2021
		}
		whole, fraction, _ := strings.Cut(digits, ".")
		value, ok := new(big.Rat).SetString(sign(before) + ungroup(whole) + "." + fraction + "0")
		if ok {
			found = append(found, value)
		}
	}
	return found
}

// ungroup drops thousands separators, or all but the last of several numbers.
func ungroup(whole string) string {
	groups := strings.Split(strings.TrimRight(whole, ","), ",")
	grouped := len(groups[0]) <= 3
	for _, g := range groups[1:] {
		grouped = grouped && len(g) == 3
	}
	if grouped {
		return strings.Join(groups, "")
	}
	return groups[len(groups)-1]
}

// sign is "-" if the text before a number ends in a minus that belongs to it:
// before a currency sign or not, and not between two operands as in 7-8.
func sign(before string) string {
	before = strings.TrimRight(before, "$€£")
	for _, minus := range []string{"-", "−"} {
		rest, ok := strings.CutSuffix(before, minus)
		if !ok {
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(rest)
		if !unicode.IsLetter(last) && !unicode.IsDigit(last) && last != ')' {
			return "-"
		}
	}
	return ""
}
