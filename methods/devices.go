package methods

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/core/tensors/dtensor"
)

// sharding runs graphs over a batch on several devices at once. The batch's rows are shared out,
// everything else is on every device, and the compiler adds the sums over devices that a graph of
// the whole batch needs, those of the gradients among them. So a method's graph is the same on one
// device and on many; only the order of sums differs.
type sharding struct {
	devices     int
	mesh        *distributed.DeviceMesh
	rows, whole *distributed.ShardingSpec
	// copies are those on the devices from 1 on, by the tensor on device 0.
	copies map[*tensors.Tensor][]*tensors.Tensor
}

// UseDevices lets graphs over a batch run on the backend's first n devices, a part of the rows on
// each. The error tells that there are fewer.
func (b *Base) UseDevices(n int) error {
	if n <= 1 {
		return nil
	}
	if have := b.Backend.NumDevices(); n > have {
		return fmt.Errorf("use %d devices: backend %s has %d", n, b.Backend.Name(), have)
	}
	mesh, err := distributed.NewDeviceMesh([]int{n}, []string{"rows"})
	if err != nil {
		return fmt.Errorf("use %d devices: %w", n, err)
	}
	rows, err := distributed.BuildSpec(mesh).S("rows").Done()
	if err != nil {
		return fmt.Errorf("use %d devices: %w", n, err)
	}
	b.sharding = &sharding{n, mesh, rows, distributed.NewReplicatedShardingSpec(mesh), map[*tensors.Tensor][]*tensors.Tensor{}}
	return nil
}

// span are the inputs of a graph that a batch is, from an index on.
type span struct{ from, n int }

func (s span) has(i int) bool { return i >= s.from && i < s.from+s.n }

// configure makes a graph one of all devices.
func (s *sharding) configure(e *graph.Exec, batch span, inputs int) *graph.Exec {
	specs := make([]*distributed.ShardingSpec, inputs)
	for i := range specs {
		if specs[i] = s.whole; batch.has(i) {
			specs[i] = s.rows
		}
	}
	return e.AutoSharding(s.mesh).WithInputShardingSpecs(specs...).WithOutputShardingSpecs(s.whole)
}

// run calls a graph with inputs for every device, and gives the outputs on device 0; those on the
// others, which are equal, are kept for when the outputs become inputs.
func (s *sharding) run(backend compute.Backend, inputs []*tensors.Tensor, batch span, call func(kinds []shapes.Shape, arguments []any) ([]*tensors.Tensor, error)) ([]*tensors.Tensor, error) {
	s.sweep()
	var parts [][]*tensors.Tensor // of the batch's inputs, by device
	defer func() {
		for _, p := range parts {
			release(p)
		}
	}()
	for _, t := range inputs[batch.from : batch.from+batch.n] {
		if rows := t.Shape().Dimensions[0]; rows%s.devices != 0 {
			return nil, fmt.Errorf("%d rows cannot be shared out evenly to %d devices", rows, s.devices)
		}
		shared, err := dtensor.ShardTensor(s.rows, t)
		if err != nil {
			return nil, err
		}
		parts = append(parts, shared.Shards())
	}
	arguments, kinds := make([]any, 0, s.devices*len(inputs)), make([]shapes.Shape, 0, s.devices*len(inputs))
	for device := range s.devices {
		for i, t := range inputs {
			if batch.has(i) {
				t = parts[i-batch.from][device]
			} else if device > 0 {
				var err error
				if t, err = s.copy(backend, t, device); err != nil {
					return nil, err
				}
			}
			arguments, kinds = append(arguments, t), append(kinds, t.Shape())
		}
	}
	outputs, err := call(kinds, arguments)
	if err != nil {
		return nil, err
	}
	n := len(outputs) / s.devices
	for i, t := range outputs[:n] {
		for device := 1; device < s.devices; device++ {
			s.copies[t] = append(s.copies[t], outputs[device*n+i])
		}
	}
	return outputs[:n], nil
}

// copy is a tensor on another device.
func (s *sharding) copy(backend compute.Backend, t *tensors.Tensor, device int) (*tensors.Tensor, error) {
	if have := s.copies[t]; device <= len(have) {
		return have[device-1], nil
	}
	fresh, err := t.OnDeviceClone(backend, compute.DeviceNum(device))
	if err == nil {
		s.copies[t] = append(s.copies[t], fresh)
	}
	return fresh, err
}

// sweep releases the copies of tensors that were released.
func (s *sharding) sweep() {
	for t, list := range s.copies {
		if !t.Ok() {
			release(list)
			delete(s.copies, t)
		}
	}
}
