package builtin

import (
	"slices"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Country is a country and what the tasks and the knowledge battery ask about it. Its two names are
// CLDR's.
type Country struct {
	Name      string // English name
	Capital   string // English name of the capital, without accents
	Continent string // Europe, Asia, Africa, North America, South America or Oceania
	Currency  string // name of the currency's unit, without the country's adjective
	German    string // German name
	Language  string // English name of the main language, one of Languages
	Code      string // ISO 3166-1 alpha-2
}

// countryFacts holds what is typed by hand. Countries whose German name takes an article (die
// Schweiz, der Iran), whose capital is disputed, divided or named like the country, or which lie on
// two continents are left out, so that every question about a country has one short answer and
// every German phrase one form. Capitals and currencies are those of 2026.
var countryFacts = []Country{
	{Code: "AL", Capital: "Tirana", Continent: "Europe", Currency: "lek", Language: "Albanian"},
	{Code: "AT", Capital: "Vienna", Continent: "Europe", Currency: "euro", Language: "German"},
	{Code: "BE", Capital: "Brussels", Continent: "Europe", Currency: "euro", Language: "Dutch"},
	{Code: "BG", Capital: "Sofia", Continent: "Europe", Currency: "euro", Language: "Bulgarian"},
	{Code: "HR", Capital: "Zagreb", Continent: "Europe", Currency: "euro", Language: "Croatian"},
	{Code: "CZ", Capital: "Prague", Continent: "Europe", Currency: "koruna", Language: "Czech"},
	{Code: "DK", Capital: "Copenhagen", Continent: "Europe", Currency: "krone", Language: "Danish"},
	{Code: "EE", Capital: "Tallinn", Continent: "Europe", Currency: "euro", Language: "Estonian"},
	{Code: "FI", Capital: "Helsinki", Continent: "Europe", Currency: "euro", Language: "Finnish"},
	{Code: "FR", Capital: "Paris", Continent: "Europe", Currency: "euro", Language: "French"},
	{Code: "DE", Capital: "Berlin", Continent: "Europe", Currency: "euro", Language: "German"},
	{Code: "GR", Capital: "Athens", Continent: "Europe", Currency: "euro", Language: "Greek"},
	{Code: "HU", Capital: "Budapest", Continent: "Europe", Currency: "forint", Language: "Hungarian"},
	{Code: "IS", Capital: "Reykjavik", Continent: "Europe", Currency: "krona", Language: "Icelandic"},
	{Code: "IE", Capital: "Dublin", Continent: "Europe", Currency: "euro", Language: "English"},
	{Code: "IT", Capital: "Rome", Continent: "Europe", Currency: "euro", Language: "Italian"},
	{Code: "LV", Capital: "Riga", Continent: "Europe", Currency: "euro", Language: "Latvian"},
	{Code: "LT", Capital: "Vilnius", Continent: "Europe", Currency: "euro", Language: "Lithuanian"},
	{Code: "MT", Capital: "Valletta", Continent: "Europe", Currency: "euro", Language: "Maltese"},
	{Code: "NO", Capital: "Oslo", Continent: "Europe", Currency: "krone", Language: "Norwegian"},
	{Code: "PL", Capital: "Warsaw", Continent: "Europe", Currency: "zloty", Language: "Polish"},
	{Code: "PT", Capital: "Lisbon", Continent: "Europe", Currency: "euro", Language: "Portuguese"},
	{Code: "RO", Capital: "Bucharest", Continent: "Europe", Currency: "leu", Language: "Romanian"},
	{Code: "RU", Capital: "Moscow", Continent: "Europe", Currency: "ruble", Language: "Russian"},
	{Code: "RS", Capital: "Belgrade", Continent: "Europe", Currency: "dinar", Language: "Serbian"},
	{Code: "SI", Capital: "Ljubljana", Continent: "Europe", Currency: "euro", Language: "Slovenian"},
	{Code: "ES", Capital: "Madrid", Continent: "Europe", Currency: "euro", Language: "Spanish"},
	{Code: "SE", Capital: "Stockholm", Continent: "Europe", Currency: "krona", Language: "Swedish"},

	{Code: "BH", Capital: "Manama", Continent: "Asia", Currency: "dinar", Language: "Arabic"},
	{Code: "BD", Capital: "Dhaka", Continent: "Asia", Currency: "taka", Language: "Bangla"},
	{Code: "KH", Capital: "Phnom Penh", Continent: "Asia", Currency: "riel", Language: "Khmer"},
	{Code: "CN", Capital: "Beijing", Continent: "Asia", Currency: "yuan", Language: "Chinese"},
	{Code: "IN", Capital: "New Delhi", Continent: "Asia", Currency: "rupee", Language: "Hindi"},
	{Code: "ID", Capital: "Jakarta", Continent: "Asia", Currency: "rupiah", Language: "Indonesian"},
	{Code: "JP", Capital: "Tokyo", Continent: "Asia", Currency: "yen", Language: "Japanese"},
	{Code: "JO", Capital: "Amman", Continent: "Asia", Currency: "dinar", Language: "Arabic"},
	{Code: "KZ", Capital: "Astana", Continent: "Asia", Currency: "tenge", Language: "Kazakh"},
	{Code: "LA", Capital: "Vientiane", Continent: "Asia", Currency: "kip", Language: "Lao"},
	{Code: "MY", Capital: "Kuala Lumpur", Continent: "Asia", Currency: "ringgit", Language: "Malay"},
	{Code: "NP", Capital: "Kathmandu", Continent: "Asia", Currency: "rupee", Language: "Nepali"},
	{Code: "PK", Capital: "Islamabad", Continent: "Asia", Currency: "rupee", Language: "Urdu"},
	{Code: "QA", Capital: "Doha", Continent: "Asia", Currency: "riyal", Language: "Arabic"},
	{Code: "SA", Capital: "Riyadh", Continent: "Asia", Currency: "riyal", Language: "Arabic"},
	{Code: "KR", Capital: "Seoul", Continent: "Asia", Currency: "won", Language: "Korean"},
	{Code: "TH", Capital: "Bangkok", Continent: "Asia", Currency: "baht", Language: "Thai"},
	{Code: "UZ", Capital: "Tashkent", Continent: "Asia", Currency: "sum", Language: "Uzbek"},
	{Code: "VN", Capital: "Hanoi", Continent: "Asia", Currency: "dong", Language: "Vietnamese"},

	{Code: "DZ", Capital: "Algiers", Continent: "Africa", Currency: "dinar", Language: "Arabic"},
	{Code: "AO", Capital: "Luanda", Continent: "Africa", Currency: "kwanza", Language: "Portuguese"},
	{Code: "EG", Capital: "Cairo", Continent: "Africa", Currency: "pound", Language: "Arabic"},
	{Code: "ET", Capital: "Addis Ababa", Continent: "Africa", Currency: "birr", Language: "Amharic"},
	{Code: "GH", Capital: "Accra", Continent: "Africa", Currency: "cedi", Language: "English"},
	{Code: "KE", Capital: "Nairobi", Continent: "Africa", Currency: "shilling", Language: "Swahili"},
	{Code: "LY", Capital: "Tripoli", Continent: "Africa", Currency: "dinar", Language: "Arabic"},
	{Code: "MG", Capital: "Antananarivo", Continent: "Africa", Currency: "ariary", Language: "Malagasy"},
	{Code: "MA", Capital: "Rabat", Continent: "Africa", Currency: "dirham", Language: "Arabic"},
	{Code: "MZ", Capital: "Maputo", Continent: "Africa", Currency: "metical", Language: "Portuguese"},
	{Code: "NA", Capital: "Windhoek", Continent: "Africa", Currency: "dollar", Language: "English"},
	{Code: "NG", Capital: "Abuja", Continent: "Africa", Currency: "naira", Language: "English"},
	{Code: "TZ", Capital: "Dodoma", Continent: "Africa", Currency: "shilling", Language: "Swahili"},
	{Code: "TN", Capital: "Tunis", Continent: "Africa", Currency: "dinar", Language: "Arabic"},
	{Code: "UG", Capital: "Kampala", Continent: "Africa", Currency: "shilling", Language: "English"},
	{Code: "ZM", Capital: "Lusaka", Continent: "Africa", Currency: "kwacha", Language: "English"},

	{Code: "CA", Capital: "Ottawa", Continent: "North America", Currency: "dollar", Language: "English"},
	{Code: "CR", Capital: "San Jose", Continent: "North America", Currency: "colon", Language: "Spanish"},
	{Code: "CU", Capital: "Havana", Continent: "North America", Currency: "peso", Language: "Spanish"},
	{Code: "SV", Capital: "San Salvador", Continent: "North America", Currency: "dollar", Language: "Spanish"},
	{Code: "HN", Capital: "Tegucigalpa", Continent: "North America", Currency: "lempira", Language: "Spanish"},
	{Code: "JM", Capital: "Kingston", Continent: "North America", Currency: "dollar", Language: "English"},
	{Code: "MX", Capital: "Mexico City", Continent: "North America", Currency: "peso", Language: "Spanish"},
	{Code: "NI", Capital: "Managua", Continent: "North America", Currency: "cordoba", Language: "Spanish"},

	{Code: "AR", Capital: "Buenos Aires", Continent: "South America", Currency: "peso", Language: "Spanish"},
	{Code: "BR", Capital: "Brasilia", Continent: "South America", Currency: "real", Language: "Portuguese"},
	{Code: "CL", Capital: "Santiago", Continent: "South America", Currency: "peso", Language: "Spanish"},
	{Code: "CO", Capital: "Bogota", Continent: "South America", Currency: "peso", Language: "Spanish"},
	{Code: "EC", Capital: "Quito", Continent: "South America", Currency: "dollar", Language: "Spanish"},
	{Code: "PE", Capital: "Lima", Continent: "South America", Currency: "sol", Language: "Spanish"},
	{Code: "UY", Capital: "Montevideo", Continent: "South America", Currency: "peso", Language: "Spanish"},
	{Code: "VE", Capital: "Caracas", Continent: "South America", Currency: "bolivar", Language: "Spanish"},

	{Code: "AU", Capital: "Canberra", Continent: "Oceania", Currency: "dollar", Language: "English"},
	{Code: "FJ", Capital: "Suva", Continent: "Oceania", Currency: "dollar", Language: "English"},
	{Code: "NZ", Capital: "Wellington", Continent: "Oceania", Currency: "dollar", Language: "English"},
}

// namedCountries fills the names in once: the tables of x/text are slow to open.
var namedCountries = sync.OnceValue(func() []Country {
	english, german := display.Regions(language.English), display.Regions(language.German)
	countries := slices.Clone(countryFacts)
	for i := range countries {
		region := language.MustParseRegion(countries[i].Code)
		countries[i].Name, countries[i].German = english.Name(region), german.Name(region)
	}
	return countries
})

// Countries returns well-known countries of all continents in a fixed order.
func Countries() []Country { return slices.Clone(namedCountries()) }
