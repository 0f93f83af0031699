package score

import "testing"

func TestAFormIsThatOfTheTrueAnswers(t *testing.T) {
	german := NewForm("exact", []string{"Ich wohne in Wien.", "Sie kommt aus der Schweiz.", "Wo ist er?"})
	number := NewForm("number", []string{"12", "7"})
	word := NewForm("exact", []string{"paris", "rome"})
	for _, c := range []struct {
		form   Form
		answer string
		has    bool
	}{
		{german, "Er lebt in Bern.", true},
		{german, "  Ist das so? ", true},
		{german, "er lebt in Bern.", false}, // begins otherwise
		{german, "Er lebt in Bern", false},  // ends otherwise
		{german, "Bern.", false},            // too short
		{german, "Er lebt in Bern und fährt morgen nach Wien.", false},
		{german, "42", false},
		{german, "", false},
		{number, "The answer is 3.5", true},
		{number, "seven", false},
		{number, "none of them", false},
		{number, "", false},
		{word, "oslo", true},
		{word, "Oslo", false},
		{word, "", false},
		{NewForm("exact", nil), "anything", false},
	} {
		if got := c.form.Has(c.answer); got != c.has {
			t.Errorf("%q has the form: %v, expected %v", c.answer, got, c.has)
		}
	}
}

func FuzzForm(f *testing.F) {
	f.Add("number", "12", "a\xff")
	f.Add("exact", "Ein Satz.", "")
	f.Fuzz(func(t *testing.T, scorer, gold, answer string) {
		form := NewForm(scorer, []string{gold})
		form.Has(answer)
		if !form.number && !form.Has(gold) {
			t.Errorf("the true answer %q has not the form of itself", gold)
		}
	})
}
