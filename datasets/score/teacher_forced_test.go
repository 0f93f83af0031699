package score

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// Each of the five numbers is what NLTK, rouge_score and the release's functions give; so are the
// perfect predictor's and the echo's.
func TestTeacherForcedScoresAreTheReleases(t *testing.T) {
	raw, err := os.ReadFile("testdata/teacher_forced.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Rows []struct {
			Kind            string
			Gold, Predicted []int32
			GoldText        string `json:"gold_text"`
			PredictedText   string `json:"predicted_text"`
			SelfRouge       float64
			SelfBLEU        float64
			BLEU            float64
			Rouge1, RougeL  float64
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Rows) != 51 {
		t.Fatalf("%d rows", len(file.Rows))
	}
	for i, r := range file.Rows {
		t.Run(fmt.Sprintf("%d %s", i, r.Kind), func(t *testing.T) {
			predicted := r.Predicted
			switch r.Kind {
			case "perfect":
				predicted = r.Gold
			case "echo":
				predicted = Echo(0, r.Gold)
			}
			got := ScoreTeacherForced(predicted, r.Gold, r.PredictedText, r.GoldText)
			for j, want := range []float64{r.SelfRouge, r.SelfBLEU, r.BLEU, r.Rouge1, r.RougeL} {
				near(t, TeacherForcedNames[j], got.Values()[j], want)
			}
		})
	}
}

// An echo has all tokens of the answer but its last one right by SelfRouge, whatever the answer
// says.
func TestEchoKnowsNothingAndScoresHigh(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gold := rapid.SliceOfN(rapid.Int32Range(1, 1000), 1, 40).Draw(t, "gold")
		echo := ScoreTeacherForced(Echo(0, gold), gold, "", "")
		if want := float64(len(gold)-1) / float64(len(gold)); echo.SelfRouge != want || len(gold) > 1 && echo.SelfBLEU != want {
			t.Errorf("an echo of %d tokens scores %+v, want %g", len(gold), echo, want)
		}
		perfect := ScoreTeacherForced(gold, gold, "", "")
		if perfect.SelfRouge != 1 || perfect.SelfBLEU != 1 {
			t.Errorf("the perfect predictor scores %+v", perfect)
		}
	})
}

func TestTeacherForcedScoresOfNothing(t *testing.T) {
	if got := ScoreTeacherForced(nil, nil, "", ""); got != (TeacherForced{}) || Echo(1, nil) != nil {
		t.Errorf("nothing scores %+v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("tokens of different numbers were scored")
		}
	}()
	ScoreTeacherForced([]int32{1}, nil, "", "")
}
