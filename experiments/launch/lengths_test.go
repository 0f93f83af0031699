package launch

import (
	"slices"
	"testing"

	"secura/experiments"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// TestARunKeepsTheLengthsThatItBeganWith, whatever would be chosen from the data now.
func TestARunKeepsTheLengthsThatItBeganWith(t *testing.T) {
	run := rundir.Run{Path: t.TempDir()}
	left := suite.Default()
	left.Training.Length, left.Training.AnswerLength, left.Evaluation.Lengths = 0, 0, nil
	if s, err := WithLengths(run, left); err != nil || !s.LeavesLengths() {
		t.Errorf("a new run: %v, %v", s.Training, err)
	}
	if _, err := Manifest(left, &experiments.Prepared{}); err == nil {
		t.Error("a run begins without lengths")
	}
	begun := left
	begun.Training.Length, begun.Training.Lengths, begun.Training.AnswerLength, begun.Evaluation.Lengths = 40, []int{24}, 8, []int{16, 32}
	m, err := Manifest(begun, &experiments.Prepared{Files: []rundir.File{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := rundir.WriteManifest(run, m); err != nil {
		t.Fatal(err)
	}
	s, err := WithLengths(run, left)
	if err != nil {
		t.Fatal(err)
	}
	if hash, err := s.Hash(); err != nil || hash != m.Plan {
		t.Errorf("%+v is another plan, %v", s.Training, err)
	}
	own := left
	own.Training.Length = 32 // said by the suite: another plan, which the run refuses
	if s, err = WithLengths(run, own); err != nil || s.Training.Length != 32 || s.Training.AnswerLength != 8 || !slices.Equal(s.Evaluation.Lengths, []int{16, 32}) {
		t.Errorf("%+v, %v", s.Training, err)
	}
}
