package score

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

type moreGolden struct {
	Pairs []struct {
		Prediction string
		Golds      []string
		F1, EM     float64
		Edit       float64 `json:"edit_similarity"`
	}
	Several []struct {
		Predictions []string
		Golds       [][]string
		Bleu        float64
		Sentences   []float64
	}
	BleuZh struct {
		Pairs     [][2]string
		Corpus    float64
		Sentences []float64
		Tokens    [][]string
	} `json:"bleu_zh"`
	Rouge []struct {
		Prediction, Gold string
		Tokens           []string
		Rouge1           float64
		RougeL           float64
	}
	Macro []struct {
		Predictions, Golds []string
		MacroF1            float64 `json:"macro_f1"`
	}
	SARI []struct {
		Original, Prediction string
		Golds                []string
		SARI                 float64
	}
}

func scoreOf(t *testing.T, name string, cases []Case) (float64, []float64) {
	t.Helper()
	s, err := ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return s.ScoreCases(cases)
}

// TestMoreScoresAreThoseOfTheirReferences: testdata/more_metrics.py says of which.
func TestMoreScoresAreThoseOfTheirReferences(t *testing.T) {
	data, err := os.ReadFile("testdata/more_metrics.json")
	if err != nil {
		t.Fatal(err)
	}
	var g moreGolden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Pairs) != 69 || len(g.Several) != 3 || len(g.BleuZh.Pairs) != 16 || len(g.Rouge) != 24 || len(g.Macro) != 3 || len(g.SARI) != 25 {
		t.Fatalf("%d, %d, %d, %d, %d, %d", len(g.Pairs), len(g.Several), len(g.BleuZh.Pairs), len(g.Rouge), len(g.Macro), len(g.SARI))
	}
	for _, p := range g.Pairs {
		one := []Case{{Prediction: p.Prediction, Golds: p.Golds}}
		for name, want := range map[string]float64{"squad_f1": p.F1, "squad_em": p.EM, "edit_similarity": p.Edit} {
			got, _ := scoreOf(t, name, one)
			near(t, name+" of "+p.Prediction, got, want)
		}
	}
	for _, c := range g.Several {
		var cases []Case
		for i, p := range c.Predictions {
			cases = append(cases, Case{Prediction: p, Golds: c.Golds[i]})
		}
		corpus, each := scoreOf(t, "bleu", cases)
		near(t, "bleu", corpus, c.Bleu/100)
		for i, want := range c.Sentences {
			near(t, "bleu of "+c.Predictions[i], each[i], want/100)
		}
	}
	var cases []Case
	for i, p := range g.BleuZh.Pairs {
		cases = append(cases, Case{Prediction: p[0], Golds: p[1:]})
		if got := TokensZh(p[0]); !slices.Equal(got, g.BleuZh.Tokens[i]) {
			t.Errorf("%q is cut to %q, the reference says %q", p[0], got, g.BleuZh.Tokens[i])
		}
	}
	corpus, each := scoreOf(t, "bleu_zh", cases)
	near(t, "bleu_zh", corpus, g.BleuZh.Corpus/100)
	for i, want := range g.BleuZh.Sentences {
		near(t, "bleu_zh of "+cases[i].Prediction, each[i], want/100)
	}
	for _, r := range g.Rouge {
		if got := ScriptTokens(r.Prediction); !slices.Equal(got, r.Tokens) {
			t.Errorf("%q is cut to %q, the reference says %q", r.Prediction, got, r.Tokens)
		}
		one := []Case{{Prediction: r.Prediction, Golds: []string{r.Gold}}}
		for name, want := range map[string]float64{"rouge1_scripts": r.Rouge1, "rougeL_scripts": r.RougeL} {
			got, _ := scoreOf(t, name, one)
			near(t, name+" of "+r.Prediction, got, want)
		}
	}
	for _, m := range g.Macro {
		s, _ := ByName("macro_f1")
		got, each := s.Score(m.Predictions, m.Golds)
		near(t, "macro_f1", got, m.MacroF1)
		for i := range each {
			if (each[i] == 1) != (m.Predictions[i] == m.Golds[i]) {
				t.Errorf("%q for %q counts %g", m.Predictions[i], m.Golds[i], each[i])
			}
		}
	}
	for _, s := range g.SARI {
		got, _ := scoreOf(t, "sari", []Case{{Prediction: s.Prediction, Golds: s.Golds, Original: s.Original}})
		near(t, "sari of "+s.Prediction, got, s.SARI/100)
	}
}

// TestTheBestOfSeveralAnswersCounts: a further gold text never makes a score of an example worse.
func TestTheBestOfSeveralAnswersCounts(t *testing.T) {
	for _, s := range Scorers {
		if s.Name == "sari" || s.Name == "macro_f1" {
			continue // of the references' n-grams, and of the first one's class
		}
		_, one := s.Score([]string{"Paris, the city"}, []string{"London 3"})
		_, two := s.ScoreCases([]Case{{Prediction: "Paris, the city", Golds: []string{"London 3", "Paris, the city"}}})
		want := 1.0
		if s.Name == "number" || s.Name == "first_number" || s.Name == "last_number" {
			want = 0
		}
		if two[0] < one[0] || s.Name != "sentence_bleu" && math.Abs(two[0]-want) > 1e-9 { // it is below 1 for short texts
			t.Errorf("%s: %g with one answer, %g with two", s.Name, one[0], two[0])
		}
	}
}
