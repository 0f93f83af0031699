package builtin

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// wordLists are the values of the slots of the corpus's templates, by name.
var wordLists = map[string][]string{
	"city": list("Ashford,Bergen,Bilbao,Boston,Bremen,Bristol,Calgary,Cardiff,Chicago,Cologne,Cordoba,Dallas,Denver,Derby,Dover," +
		"Dresden,Durham,Exeter,Florence,Geneva,Ghent,Glasgow,Graz,Halifax,Hamburg,Houston,Krakow,Kyoto,Leeds,Leipzig,Lille," +
		"Linz,London,Lyon,Malmo,Milan,Munich,Nantes,Naples,Norwich,Osaka,Oxford,Padua,Perth,Porto,Quebec,Salzburg,Seattle,Seville," +
		"Split,Sydney,Tampere,Toledo,Toronto,Turin,Utrecht,Valencia,Venice,Verona,York,Zurich,Madrid,Oslo,Paris,Rome,Vienna,Dublin," +
		"Lisbon,Prague,Warsaw,Athens,Cairo,Lima,Quito,Nairobi,Tokyo,Seoul,Hanoi,Riga,Sofia"),
	"name": list("Anna,Ben,Carl,Clara,David,Ella,Emil,Emma,Eva,Felix,Finn,Grace,Hanna,Henry,Ida,Ivan,Jack,Jonas,Julia,Karl,Laura,Leo," +
		"Lena,Lily,Lucas,Maria,Max,Mia,Nina,Noah,Olga,Oscar,Paul,Peter,Rosa,Ruth,Sam,Sara,Simon,Sofia,Theo,Tom,Vera,Zoe"),
	"surname": list("Adams,Baker,Becker,Brown,Carter,Clark,Cooper,Costa,Evans,Fischer,Garcia,Green,Hall,Hansen,Hill,Jones,King,Klein," +
		"Larsen,Lopez,Martin,Meyer,Moore,Novak,Olsen,Parker,Rossi,Santos,Silva,Smith,Stone,Taylor,Turner,Vogel,Walker,Weber,White,Young"),
	"day":      list("Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday"),
	"month":    list("January,February,March,April,May,June,July,August,September,October,November,December"),
	"colour":   list("red,blue,green,yellow,black,white,brown,pink,purple,grey"),
	"river":    list("Rhine,Elbe,Danube,Thames,Seine,Loire,Oder,Severn,Tagus,Main,Isar,Ebro"),
	"building": list("library,school,museum,theatre,station,town hall,hospital,airport,zoo,swimming pool,church,cinema"),
	"event":    list("book fair,film festival,jazz festival,flower show,light festival,music week,street party,summer fair,science fair,art fair"),
	"band":     list("Blue Lanterns,Silver Foxes,Stone Garden,Night Owls,Paper Kites,Red Harbour,Wild Roses,Moon Riders,Old Compass,Green Echo"),
	"play":     list("The Lost Ring,The Red Coat,Winter Light,The Last Train,The Glass House,Two Sisters,The Old Clock,Silent Water"),
	"object":   list("book,lamp,bag,coat,cup,box,kite,bike,ball,pen,hat,map,chair,bell,clock,drum"),
	"place":    list("kitchen,garden,cellar,attic,hall,office,park,shop,barn,tower,yard,studio"),
	"stop":     list("bank,park,school,bakery,market,church,cinema,harbour,library,museum"),
	"animals":  list("lions,bears,wolves,otters,pandas,zebras,camels,monkeys,seals,goats"),
	"food":     list("soup,bread,rice,cake,salad,cheese,pasta,fish"),
	"job":      list("teacher,doctor,baker,driver,painter,farmer,nurse,pilot,cook,singer"),
}

func list(names string) []string { return strings.Split(names, ",") }

// slots fills templates. A slot such as {city} keeps its value in all templates that one slots
// fills; {city2} and {city3} are other values of the same list.
type slots struct {
	random *rand.Rand
	names  []string
	values []string
}

// fill replaces the template's slots by their values.
func (s *slots) fill(template string) string {
	var text strings.Builder
	for {
		before, rest, found := strings.Cut(template, "{")
		text.WriteString(before)
		if !found {
			return text.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		text.WriteString(s.value(name))
		template = after
	}
}

// value returns the slot's value and draws it where it has none yet.
func (s *slots) value(name string) string {
	if i := slices.Index(s.names, name); i >= 0 {
		return s.values[i]
	}
	value := s.draw(name)
	for slices.Contains(s.values, value) {
		value = s.draw(name)
	}
	s.names, s.values = append(s.names, name), append(s.values, value)
	return value
}

func (s *slots) draw(name string) string {
	switch base := strings.TrimRight(name, "23"); base {
	case "n":
		return strconv.Itoa(between(s.random, 2, 40))
	case "many":
		return strconv.Itoa(50 * between(s.random, 2, 60))
	case "number":
		return strconv.Itoa(between(s.random, 1, 99))
	case "brand":
		return brand(s.random)
	case "country":
		return pick(s.random, Countries()).Name
	case "year":
		return strconv.Itoa(between(s.random, 1900, 2025))
	default:
		words, found := wordLists[base]
		if !found {
			panic(fmt.Sprintf("builtin: a template of the corpus has the unknown slot %q", name))
		}
		return pick(s.random, words)
	}
}
