package builtin

import "math/rand/v2"

// report is one kind of event: articles and headlines that fit each other.
type report struct{ articles, headlines []string }

// reports are about everything but weather, matches, markets and countries, whose headlines are
// tasks.
var reports = []report{
	{
		articles: []string{
			"The {building} in {city} opens again on {day}. It was closed for {n} weeks.",
			"After {n} weeks of work, the {building} of {city} will open its doors on {day}.",
			"Visitors may enter the {building} in {city} again from {day}. Work took {n} weeks.",
		},
		headlines: []string{"{city} {building} opens on {day}", "{building} in {city} opens again", "{city}: {building} opens after {n} weeks"},
	},
	{
		articles: []string{
			"A new bridge over the {river} was opened in {city} on {day}. It is {many} metres long.",
			"{city} has a new bridge. The {many} metres across the {river} were opened on {day}.",
		},
		headlines: []string{"New bridge over the {river} in {city}", "{city} opens {many} metre bridge", "{city} bridges the {river}"},
	},
	{
		articles: []string{
			"{name} {surname}, a {job} from {city}, won {many} euros on {day}.",
			"On {day} a {job} from {city} won {many} euros. The winner is {name} {surname}.",
		},
		headlines: []string{"{job} from {city} wins {many} euros", "{name} {surname} wins {many} euros", "{city} {job} wins on {day}"},
	},
	{
		articles: []string{
			"Police closed the main road in {city} on {day} after a truck lost {many} boxes of {food}.",
			"A truck lost {many} boxes of {food} in {city}. The main road was closed on {day}.",
		},
		headlines: []string{"Truck loses {food} in {city}", "{many} boxes of {food} close {city} road", "{food} blocks road in {city}"},
	},
	{
		articles: []string{
			"The {event} in {city} starts on {day}. {many} guests are expected.",
			"{city} waits for {many} guests: the {event} begins there on {day}.",
			"From {day} {city} holds its {event}. Last year {many} guests came.",
		},
		headlines: []string{"{event} in {city} starts on {day}", "{city} expects {many} guests", "{many} guests for {event} in {city}"},
	},
	{
		articles: []string{
			"The band {band} played in {city} on {day}. {many} people came to hear them.",
			"{many} people danced on {day} as {band} gave a concert in {city}.",
		},
		headlines: []string{"{band} play in {city}", "{many} hear {band} in {city}", "{city} dances to {band}"},
	},
	{
		articles: []string{
			"Pupils of a school in {city} read {many} books in {month}. Their teacher is {name} {surname}.",
			"In {month}, the class of {name} {surname} in {city} read {many} books.",
		},
		headlines: []string{"{city} class reads {many} books", "{many} books read in {month}", "School in {city} reads {many} books"},
	},
	{
		articles: []string{
			"The zoo in {city} has {n} young {animals}. They were born in {month}.",
			"{n} {animals} were born in {month} at the zoo of {city}.",
		},
		headlines: []string{"{city} zoo shows {n} young {animals}", "Young {animals} in {city}", "{n} {animals} born in {city}"},
	},
	{
		articles: []string{
			"{name} {surname} is the new mayor of {city}. {many} people voted on {day}.",
			"{city} voted on {day}, and {name} {surname} won with {many} votes.",
		},
		headlines: []string{"{name} {surname} is mayor of {city}", "{city} votes for {surname}", "{surname} wins in {city}"},
	},
	{
		articles: []string{
			"The play {play} is on in {city} from {day}. {name} {surname} has the main part.",
			"{name} {surname} acts in {play}. The play opens in {city} on {day}.",
		},
		headlines: []string{"{play} opens in {city}", "{name} {surname} in {play}", "{city} shows {play} from {day}"},
	},
	{
		articles: []string{
			"Trains from {city} to {city2} will stop for {n} days. Buses run from {day}.",
			"From {day} there are buses from {city} to {city2}. No trains run for {n} days.",
		},
		headlines: []string{"No trains from {city} to {city2}", "Buses from {city} to {city2}", "{city} to {city2} by bus for {n} days"},
	},
	{
		articles: []string{
			"{name} {surname} found an old coin in the {place}. The museum in {city} paid {many} euros.",
			"The museum in {city} paid {many} euros for a coin. {name} {surname} found it in the {place}.",
		},
		headlines: []string{"{name} {surname} finds old coin", "{city} museum buys coin for {many} euros", "Old coin found in {place}"},
	},
	{
		articles: []string{
			"A {colour} {object} was left on a train to {city}. It belongs to {name} {surname}.",
			"On the train to {city} someone left a {colour} {object}. Its owner is {name} {surname}.",
		},
		headlines: []string{"{colour} {object} left on train to {city}", "{name} {surname} misses {colour} {object}"},
	},
	{
		articles: []string{
			"{city} plants {many} trees in {month}. The first stands near the {building}.",
			"Near the {building} of {city}, the first of {many} trees was planted in {month}.",
		},
		headlines: []string{"{city} plants {many} trees", "{many} trees for {city}", "New trees near {city} {building}"},
	},
	{
		articles: []string{
			"{city} gets a new {building} and a new {building2}. Work starts in {month}.",
			"In {month} work on a {building} and a {building2} begins in {city}.",
		},
		headlines: []string{"{city} builds {building} and {building2}", "New {building} for {city}", "Work in {city} starts in {month}"},
	},
	{
		articles: []string{
			"The writer {name} {surname} reads from a new book in {city} on {day}.",
			"On {day}, {name} {surname} comes to {city} and reads from a new book.",
		},
		headlines: []string{"{name} {surname} reads in {city}", "{surname} reads on {day}", "{city} hears {name} {surname}"},
	},
}

// headlineDocument is an article with a headline, which takes its names and numbers from the
// article.
func headlineDocument(random *rand.Rand) string {
	s := &slots{random: random}
	kind := pick(random, reports)
	article := s.fill(pick(random, kind.articles))
	return "Article: " + article + "\nHeadline: " + capitalised(s.fill(pick(random, kind.headlines)))
}
