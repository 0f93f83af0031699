package weights

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// blockLayout is how a type of GGUF tensor stores its values: length values in a block of size
// bytes. A quantised block holds whole numbers of few bits, what they are multiplied by and, in
// some types, what is then added.
type blockLayout struct {
	name         string
	length, size int
	// decode writes a block's values; nil in a type that toFloat32 reads under the same name.
	decode func(block []byte, to []float32)
}

// blockLayouts are the types that are read, by their number in a file. Source of the layouts:
// ggml's reference dequantisation, as in the Python package gguf; the arithmetic has the same
// order, so the values are the same.
var blockLayouts = map[uint64]blockLayout{
	0:  {"F32", 1, 4, nil},
	1:  {"F16", 1, 2, nil},
	2:  {"Q4_0", 32, 18, decodeQ40},
	3:  {"Q4_1", 32, 20, decodeQ41},
	6:  {"Q5_0", 32, 22, decodeQ50},
	7:  {"Q5_1", 32, 24, decodeQ51},
	8:  {"Q8_0", 32, 34, decodeQ80},
	12: {"Q4_K", 256, 144, decodeQ4K},
	13: {"Q5_K", 256, 176, decodeQ5K},
	14: {"Q6_K", 256, 210, decodeQ6K},
	30: {"BF16", 1, 2, nil},
}

// unreadTypes are the names of further types of tensors, by their numbers in ggml, for an error.
var unreadTypes = map[uint64]string{
	9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S",
	23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}

// unreadType tells of a type that is not read.
func unreadType(number uint64) error {
	name, known := unreadTypes[number]
	if !known {
		name = "not known"
	}
	return fmt.Errorf("type %d, %s, is not supported: take a file of the model in one of these: %s", number, name, supportedLayouts())
}

func supportedLayouts() string {
	var names []string
	for _, number := range slices.Sorted(maps.Keys(blockLayouts)) {
		names = append(names, fmt.Sprintf("%s (%d)", blockLayouts[number].name, number))
	}
	return strings.Join(names, ", ")
}

// values dequantises whole blocks.
func (l blockLayout) values(raw []byte) ([]float32, error) {
	out := make([]float32, len(raw)/l.size*l.length)
	if l.decode == nil {
		toFloat32(DType(l.name), raw, out)
		return out, nil
	}
	for i := range len(raw) / l.size {
		l.decode(raw[i*l.size:(i+1)*l.size], out[i*l.length:(i+1)*l.length])
	}
	return out, nil
}

// half reads the float16 at the start of b.
func half(b []byte) float32 { return float16ToFloat32(binary.LittleEndian.Uint16(b)) }

// decodeQ80: scale, 32 int8.
func decodeQ80(block []byte, to []float32) {
	scale := half(block)
	for i := range to {
		to[i] = float32(int8(block[2+i])) * scale
	}
}

// decodeQ40: scale, 32 four-bit numbers less 8; the low halves of the bytes are the first 16.
func decodeQ40(block []byte, to []float32) {
	scale, packed := half(block), block[2:]
	for i, b := range packed {
		to[i], to[i+16] = scale*float32(int(b&15)-8), scale*float32(int(b>>4)-8)
	}
}

// decodeQ41: scale, minimum, 32 four-bit numbers.
func decodeQ41(block []byte, to []float32) {
	scale, least, packed := half(block), half(block[2:]), block[4:]
	for i, b := range packed {
		to[i], to[i+16] = float32(scale*float32(b&15))+least, float32(scale*float32(b>>4))+least
	}
}

// fiveBits unpacks 32 numbers: the fifth bits, then the low four as in decodeQ40.
func fiveBits(packed []byte) (numbers [32]int) {
	high := binary.LittleEndian.Uint32(packed)
	for i, b := range packed[4:20] {
		numbers[i] = int(b&15) | int(high>>i&1)<<4
		numbers[i+16] = int(b>>4) | int(high>>(i+16)&1)<<4
	}
	return numbers
}

// decodeQ50: scale, 32 five-bit numbers less 16.
func decodeQ50(block []byte, to []float32) {
	scale := half(block)
	for i, n := range fiveBits(block[2:]) {
		to[i] = scale * float32(n-16)
	}
}

// decodeQ51: scale, minimum, 32 five-bit numbers.
func decodeQ51(block []byte, to []float32) {
	scale, least := half(block), half(block[2:])
	for i, n := range fiveBits(block[4:]) {
		to[i] = float32(scale*float32(n)) + least
	}
}

// scalesAndMinima unpacks the eight six-bit scales and eight six-bit minima of Q4_K and Q5_K: the
// first four of each are bytes' low six bits, the others four bits of their own and the two bits
// that the first left free.
func scalesAndMinima(packed []byte) (scales, minima [8]float32) {
	for i := range 4 {
		scales[i], minima[i] = float32(packed[i]&63), float32(packed[i+4]&63)
		scales[i+4] = float32(packed[i+8]&15 | packed[i]>>6<<4)
		minima[i+4] = float32(packed[i+8]>>4 | packed[i+4]>>6<<4)
	}
	return scales, minima
}

// decodeQ4K: scale and minimum of the eight groups' scales and minima, then 256 four-bit numbers;
// of each 32 bytes the low halves are one group and the high halves the next.
func decodeQ4K(block []byte, to []float32) { decodeK(block, nil, block[16:], to) }

// decodeQ5K: as decodeQ4K, with fifth bits: bit g of 32 bytes belongs to group g.
func decodeQ5K(block []byte, to []float32) { decodeK(block, block[16:48], block[48:], to) }

func decodeK(block, fifth, packed []byte, to []float32) {
	scale, least := half(block), half(block[2:])
	scales, minima := scalesAndMinima(block[4:16])
	for group := range 8 {
		s, m := scale*scales[group], least*minima[group]
		for i := range 32 {
			n := packed[group/2*32+i] >> (group % 2 * 4) & 15
			if fifth != nil {
				n |= fifth[i] >> group & 1 << 4
			}
			to[group*32+i] = float32(s*float32(n)) - m
		}
	}
}

// decodeQ6K: 256 six-bit numbers less 32 as low four bits (128 bytes) and high two (64), 16 int8
// scales of 16 numbers each, and the scales' scale. Each half of the block has 64 bytes of low
// bits, of which the low halves are its first 64 numbers, and 32 bytes of high bits, of which each
// two bits are 32 numbers.
func decodeQ6K(block []byte, to []float32) {
	low, high, scales, scale := block[:128], block[128:192], block[192:208], half(block[208:])
	for i := range to {
		part, j := i/128, i%128
		n := low[part*64+j%64]>>(j/64*4)&15 | high[part*32+j%32]>>(j/32*2)&3<<4
		to[i] = float32(scale*float32(int8(scales[i/16]))) * float32(int(n)-32)
	}
}
