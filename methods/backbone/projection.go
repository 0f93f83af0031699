package backbone

import (
	"fmt"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
)

// Projection is one of the linear maps of a block.
type Projection struct {
	// Layer counts from 0.
	Layer int
	// Name is one of ProjectionNames.
	Name string
}

// ProjectionNames are the linear maps of a block in the order in which they are applied.
var ProjectionNames = []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

// Project computes a projection: x is [batch, length, in], weight the pretrained [out, in], the
// result [batch, length, out]. The caller adds the bias.
type Project func(p Projection, x, weight *Node) *Node

// WeightName is the tensor's name on the hub, such as "model.layers.0.self_attn.q_proj.weight".
func (p Projection) WeightName() string { return p.tensor("weight") }

// BiasName is the name of the bias tensor, which a projection need not have.
func (p Projection) BiasName() string { return p.tensor("bias") }

func (p Projection) tensor(kind string) string {
	part := "mlp"
	if strings.Contains("q_proj k_proj v_proj o_proj", p.Name) {
		part = "self_attn"
	}
	return layerTensor(p.Layer, fmt.Sprintf("%s.%s.%s", part, p.Name, kind))
}

// Projections lists the linear maps of one layer.
func (c Config) Projections(layer int) []Projection {
	list := make([]Projection, len(ProjectionNames))
	for i, name := range ProjectionNames {
		list[i] = Projection{layer, name}
	}
	return list
}

// projectionSize is the shape [out, in] of the projection of this name.
func (c Config) projectionSize(name string) (out, in int) {
	switch name {
	case "q_proj":
		return c.Heads * c.HeadSize, c.Width
	case "k_proj", "v_proj":
		return c.KeyValueHeads * c.HeadSize, c.Width
	case "o_proj":
		return c.Width, c.Heads * c.HeadSize
	case "gate_proj", "up_proj":
		return c.Intermediate, c.Width
	}
	return c.Width, c.Intermediate // down_proj
}

// plainProject is x·Wᵀ.
func plainProject(_ Projection, x, weight *Node) *Node { return Linear(x, weight) }
