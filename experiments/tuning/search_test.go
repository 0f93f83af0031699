package tuning

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"secura/experiments/record"
	"secura/methods"
)

// ladder is a coefficient with rungs from least to largest.
func ladder(least, largest int) methods.Coefficient {
	return methods.Coefficient{Keys: []string{"size"}, Rung: func(_ methods.Scale, k int) ([]any, bool) {
		return []any{100 + k}, k >= least && k <= largest
	}}
}

func scored(scores ...float64) (list []record.Outcome) {
	for _, x := range scores {
		o := record.Outcome{Reason: "diverged"}
		if x >= 0 {
			o = record.Outcome{Score: &x}
		}
		list = append(list, o)
	}
	return list
}

func TestTheFirstRoundIsLogSpaced(t *testing.T) {
	for _, c := range []struct {
		least, largest float64
		trials         int
		want           []float64
	}{
		{3e-4, 3e-2, 10, []float64{3e-4, 9.5e-4, 3e-3, 9.5e-3, 3e-2}},
		{1e-3, 1, 8, []float64{1e-3, 1e-2, 0.1, 1}},
		{1e-4, 1e-2, 1, []float64{1e-3}},
		{1e-4, 1e-2, 3, []float64{1e-4, 1e-2}},
		{1.234e-4, 4.567e-2, 6, []float64{1.234e-4, 2.4e-3, 4.567e-2}},
		{1e-3, 1.1e-3, 10, []float64{1e-3, 1.024e-3, 1.049e-3, 1.074e-3, 1.1e-3}},
		{1e-3, 1.001e-3, 6, []float64{1e-3, 1.0005e-3, 1.001e-3}},
	} {
		s := newSearch(methods.Tuning{Least: c.least, Largest: c.largest}, methods.Scale{}, c.trials)
		var got []float64
		for _, p := range s.next(nil, nil, -1) {
			got = append(got, s.rate(p))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d trials from %g to %g begin with %v, expected %v", c.trials, c.least, c.largest, got, c.want)
		}
	}
}

// TestBoundsThatAreNextToEachOther have rates all the same.
func TestBoundsThatAreNextToEachOther(t *testing.T) {
	s := newSearch(methods.Tuning{Least: 1e-3, Largest: math.Nextafter(1e-3, 1)}, methods.Scale{}, 8)
	for _, at := range []float64{0, 0.5, 0.0625, 3, 4} {
		if rate := s.rate(point{rate: at}); math.Abs(rate-1e-3) > 1e-15 {
			t.Errorf("the rate at %g is %g", at, rate)
		}
	}
}

// TestTheNextRound holds the rules of search.next on four learning rates from 1e-3 to 1 and a
// ladder of three rungs.
func TestTheNextRound(t *testing.T) {
	s := newSearch(methods.Tuning{Least: 1e-3, Largest: 1, Coefficient: ladder(-1, 1)}, methods.Scale{}, 8)
	first := s.next(nil, nil, -1)
	tried := func(more ...point) []point { return append(slices.Clone(first), more...) }
	for _, c := range []struct {
		name   string
		points []point
		scores []float64
		best   int
		want   []point
	}{
		{"the largest rate wins: beyond it", tried(), []float64{.1, .2, .3, .4}, 3, []point{{4, 0}}},
		{"the least rate wins: below it", tried(), []float64{.4, .3, .2, .1}, 0, []point{{-1, 0}}},
		{"it wins again", tried(point{4, 0}), []float64{.1, .2, .3, .4, .5}, 4, []point{{5, 0}}},
		{"what diverged counts as tried", tried(point{4, 0}), []float64{.1, .2, .3, .4, -1}, 3, []point{{3, 1}, {3, -1}}},
		{"none has a score: below the lowest", tried(), []float64{-1, -1, -1, -1}, -1, []point{{-1, 0}}},
		{"a rate between wins: the neighbouring rungs at it", tried(), []float64{.1, .2, .4, .3}, 2, []point{{2, 1}, {2, -1}}},
		{"a rung wins at the ladder's end: rates half-way, half a step where it has no neighbour", tried(point{2, 1}, point{2, -1}),
			[]float64{.1, .2, .4, .3, .5, .1}, 4, []point{{1.5, 1}, {2.5, 1}}},
		{"the start wins: rates half-way, the better neighbour's side first", tried(point{2, 1}, point{2, -1}),
			[]float64{.1, .2, .4, .3, .1, .1}, 2, []point{{2.5, 0}, {1.5, 0}}},
		{"quarters", tried(point{2, 1}, point{2, -1}, point{2.5, 0}, point{1.5, 0}),
			[]float64{.1, .2, .4, .3, .1, .1, .3, .2}, 2, []point{{2.25, 0}, {1.75, 0}}},
		{"a neighbour that diverged is the worse one", tried(point{2, 1}, point{2, -1}),
			[]float64{.1, 0, .4, -1, .1, .1}, 2, []point{{1.5, 0}, {2.5, 0}}},
	} {
		if got := s.next(c.points, scored(c.scores...), c.best); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, expected %v", c.name, got, c.want)
		}
	}
}

// TestWhereASearchBegins: on rung 0, on the nearest there is, or without a coefficient.
func TestWhereASearchBegins(t *testing.T) {
	for _, c := range []struct {
		least, largest, want int
		none                 bool
	}{{-2, 1, 0, false}, {-2, -2, -2, false}, {1, 3, 1, false}, {7, 7, 0, true}} {
		s := newSearch(methods.Tuning{Least: 1e-3, Largest: 1, Coefficient: ladder(c.least, c.largest)}, methods.Scale{}, 8)
		if s.start != c.want || (s.grid.Coefficient.Rung == nil) != c.none {
			t.Errorf("rungs %d to %d: it begins on %d, coefficient %v", c.least, c.largest, s.start, s.grid.Coefficient.Keys)
		}
	}
}

// searched runs a search to its end against a score of learning rate and rung; best is -1 where no
// trial has one.
func searched(s search, trials int, score func(rate float64, rung int) float64) (points []point, best int) {
	var outcomes []record.Outcome
	for best = -1; len(points) < trials; {
		round := s.next(points, outcomes, best)
		for _, p := range round[:min(len(round), trials-len(points))] {
			points, outcomes = append(points, p), append(outcomes, scored(score(s.rate(p), p.rung))...)
		}
		for i, o := range outcomes {
			if o.Score != nil && (best < 0 || *o.Score > *outcomes[best].Score) {
				best = i
			}
		}
	}
	return points, best
}

// hill is a score with one peak, at a learning rate and a rung; towards larger rungs the best rate
// is lower.
func hill(rate, slope float64, rung int) func(float64, int) float64 {
	return func(r float64, k int) float64 {
		at := math.Log10(rate) - slope*float64(k-rung)
		return math.Exp(-math.Pow(math.Log10(r)-at, 2) - 0.3*math.Pow(float64(k-rung), 2))
	}
}

// TestASearchFindsThePeak: with eight trials the choice is a setting with nearly the best score,
// although the best learning rate moves with the coefficient, and where the peak lies within the
// budget's reach it is not at an edge.
func TestASearchFindsThePeak(t *testing.T) {
	for _, c := range []struct {
		name          string
		score         func(float64, int) float64
		least         float64 // score of the choice, of 1
		wantRemarks   string
		first, second float64
	}{
		{"inside", hill(0.1, 0.3, 1), 0.9, "size 101 is the largest there is to try", 1e-3, 1},
		{"below the grid", hill(3e-4, 0, 0), 0.7, "the edge of the learning rates 0.001 to 1 won and they were extended to 1e-05 to 1", 1e-3, 1},
		{"far above the grid", hill(1e6, 0, 0), 0, "the budget ended while the largest learning rate that was tried won", 1e-3, 1},
	} {
		s := newSearch(methods.Tuning{Least: c.first, Largest: c.second, Coefficient: ladder(-2, 1)}, methods.Scale{}, 8)
		points, best := searched(s, 8, c.score)
		p := points[best]
		if got := c.score(s.rate(p), p.rung); got < c.least {
			t.Errorf("%s: the choice %v has a score of %.2f of %v", c.name, p, got, points)
		}
		if got := strings.Join(s.remarks(points, p), "; "); !strings.Contains(got, c.wantRemarks) {
			t.Errorf("%s: remarks %q of %v in %v lack %q", c.name, got, p, points, c.wantRemarks)
		}
	}
}

// TestRemarks names the edges of what was tried, and nothing where the choice lies inside.
func TestRemarks(t *testing.T) {
	s := newSearch(methods.Tuning{Least: 1e-3, Largest: 1, Coefficient: ladder(-2, 2)}, methods.Scale{}, 8)
	tried := []point{{0, 0}, {1, 0}, {2, 0}, {3, 0}, {2, 1}, {2, -1}}
	for _, c := range []struct {
		points []point
		chosen point
		want   []string
	}{
		{tried, point{2, 0}, nil},
		{tried, point{2, 1}, []string{"the budget ended while the largest size that was tried won"}},
		{tried, point{2, -1}, []string{"the budget ended while the least size that was tried won"}},
		{append(slices.Clone(tried), point{2, 2}), point{2, 2}, []string{"size 102 is the largest there is to try"}},
		{append(slices.Clone(tried), point{4, 0}), point{3, 0}, []string{"the edge of the learning rates 0.001 to 1 won and they were extended to 0.001 to 10"}},
		{tried[:4], point{3, 0}, []string{"the budget ended while the largest learning rate that was tried won",
			"the budget ended while the least size that was tried won", "the budget ended while the largest size that was tried won"}},
	} {
		if got := s.remarks(c.points, c.chosen); !slices.Equal(got, c.want) {
			t.Errorf("%v of %v: %q, expected %q", c.chosen, c.points, got, c.want)
		}
	}
}

// TestEveryPointIsTriedOnce, whatever the scores are, and each round goes on until the budget is
// spent.
func TestEveryPointIsTriedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trials := rapid.IntRange(1, maxTrials).Draw(t, "trials")
		tuning := methods.Tuning{Least: 3e-4, Largest: 3e-2}
		if rapid.Bool().Draw(t, "bounds of the suite") {
			tuning.Least = rapid.Float64Range(1e-6, 1e-2).Draw(t, "least")
			tuning.Largest = tuning.Least * rapid.Float64Range(1.0001, 1e4).Draw(t, "times")
		}
		if rapid.Bool().Draw(t, "coefficient") {
			tuning.Coefficient = ladder(-rapid.IntRange(0, 3).Draw(t, "below"), rapid.IntRange(0, 3).Draw(t, "above"))
		}
		s := newSearch(tuning, methods.Scale{}, trials)
		seed := rapid.Float64Range(1, 100).Draw(t, "seed")
		points, best := searched(s, trials, func(rate float64, rung int) float64 {
			x := math.Sin(seed*math.Log(rate)*float64(rung+5)) - 0.2 // below 0: diverged
			return x
		})
		seen := map[string]bool{}
		for _, p := range points {
			key := fmt.Sprint(s.rate(p), s.values(p))
			if seen[key] {
				t.Fatalf("%s is tried twice in %v", key, points)
			}
			seen[key] = true
		}
		if len(points) != trials || best >= trials {
			t.Fatalf("%d points of %d", len(points), trials)
		}
	})
}
