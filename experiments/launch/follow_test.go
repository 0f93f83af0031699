package launch

import (
	"testing"
	"time"

	"secura/experiments/record"
	"secura/experiments/suite"
)

// A cell on a large backbone is not expected to take what one on a small backbone took.
func TestTimeLeftIsThatOfTheBackbone(t *testing.T) {
	cell := func(backbone string, state record.State, seconds float64) *FollowedCell {
		return &FollowedCell{Cell: suite.Cell{Backbone: backbone, Tasks: []int{0}, Method: suite.MethodSpec{Name: "seq"}}, State: state, seconds: seconds}
	}
	f := &Follower{Cells: []*FollowedCell{cell("small", record.Done, 10), cell("large", record.Done, 100), cell("large", record.Queued, 0)}}
	if left, ok := f.Remaining(time.Now()); !ok || left != 100*time.Second {
		t.Errorf("%s are left (%v), expected 100s", left, ok)
	}
}
