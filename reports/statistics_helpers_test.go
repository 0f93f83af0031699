package reports

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"secura/experiments/record"
	"secura/experiments/suite"
	"secura/reports/metric"
	"secura/reports/report"
	"secura/reports/synthetic"
	"secura/reports/tables"
)

func near(t *testing.T, what string, got metric.Value, want float64) {
	t.Helper()
	if !got.Defined() || !(math.Abs(got.Number-want) <= 1e-9) {
		t.Errorf("%s = %+v, want %v", what, got, want)
	}
}

func reason(t *testing.T, values map[string]metric.Value, key, want string) {
	t.Helper()
	if got := values[key].Undefined; got != want {
		t.Errorf("%s = %+v, want undefined: %s", key, values[key], want)
	}
}

func TestSpreadBetweenOrdersAndSeedsEqualsNumPys(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("metric", "testdata", "statistics.json"))
	synthetic.Must(t, err)
	var reference struct {
		Orders struct {
			Values   [][]float64
			Mean     float64
			SDOrders float64 `json:"sd_orders"`
			SDSeeds  float64 `json:"sd_seeds"`
		}
	}
	synthetic.Must(t, json.Unmarshal(data, &reference))
	o := reference.Orders
	r := &report.Report{Suite: suite.Suite{Seeds: len(o.Values), Orders: len(o.Values[0])}}
	for seed, row := range o.Values {
		for order, x := range row {
			r.Cells = append(r.Cells, report.Cell{Method: suite.MethodSpec{Name: "seq"}, Seed: seed, Order: order, State: record.Done, Metrics: map[string]metric.Value{"acc": metric.Number(x)}})
		}
	}
	all, between, within, reason := tables.Crossed(r, "seq", "acc")
	if reason != "" {
		t.Fatal(reason)
	}
	near(t, "mean", metric.Number(all), o.Mean)
	near(t, "sd between orders", between.SD, o.SDOrders)
	near(t, "sd between seeds", within.SD, o.SDSeeds)
}
