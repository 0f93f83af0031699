package builtin

import (
	"slices"
	"strings"
	"sync"
)

// fact is one thing the backbone is to know: what is asked about and what is answered.
type fact struct{ subject, answer string }

// relation is a kind of fact and its wordings, in which {s} is the subject, {S} the subject with a
// capital letter, and {a} the answer.
type relation struct {
	name       string
	facts      []fact // those of the knowledge battery
	others     []fact // rarer ones, which the corpus tells now and then
	questions  []string
	statements []string
	entry      string // one fact within a list of them
}

// The countries that the battery asks about, by code; a currency or a language is asked for only
// where it is well known.
const (
	batteryCountries = "FR DE IT ES PT AT PL HU CZ GR DK SE NO FI IE RU RO BG HR BE CN JP IN TH VN KR ID NP PK SA KZ MY " +
		"EG MA KE NG ET GH CA MX CU JM BR AR CL PE CO AU NZ"
	batteryCurrencies = "FR DE PL HU CZ DK SE RU RO CN JP IN TH VN KR ID SA KZ MY KE NG ET GH CA MX BR PE AU"
	batteryLanguages  = "FR DE IT ES PT AT PL HU CZ GR DK SE NO FI RU RO BG HR BE CN JP IN TH VN KR ID EG MX BR KE"
	batterySymbols    = "H He Li C N O F Ne Na Mg Al Si P S Cl Ar K Ca Ti Cr Mn Fe Co Ni Cu Zn Br Ag Sn I"
	batteryMembers    = 4 // of each category, its first
)

var (
	months   = strings.Fields("January February March April May June July August September October November December")
	weekdays = strings.Fields("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
)

// countryRelation splits the countries' facts into the battery's and others. A word that is the
// same in both languages is nothing to know.
func countryRelation(r relation, codes string, pair func(Country) fact) relation {
	listed := strings.Fields(codes)
	for _, country := range Countries() {
		f := pair(country)
		if slices.Contains(listed, country.Code) && f.subject != f.answer {
			r.facts = append(r.facts, f)
		} else {
			r.others = append(r.others, f)
		}
	}
	return r
}

func elementRelation(r relation, pair func(Element) fact) relation {
	listed := strings.Fields(batterySymbols)
	for _, element := range Elements() {
		if slices.Contains(listed, element.Symbol) {
			r.facts = append(r.facts, pair(element))
		} else {
			r.others = append(r.others, pair(element))
		}
	}
	return r
}

// orderRelation pairs every name with the one that lies shift further in the cycle.
func orderRelation(r relation, names []string, shift int) relation {
	for i, name := range names {
		r.facts = append(r.facts, fact{name, names[(i+shift+len(names))%len(names)]})
	}
	return r
}

// categoryRelation holds the kinds of things.
func categoryRelation(r relation) relation {
	for _, category := range Categories() {
		for i, member := range category.Members {
			f := fact{withArticle(member), category.Name}
			if i < batteryMembers {
				r.facts = append(r.facts, f)
			} else {
				r.others = append(r.others, f)
			}
		}
	}
	return r
}

// withoutArticle are the members of categories that are no countable singulars: materials, colours,
// drinks and pairs.
var withoutArticle = strings.Fields("iron copper gold silver zinc tin lead nickel aluminium steel bronze brass " +
	"red blue green yellow black white brown pink purple grey turquoise beige " +
	"water milk tea coffee juice lemonade wine beer cocoa cider soda whisky " +
	"spinach celery broccoli lettuce pliers scissors trousers")

// withArticle is the thing with its indefinite article, if it takes one.
func withArticle(thing string) string {
	switch {
	case slices.Contains(withoutArticle, thing):
		return thing
	case strings.ContainsRune("aeiou", rune(thing[0])):
		return "an " + thing
	}
	return "a " + thing
}

// knowledgeRelations are all kinds of facts of the knowledge battery, in the order of its items.
var knowledgeRelations = sync.OnceValue(func() []relation {
	return []relation{
		countryRelation(capitalWording, batteryCountries, func(c Country) fact { return fact{c.Name, c.Capital} }),
		countryRelation(capitalOfWording, batteryCountries, func(c Country) fact { return fact{c.Capital, c.Name} }),
		countryRelation(continentWording, batteryCountries, func(c Country) fact { return fact{c.Name, c.Continent} }),
		countryRelation(currencyWording, batteryCurrencies, func(c Country) fact { return fact{c.Name, c.Currency} }),
		countryRelation(languageWording, batteryLanguages, func(c Country) fact { return fact{c.Name, c.Language} }),
		countryRelation(germanWording, batteryCountries, func(c Country) fact { return fact{c.Name, c.German} }),
		elementRelation(symbolWording, func(e Element) fact { return fact{e.Name, e.Symbol} }),
		elementRelation(elementWording, func(e Element) fact { return fact{e.Symbol, e.Name} }),
		categoryRelation(categoryWording),
		orderRelation(monthAfterWording, months, 1),
		orderRelation(monthBeforeWording, months, -1),
		orderRelation(dayAfterWording, weekdays, 1),
		orderRelation(dayBeforeWording, weekdays, -1),
	}
})
