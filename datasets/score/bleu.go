package score

import (
	"math"
	"regexp"
	"strings"
)

// maxOrder is the longest n-gram that BLEU counts.
const maxOrder = 4

// BLEU is a corpus BLEU score with what it was made of, in sacreBLEU's units.
type BLEU struct {
	Score          float64           // 0 to 100; can exceed 100 in the last bits
	Correct, Total [maxOrder]int     // matching and predicted n-grams of order 1 to 4
	Precisions     [maxOrder]float64 // percent, after smoothing
	BP             float64           // brevity penalty, in [0, 1]
	SysLen, RefLen int               // tokens predicted, tokens in the gold texts
}

// count counts a prediction against its references: an n-gram as often as the reference has it that
// has it most, and the length of the reference that is nearest in length, the shorter of two.
func (b *BLEU) count(prediction string, golds []string, tokens func(string) []string) {
	p := tokens(strings.TrimRightFunc(prediction, isSpace))
	b.SysLen += len(p)
	nearest := -1
	var most [maxOrder]map[string]int
	for n := range most {
		most[n] = map[string]int{}
	}
	for _, gold := range golds {
		g := tokens(strings.TrimRightFunc(gold, isSpace))
		if d, best := distance(len(g), len(p)), distance(nearest, len(p)); nearest < 0 || d < best || d == best && len(g) < nearest {
			nearest = len(g)
		}
		for n := range maxOrder {
			for gram, times := range ngrams(g, n+1) {
				most[n][gram] = max(most[n][gram], times)
			}
		}
	}
	b.RefLen += nearest
	for n := range maxOrder {
		b.Correct[n] += overlap(ngrams(p, n+1), most[n])
		b.Total[n] += max(len(p)-n, 0)
	}
}

// addCounts adds what was counted of others.
func (b *BLEU) addCounts(of BLEU) {
	b.SysLen, b.RefLen = b.SysLen+of.SysLen, b.RefLen+of.RefLen
	for n := range maxOrder {
		b.Correct[n] += of.Correct[n]
		b.Total[n] += of.Total[n]
	}
}

func distance(a, b int) int { return max(a-b, b-a) }

// finish computes the score from the counts. An order without predicted n-grams makes the score 0,
// unless effective leaves it out.
func (b *BLEU) finish(effective bool) {
	b.BP = brevity(b.SysLen, b.RefLen)
	if b.Correct[0] == 0 {
		return
	}
	smooth, logs, orders := 1.0, 0.0, 0
	for n := 0; n < maxOrder && b.Total[n] > 0; n++ {
		orders++
		if b.Correct[n] > 0 {
			b.Precisions[n] = 100 * float64(b.Correct[n]) / float64(b.Total[n])
		} else {
			smooth *= 2
			b.Precisions[n] = 100 / (smooth * float64(b.Total[n]))
		}
		logs += math.Log(b.Precisions[n])
	}
	if orders == maxOrder || effective {
		b.Score = b.BP * math.Exp(logs/float64(orders))
	}
}

func brevity(predicted, gold int) float64 {
	switch {
	case predicted >= gold:
		return 1
	case predicted == 0:
		return 0
	}
	return math.Exp(1 - float64(gold)/float64(predicted))
}

// BLEU4Smooth4 is NLTK 3.10.4's sentence BLEU-4 with smoothing method 4 (Chen and Cherry 2014) on
// words between white space, in [0, 1]. It is 0 where no word matches.
func BLEU4Smooth4(prediction, gold string) float64 { return smoothed4(words(prediction), words(gold)) }

// smoothed4 is BLEU4Smooth4 of tokens.
func smoothed4(p, g []string) float64 {
	const k = 5 // NLTK's constant
	smooth, logs := 1.0, 0.0
	for n := 1; n <= maxOrder; n++ {
		hits := float64(overlap(ngrams(p, n), ngrams(g, n)))
		if hits == 0 {
			if n == 1 {
				return 0
			}
			if len(p) == 1 {
				continue
			}
			smooth *= 2
			hits = math.Log(float64(len(p))) / (smooth * k)
		}
		logs += math.Log(hits / float64(max(len(p)-n+1, 1)))
	}
	return brevity(len(p), len(g)) * math.Exp(logs/maxOrder)
}

var (
	signs        = regexp.MustCompile("([{-~\\[-` -&(-+:-@/])")
	pointAfter   = regexp.MustCompile(`([^0-9])([.,])`)
	pointBefore  = regexp.MustCompile(`([.,])([^0-9])`)
	dashAfterNum = regexp.MustCompile(`([0-9])(-)`)
)

// Tokens13a splits a text as mteval-v13a and sacreBLEU's "13a" do: signs stand alone, points and
// commas too unless they are inside a number.
func Tokens13a(text string) []string {
	// One after the other, as there: "&amp;lt;" ends as "<".
	for _, swap := range [][2]string{{"<skipped>", ""}, {"-\n", ""}, {"\n", " "},
		{"&quot;", `"`}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}} {
		text = strings.ReplaceAll(text, swap[0], swap[1])
	}
	return western(" " + text + " ")
}

// western cuts text in Latin letters.
func western(text string) []string {
	text = signs.ReplaceAllString(text, " ${1} ")
	text = pointAfter.ReplaceAllString(text, "${1} ${2} ")
	text = pointBefore.ReplaceAllString(text, " ${1} ${2}")
	text = dashAfterNum.ReplaceAllString(text, "${1} ${2} ")
	return words(text)
}

// TokensZh splits a text as sacreBLEU's "zh" does: each Chinese character stands alone, the rest is
// split as in 13a.
func TokensZh(text string) []string {
	var out strings.Builder
	for _, r := range strings.TrimFunc(text, isSpace) {
		if isChinese(r) {
			out.WriteRune(' ')
			out.WriteRune(r)
			out.WriteRune(' ')
		} else {
			out.WriteRune(r)
		}
	}
	return western(out.String())
}

// isChinese has sacreBLEU 2.6.0's ranges. It writes Extension B as the texts "\u2000" + "0" to
// "\u2a6d" + "6", which characters are compared with: so signs such as “, … and € are Chinese, and
// Extension B itself is not.
func isChinese(r rune) bool {
	for _, span := range [...][2]rune{{0x3400, 0x4db5}, {0x4e00, 0x9fbb}, {0xf900, 0xfa2d}, {0xfa30, 0xfa6a}, {0xfa70, 0xfad9}, {0x2001, 0x2a6d},
		{0xff00, 0xffef}, {0x2e80, 0x2eff}, {0x3000, 0x303f}, {0x31c0, 0x31ef}, {0x2f00, 0x2fdf}, {0x2ff0, 0x2fff}, {0x3100, 0x312f},
		{0x31a0, 0x31bf}, {0xfe10, 0xfe1f}, {0xfe30, 0xfe4f}, {0x3200, 0x33ff}} {
		if r >= span[0] && r <= span[1] {
			return true
		}
	}
	return false
}
