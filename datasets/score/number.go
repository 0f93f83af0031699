package score

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NumberMatch says whether both texts answer with the same number, by value: "#### 1,234.50" equals
// "so it is $1234.5", and "3/4" equals "0.75". A number with a percent sign equals both itself and
// its hundredth: "50%" equals "50" and "0.5". It is false where either text has no number.
func NumberMatch(prediction, gold string) bool {
	return sameNumber(answerNumber(prediction), answerNumber(gold))
}

// FirstNumberMatch is NumberMatch of the first number in either text.
func FirstNumberMatch(prediction, gold string) bool {
	return sameNumber(first(numbers(prediction)), first(numbers(gold)))
}

// LastNumberMatch is NumberMatch of the last number in either text, whatever "####" says.
func LastNumberMatch(prediction, gold string) bool {
	return sameNumber(last(numbers(prediction)), last(numbers(gold)))
}

// answerNumber is the number that a worked answer ends in: the first one after the first "####"
// (GSM8K's mark, after which a model may ramble on), else the last one in the text. It is exact,
// and nil where there is none.
//
// Read are signs, also before a currency sign; thousands in groups of three, separated by a comma,
// an apostrophe, a point where there are two of them, or a no-break or thin space ("1,234",
// "1'234", "1.234.567"), and India's ("12,34,567"); a decimal point, and a decimal comma where it
// cannot separate thousands ("3,5", "0,125", "1.234,5"); exponents ("1e+06", "1.5 × 10^6");
// fractions ("3/4", "1 3/4", "½"). "1,234" is read as English has it. Currency and percent signs
// are no part of the number.
func answerNumber(text string) *number {
	if _, after, ok := strings.Cut(text, "####"); ok {
		if n := first(numbers(after)); n != nil {
			return n
		}
	}
	return last(numbers(text))
}

// number is one that stands in a text.
type number struct {
	value   *big.Rat
	percent bool // a percent sign follows
	whole   bool // nothing but digits and separators of thousands
	at, end int  // the bytes of its digits
}

func first(list []number) *number {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

func last(list []number) *number {
	if len(list) == 0 {
		return nil
	}
	return &list[len(list)-1]
}

func sameNumber(a, b *number) bool {
	if a == nil || b == nil {
		return false
	}
	if a.value.Cmp(b.value) == 0 {
		return true
	}
	return a.percent != b.percent && (a.percent && hundredth(a.value).Cmp(b.value) == 0 || b.percent && hundredth(b.value).Cmp(a.value) == 0)
}

func hundredth(n *big.Rat) *big.Rat { return new(big.Rat).Quo(n, big.NewRat(100, 1)) }

// asASCII writes full-width digits and signs, and the spaces and apostrophes that separate
// thousands, as one form each.
var asASCII = func() *strings.Replacer {
	pairs := []string{"．", ".", "，", ",", "－", "-", "−", "-", "–", "-", "％", "%", "’", "'", "\u202f", "\u00a0", "\u2009", "\u00a0", "\u2007", "\u00a0"}
	for d := '0'; d <= '9'; d++ {
		pairs = append(pairs, string(d-'0'+'０'), string(d))
	}
	for glyph, fraction := range vulgar {
		pairs = append(pairs, string(glyph), " "+fraction)
	}
	return strings.NewReplacer(pairs...)
}()

var vulgar = map[rune]string{'½': "1/2", '⅓': "1/3", '⅔': "2/3", '¼': "1/4", '¾': "3/4", '⅕': "1/5", '⅖': "2/5", '⅗': "3/5", '⅘': "4/5", '⅙': "1/6", '⅛': "1/8", '⅜': "3/8", '⅝': "5/8", '⅞': "7/8"}

// digits are digits with whatever may separate them inside of a number.
var digits = regexp.MustCompile(`\.?\d+(?:[,.'\x{a0}]\d+)*`)

// powers follow a number: 1e+06, or 1.5 × 10^6.
var powers = regexp.MustCompile(`^(?:[eE]([+-]?\d{1,3})|\s?[×x*·]\s?10\^\{?([+-]?\d{1,3})\}?)`)

// percentSign follows a number.
var percentSign = regexp.MustCompile(`^[\s\x{a0}]?\\?%`)

// numbers reads all numbers of a text in order.
func numbers(text string) (found []number) {
	text = asASCII.Replace(text)
	for _, at := range digits.FindAllStringIndex(text, -1) {
		if len(found) > 0 && at[0] < found[len(found)-1].end {
			continue // the power of the number before
		}
		for _, n := range readDigits(text, at[0], at[1]) {
			if n.end == at[1] {
				if p := powers.FindStringSubmatch(text[n.end:]); p != nil && !digitFollows(text[n.end+len(p[0]):]) {
					n.value.Mul(n.value, powerOfTen(p[1]+p[2]))
					n.end, n.whole = n.end+len(p[0]), false
				}
			}
			found = append(found, n)
		}
	}
	found = fractions(text, found)
	for i := range found {
		n := &found[i]
		if negative(text[:n.at]) {
			n.value.Neg(n.value)
		}
		n.percent = percentSign.MatchString(text[n.end:])
	}
	return found
}

func digitFollows(text string) bool { return text != "" && text[0] >= '0' && text[0] <= '9' }

func powerOfTen(exponent string) *big.Rat {
	n, _ := new(big.Int).SetString(strings.TrimPrefix(exponent, "+"), 10)
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), new(big.Int).Abs(n), nil))
	if n.Sign() < 0 {
		power.Inv(power)
	}
	return power
}

// readDigits reads text[at:end], digits with separators: as one number where they can be one, else
// as several, of which a point joins two.
func readDigits(text string, at, end int) (list []number) {
	run := text[at:end]
	if run[0] == '.' {
		if before, _ := utf8.DecodeLastRuneInString(text[:at]); unicode.IsDigit(before) {
			run, at = run[1:], at+1
		}
	}
	if value, whole, ok := oneNumber(run); ok {
		return []number{{value: value, whole: whole, at: at, end: end}}
	}
	split(run, at, ",'\u00a0", func(part string, at int) {
		if value, whole, ok := oneNumber(part); ok {
			list = append(list, number{value: value, whole: whole, at: at, end: at + len(part)})
			return
		}
		split(part, at, ".", func(part string, at int) {
			if value, whole, ok := oneNumber(part); ok {
				list = append(list, number{value: value, whole: whole, at: at, end: at + len(part)})
			}
		})
	})
	return list
}

// split calls each for the parts of a run, which begins at a byte of the text, between separators.
func split(run string, at int, separators string, each func(part string, at int)) {
	from := 0
	for i, r := range run + separators[:1] {
		if strings.ContainsRune(separators, r) {
			if i > from {
				each(run[from:i], at+from)
			}
			from = i + utf8.RuneLen(r)
		}
	}
}

// oneNumber reads digits with separators where they are one number.
func oneNumber(run string) (value *big.Rat, whole, ok bool) {
	groups := strings.FieldsFunc(run, func(r rune) bool { return r < '0' || r > '9' })
	var separators []rune
	for _, r := range run {
		if r < '0' || r > '9' {
			separators = append(separators, r)
		}
	}
	decimal := ""
	switch n := len(separators); {
	case run[0] == '.': // .5, and nothing else
		if n > 1 {
			return nil, false, false
		}
		groups, separators, decimal = []string{"0"}, nil, groups[0]
	case n == 0:
	case isDecimal(groups, separators):
		groups, separators, decimal = groups[:n], separators[:n-1], groups[n]
	}
	if !areThousands(groups, separators, decimal != "") {
		return nil, false, false
	}
	value, ok = new(big.Rat).SetString(strings.Join(groups, "") + "." + decimal + "0")
	return value, decimal == "", ok
}

// isDecimal says whether the last separator stands before a number's decimals.
func isDecimal(groups []string, separators []rune) bool {
	n := len(separators)
	sign := separators[n-1]
	if sign != '.' && sign != ',' || slices.Contains(separators[:n-1], sign) {
		return false
	}
	if n > 1 || sign == '.' {
		return true
	}
	return !areThousands(groups, separators, false)
}

// areThousands says whether separators of one kind cut a number, which may have decimals after
// them, into its thousands, or into India's hundreds of thousands.
func areThousands(groups []string, separators []rune, decimals bool) bool {
	if len(separators) == 0 {
		return true
	}
	size := len(groups[0])
	if size > 3 || groups[0][0] == '0' {
		return false
	}
	threes, twos := true, separators[0] == ',' && size <= 2
	for i, g := range groups[1:] {
		if separators[i] != separators[0] {
			return false
		}
		threes = threes && len(g) == 3
		twos = twos && len(g) == map[bool]int{true: 3, false: 2}[i == len(groups)-2]
	}
	// "1.234" is a decimal, "1.234.567" and "1.234,5" are not.
	return (threes || twos) && (separators[0] != '.' || len(separators) > 1 || decimals)
}

// fractions joins whole numbers with a slash between them, and a whole number and a blank before
// such a one. Dates like 24/12/2021 stay three numbers.
func fractions(text string, list []number) (joined []number) {
	slash := func(i int) bool { return i > 0 && i < len(list) && text[list[i-1].end:list[i].at] == "/" }
	for i := 0; i < len(list); i++ {
		n := list[i]
		if i+1 < len(list) && slash(i+1) && !slash(i) && !slash(i+2) && n.whole && list[i+1].whole && list[i+1].value.Sign() != 0 {
			part := new(big.Rat).Quo(n.value, list[i+1].value)
			n = number{value: part, at: n.at, end: list[i+1].end}
			if i > 0 && list[i-1].whole && text[list[i-1].end:n.at] == " " && part.Cmp(big.NewRat(1, 1)) < 0 {
				n.value, n.at = part.Add(part, list[i-1].value), list[i-1].at
				joined = joined[:len(joined)-1]
			}
			i++
		}
		joined = append(joined, n)
	}
	return joined
}

// negative says whether the text before a number ends in a minus that belongs to it: before a
// currency sign or not, and not between two operands as in 7-8.
func negative(before string) bool {
	before = strings.TrimRightFunc(before, func(r rune) bool { return unicode.Is(unicode.Sc, r) })
	rest, ok := strings.CutSuffix(before, "-")
	if !ok {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(rest)
	return !unicode.IsLetter(last) && !unicode.IsDigit(last) && last != ')' && last != '-'
}
