package weights

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/gomlx/compute/dtypes/bfloat16"
)

// DType is the element type of a tensor, spelled as in a safetensors header.
type DType string

// The element types of the format. Floats are converted from and to F32, F16 (reading only) and
// BF16.
const (
	F64    DType = "F64"
	F32    DType = "F32"
	F16    DType = "F16"
	BF16   DType = "BF16"
	F8E4M3 DType = "F8_E4M3"
	F8E5M2 DType = "F8_E5M2"
	I64    DType = "I64"
	I32    DType = "I32"
	I16    DType = "I16"
	I8     DType = "I8"
	U64    DType = "U64"
	U32    DType = "U32"
	U16    DType = "U16"
	U8     DType = "U8"
	Bool   DType = "BOOL"
)

// Size is the number of bytes of one element, 0 for an unknown type.
func (d DType) Size() int {
	switch d {
	case F64, I64, U64:
		return 8
	case F32, I32, U32:
		return 4
	case F16, BF16, I16, U16:
		return 2
	case F8E4M3, F8E5M2, I8, U8, Bool:
		return 1
	}
	return 0
}

// toFloat32 converts little-endian F32, F16 or BF16 data; every value of these is exact in float32.
func toFloat32(d DType, raw []byte, to []float32) {
	switch d {
	case F32:
		sameBits(raw, to, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) })
	case F16:
		for i := range len(raw) / 2 {
			to[i] = float16ToFloat32(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case BF16:
		for i := range len(raw) / 2 {
			to[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		}
	}
}

// sameBits copies little-endian values whose bits stay as they are, at once where the processor
// holds them so.
func sameBits[T float32 | Half](raw []byte, to []T, value func(b []byte) T) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	to = to[:len(raw)/size]
	if len(to) > 0 && binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&to[0])), len(to)*size), raw)
		return
	}
	for i := range to {
		to[i] = value(raw[i*size:])
	}
}

// Half is a value of type BF16.
type Half = bfloat16.BFloat16

// toHalf converts little-endian F32, F16 or BF16 data to BF16.
func toHalf(d DType, raw []byte, to []Half) {
	if d == BF16 {
		sameBits(raw, to, func(b []byte) Half { return Half(binary.LittleEndian.Uint16(b)) })
		return
	}
	values := make([]float32, len(raw)/d.Size())
	toFloat32(d, raw, values)
	for i, v := range values {
		to[i] = RoundToHalf(v)
	}
}

// float16ToFloat32 widens an IEEE half: subnormals exactly, infinities and NaN payloads kept.
func float16ToFloat32(h uint16) float32 {
	sign, exponent, mantissa := uint32(h&0x8000)<<16, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0:
		v := math.Float32bits(float32(mantissa) * (1.0 / (1 << 24))) // exact
		return math.Float32frombits(sign | v)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | mantissa<<13)
}

// RoundToHalf rounds to the nearest BF16, ties to even; a NaN stays a NaN, what is too large
// becomes an infinity.
func RoundToHalf(f float32) Half {
	bits := math.Float32bits(f)
	if f != f {
		return Half(bits>>16) | 0x40
	}
	return Half((bits + 0x7fff + bits>>16&1) >> 16)
}
