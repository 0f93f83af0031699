package builtin

import (
	"slices"
	"strings"
	"testing"
)

// unique fails the test on an empty or repeated value.
func unique(t *testing.T, kind string, values []string) {
	t.Helper()
	seen := map[string]bool{}
	for i, value := range values {
		if value == "" || strings.TrimSpace(value) != value {
			t.Errorf("%s %d is %q", kind, i, value)
		}
		if seen[value] {
			t.Errorf("%s %q stands twice", kind, value)
		}
		seen[value] = true
	}
}

func column[T any](rows []T, field func(T) string) []string {
	values := make([]string, len(rows))
	for i, row := range rows {
		values[i] = field(row)
	}
	return values
}

func TestCountriesAreUniqueAndComplete(t *testing.T) {
	countries := Countries()
	unique(t, "name", column(countries, func(c Country) string { return c.Name }))
	unique(t, "German name", column(countries, func(c Country) string { return c.German }))
	unique(t, "capital", column(countries, func(c Country) string { return c.Capital }))
	unique(t, "code", column(countries, func(c Country) string { return c.Code }))
	languages := column(Languages(), func(l Language) string { return l.Name })
	for _, country := range countries {
		if !slices.Contains([]string{"Europe", "Asia", "Africa", "North America", "South America", "Oceania"}, country.Continent) {
			t.Errorf("%s lies in %q, which is no continent", country.Name, country.Continent)
		}
		if !slices.Contains(languages, country.Language) {
			t.Errorf("%s speaks %q, which is not among Languages", country.Name, country.Language)
		}
		if country.Currency == "" {
			t.Errorf("%s has no currency", country.Name)
		}
	}
	for _, want := range []Country{
		{"France", "Paris", "Europe", "euro", "Frankreich", "French", "FR"},
		{"South Korea", "Seoul", "Asia", "won", "Südkorea", "Korean", "KR"},
		{"Brazil", "Brasilia", "South America", "real", "Brasilien", "Portuguese", "BR"},
		{"Czechia", "Prague", "Europe", "koruna", "Tschechien", "Czech", "CZ"},
		{"Namibia", "Windhoek", "Africa", "dollar", "Namibia", "English", "NA"},
		{"New Zealand", "Wellington", "Oceania", "dollar", "Neuseeland", "English", "NZ"},
	} {
		if !slices.Contains(countries, want) {
			t.Errorf("Countries lacks %+v", want)
		}
	}
}

func TestCountriesCannotBeChangedByTheirCaller(t *testing.T) {
	Countries()[0].Name = "Atlantis"
	Languages()[0].Name = "Klingon"
	if Countries()[0].Name != "Albania" || Languages()[0].Name != "English" {
		t.Error("a caller's change shows in the next call")
	}
}

func TestLanguagesElementsAndCategories(t *testing.T) {
	languages := Languages()
	unique(t, "language", column(languages, func(l Language) string { return l.Name }))
	unique(t, "German name of a language", column(languages, func(l Language) string { return l.German }))
	for _, want := range []Language{{"French", "Französisch"}, {"Greek", "Griechisch"}, {"Norwegian", "Norwegisch"}} {
		if !slices.Contains(languages, want) {
			t.Errorf("Languages lacks %+v", want)
		}
	}
	elements := Elements()
	unique(t, "element", column(elements, func(e Element) string { return e.Name }))
	unique(t, "symbol", column(elements, func(e Element) string { return e.Symbol }))
	for number, want := range map[int]Element{11: {"sodium", "Na"}, 26: {"iron", "Fe"}, 47: {"silver", "Ag"}, 54: {"xenon", "Xe"}} {
		if got := elements[number-1]; got != want {
			t.Errorf("element %d is %+v, want %+v", number, got, want)
		}
	}
	var members []string
	for _, category := range Categories() {
		if n := len(category.Members); n < 12 || n > 14 {
			t.Errorf("category %s has %d members", category.Name, n)
		}
		members = append(members, category.Name)
		members = append(members, category.Members...)
	}
	unique(t, "thing", members)
}
