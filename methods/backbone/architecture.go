package backbone

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
)

// architecture is what a family of decoders does otherwise than the others, and the defaults of its
// config.json. What differs between the models of a family is in Config.
type architecture struct {
	// name is that of config.json's architectures, modelType its model_type.
	name, modelType string
	// biased lists the projections that have a bias.
	biased []string
	// activation turns the gate of the feed-forward layer; activationName is its name in
	// config.json.
	activation     func(gate *Node) *Node
	activationName string
	// ownActivationKey says that config.json names it in hidden_activation, and that hidden_act
	// does not count.
	ownActivationKey bool
	// offsetNorms says that a norm multiplies by 1 + w rather than w.
	offsetNorms bool
	// outerNorms says that the results of attention and feed-forward layer are normed before they
	// are added to the residual stream.
	outerNorms bool
	// scaledEmbedding says that the embedding is multiplied by √width.
	scaledEmbedding bool
	// defaults are the values of keys that config.json may leave out; a 0 must be there.
	defaults Config
	// read takes the family's own keys from a config.json, write puts them into one.
	read  func(f *configFile, c *Config) error
	write func(c Config, f *configFile)
}

// architectures returns those that are known.
func architectures() []*architecture { return []*architecture{&qwen2, &llama, &gemma2} }

// Architectures lists the names of the language models that this package computes, as a config.json
// gives them.
func Architectures() []string {
	var names []string
	for _, a := range architectures() {
		names = append(names, a.name)
	}
	return names
}

// findArchitecture finds one by the first of config.json's architectures, or, where there are none,
// by its model_type.
func findArchitecture(name, modelType string) (*architecture, error) {
	if name == "" && modelType == "" {
		return nil, fmt.Errorf("neither architectures nor model_type is there; expected architectures [%q] or another of %s",
			Qwen2Architecture, strings.Join(Architectures(), ", "))
	}
	for _, a := range architectures() {
		if (name == "" || name == a.name) && (modelType == "" || modelType == a.modelType) {
			return a, nil
		}
	}
	return nil, fmt.Errorf("architecture %q (model_type %q) is not supported; supported: %s",
		name, modelType, strings.Join(Architectures(), ", "))
}

// architecture is that of c, which check has seen.
func (c Config) architecture() *architecture {
	for _, a := range architectures() {
		if a.name == c.Architecture {
			return a
		}
	}
	panic(fmt.Sprintf("backbone: architecture %q is not supported", c.Architecture))
}

// biased says whether a projection has a bias.
func (c Config) biased(p Projection) bool { return slices.Contains(c.architecture().biased, p.Name) }

// norms lists the names of a block's norms, without the layer.
func (a *architecture) norms() []string {
	list := []string{inputNorm, postAttentionNorm}
	if a.outerNorms {
		list = append(list, preFeedForwardNorm, postFeedForwardNorm)
	}
	return list
}

// silu is x · σ(x).
func silu(x *Node) *Node { return Mul(x, Sigmoid(x)) }
