package suite

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAStreamIsNamedBySeedKeyAndPurposeAlone(t *testing.T) {
	text := rapid.StringN(0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		a := Streams{rapid.Uint64Max(3).Draw(t, "seed a"), text.Draw(t, "key a")}
		b := Streams{rapid.Uint64Max(3).Draw(t, "seed b"), text.Draw(t, "key b")}
		p, q := text.Draw(t, "purpose a"), text.Draw(t, "purpose b")
		same := a == b && p == q
		if x, y := a.Rand(p).Uint64(), b.Rand(q).Uint64(); (x == y) != same {
			t.Fatalf("%v %q and %v %q: %d %d", a, p, b, q, x, y)
		}
	})
}

func TestStreamsStayWhatTheyAre(t *testing.T) {
	// A change here changes every number of every run.
	r := Streams{0, "x"}.Rand(TaskPurpose("examples", 3))
	if got := [3]int{r.IntN(1000), r.IntN(1000), r.IntN(1000)}; got != [3]int{647, 133, 834} {
		t.Fatal(got)
	}
}
