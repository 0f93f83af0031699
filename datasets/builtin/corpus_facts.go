package builtin

import (
	"math/rand/v2"
	"strings"
)

// factPool draws facts with their relations.
type factPool struct {
	relations []relation
	battery   []factIndex
	others    []factIndex
}

// factIndex is a fact by the numbers of its relation and of its place there.
type factIndex struct{ relation, fact int }

// otherFacts is the number of facts of which one lies outside the battery.
const otherFacts = 8

func newFactPool() *factPool {
	pool := &factPool{relations: knowledgeRelations()}
	for i, r := range pool.relations {
		for j := range r.facts {
			pool.battery = append(pool.battery, factIndex{i, j})
		}
		for j := range r.others {
			pool.others = append(pool.others, factIndex{i, j})
		}
	}
	return pool
}

// draw picks a fact; inBattery tells that at is its number in the battery.
func (pool *factPool) draw(random *rand.Rand) (r relation, f fact, at int, inBattery bool) {
	if random.IntN(otherFacts) == 0 {
		index := pick(random, pool.others)
		r = pool.relations[index.relation]
		return r, r.others[index.fact], 0, false
	}
	index := pick(random, pool.battery)
	r = pool.relations[index.relation]
	return r, r.facts[index.fact], index.fact, true
}

// factStatements writes one to three facts in sentences or in a list.
func factStatements() func(*rand.Rand) string {
	pool := newFactPool()
	return func(random *rand.Rand) string {
		r, f, _, _ := pool.draw(random)
		switch random.IntN(10) {
		case 0:
			return orderList(random)
		case 1, 2:
			entries := []string{f.word(r.entry)}
			for range between(random, 2, 4) {
				entries = append(entries, pick(random, r.facts).word(r.entry))
			}
			return capitalised(r.name) + ": " + strings.Join(entries, "; ")
		case 3, 4:
			second, g, _, _ := pool.draw(random)
			return f.word(pick(random, r.statements)) + " " + g.word(pick(random, second.statements))
		case 5:
			return f.word(pick(random, r.statements)) + " " + pick(random, r.facts).word(pick(random, r.statements))
		}
		statement := f.word(pick(random, r.statements))
		if len(statement) < shortestDocument {
			statement += " " + pick(random, r.facts).word(pick(random, r.statements))
		}
		return statement
	}
}

// orderList is a part of the week or of the year in order.
func orderList(random *rand.Rand) string {
	names, title := months, pick(random, []string{"Months", "The months in order", "Part of the year"})
	if random.IntN(3) == 0 {
		names, title = weekdays, pick(random, []string{"Days", "The days in order", "Part of the week"})
	}
	start := random.IntN(len(names))
	run := make([]string, between(random, 3, len(names)))
	for i := range run {
		run[i] = names[(start+i)%len(names)]
	}
	return title + ": " + strings.Join(run, ", ")
}

// factQuestions asks for facts in the style of the knowledge battery, and never in a wording in
// which the battery asks for them.
func factQuestions() func(*rand.Rand) string {
	pool := newFactPool()
	return func(random *rand.Rand) string {
		r, f, at, inBattery := pool.draw(random)
		wording := random.IntN(len(r.questions))
		for inBattery && r.heldOutWording(at, wording) {
			wording = random.IntN(len(r.questions))
		}
		return questionAndAnswer(f.word(r.questions[wording]), f.answer)
	}
}

func questionAndAnswer(question, answer string) string {
	return "Question: " + question + "\nAnswer: " + answer
}
