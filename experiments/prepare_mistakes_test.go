package experiments

import (
	"strings"
	"testing"

	"secura/experiments/suite"
)

// TestPrepareNamesEveryMistakeAtOnce breaks a method's parameter, the backbone and two tasks' files.
func TestPrepareNamesEveryMistakeAtOnce(t *testing.T) {
	s, err := suite.Load("olora-standard", suite.Options{Presets: KnownPresets(), Set: []string{"backbone=nano", "knowledge=[]"}})
	if err != nil {
		t.Fatal(err)
	}
	s.Backbone = "no-such-backbone"
	s.Methods[0].Params = map[string]any{"no_such_parameter": 1}
	_, err = Prepare(s, t.TempDir())
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"no_such_parameter", "no-such-backbone", s.Tasks[0].Name, s.Tasks[1].Name} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in: %v", want, err)
		}
	}
}
