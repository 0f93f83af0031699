package report

import (
	"slices"

	"secura/reports/metric"
)

// MethodResults is what results.json has of a method: means of its cells' metrics and measures by
// their keys, and what it costs.
type MethodResults struct {
	Method string `json:"method"`
	// Backbone is told where the run has several, here and in a comparison.
	Backbone string                    `json:"backbone,omitempty"`
	Metrics  map[string]metric.Summary `json:"metrics"`
	// Budget and Measured are of methods that are no references.
	Budget   *budgetResult   `json:"budget,omitempty"`
	Measured *methodMeasured `json:"measured,omitempty"`
}

// budgetResult are the bytes of a MethodBudget.
type budgetResult struct {
	AdapterBytes metric.Value `json:"adapter_bytes"`
	BesideBytes  metric.Value `json:"beside_bytes"`
	AllBytes     metric.Value `json:"all_bytes"`
	Best         *bool        `json:"best_at_its_bytes"`
}

// methodMeasured are the operations of a MethodBudget.
type methodMeasured struct {
	TrainFLOP metric.Value `json:"train_flop"`
	Ratio     metric.Value `json:"train_flop_ratio"`
}

// frontResult is a Front.
type frontResult struct {
	Backbone  string              `json:"backbone,omitempty"`
	Retention string              `json:"retention"`
	Methods   []methodFrontResult `json:"methods"`
}

type methodFrontResult struct {
	Method    string          `json:"method"`
	Settings  int             `json:"settings"`
	Measured  int             `json:"measured_settings"`
	Area      metric.Summary  `json:"area"`
	Finalists *metric.Summary `json:"area_of_finalists,omitempty"`
	// Matched is the best accuracy at 90% retention or more, With its setting.
	Matched     *metric.Summary `json:"accuracy_at_90,omitempty"`
	With        string          `json:"with,omitempty"`
	Undominated []string        `json:"undominated"`
}

type correlationResult struct {
	Backbone string `json:"backbone,omitempty"`
	Correlation
}

// methodResultsOf are those of a report of one backbone, in the suite's order.
func methodResultsOf(r *Report, measures []Measure) (list []MethodResults) {
	budgets := r.Budgets()
	for _, m := range r.Suite.Methods {
		summaries := map[string]metric.Summary{}
		for _, key := range metric.Keys {
			summaries[key] = r.Summarise(m.Name, key)
		}
		for _, measure := range measures {
			summaries[measure.Key] = r.Over(m.Name, measure.Of)
		}
		result := MethodResults{Method: m.Name, Backbone: onBackbone(r), Metrics: summaries}
		if i := slices.IndexFunc(budgets, func(b MethodBudget) bool { return b.Method == m.Name }); i >= 0 {
			b := budgets[i]
			result.Budget = &budgetResult{b.Adapter, b.Beside, b.All, b.Best}
			result.Measured = &methodMeasured{b.FLOP, b.Ratio}
		}
		list = append(list, result)
	}
	return list
}

// frontResultsOf are the fronts of a report of one backbone that is a stream.
func frontResultsOf(r *Report) (list []frontResult) {
	if r.Suite.Separate() {
		return nil
	}
	for _, f := range r.Fronts() {
		result := frontResult{Backbone: onBackbone(r), Retention: f.Retention}
		for _, m := range f.Methods {
			one := methodFrontResult{Method: m.Method, Settings: m.Settings, Measured: m.Measured, Area: m.Area, With: m.With, Undominated: m.Undominated}
			if m.Finalists.N > 0 {
				one.Finalists = &m.Finalists
			}
			if m.With != "" {
				one.Matched = &m.Matched
			}
			if one.Undominated == nil {
				one.Undominated = []string{}
			}
			result.Methods = append(result.Methods, one)
		}
		list = append(list, result)
	}
	return list
}
