package builtin

import (
	"slices"
	"sync"
)

const (
	heldOutDocuments = 64
	heldOutSeed      = 0x68656c64
)

var heldOut = sync.OnceValue(func() []string {
	var documents []string
	for document := range allDocuments(heldOutSeed) {
		if reserved(document) && !slices.Contains(documents, document) {
			documents = append(documents, document)
		}
		if len(documents) == heldOutDocuments {
			break
		}
	}
	return documents
})

// HeldOut returns 64 documents of the corpus's kinds that occur in no corpus, whatever its seed. A
// backbone's perplexity is measured on them.
func HeldOut() []string { return slices.Clone(heldOut()) }
