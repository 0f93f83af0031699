package builtin

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// first collects the first n documents of a stream.
func first(documents iter.Seq[string], n int) []string {
	collected := make([]string, 0, n)
	for document := range documents {
		if collected = append(collected, document); len(collected) == n {
			break
		}
	}
	return collected
}

func hashOf(documents []string) string {
	hash := sha256.New()
	for _, document := range documents {
		hash.Write([]byte(document + "\x00"))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// The backbone that is delivered was trained on these very documents.
func TestCorpusIsTheSameEverywhere(t *testing.T) {
	for _, golden := range []struct{ name, got, want string }{
		{"corpus", hashOf(first(Corpus(0), 20_000)), "0ba385c9cacebeece81769ef5591dcc6d028a0335cc18df99dc8b076f5ab92ab"},
		{"held-out documents", hashOf(HeldOut()), "74510178d7fe71b7cb89b7ad2c539742942c53cbdf92057cee81c9f5d1e003ea"},
	} {
		if golden.got != golden.want {
			t.Errorf("the hash of the %s is %s, want %s", golden.name, golden.got, golden.want)
		}
	}
}

func TestCorpusIsDeterminedByItsSeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		documents := Corpus(seed)
		once, again := first(documents, 200), first(documents, 200)
		if !slices.Equal(once, again) {
			t.Fatal("two passes over one corpus differ")
		}
		if slices.Equal(once, first(Corpus(seed+1), 200)) {
			t.Fatalf("the seeds %d and %d give the same documents", seed, seed+1)
		}
		for _, document := range once {
			if !fits(document) || !utf8.ValidString(document) || strings.ContainsAny(document, "{}%") {
				t.Fatalf("bad document %q", document)
			}
		}
	})
}

func TestDocumentsAreShort(t *testing.T) {
	long, documents := 0, first(Corpus(1), 50_000)
	for _, document := range documents {
		n := utf8.RuneCountInString(document)
		if n < 20 || n > 220 {
			t.Fatalf("%q has %d characters", document, n)
		}
		if n > 160 {
			long++
		}
	}
	if long > len(documents)/100 {
		t.Errorf("%d of %d documents have more than 160 characters", long, len(documents))
	}
}

// asked are the questions that a document asks in the battery's form.
func asked(document string) []string {
	var questions []string
	for part := range strings.SplitSeq(document, "Question: ") {
		if question, _, found := strings.Cut(part, "\nAnswer:"); found {
			questions = append(questions, question)
		}
	}
	return questions
}

func TestCorpusNeverAsksABatteryQuestion(t *testing.T) {
	prompts, questions := batteryPrompts(), 0
	for _, document := range slices.Concat(first(Corpus(0), 50_000), HeldOut()) {
		for _, question := range asked(document) {
			questions++
			if prompts[question] {
				t.Fatalf("the corpus asks %q", question)
			}
		}
	}
	if questions < 10_000 {
		t.Errorf("only %d questions were seen", questions)
	}
}

// sentences are a document's parts that may be the statement or the question of a fact.
func sentences(document string) []string {
	if strings.HasPrefix(document, "Question: ") {
		return []string{document}
	}
	parts := strings.Split(document, ". ")
	for i := range len(parts) - 1 {
		parts[i] += "."
	}
	return parts
}

func TestCorpusTellsEveryBatteryFactInSeveralWordings(t *testing.T) {
	type key struct{ relation, fact int }
	told := map[string][]key{}
	seen := map[key]map[string]bool{}
	for i, r := range knowledgeRelations() {
		for j, f := range r.facts {
			k := key{i, j}
			seen[k] = map[string]bool{}
			for _, statement := range r.statements {
				told[f.word(statement)] = append(told[f.word(statement)], k)
			}
			for _, question := range r.questions {
				text := questionAndAnswer(f.word(question), f.answer)
				told[text] = append(told[text], k)
			}
		}
	}
	for _, document := range first(Corpus(0), 100_000) {
		for _, sentence := range sentences(document) {
			for _, k := range told[sentence] {
				seen[k][sentence] = true
			}
		}
	}
	for i, r := range knowledgeRelations() {
		for j, f := range r.facts {
			statements, questions := 0, 0
			for sentence := range seen[key{i, j}] {
				if strings.HasPrefix(sentence, "Question: ") {
					questions++
				} else {
					statements++
				}
			}
			if statements < 3 || questions < 3 {
				t.Errorf("%s: %s is told in %d and asked for in %d wordings", r.name, f.subject, statements, questions)
			}
		}
	}
}

func TestHeldOutDocumentsAreInNoCorpus(t *testing.T) {
	held := map[string]bool{}
	kinds := map[string]bool{}
	for _, document := range HeldOut() {
		if held[document] || !fits(document) || !reserved(document) {
			t.Errorf("bad held-out document %q", document)
		}
		held[document] = true
		kinds[strings.SplitN(document, ":", 2)[0]] = true
	}
	if len(held) != 64 || len(kinds) < 10 {
		t.Errorf("%d held-out documents with %d beginnings", len(held), len(kinds))
	}
	for seed := range uint64(4) {
		for _, document := range first(Corpus(seed), 50_000) {
			if held[document] {
				t.Fatalf("Corpus(%d) holds %q", seed, document)
			}
		}
	}
}

func TestWeightsOfGeneratorsAreShares(t *testing.T) {
	total := 0
	for _, kind := range generators() {
		if kind.weight <= 0 || kind.name == "" {
			t.Errorf("generator %q has the weight %d", kind.name, kind.weight)
		}
		total += kind.weight
	}
	if total != 100 {
		t.Errorf("the weights add up to %d", total)
	}
}

func BenchmarkCorpus(b *testing.B) {
	n := 0
	for range Corpus(0) {
		if n++; n >= b.N {
			return
		}
	}
}
