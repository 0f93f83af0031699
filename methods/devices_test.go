package methods

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/backbone"
)

// onDevices is the toy's backbone on the first devices of a backend.
func onDevices(t *testing.T, backend compute.Backend, devices int) *Base {
	t.Helper()
	model := *toy.Model
	model.Weights = map[string]*tensors.Tensor{}
	for name, w := range toy.Model.Weights {
		model.Weights[name] = tensors.FromFlatDataAndDimensions(floats(t, w), w.Shape().Dimensions...)
	}
	b := NewBase(backend, &model)
	if err := b.UseDevices(devices); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// TestTwoDevicesLearnAsOneDoes trains methods with their rows shared out to two devices of XLA,
// which on a processor are parts of it, and holds losses, weights, scores and written text to those
// of one device. `just devices` tries every method.
func TestTwoDevicesLearnAsOneDoes(t *testing.T) {
	backend, _, err := backbone.OpenBackend(context.Background(), backbone.BackendOptions{Name: "xla", NoDownload: true})
	if err != nil {
		t.Skipf("no XLA here: %v", err)
	}
	defer backend.Finalize()
	if backend.NumDevices() < 2 {
		t.Skip("XLA has one device here; XLA_FLAGS=--xla_force_host_platform_device_count=2 makes two of a processor")
	}
	names := []string{"er"}
	if os.Getenv("SECURA_DEVICES") != "" {
		names = nil
	}
	one, two := onDevices(t, backend, 1), onDevices(t, backend, 2)
	try := func(m Method, checkpoint, packed bool) {
		t.Run(fmt.Sprintf("%s, checkpoint %v, packed %v", m.Name, checkpoint, packed), func(t *testing.T) {
			var losses [2][]float64
			var learned [2]map[string][]float32
			var outputs [2][][]float32
			for i, base := range []*Base{one, two} {
				params, rate := toyParams(m)
				setting := toySetting(3)
				setting.Checkpoint = checkpoint
				s, err := NewSession(base, m, params, m.Name, setting)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if err := s.StartTask(); err != nil {
					t.Fatal(err)
				}
				steps := steps
				if packed {
					steps = packedSteps
				}
				losses[i] = steps(t, s, 3, 0, 0, 4, rate)
				if err := s.EndTask(1, examplesOf(0)); err != nil {
					t.Fatal(err)
				}
				losses[i] = append(losses[i], steps(t, s, 3, 1, 0, 4, rate)...)
				learned[i] = effective(t, s)
				outputs[i] = scoreAndWrite(t, s)
				base.Forget(m.Name)
			}
			for i, want := range losses[0] {
				if got := losses[1][i]; math.Abs(got-want) > 1e-4*math.Abs(want) {
					t.Errorf("loss %d is %.7g on two devices, %.7g on one", i, got, want)
				}
			}
			for name, want := range learned[0] {
				if d := apart(want, learned[1][name]); d > 2e-4*largest(want) {
					t.Errorf("%s differs by %.2g, its largest value is %.2g", name, d, largest(want))
				}
			}
			for i, of := range []string{"a text a row", "several texts a row"} {
				if d := apart(outputs[0][2*i], outputs[1][2*i]); d > 1e-3 {
					t.Errorf("log-likelihoods of %s differ by %.2g", of, d)
				}
			}
			if !slices.Equal(outputs[0][1], outputs[1][1]) {
				t.Errorf("written tokens are %v on two devices, %v on one", outputs[1][1], outputs[0][1])
			}
		})
	}
	for _, m := range All {
		if m.Kind != Untrained && (names == nil || slices.Contains(names, m.Name)) {
			try(m, false, true)
			if names == nil {
				try(m, false, false)
			}
		}
	}
	try(ER, true, false)
	if n := len(two.sharding.copies); n > 200 {
		t.Errorf("%d tensors still have copies on the second device", n)
	}
}

// scoreAndWrite evaluates what a session has learned: log-likelihoods of a batch, greedily written
// tokens, and log-likelihoods of a packed batch.
func scoreAndWrite(t *testing.T, s *Session) (outputs [][]float32) {
	t.Helper()
	f, err := s.Function()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	batch := toyBatch(0, rowsOf(1, 0), nil)
	scores, err := f.Run("score", batch, func(in Inputs) []*graph.Node { return s.base.BuildScore(in) })
	if err != nil {
		t.Fatal(err)
	}
	written, err := f.Run("write", batch, func(in Inputs) []*graph.Node {
		return []*graph.Node{graph.ConvertDType(s.base.BuildGenerate(in, 3, []int32{31})[0], scores[0].DType())}
	}, tensors.FromScalar(int32(3)))
	if err != nil {
		t.Fatal(err)
	}
	questions := NewPacked(2, 24, 8, 0, 0)
	questions.Block = 12
	for row := range questions.Rows {
		at := Filled{Row: row}
		questions.AddOptions(&at, []int32{3, 17, 5, int32(row)}, [][]int32{{9, 2}, {30}})
		questions.AddText(&at, []int32{4, 5, 6, 7}, 1, []int32{6, 7, 8}, 0)
		at.Tokens = questions.Block
		questions.AddText(&at, []int32{1, 2}, 0, []int32{2, 3}, 0)
	}
	packed, err := f.RunPacked("score packed", questions, func(in Inputs) []*graph.Node { return s.base.BuildScore(in) })
	if err != nil {
		t.Fatal(err)
	}
	defer release(slices.Concat(scores, written, packed))
	return [][]float32{floats(t, scores[0]), floats(t, written[0]), floats(t, packed[0])}
}

func TestDevicesThatAreNotThereAreRefused(t *testing.T) {
	b := &Base{Backend: toy.Backend}
	if err := b.UseDevices(64); err == nil || !strings.Contains(err.Error(), "use 64 devices") {
		t.Error(err)
	}
	if err := b.UseDevices(1); err != nil || b.sharding != nil {
		t.Error(err)
	}
}
