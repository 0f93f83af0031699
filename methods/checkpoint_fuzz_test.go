package methods

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad reads checkpoints with any content: they are refused, or the session goes on from them.
func FuzzLoad(f *testing.F) {
	params := *ER.NewParams().(*ERParams)
	params.Buffer = 0.5
	open := func(t testing.TB) *Session {
		s, err := NewSession(toy, ER, &params, ER.Name, toySetting(1))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open(f)
	dir := f.TempDir()
	learnSteps := 2
	for i := range learnSteps {
		current := rowsOf(0, i)
		if _, err := s.Step(toyBatch(s.ReplayRows(), current, s.MixBatch(current, stream(1, "replay"))), toyRate); err != nil {
			f.Fatal(err)
		}
	}
	if err := s.SaveWithin(dir); err != nil {
		f.Fatal(err)
	}
	s.Close()
	var seeds [2][]byte
	for i, name := range []string{variablesFile, stateFile} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			f.Fatal(err)
		}
		seeds[i] = data
	}
	f.Add(seeds[0], seeds[1])
	f.Add(seeds[0][:len(seeds[0])/2], seeds[1])
	f.Add(seeds[0], []byte(`{"capacity":8,"seen":1,"rows":[{"task":0,"index":1}],"offered":[{"task":-1,"index":0}]}`))
	f.Add(seeds[0], []byte(`null`))
	work := f.TempDir()
	f.Fuzz(func(t *testing.T, variables, state []byte) {
		if err := os.WriteFile(filepath.Join(work, variablesFile), variables, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(work, stateFile), state, 0o644); err != nil {
			t.Fatal(err)
		}
		s := open(t)
		defer s.Close()
		if s.LoadWithin(work) != nil {
			return
		}
		current := rowsOf(1, 0)
		s.MixBatch(current, stream(1, "replay"))
		if err := s.SaveWithin(t.TempDir()); err != nil {
			t.Fatalf("what was loaded cannot be saved: %v", err)
		}
	})
}
