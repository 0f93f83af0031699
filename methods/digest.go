package methods

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/gomlx/core/tensors"
)

// Digest names the values of tensors of float32, in order: equal values have equal digests.
func Digest(list ...*tensors.Tensor) (string, error) {
	sum := sha256.New()
	var buffer []byte
	for _, t := range list {
		err := tensors.ConstFlatData(t, func(values []float32) {
			buffer = buffer[:0]
			for _, x := range values {
				buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(x))
			}
			sum.Write(buffer)
		})
		if err != nil {
			return "", fmt.Errorf("digest of %s: %w", t.Shape(), err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// TrainedDigest is the Digest of all trained tensors.
func (s *Session) TrainedDigest() (string, error) {
	var list []*tensors.Tensor
	for _, v := range s.variables {
		if v.trained {
			list = append(list, v.value)
		}
	}
	return Digest(list...)
}

// ErrNotFinite is why a cell is diverged.
var ErrNotFinite = errors.New("a number is not finite")

// CheckFinite refuses a tensor of float32 with a value that is not finite by an ErrNotFinite.
func CheckFinite(name string, t *tensors.Tensor) error {
	var err error
	accessErr := tensors.ConstFlatData(t, func(values []float32) {
		for _, x := range values {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				err = fmt.Errorf("%s: %w", name, ErrNotFinite)
				return
			}
		}
	})
	return errors.Join(err, accessErr)
}

// NotFinite names the first trained tensor with a value that is not finite; empty if there is none.
func (s *Session) NotFinite() (name string, err error) {
	for _, v := range s.variables {
		if !v.trained {
			continue
		}
		if err := CheckFinite(v.name, v.value); errors.Is(err, ErrNotFinite) {
			return v.name, nil
		} else if err != nil {
			return "", fmt.Errorf("look at %s: %w", v.name, err)
		}
	}
	return "", nil
}
