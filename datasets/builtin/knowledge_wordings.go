package builtin

// The wordings of each kind of fact. Every kind has eight questions, so that a fact can be held out
// in two of them and still be asked for in six others.
var (
	capitalWording = relation{
		name: "capital",
		questions: []string{
			"What is the capital of {s}?", "Which city is the capital of {s}?", "Name the capital of {s}.",
			"What is the capital city of {s}?", "What is {s}'s capital?", "Which capital does {s} have?",
			"The capital of {s} is which city?", "What is the name of the capital of {s}?",
		},
		statements: []string{
			"The capital of {s} is {a}.", "{s} has the capital {a}.", "The capital city of {s} is {a}.",
			"{s}'s capital is {a}.", "In {s}, the capital is {a}.", "The seat of government of {s} is in {a}.",
		},
		entry: "{s}: {a}",
	}
	capitalOfWording = relation{
		name: "country of a capital",
		questions: []string{
			"{s} is the capital of which country?", "Which country has the capital {s}?", "Of which country is {s} the capital?",
			"Which country's capital is {s}?", "{s} is the capital city of which country?", "In which country is the capital {s}?",
			"What country has {s} as its capital?", "Name the country whose capital is {s}.",
		},
		statements: []string{
			"{s} is the capital of {a}.", "{s} is the capital city of {a}.", "{s} lies in {a} and is its capital.",
			"The city of {s} is the capital of {a}.", "{s} is in {a}.", "The country with the capital {s} is {a}.",
		},
		entry: "{s} in {a}",
	}
	continentWording = relation{
		name: "continent",
		questions: []string{
			"On which continent is {s}?", "Which continent is {s} in?", "What continent does {s} belong to?",
			"Name the continent of {s}.", "Where in the world is {s}?", "{s} is on which continent?",
			"{s} belongs to which continent?", "What is the continent of {s}?",
		},
		statements: []string{
			"{s} is in {a}.", "{s} lies in {a}.", "{s} is a country in {a}.", "The continent of {s} is {a}.",
			"{s} belongs to {a}.", "One of the countries of {a} is {s}.",
		},
		entry: "{s} is in {a}",
	}
	currencyWording = relation{
		name: "currency",
		questions: []string{
			"What is the currency of {s}?", "Which currency is used in {s}?", "What money do people use in {s}?",
			"What do people pay with in {s}?", "Name the currency of {s}.", "Which currency does {s} have?",
			"What is the money of {s} called?", "{s} has which currency?",
		},
		statements: []string{
			"The currency of {s} is the {a}.", "People in {s} pay with the {a}.", "The {a} is the money of {s}.",
			"In {s}, prices are in {a}.", "{s} uses the {a}.", "The money of {s} is called {a}.",
		},
		entry: "{s}: {a}",
	}
	languageWording = relation{
		name: "language",
		questions: []string{
			"What is the main language of {s}?", "Which language is spoken in {s}?", "What language do most people in {s} speak?",
			"Name the main language of {s}.", "Which language do people speak in {s}?", "What is the language of {s}?",
			"In {s}, which language is spoken?", "What do most people speak in {s}?",
		},
		statements: []string{
			"The main language of {s} is {a}.", "People in {s} speak {a}.", "{a} is the main language of {s}.",
			"In {s}, most people speak {a}.", "{a} is spoken in {s}.", "The language of {s} is {a}.",
		},
		entry: "{s}: {a}",
	}
	germanWording = relation{
		name: "German name",
		questions: []string{
			"What is the German word for {s}?", "How do you say {s} in German?", "What is {s} called in German?",
			"What is the German name of {s}?", "Give the German word for {s}.", "What do Germans call {s}?",
			"How is {s} written in German?", "What is {s} in German?",
		},
		statements: []string{
			"{s} is {a} in German.", "The German word for {s} is {a}.", "Germans call {s} {a}.",
			"In German, {s} is called {a}.", "{a} is the German name of {s}.", "{a} means {s}.",
		},
		entry: "{s} - {a}",
	}
	symbolWording = relation{
		name: "symbol of an element",
		questions: []string{
			"What is the chemical symbol of {s}?", "What is the symbol for {s}?", "Which symbol does {s} have?",
			"How do chemists write {s}?", "What is the symbol of {s}?", "Give the chemical symbol for {s}.",
			"Which chemical symbol stands for {s}?", "What symbol stands for {s}?",
		},
		statements: []string{
			"The chemical symbol of {s} is {a}.", "The symbol for {s} is {a}.", "{S} has the symbol {a}.",
			"Chemists write {s} as {a}.", "{S} is written {a}.", "{S} is an element with the symbol {a}.",
		},
		entry: "{s} {a}",
	}
	elementWording = relation{
		name: "element of a symbol",
		questions: []string{
			"Which element has the symbol {s}?", "What element is {s}?", "{s} is the symbol of which element?",
			"Which element does {s} stand for?", "The symbol {s} stands for which element?", "Name the element with the symbol {s}.",
			"Which chemical element is written {s}?", "What does the chemical symbol {s} mean?",
		},
		statements: []string{
			"{s} is the symbol of {a}.", "{s} stands for {a}.", "The symbol {s} means {a}.",
			"The element with the symbol {s} is {a}.", "In chemistry, {s} is {a}.", "The element {s} is called {a}.",
		},
		entry: "{s} is {a}",
	}
	categoryWording = relation{
		name: "kind of thing",
		questions: []string{
			"What kind of thing is {s}?", "What sort of thing is {s}?", "To which group does {s} belong?",
			"What is {s}?", "Which kind of thing is {s}?", "{S} is what kind of thing?",
			"How would you classify {s}?", "Of what kind is {s}?",
		},
		statements: []string{
			"{S} is a kind of {a}.", "One kind of {a} is {s}.", "{S} is one kind of {a}.", "{S} is a sort of {a}.",
			"{S} belongs to the group {a}.", "An example of {a} is {s}.",
		},
		entry: "{s}: {a}",
	}
	monthAfterWording = relation{
		name: "month after", questions: afterQuestions("month"), statements: afterStatements("month"), entry: "{s}, then {a}",
	}
	monthBeforeWording = relation{
		name: "month before", questions: beforeQuestions("month"), statements: beforeStatements("month"), entry: "{a} before {s}",
	}
	dayAfterWording = relation{
		name: "day after", questions: afterQuestions("day"), statements: afterStatements("day"), entry: "{s}, then {a}",
	}
	dayBeforeWording = relation{
		name: "day before", questions: beforeQuestions("day"), statements: beforeStatements("day"), entry: "{a} before {s}",
	}
)

func afterQuestions(unit string) []string {
	return []string{
		"Which " + unit + " comes after {s}?", "What " + unit + " follows {s}?", "Which is the " + unit + " after {s}?",
		"What comes right after the " + unit + " {s}?", "After {s} comes which " + unit + "?", "Name the " + unit + " after {s}.",
		"{s} is followed by which " + unit + "?", "Which is the next " + unit + " after {s}?",
	}
}

func afterStatements(unit string) []string {
	return []string{
		"After {s} comes {a}.", "The " + unit + " after {s} is {a}.", "{s} is followed by {a}.",
		"{a} follows {s}.", "{a} comes right after {s}.", "The next " + unit + " after {s} is {a}.",
	}
}

func beforeQuestions(unit string) []string {
	return []string{
		"Which " + unit + " comes before {s}?", "What " + unit + " is right before {s}?", "Which is the " + unit + " before {s}?",
		"What comes right before the " + unit + " {s}?", "Before {s} comes which " + unit + "?", "Name the " + unit + " before {s}.",
		"{s} comes after which " + unit + "?", "Which is the last " + unit + " before {s}?",
	}
}

func beforeStatements(unit string) []string {
	return []string{
		"Before {s} comes {a}.", "The " + unit + " before {s} is {a}.", "{s} comes after {a}.",
		"{a} comes before {s}.", "{a} comes right before {s}.", "The last " + unit + " before {s} is {a}.",
	}
}
