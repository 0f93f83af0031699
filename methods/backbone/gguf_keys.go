package backbone

import (
	"maps"
	"slices"
	"strings"
)

// ggufRead are the keys under the architecture's name that ggufConfig applies.
var ggufRead = []string{
	"embedding_length", "feed_forward_length", "block_count", "context_length", "vocab_size",
	"attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length",
	"attention.layer_norm_rms_epsilon", "rope.freq_base", "rope.dimension_count",
	"rope.scaling.type", "rope.scaling.factor", "rope.scale_linear", "rope.scaling.original_context_length",
}

// ggufNeutral are keys that change what a model computes unless they hold one of these values:
// llama.cpp's defaults, and what converters write for a model without the feature. No value means
// that the key changes nothing that is computed here.
var ggufNeutral = map[string][]any{
	"attention.sliding_window":         {int64(0)},
	"attention.causal":                 {true},
	"attention.scale":                  {0.0},
	"attention.clamp_kqv":              {0.0},
	"attention.max_alibi_bias":         {0.0},
	"expert_count":                     {int64(0)},
	"expert_used_count":                {int64(0)},
	"use_parallel_residual":            {false},
	"logit_scale":                      {0.0, 1.0},
	"residual_scale":                   {0.0, 1.0},
	"embedding_scale":                  {0.0, 1.0},
	"attn_logit_softcapping":           {0.0},
	"final_logit_softcapping":          {0.0},
	"rope.scaling.attn_factor":         {1.0},
	"rope.scaling.yarn_attn_factor":    {1.0},
	"rope.scaling.yarn_ext_factor":     {0.0},
	"rope.scaling.finetuned":           nil, // says how the model was trained
	"rope.scaling.yarn_log_multiplier": nil, // the four of YaRN count under its type alone, which is refused
	"rope.scaling.yarn_beta_fast":      nil,
	"rope.scaling.yarn_beta_slow":      nil,
	"pooling_type":                     nil, // of embeddings of whole texts
	"tensor_data_layout":               nil, // names the order of rows that splitPairs undoes
}

// checkKeys refuses each key under the architecture's name that would make llama.cpp compute
// something else: one with another value than its neutral ones, and one that is not known.
func (m *ggufMetadata) checkKeys() {
	for _, full := range slices.Sorted(maps.Keys(m.values)) {
		key, mine := strings.CutPrefix(full, m.prefix+".")
		if !mine || slices.Contains(ggufRead, key) {
			continue
		}
		neutral, known := ggufNeutral[key]
		switch {
		case !known:
			m.fail("%s is not supported: it may change what the model computes", full)
		case neutral != nil && !slices.Contains(neutral, m.values[full]):
			m.fail("%s is %v, expected %v", full, m.values[full], neutral[len(neutral)-1])
		}
	}
}

// linearScaling is the scaling by rope.scaling.factor or, where that is missing, by its older name
// rope.scale_linear. As in llama.cpp, a missing type is "linear", a factor of 0 is 1, and type
// "none" does not scale.
func (m *ggufMetadata) linearScaling() *RopeScaling {
	kind := "linear"
	if value, there := m.values[m.prefix+".rope.scaling.type"]; there {
		kind, _ = value.(string)
		if kind != "none" && kind != "linear" {
			m.fail("%s.rope.scaling.type is %v, expected \"none\" or \"linear\"", m.prefix, value)
			return nil
		}
	}
	factor := 1.0
	for _, key := range []string{"rope.scale_linear", "rope.scaling.factor"} {
		if _, there := m.values[m.prefix+"."+key]; there {
			factor = m.number(key, 0)
		}
	}
	if kind == "none" || factor == 0 || factor == 1 {
		return nil
	}
	return &RopeScaling{Linear: true, Factor: factor}
}
