package methods

import (
	"fmt"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// TestACheckpointedStepIsThePlainStep makes steps, a task's end between them, with the layers
// computed once and computed again in the backward pass: losses, gradient norms and weights are the
// same, own terms and replayed rows included, also where the batch is computed in parts.
func TestACheckpointedStepIsThePlainStep(t *testing.T) {
	for _, m := range All {
		if m.Kind == Untrained {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			for _, parts := range []int{0, 2} {
				var results [2][]StepResult
				var learned [2]map[string][]float32
				for i, checkpoint := range []bool{false, true} {
					results[i], learned[i] = twoTasks(t, m, func(s *Setting) { s.Accumulate, s.Checkpoint = parts, checkpoint })
				}
				tolerance := func(n int) float64 {
					if n >= len(results[0])/2 {
						return 1e-5 // a task's end lies before, which enlarges the rounding of the compiler's fusions
					}
					return 1e-6
				}
				sameTwoTasks(t, fmt.Sprint(parts, " parts"), results, learned,
					closeness{loss: tolerance, norm: tolerance, measure: 1e-4, smallMeasure: 1e-6, weights: 1e-6, otherOutputs: true})
			}
		})
	}
}

// TestCheckpointsLetEachLayerBeComputedAgain counts the activations that wait for a gradient before
// they are used in the backward pass: what enters each layer, and none without checkpoints.
func TestCheckpointsLetEachLayerBeComputedAgain(t *testing.T) {
	for _, checkpoint := range []bool{false, true} {
		setting := toySetting(5)
		setting.Checkpoint = checkpoint
		s, err := NewSession(toy, Seq, Seq.NewParams(), "barriers", setting)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.StartTask(); err != nil {
			t.Fatal(err)
		}
		batch := toyBatch(0, rowsOf(0, 0), nil).tensors()
		defer release(batch)
		inputs := append(append(append(s.frozenWeights(), s.values()...), s.moments()...), batch...)
		inputs = append(inputs, tensors.FromScalar(float32(1)), tensors.FromScalar(float32(0.1)))
		entered := map[*graph.Node]bool{}
		outputs, err := toy.Run(s.gradientKey("count"), inputs, func(inputs []*graph.Node) []*graph.Node {
			outputs := s.buildStep(inputs)
			for _, n := range inputs[0].Graph().Nodes() {
				if n.Type() == graph.NodeTypeSchedulingBarrier && n.Rank() == 3 {
					entered[n.Inputs()[0]] = true
				}
			}
			return outputs
		})
		if err != nil {
			t.Fatal(err)
		}
		release(outputs)
		if want := toy.Model.Config.Layers; checkpoint && len(entered) != want || !checkpoint && len(entered) != 0 {
			t.Errorf("checkpoint %v: %d layers are computed again, the backbone has %d", checkpoint, len(entered), want)
		}
	}
}
