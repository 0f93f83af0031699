package spelling

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"seq", "er", "ewc", "i-lora", "secura"}
	for name, want := range map[string]string{"secra": "secura", "SEQ": "seq", "ilora": "i-lora", "qqqqqqqqqqqq": "", "": ""} {
		if got := Nearest(name, known); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	if got := Unknown("suite", "x", nil); got != `unknown suite "x". Known: none` {
		t.Error(got)
	}
}
