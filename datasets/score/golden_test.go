package score

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

const tolerance = 1e-9

type golden struct {
	Pairs []struct {
		Ref, Hyp    string
		Rouge1      PRF
		RougeL      PRF
		Rouge1F     float64  `json:"rouge1_f"`
		RougeLF     float64  `json:"rougeL_f"`
		Rouge1Plain float64  `json:"rouge1_f_unstemmed"`
		RougeLPlain float64  `json:"rougeL_f_unstemmed"`
		Bleu4       float64  `json:"bleu4_smooth4_words"`
		Sentence    float64  `json:"sacrebleu_sentence"`
		RefRouge    []string `json:"ref_rouge_tokens"`
		HypRouge    []string `json:"hyp_rouge_tokens"`
		Ref13a      []string `json:"ref_13a"`
		Hyp13a      []string `json:"hyp_13a"`
	}
	Corpora []struct {
		Name           string
		Pairs          []int
		Bleu           float64
		Correct, Total [maxOrder]int
		Precisions     [maxOrder]float64
		BP             float64
		SysLen         int     `json:"sys_len"`
		RefLen         int     `json:"ref_len"`
		Lowercase      float64 `json:"bleu_lowercase"`
		MeanSentence   float64 `json:"mean_sentence_bleu4_smooth4_words"`
	}
	Stems map[string]string `json:"porter_stems"`
}

func readGolden(t *testing.T) golden {
	t.Helper()
	data, err := os.ReadFile("testdata/text_metrics.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Pairs) != 47 || len(g.Corpora) != 15 || len(g.Stems) != 229 {
		t.Fatalf("reference file holds %d pairs, %d corpora, %d stems", len(g.Pairs), len(g.Corpora), len(g.Stems))
	}
	return g
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s = %q, want %q", what, got, want)
	}
}

func TestPairsScoreAsTheReferenceLibraries(t *testing.T) {
	for _, p := range readGolden(t).Pairs {
		t.Run(p.Ref+"|"+p.Hyp, func(t *testing.T) {
			same(t, "rouge tokens of ref", RougeTokens(p.Ref, true), p.RefRouge)
			same(t, "rouge tokens of hyp", RougeTokens(p.Hyp, true), p.HypRouge)
			same(t, "13a tokens of ref", Tokens13a(p.Ref), p.Ref13a)
			same(t, "13a tokens of hyp", Tokens13a(p.Hyp), p.Hyp13a)
			for _, c := range []struct {
				name      string
				got, want PRF
			}{
				{"rouge1", Rouge1(p.Hyp, p.Ref, true), p.Rouge1},
				{"rougeL", RougeL(p.Hyp, p.Ref, true), p.RougeL},
			} {
				near(t, c.name+" p", c.got.P, c.want.P)
				near(t, c.name+" r", c.got.R, c.want.R)
				near(t, c.name+" f", c.got.F, c.want.F)
			}
			near(t, "rouge1 f", Rouge1(p.Hyp, p.Ref, true).F, p.Rouge1F)
			near(t, "rougeL f", RougeL(p.Hyp, p.Ref, true).F, p.RougeLF)
			near(t, "rouge1 unstemmed", Rouge1(p.Hyp, p.Ref, false).F, p.Rouge1Plain)
			near(t, "rougeL unstemmed", RougeL(p.Hyp, p.Ref, false).F, p.RougeLPlain)
			near(t, "BLEU-4 smoothing 4", BLEU4Smooth4(p.Hyp, p.Ref), p.Bleu4)
			near(t, "sentence sacreBLEU", SentenceBLEU(p.Hyp, p.Ref, false), p.Sentence)
		})
	}
}

func TestCorporaScoreAsSacreBLEU(t *testing.T) {
	g := readGolden(t)
	for _, c := range g.Corpora {
		t.Run(c.Name, func(t *testing.T) {
			var hyps, refs []string
			for _, i := range c.Pairs {
				hyps, refs = append(hyps, g.Pairs[i].Hyp), append(refs, g.Pairs[i].Ref)
			}
			b := CorpusBLEU(hyps, refs, false)
			near(t, "BLEU", b.Score, c.Bleu)
			near(t, "bp", b.BP, c.BP)
			near(t, "lower-cased BLEU", CorpusBLEU(hyps, refs, true).Score, c.Lowercase)
			if b.Correct != c.Correct || b.Total != c.Total || b.SysLen != c.SysLen || b.RefLen != c.RefLen {
				t.Errorf("counts %+v, want %+v", b, c)
			}
			for n := range maxOrder {
				near(t, "precision", b.Precisions[n], c.Precisions[n])
			}
			byName := func(name string) float64 {
				s, err := ByName(name)
				if err != nil {
					t.Fatal(err)
				}
				corpus, _ := s.Score(hyps, refs)
				return corpus
			}
			near(t, "scorer sentence_bleu", byName("sentence_bleu"), c.MeanSentence)
			near(t, "scorer bleu", byName("bleu"), c.Bleu/100)
		})
	}
}

func TestStemsAreNLTKs(t *testing.T) {
	for word, want := range readGolden(t).Stems {
		if got := Stem(word); got != want {
			t.Errorf("Stem(%q) = %q, want %q", word, got, want)
		}
	}
}
