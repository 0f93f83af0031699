package score

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// numberCases are what an answer's number is; "" where there is none.
var numberCases = [][2]string{
	// worked answers
	{"3 + 4 = 7", "7"},
	{"work 12\n#### 1,000\nmore: 99", "1000"},
	{"#### none, but 5 before", "5"},
	{"#### -7", "-7"},
	{"no number", ""},
	{"", ""},
	{"Answer: 42.", "42"},
	{"x=5", "5"},
	// signs
	{"7-8", "8"},
	{"so x = −2", "-2"},
	{"so x = –2", "-2"},
	{"-3", "-3"},
	{"+3", "3"},
	{"(5)-3", "3"},
	{"a - 4", "4"},
	{"covid-19", "19"},
	// thousands
	{"1,000,000", "1000000"},
	{"1,234", "1234"},
	{"1'234'567", "1234567"},
	{"1’234", "1234"},
	{"1\u202f234\u202f567", "1234567"},
	{"1\u00a0234,50", "1234.5"},
	{"1\u2009000", "1000"},
	{"1.234.567", "1234567"},
	{"12,34,567", "1234567"},
	{"1,2,3", "3"},
	{"123456789012345678901234567890", "123456789012345678901234567890"},
	{"7 000", "000"}, // an ordinary blank separates numbers
	// decimals
	{"half is .5", "0.5"},
	{"5.0", "5"},
	{"1.234", "1.234"},
	{"1,234.50", "1234.5"},
	{"3,5", "3.5"},
	{"0,125", "0.125"},
	{"1.234,5", "1234.5"},
	{"1.234.567,25", "1234567.25"},
	{"1234,567", "1234.567"},
	{"1'234.5", "1234.5"},
	{"on 24.12.2021", "2021"},
	{"1,2,3.5", "3.5"},
	{"0.10000000149", "0.10000000149"},
	// exponents
	{"1e+06", "1000000"},
	{"1E6", "1000000"},
	{"2.5e-3", "0.0025"},
	{"-1.5e2", "-150"},
	{"1.5 × 10^6", "1500000"},
	{"2*10^3", "2000"},
	{"3e", "3"},
	{"5 euros", "5"},
	// currency and percent
	{"She pays $1,234.50.", "1234.5"},
	{"loss of -$5", "-5"},
	{"€3,50", "3.5"},
	{"-₹12,34,567", "-1234567"},
	{"20 €", "20"},
	{"50%", "50"},
	// fractions
	{"3/4", "0.75"},
	{"-3/4", "-0.75"},
	{"1 3/4", "1.75"},
	{"2½ cups", "2.5"},
	{"½", "0.5"},
	{"24/12/2021", "2021"},
	{"3/0", "0"},
	{"1/8 = 0.125", "0.125"},
	// other digits
	{"答案是１２，３４５", "12345"},
	{"１．５", "1.5"},
}

func TestNumbersAreReadAsPeopleWriteThem(t *testing.T) {
	if len(numberCases) < 60 {
		t.Errorf("%d cases", len(numberCases))
	}
	for _, c := range numberCases {
		got := ""
		if n := FinalNumber(c[0]); n != nil {
			got = n.FloatString(12)
			got = strings.TrimRight(strings.TrimRight(got, "0"), ".")
			if n.Sign() == 0 {
				got = "0"
			}
		}
		want := c[1]
		if want == "000" {
			want = "0"
		}
		if got != want {
			t.Errorf("FinalNumber(%q) = %q, want %q", c[0], got, want)
		}
	}
}

func TestNumbersMatchByValue(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1e+06", "1,000,000", true},
		{"1000000", "1e+06", true},
		{"1000000.0", "1'000'000", true},
		{"3/4", "0.75", true},
		{"50%", "50", true},
		{"50 %", "0.5", true},
		{"50%", "50%", true},
		{"50%", "0.5%", false},
		{"5000", "50%", false},
		{"none", "nothing", false},
		{"none", "0", false},
	} {
		if got := NumberMatch(c.a, c.b); got != c.want || NumberMatch(c.b, c.a) != c.want {
			t.Errorf("NumberMatch(%q, %q) = %v", c.a, c.b, got)
		}
	}
	if !FirstNumberMatch("4 apples of 9", "4") || FirstNumberMatch("9, no 4", "4") {
		t.Error("the first number is another")
	}
	if !LastNumberMatch("#### 9, or rather 4", "4") || LastNumberMatch("4 of 9", "4") {
		t.Error("the last number is another")
	}
}

// TestANumberReadsBackFromEveryNotation: a number is itself in each of its forms.
func TestANumberReadsBackFromEveryNotation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 1<<50).Draw(t, "number")
		plain := spelled(n, "")
		for _, separator := range []string{",", "'", "\u00a0", "\u202f", "\u2009"} {
			if grouped := "it is " + spelled(n, separator) + "."; !NumberMatch(grouped, plain) {
				t.Fatalf("%q is not %q", grouped, plain)
			}
		}
		if !NumberMatch("-"+plain+"e0", "-"+plain) || !NumberMatch(plain+"/1", plain) || NumberMatch("-"+plain, plain) {
			t.Fatal(plain)
		}
	})
}

func FuzzNumbers(f *testing.F) {
	for _, c := range numberCases {
		f.Add(c[0])
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, n := range numbers(text) {
			if n.value == nil || n.at > n.end {
				t.Fatalf("%q has %+v", text, n)
			}
		}
		if FinalNumber(text) != nil && !NumberMatch(text, text) {
			t.Fatalf("%q is another number than itself", text)
		}
	})
}

// spelled writes a number with a separator of thousands.
func spelled(n int64, separator string) string {
	digits := ""
	for i := 0; n > 0 || i == 0; i++ {
		if i > 0 && i%3 == 0 {
			digits = separator + digits
		}
		digits, n = string(rune('0'+n%10))+digits, n/10
	}
	return digits
}
