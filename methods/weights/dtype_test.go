package weights

import (
	"math"
	"testing"
)

func TestEveryHalfIsExact(t *testing.T) {
	for h := range 1 << 16 {
		sign, exponent, mantissa := 1.0, h>>10&31, float64(h&1023)
		if h>>15 == 1 {
			sign = -1
		}
		want := math.Ldexp(1+mantissa/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(mantissa, -24)
		case exponent == 31 && mantissa == 0:
			want = math.Inf(1)
		case exponent == 31:
			want = math.NaN()
		}
		got := float64(float16ToFloat32(uint16(h)))
		if want != want {
			if got == got {
				t.Fatalf("%#04x: got %v, want NaN", h, got)
			}
		} else if got != sign*want || math.Signbit(got) != (sign < 0) {
			t.Fatalf("%#04x: got %v, want %v", h, got, sign*want)
		}
	}
}

func TestBFloat16RoundsToNearestEven(t *testing.T) {
	for in, want := range map[uint32]uint16{
		0x3f800000: 0x3f80, 0x3f807fff: 0x3f80, 0x3f808000: 0x3f80, 0x3f808001: 0x3f81, 0x3f818000: 0x3f82,
		0x7f7fffff: 0x7f80, 0x80000001: 0x8000, 0x00018000: 0x0002, 0x7f800000: 0x7f80, 0xff800000: 0xff80,
		0x7f800001: 0x7fc0, 0xffc00000: 0xffc0,
	} {
		if got := uint16(RoundToHalf(math.Float32frombits(in))); got != want {
			t.Errorf("%#08x: got %#04x, want %#04x", in, got, want)
		}
	}
	for b := range 1 << 16 { // what is a BF16 stays what it is
		f := math.Float32frombits(uint32(b) << 16)
		if f == f && uint16(RoundToHalf(f)) != uint16(b) {
			t.Fatalf("%#04x changed", b)
		}
	}
}
