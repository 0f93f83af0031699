package main

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"secura/experiments"
	"secura/experiments/suite"
	"secura/methods"
	"secura/methods/adapter"
	"secura/methods/backbone"
	"secura/methods/backbone/nano"
	"secura/reports/checklist"
	"secura/reports/report"
)

// runChecklist prints a run's checklist of reproducibility.
func runChecklist(path string, stdout io.Writer) error {
	r, err := loadAt(path)
	if err != nil {
		return err
	}
	return checklist.Write(stdout, r, func(m suite.MethodSpec) (s checklist.Settings, err error) {
		preset, known := experiments.KnownPresets().Find(m.Preset)
		if !known {
			return s, fmt.Errorf("this program has no method %s any more: use one of revision %s", m.Preset, r.Manifest.Revision)
		}
		method, _ := methods.Find(m.Preset)
		s.Rate = r.Suite.MethodRate(m, method.LearningRate)
		params, err := preset.Params(m)
		if err != nil || params == nil {
			return s, err
		}
		if s.Params, err = suite.ParamsByKey(params); err == nil {
			err = sizesInWords(s.Params, r.Suite)
		}
		return s, err
	})
}

// sizesInWords puts what they come to in the place of ranks of 0, which stand for the published
// ones at the width of a weight: numbers on the embedded backbone, and the rule on others, whose
// files a report does not read.
func sizesInWords(params map[string]any, s suite.Suite) error {
	rule, ok := params["sizes"].(string)
	if !ok {
		return nil
	}
	rank, _ := params["rank"].(int)
	inner, hasInner := params["inner"].(int)
	of := adapter.CABR{Rank: rank, Inner: inner, Rule: adapter.SizeRule(rule)}
	var ranks, inners []string
	if slices.Equal(s.BackboneNames(), []string{report.Embedded}) {
		raw, err := fs.ReadFile(nano.Files(), "config.json")
		if err != nil {
			return fmt.Errorf("read the embedded backbone: %w", err)
		}
		config, err := backbone.ParseConfig(raw)
		if err != nil {
			return fmt.Errorf("read the embedded backbone: %w", err)
		}
		shapes := config.WeightShapes()
		for _, p := range config.Projections(0) { // all layers are alike
			if !slices.Contains(s.Training.Targets, p.Name) {
				continue
			}
			shape := shapes[p.WeightName()]
			r, i, err := of.Sizes(shape[0], shape[1])
			if err != nil {
				return err
			}
			ranks, inners = appendNew(ranks, strconv.Itoa(r)), appendNew(inners, strconv.Itoa(i))
		}
	} else {
		ranks, inners = []string{publishedSize(of.Rule, adapter.PublishedRank)}, []string{publishedSize(of.Rule, adapter.PublishedInner)}
	}
	if rank == 0 {
		params["rank"] = strings.Join(ranks, " or ")
	}
	if hasInner && inner == 0 {
		params["inner"] = strings.Join(inners, " or ")
	}
	return nil
}

// appendNew appends a text that is not in the list yet.
func appendNew(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// publishedSize is what a published rank becomes by a rule.
func publishedSize(rule adapter.SizeRule, published int) string {
	if rule == adapter.SizesAbsolute {
		return strconv.Itoa(published)
	}
	return fmt.Sprintf("⌊%d·in/%d⌋ of a weight [out, in]", published, adapter.PublishedWidth)
}
