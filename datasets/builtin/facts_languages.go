package builtin

import (
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Language is a language's English and its German name, both CLDR's.
type Language struct {
	Name   string
	German string
}

// languageCodes are BCP 47 codes: every main language of Countries, and some more.
var languageCodes = []string{
	"en", "de", "fr", "es", "it", "pt", "nl", "da", "sv", "nb", "fi", "is", "ga",
	"pl", "cs", "hu", "ro", "bg", "el", "tr", "ru", "uk", "hr", "sr", "sl", "sq",
	"et", "lv", "lt", "mt", "ar", "he", "fa", "hi", "ur", "ne", "bn", "th", "vi",
	"km", "lo", "zh", "ja", "ko", "id", "ms", "kk", "uz", "sw", "am", "mg", "la",
}

var namedLanguages = sync.OnceValue(func() []Language {
	english, german := display.Languages(language.English), display.Languages(language.German)
	languages := make([]Language, len(languageCodes))
	for i, code := range languageCodes {
		tag := language.MustParse(code)
		languages[i] = Language{Name: withoutBokmål(english.Name(tag)), German: withoutBokmål(german.Name(tag))}
	}
	return languages
})

// withoutBokmål shortens the name of Norwegian, which x/text always gives with its written
// standard.
func withoutBokmål(name string) string { return strings.TrimSuffix(name, " Bokmål") }

// Languages returns about fifty languages in a fixed order.
func Languages() []Language { return slices.Clone(namedLanguages()) }
