package methods

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/weights"
)

const (
	variablesFile = "variables.safetensors"
	stateFile     = "state.json"
	stepsKey      = "optimizer_steps"
	momentKey     = "/moment"
)

// Save writes into a folder what is needed to go on after a task: the variables that learning
// changed (the others are made again from the same streams), the optimiser's moments where they are
// carried over, and the state on the host.
func (s *Session) Save(dir string) error { return s.save(dir, s.carries()) }

// SaveWithin is Save within a task, where the optimiser's moments always belong to what goes on.
func (s *Session) SaveWithin(dir string) error { return s.save(dir, true) }

func (s *Session) save(dir string, moments bool) error {
	var list []weights.Tensor
	add := func(name string, t *tensors.Tensor) error {
		values, err := tensors.CopyFlatData[float32](t)
		list = append(list, weights.Tensor{Name: name, DType: weights.F32, Shape: t.Shape().Dimensions, Data: values})
		return err
	}
	var errs []error
	for _, v := range s.variables {
		if v.written {
			errs = append(errs, add(v.name, v.value))
		}
		if v.trained && moments {
			errs = append(errs, add(v.name+momentKey+"1", v.moments[0]), add(v.name+momentKey+"2", v.moments[1]))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("save method %s: %w", s.method.Name, err)
	}
	list = append(list, s.keptTensors()...)
	steps := map[string]string{stepsKey: strconv.Itoa(s.steps)}
	if err := weights.Write(filepath.Join(dir, variablesFile), list, steps); err != nil {
		return fmt.Errorf("save method %s: %w", s.method.Name, err)
	}
	if s.hooks.State == nil {
		return nil
	}
	data, err := json.Marshal(s.hooks.State)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, stateFile), data, 0o644)
	}
	if err != nil {
		return fmt.Errorf("save method %s: %w", s.method.Name, err)
	}
	return nil
}

// Load goes on from what Save wrote. The session must be new and of the same method, parameters and
// setting.
func (s *Session) Load(dir string) error { return s.load(dir, s.carries()) }

// LoadWithin goes on from what SaveWithin wrote.
func (s *Session) LoadWithin(dir string) error { return s.load(dir, true) }

func (s *Session) load(dir string, moments bool) error {
	wrap := func(err error) error { return fmt.Errorf("load method %s from %s: %w", s.method.Name, dir, err) }
	file, err := weights.Open(filepath.Join(dir, variablesFile))
	if err != nil {
		return wrap(err)
	}
	defer file.Close()
	known := 0
	take := func(name string, t **tensors.Tensor) (bool, error) {
		if !file.Has(name) {
			return false, nil
		}
		known++
		values, shape, err := file.Float32(name)
		if err != nil {
			return false, err
		}
		fresh := tensors.FromFlatDataAndDimensions(values, shape...)
		if !fresh.Shape().Equal((*t).Shape()) {
			return false, fmt.Errorf("tensor %s is %s, expected %s", name, fresh.Shape(), (*t).Shape())
		}
		(*t).FinalizeAll()
		*t = fresh
		return true, nil
	}
	for _, v := range s.variables {
		if v.written, err = take(v.name, &v.value); err != nil {
			return wrap(err)
		}
		for i := range v.moments {
			if !v.trained || !moments {
				continue
			}
			if ok, err := take(v.name+momentKey+strconv.Itoa(i+1), &v.moments[i]); err != nil || !ok {
				return wrap(errors.Join(err, fmt.Errorf("the optimiser's moment %d of %s is expected", i+1, v.name)))
			}
		}
	}
	kept, err := s.readKept(file)
	if err != nil {
		return wrap(err)
	}
	known += len(kept)
	if n := len(file.Names()); n != known {
		return wrap(fmt.Errorf("%d of its %d tensors belong to no variable of the method", n-known, n))
	}
	if s.steps, err = strconv.Atoi(file.Metadata()[stepsKey]); err != nil {
		return wrap(fmt.Errorf("metadata %s: %w", stepsKey, err))
	}
	if s.hooks.State == nil {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err == nil {
		err = json.Unmarshal(data, s.hooks.State)
	}
	if err == nil && s.hooks.Logits != nil {
		err = s.hooks.Logits.Restore(kept)
	}
	if err != nil {
		return wrap(err)
	}
	return nil
}
