package methods

import (
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/optimizer"
	"secura/methods/weights"
)

// Pretrainer trains every weight of a backbone on a language-modelling loss. It is how a backbone
// is made, not a continual-learning method.
type Pretrainer struct {
	base    *Base
	adamw   optimizer.AdamW
	clip    float64
	moments []*tensors.Tensor // two for each weight, in the order of Model.Names
	steps   int
}

// NewPretrainer trains the weights of b, which it replaces step by step. Matrices are decayed,
// vectors are not.
func NewPretrainer(b *Base, adamw optimizer.AdamW, clip float64) *Pretrainer {
	p := &Pretrainer{base: b, adamw: adamw, clip: clip}
	for _, name := range b.Model.Names {
		shape := b.Model.Weights[name].Shape()
		p.moments = append(p.moments, tensors.FromShape(shape), tensors.FromShape(shape))
	}
	return p
}

// Step makes one step and returns the mean cross-entropy over the counted slots, in nats.
func (p *Pretrainer) Step(batch Batch, rate float64) (float64, error) {
	p.steps++
	n := len(p.base.Model.Names)
	more := []*tensors.Tensor{tensors.FromScalar(float32(p.steps)), tensors.FromScalar(float32(rate))}
	ws := p.base.Weights(nil)
	mine := append(batch.tensors(), more...)
	defer release(mine)
	outputs, err := p.base.Run("pretrain", append(append(ws, p.moments...), mine...), p.build)
	if err != nil {
		return 0, fmt.Errorf("step %d: %w", p.steps, err)
	}
	loss := float64(tensors.ToScalar[float32](outputs[0]))
	release(outputs[:1])
	release(ws)
	release(p.moments)
	for i, name := range p.base.Model.Names {
		p.base.Model.Weights[name] = outputs[1+i]
	}
	p.moments = outputs[1+n:]
	return loss, nil
}

// Save writes the weights and the optimiser's state into a safetensors file, for Load.
func (p *Pretrainer) Save(path string) error {
	var list []weights.Tensor
	for name, t := range p.state() {
		values, err := tensors.CopyFlatData[float32](*t)
		if err != nil {
			return fmt.Errorf("save the pretraining: %w", err)
		}
		list = append(list, weights.Tensor{Name: name, DType: weights.F32, Shape: (*t).Shape().Dimensions, Data: values})
	}
	if err := weights.Write(path, list, map[string]string{stepsKey: strconv.Itoa(p.steps)}); err != nil {
		return fmt.Errorf("save the pretraining: %w", err)
	}
	return nil
}

// Load goes on from what Save wrote. The backbone must have the same shapes.
func (p *Pretrainer) Load(path string) error {
	file, err := weights.Open(path)
	if err != nil {
		return fmt.Errorf("go on with a pretraining: %w", err)
	}
	defer file.Close()
	for name, t := range p.state() {
		values, shape, err := file.Float32(name)
		if err == nil && !slices.Equal(shape, (*t).Shape().Dimensions) {
			err = fmt.Errorf("tensor %s is %v, expected %v", name, shape, (*t).Shape().Dimensions)
		}
		if err != nil {
			return fmt.Errorf("go on with a pretraining: %s: %w", path, err)
		}
		(*t).FinalizeAll()
		*t = tensors.FromFlatDataAndDimensions(values, shape...)
	}
	if p.steps, err = strconv.Atoi(file.Metadata()[stepsKey]); err != nil {
		return fmt.Errorf("go on with a pretraining: %s: metadata %s: %w", path, stepsKey, err)
	}
	return nil
}

// state are the weights and the optimiser's moments by name. What is put in a tensor's place stays.
func (p *Pretrainer) state() iter.Seq2[string, **tensors.Tensor] {
	return func(yield func(string, **tensors.Tensor) bool) {
		for i, name := range p.base.Model.Names {
			weight := p.base.Model.Weights[name]
			if !yield(name, &weight) || !yield(name+momentKey+"1", &p.moments[2*i]) || !yield(name+momentKey+"2", &p.moments[2*i+1]) {
				return
			}
			p.base.Model.Weights[name] = weight
		}
	}
}

func (p *Pretrainer) build(inputs []*graph.Node) []*graph.Node {
	n := len(p.base.Model.Names)
	weights, moments, rest := p.base.Nodes(inputs), inputs[n:3*n], inputs[3*n:]
	batch, step, rate := nodesOf(rest), rest[batchInputs], rest[batchInputs+1]
	config := p.base.Model.Config
	loss := crossEntropy(config.Logits(weights, config.Hidden(weights, batch.rows, nil)), batch.targets, batch.weights, graph.ReduceAllSum(batch.weights))
	gradients, _ := optimizer.ClipByGlobalNorm(graph.Gradient(loss, inputs[:n]...), p.clip)
	outputs := make([]*graph.Node, 1+3*n)
	outputs[0] = loss
	for i := range n {
		w := inputs[i]
		outputs[1+i], outputs[1+n+2*i], outputs[2+n+2*i] = p.adamw.Update(w, gradients[i], moments[2*i], moments[2*i+1], step, rate, w.Rank() > 1)
	}
	return outputs
}
