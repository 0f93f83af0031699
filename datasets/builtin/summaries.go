package builtin

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// summaryTasks are short reports with headlines in one house style each. What the headline tells
// stands word for word in the report.
func summaryTasks() []task {
	return []task{
		newTask("weather_headlines", 0, drawWeather),
		newTask("match_headlines", 0, drawMatch),
		newTask("market_headlines", 0, drawMarket),
		newTask("country_headlines", 0, drawCountry),
	}
}

func summaryItem(article, headline string, key ...any) item {
	id := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(fmt.Sprintln(key...))), " ", "-")
	return item{summaryRow{article, headline, id}, id, article}
}

func drawWeather(random *rand.Rand) item {
	s := &slots{random: random}
	weather := pick(random, list("rain,snow,fog,sunshine,hail,thunder,drizzle,frost,wind,clouds"))
	degrees := between(random, 2, 35)
	article := pick(random, []string{
		"There was %[1]s in {city} on {day}, and the thermometer showed %[2]d degrees.",
		"On {day} people in {city} woke up to %[1]s. It was %[2]d degrees at noon.",
		"{city} had %[1]s all day long on {day}. It was %[2]d degrees outside.",
	})
	city := s.value("city")
	return summaryItem(s.fill(fmt.Sprintf(article, weather, degrees)), fmt.Sprintf("%d degrees and %s: %s", degrees, weather, city), weather, city, degrees)
}

func drawMatch(random *rand.Rand) item {
	s := &slots{random: random}
	home, away := s.value("city"), s.value("city2")
	more := between(random, 2, 6)
	less := random.IntN(more)
	article := pick(random, []string{
		"{city} beat {city2} by %[1]d goals to %[2]d on {day}. {name} {surname} scored last.",
		"On {day} the team of {city2} lost to {city}. After %[1]d goals to %[2]d, {name} {surname} cheered.",
		"A good {day} for {city}: %[1]d goals to %[2]d against {city2}, the last one by {name} {surname}.",
	})
	return summaryItem(s.fill(fmt.Sprintf(article, more, less)), fmt.Sprintf("%s %d, %s %d", home, more, away, less), home, away, more, less)
}

var companies = list("Nordwind,Silverline,Bluestone,Greenfield,Eastgate,Fairway,Goldberg,Highland,Kingsley,Lakeside,Maplewood,Northstar,Oakridge," +
	"Pinewood,Redstone,Seaview,Stonebridge,Sunrise,Westbrook,Whitehall")

func drawMarket(random *rand.Rand) item {
	company, percent := pick(random, companies), between(random, 1, 30)
	cause := pick(random, list("a new factory,higher sales,a big order,lower prices,a strike,a bad harvest,new tolls,a court case,strong exports,a merger"))
	verb, short := "rose", "up"
	if random.IntN(2) == 0 {
		verb, short = "fell", "down"
	}
	article := pick(random, []string{
		"Shares of %[1]s %[2]s by %[3]d percent. Traders spoke of %[4]s.",
		"Because of %[4]s, shares of %[1]s %[2]s by %[3]d percent.",
		"%[1]s shares %[2]s by %[3]d percent, and %[4]s was the reason.",
	})
	return summaryItem(fmt.Sprintf(article, company, verb, percent, cause), fmt.Sprintf("%s %s %d percent on %s", company, short, percent, cause),
		company, short, percent, cause)
}

func drawCountry(random *rand.Rand) item {
	country := pick(random, Countries())
	visitors, year := between(random, 2, 90), between(random, 1990, 2024)
	article := pick(random, []string{
		"%[1]s had %[3]d million visitors in %[4]d. Most saw %[2]s.",
		"In %[4]d, %[3]d million people went to %[1]s. %[2]s was full.",
		"%[2]s was busy in %[4]d: %[3]d million people came to %[1]s.",
	})
	return summaryItem(fmt.Sprintf(article, country.Name, country.Capital, visitors, year),
		country.Name+" "+strconv.Itoa(year)+": "+strconv.Itoa(visitors)+" million guests", country.Code, visitors, year)
}
