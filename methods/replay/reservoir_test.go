package replay

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

func filled(t testing.TB, capacity, offers int, seed uint64) *Reservoir {
	t.Helper()
	s, err := New(capacity)
	if err != nil {
		t.Fatal(err)
	}
	r := source(seed)
	for i := range offers {
		s.Offer(Row{Task: i / 10, Index: i % 10}, r)
	}
	return s
}

func TestEveryRowIsKeptWithEqualProbability(t *testing.T) {
	const capacity, offers, runs = 8, 40, 20000
	kept := make([]int, offers)
	for seed := range uint64(runs) {
		for _, row := range filled(t, capacity, offers, seed).rows {
			kept[10*row.Task+row.Index]++
		}
	}
	p := float64(capacity) / offers
	sigma := math.Sqrt(runs * p * (1 - p))
	for i, n := range kept {
		if z := (float64(n) - runs*p) / sigma; math.Abs(z) > 4.5 {
			t.Errorf("row %d was kept %d times of %d, expected %.0f ± %.0f", i, n, runs, runs*p, sigma)
		}
	}
}

func TestDrawsAreUniform(t *testing.T) {
	const held, n, runs = 10, 3, 20000
	s, r := filled(t, held, held, 1), source(2)
	times := make([]int, held)
	for range runs {
		for _, row := range s.Draw(n, r) {
			times[row.Index]++
		}
	}
	p := float64(n) / held
	for i, k := range times {
		if z := (float64(k) - runs*p) / math.Sqrt(runs*p*(1-p)); math.Abs(z) > 4.5 {
			t.Errorf("row %d was drawn %d times of %d", i, k, runs)
		}
	}
}

func TestReservoirProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 30).Draw(t, "capacity")
		offers := rapid.IntRange(0, 100).Draw(t, "offers")
		seed := rapid.Uint64().Draw(t, "seed")
		s, err := New(capacity)
		if err != nil {
			t.Fatal(err)
		}
		r := source(seed)
		for i := range offers {
			row := Row{Task: i / 10, Index: i % 10}
			if kept := s.Offer(row, r); kept != slices.Contains(s.rows, row) {
				t.Fatalf("Offer says %v", kept)
			}
			if len(s.rows) != min(i+1, capacity) || s.seen != i+1 || s.Bytes() != 16*capacity || s.Capacity() != capacity {
				t.Fatalf("after %d offers: %+v", i+1, s)
			}
		}
		distinct := map[Row]bool{}
		for _, row := range s.rows {
			if distinct[row] || 10*row.Task+row.Index >= offers {
				t.Fatalf("%+v is held twice or was never offered", row)
			}
			distinct[row] = true
		}

		n := rapid.IntRange(0, 70).Draw(t, "n")
		drawn := s.Draw(n, source(seed+1))
		if len(s.rows) == 0 && drawn != nil || len(s.rows) > 0 && len(drawn) != n {
			t.Fatalf("%d rows drawn, want %d of %d", len(drawn), n, len(s.rows))
		}
		times := map[Row]int{}
		for _, row := range drawn {
			times[row]++
		}
		for row, k := range times {
			if !distinct[row] || k < n/len(s.rows) || k > (n+len(s.rows)-1)/len(s.rows) {
				t.Fatalf("%+v was drawn %d times, %d draws of %d", row, k, n, len(s.rows))
			}
		}

		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var read Reservoir
		if err := json.Unmarshal(raw, &read); err != nil {
			t.Fatal(err)
		}
		again, _ := json.Marshal(&read)
		if string(again) != string(raw) || !slices.Equal(read.Draw(n, source(seed+1)), drawn) {
			t.Fatalf("%s came back as %s", raw, again)
		}
		s.Offer(Row{99, 99}, source(seed+2))
		read.Offer(Row{99, 99}, source(seed+2))
		if !slices.Equal(s.rows, read.rows) {
			t.Fatal("the copy goes on differently")
		}
	})
}

func TestReservoirRefuses(t *testing.T) {
	if _, err := New(0); err == nil || !strings.Contains(err.Error(), "capacity is 0") {
		t.Error(err)
	}
	s := filled(t, 3, 5, 1)
	before, _ := json.Marshal(s)
	for raw, want := range map[string]string{
		`{"capacity":0,"seen":0,"rows":[]}`:                                       "capacity is 0",
		`{"capacity":2,"seen":-1,"rows":[]}`:                                      "seen is -1",
		`{"capacity":1,"seen":9223372036854775807,"rows":[{"task":0,"index":1}]}`: "seen is 9223372036854775807",
		`{"capacity":2,"seen":9,"rows":[{"task":0,"index":1}]}`:                   "1 entries, expected 2",
		`{"capacity":2,"seen":1,"rows":[{"task":0,"index":-4}]}`:                  "rows[0] is task 0, index -4",
		`{"capacity":2,"seen":0,"rows":[],"size":1}`:                              `unknown field "size"`,
		`{"capacity":2,"seen":1,"rows":[{"task":0,"index":1,"label":"x"}]}`:       `unknown field "label"`,
		`{"capacity":"2"}`: "capacity",
	} {
		if err := json.Unmarshal([]byte(raw), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want it to contain %q", raw, err, want)
		}
	}
	if after, _ := json.Marshal(s); string(after) != string(before) {
		t.Errorf("a refused state left %s of %s", after, before)
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"capacity":2,"seen":1,"rows":[{"task":0,"index":1}]}`))
	f.Add([]byte(`{"capacity":1,"seen":0,"rows":[]}`))
	f.Add([]byte(`{"capacity":-1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s Reservoir
		if s.UnmarshalJSON(raw) != nil {
			return
		}
		if len(s.rows) > s.Capacity() || len(s.rows) > s.seen {
			t.Fatalf("%q gave %+v", raw, s)
		}
		s.Offer(Row{1, 2}, source(1))
		if len(s.Draw(3, source(2))) != 3 {
			t.Fatalf("%q gave a reservoir that cannot be drawn from", raw)
		}
	})
}
