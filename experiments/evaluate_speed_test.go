package experiments

import (
	"fmt"
	"os"
	"testing"

	"secura/experiments/machine"
	"secura/experiments/suite"
	"secura/methods/backbone"
)

// BenchmarkEvaluation tells where an evaluation's time goes, in processor seconds of one core: of
// everything that a suite evaluates at a boundary, and of each shape of its batches. SECURA_SUITE
// names another suite than continual16.
func BenchmarkEvaluation(b *testing.B) {
	name := "continual16"
	if other := os.Getenv("SECURA_SUITE"); other != "" {
		name = other
	}
	s, err := suite.Load(name, suite.Options{Set: []string{"methods=[frozen]"}})
	if err != nil {
		b.Fatal(err)
	}
	w, err := openSingle(b.Context(), s, WorkerOptions{Backend: backbone.BackendOptions{Name: "xla"}})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	measure := func(b *testing.B, tokens int64, run func() error) {
		if err := run(); err != nil { // compiles
			b.Fatal(err)
		}
		elapsed := machine.StartClock()
		for b.Loop() {
			if err := run(); err != nil {
				b.Fatal(err)
			}
		}
		seconds := elapsed().Processor / float64(b.N)
		b.ReportMetric(1e3*seconds, "processor-ms/op")
		b.ReportMetric(float64(tokens)/seconds, "slots/s")
	}
	b.Run("everything", func(b *testing.B) {
		measure(b, w.evaluator.Tokens, func() error {
			_, err := w.evaluator.Evaluate(b.Context(), nil)
			return err
		})
		held, slots := w.evaluator.Held()
		b.ReportMetric(100*(1-float64(held)/float64(slots)), "%padding")
	})
	f := w.evaluator.Function()
	for _, sample := range w.evaluator.Samples() {
		b.Run(fmt.Sprintf("%s/%d-of-%d", sample.Kind, sample.Tokens, sample.All), func(b *testing.B) {
			measure(b, sample.Tokens, func() error { return sample.Run(b.Context(), f) })
		})
	}
}
