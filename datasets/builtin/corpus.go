package builtin

import (
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"unicode/utf8"
)

// The lengths in characters between which every document of the corpus lies.
const (
	shortestDocument = 20
	longestDocument  = 220
)

// generator writes one kind of document.
type generator struct {
	name   string
	weight int // share of the corpus in percent
	write  func(random *rand.Rand) string
}

// generators are all kinds of documents. None writes an item of a task or of the knowledge battery:
// they teach the words, the facts and the skills that the tasks need, and the shape of prompts, on
// other content.
func generators() []generator {
	return []generator{
		{"fact statements", 10, factStatements()},
		{"fact questions", 11, factQuestions()},
		{"arithmetic", 21, arithmeticDocument},
		{"headlines", 6, headlineDocument},
		{"copying", 4, copyingDocument},
		{"German", 11, germanDocument()},
		{"reasoning", 14, reasoningDocument},
		{"mixed", 23, mixedDocument()},
	}
}

// Corpus returns the endless stream of documents on which the nano backbone is pretrained. Equal
// seeds give equal streams. Each kind of document draws from a random sequence of its own, so that
// a change to one kind leaves the documents of the others as they are. Documents are 20 to 220
// characters long and never among those of HeldOut.
func Corpus(seed uint64) iter.Seq[string] {
	return func(yield func(string) bool) {
		for document := range allDocuments(seed) {
			if !reserved(document) && !yield(document) {
				return
			}
		}
	}
}

// allDocuments is the stream with the documents that are reserved for HeldOut.
func allDocuments(seed uint64) iter.Seq[string] {
	return func(yield func(string) bool) {
		kinds := generators()
		randoms := make([]*rand.Rand, len(kinds))
		var total int
		for i, kind := range kinds {
			randoms[i] = rand.New(rand.NewPCG(seed, uint64(i+1)))
			total += kind.weight
		}
		choice := rand.New(rand.NewPCG(seed, 0))
		for {
			i, rest := 0, choice.IntN(total)
			for rest >= kinds[i].weight {
				rest -= kinds[i].weight
				i++
			}
			document := kinds[i].write(randoms[i])
			for !fits(document) {
				document = kinds[i].write(randoms[i])
			}
			if !yield(document) {
				return
			}
		}
	}
}

func fits(document string) bool {
	n := utf8.RuneCountInString(document)
	return n >= shortestDocument && n <= longestDocument
}

// reservedShare is the number of documents of which one is kept out of every corpus, whatever its
// seed.
const reservedShare = 509

// reserved tells by its content alone whether a document is kept out of the corpus; so no seed can
// bring a held-out document back.
func reserved(document string) bool {
	hash := fnv.New64a()
	hash.Write([]byte(document)) // never fails, by its contract
	return hash.Sum64()%reservedShare == 0
}

// pick draws one of the values.
func pick[T any](random *rand.Rand, values []T) T { return values[random.IntN(len(values))] }

// between draws a number from low to high, both included.
func between(random *rand.Rand, low, high int) int { return low + random.IntN(high-low+1) }
