package methods

import (
	"strings"
	"testing"
)

func TestParametersAreRefusedByName(t *testing.T) {
	for _, c := range []struct {
		method Method
		want   string
		change func(p any)
	}{
		{Seq, "rank is 0", func(p any) { p.(*LoRAParams).Rank = 0 }},
		{Seq, "alpha is 0", func(p any) { p.(*LoRAParams).Alpha = 0 }},
		{JointTraining, "rank is -1", func(p any) { p.(*LoRAParams).Rank = -1 }},
		{ER, "buffer 0 ", func(p any) { p.(*ERParams).Buffer = 0 }},
		{ER, "buffer 1.5 ", func(p any) { p.(*ERParams).Buffer = 1.5 }},
		{ER, "replay_ratio 0.01 ", func(p any) { p.(*ERParams).ReplayRatio = 0.01 }},
		{EWC, "lambda -1 ", func(p any) { p.(*EWCParams).Lambda = -1 }},
		{EWC, "gamma 2 ", func(p any) { p.(*EWCParams).Gamma = 2 }},
		{EWC, "fisher_examples 0 ", func(p any) { p.(*EWCParams).FisherExamples = 0 }},
		{EWCSeparate, "gamma 0.5 ", func(p any) { p.(*EWCParams).Gamma = 0.5 }},
		{ILoRAReleased, "lambda -1 ", func(p any) { p.(*ILoRAReleasedParams).Lambda = -1 }},
		{ILoRAReleased, "gamma -1 ", func(p any) { p.(*ILoRAReleasedParams).Gamma = -1 }},
		{ILoRAReleased, `"height"`, func(p any) { p.(*ILoRAReleasedParams).Sizes = "height" }},
		{CURLoRAReleased, "rank is 150", func(p any) { p.(*CURLoRAParams).Rank, p.(*CURLoRAParams).Sizes = 0, "absolute" }},
		{Secura, `"height"`, func(p any) { p.(*SecuraParams).Sizes = "height" }},
		{Secura, "rank is 150", func(p any) { p.(*SecuraParams).Rank, p.(*SecuraParams).Sizes = 0, "absolute" }},
		{Secura, `(merge_precision) is "half"`, func(p any) { p.(*SecuraParams).MergePrecision = "half" }},
		{DoRA, "rank is 0", func(p any) { p.(*LoRAParams).Rank = 0 }},
		{ILoRA, "lambda 1.5 ", func(p any) { p.(*ILoRAParams).Lambda = 1.5 }},
		{ILoRA, "gamma -2 ", func(p any) { p.(*ILoRAParams).Gamma = -2 }},
		{ILoRA, `eval_with is "both"`, func(p any) { p.(*ILoRAParams).EvalWith = "both" }},
		{CURLoRA, "rank is 99", func(p any) { p.(*CURLoRAParams).Rank = 99 }},
		{CURLoRA, `"best"`, func(p any) { p.(*CURLoRAParams).Selection = "best" }},
		{CURLoRA, "alpha is 0", func(p any) { p.(*CURLoRAParams).Alpha = 0 }},
		{Secura, "merge_every is 0", func(p any) { p.(*SecuraParams).MergeEvery = 0 }},
		{Secura, `"M3"`, func(p any) { p.(*SecuraParams).Merge = "M3" }},
		{Secura, `"mean"`, func(p any) { p.(*SecuraParams).Normalise = "mean" }},
		{Secura, "scale is 0", func(p any) { p.(*SecuraParams).Scale = 0 }},
		{Secura, `"svd"`, func(p any) { p.(*SecuraParams).Init = "svd" }},
		{Secura, `"next"`, func(p any) { p.(*SecuraParams).Former = "next" }},
		{Secura, `space is "both"`, func(p any) { p.(*SecuraParams).Space = "both" }},
		{Secura, `form is "mean"`, func(p any) { p.(*SecuraParams).Form = "mean" }},
		{Secura, "magnorm is off", func(p any) { p.(*SecuraParams).Restraint, p.(*SecuraParams).MagNorm = true, false }},
		{SecuraNormed, `form "step"`, func(p any) { p.(*SecuraParams).Form = "sum" }},
		{SecuraNormed, `space "weight"`, func(p any) { p.(*SecuraParams).Space = "activation" }},
		{SecuraReleasedM1, "edge is 3", func(p any) { p.(*SecuraParams).Edge = 3 }},
		{SecuraReleasedM1, "share is 1", func(p any) { p.(*SecuraParams).Share = 1 }},
		{SecuraReleasedM1, "decay is -1", func(p any) { p.(*SecuraParams).Decay = -1 }},
		{Secura, "inner rank is 3", func(p any) { p.(*SecuraParams).Rank, p.(*SecuraParams).Inner = 3, 3 }},
	} {
		p, _ := toyParams(c.method)
		c.change(p)
		s, err := NewSession(toy, c.method, p, "refused", toySetting(1))
		if err == nil {
			s.Close()
			t.Errorf("%s: want an error with %s", c.method.Name, c.want)
		} else if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.method.Name) {
			t.Errorf("%s: want an error with %s, got %v", c.method.Name, c.want, err)
		}
	}
}
