package main

import "testing"

func TestSectionOfBench(t *testing.T) {
	text := "# Title\n<!-- bench cells -->\nold\n<!-- end -->\n<!-- bench torch -->\n<!-- end -->\nrest\n"
	once, err := section([]byte(text), "torch", "table\n")
	if err != nil {
		t.Fatal(err)
	}
	want := "# Title\n<!-- bench cells -->\nold\n<!-- end -->\n<!-- bench torch -->\n```\ntable\n```\n<!-- end -->\nrest\n"
	if string(once) != want {
		t.Errorf("got %q, expected %q", once, want)
	}
	twice, err := section(once, "torch", "table\n")
	if err != nil || string(twice) != want {
		t.Errorf("a second time it gives %q, %v", twice, err)
	}
	if _, err := section([]byte(text), "other", ""); err == nil {
		t.Error("a text without the lines is taken")
	}
}

func TestMedianOf(t *testing.T) {
	self := func(x float64) float64 { return x }
	if m := medianOf([]float64{5, 1, 3}, self); m != 3 {
		t.Errorf("the median of 5, 1, 3 is %g", m)
	}
}
