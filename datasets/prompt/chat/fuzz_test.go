package chat

import "testing"

// FuzzTemplate holds that no template makes the library panic beyond recovery, work without end or
// write more than the bound.
func FuzzTemplate(f *testing.F) {
	e := readExpressions(f)
	for _, c := range e.Cases {
		f.Add(c.Template)
	}
	f.Fuzz(func(t *testing.T, source string) {
		text, err := evaluate(source, e.Messages)
		if err == nil && len(text) > largestWork {
			t.Errorf("%d bytes", len(text))
		}
		again, errAgain := evaluate(source, e.Messages)
		if again != text || (err == nil) != (errAgain == nil) {
			t.Errorf("%q and error %v, then %q and error %v", text, err, again, errAgain)
		}
	})
}
