package suite

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

// Streams derives every random number of a cell. A stream is named by its purpose and is the same
// whenever it is asked for: at a task's end nothing of it has to be saved, because what is drawn
// for each task has the task in its purpose ("examples/task3") and is drawn from the start again on
// resume.
type Streams struct {
	// RunSeed is the cell's seed.
	RunSeed uint64
	// PairingKey is what cells that are compared share. It leaves the method out, so that two
	// methods see the same examples in the same order.
	PairingKey string
}

// Rand returns the stream of a purpose, at its start.
func (s Streams) Rand(purpose string) *rand.Rand { return rand.New(s.Source(purpose)) }

// Source is what Rand draws from; where it stands can be saved.
func (s Streams) Source(purpose string) *rand.PCG {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%q\x00%q", s.RunSeed, s.PairingKey, purpose))
	return rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16]))
}

// TaskPurpose names a purpose of the task at the 1-based position index of the cell's order, such
// as "examples/task3".
func TaskPurpose(purpose string, index int) string { return fmt.Sprintf("%s/task%d", purpose, index) }
