package datasets

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// supported says whether the values of all leaves below a node can be read.
func supported(node *parquet.Column) error {
	unread := fieldsOnce(node)
	eachLeaf(node, func(leaf *parquet.Column) {
		logical := leaf.Type().LogicalType()
		if logical == nil {
			return
		}
		switch logical.Value.(type) {
		case *format.BsonType, *format.VariantType, *format.GeometryType, *format.GeographyType:
			unread = fmt.Errorf("values of type %s are not supported", typeName(leaf))
		}
	})
	return unread
}

// fieldsOnce says which field of a struct stands in it twice.
func fieldsOnce(node *parquet.Column) error {
	seen := map[string]bool{}
	for _, child := range node.Columns() {
		if seen[child.Name()] {
			return fmt.Errorf("two fields of %s are named %s: rename one", node.Name(), child.Name())
		}
		seen[child.Name()] = true
		if err := fieldsOnce(child); err != nil {
			return err
		}
	}
	return nil
}

// convert makes a leaf's value one of the types of Row.
func convert(leaf *parquet.Column, v parquet.Value) (any, error) {
	if logical := leaf.Type().LogicalType(); logical != nil {
		switch t := logical.Value.(type) {
		case *format.DecimalType:
			return decimal(v, int(t.Scale)), nil
		case *format.DateType:
			return time.Unix(int64(v.Int32())*86400, 0).UTC().Format(time.DateOnly), nil
		case *format.TimestampType:
			return stamp(v.Int64(), t.Unit, t.IsAdjustedToUTC), nil
		case *format.TimeType:
			n := v.Int64()
			if v.Kind() == parquet.Int32 {
				n = int64(v.Int32())
			}
			return instant(n, t.Unit).Format("15:04:05.999999999"), nil
		case *format.IntType:
			if !t.IsSigned {
				return unsigned(v)
			}
		case *format.UUIDType:
			if b := v.ByteArray(); len(b) == 16 {
				return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
			}
		}
	}
	switch v.Kind() {
	case parquet.Boolean:
		return v.Boolean(), nil
	case parquet.Int32:
		return int64(v.Int32()), nil
	case parquet.Int64:
		return v.Int64(), nil
	case parquet.Float:
		return float(decimalOf(float64(v.Float()), func(s string) bool {
			x, err := strconv.ParseFloat(s, 32)
			return err == nil && float32(x) == v.Float()
		})), nil
	case parquet.Double:
		return float(v.Double()), nil
	case parquet.ByteArray, parquet.FixedLenByteArray:
		if b := v.ByteArray(); !utf8.Valid(b) {
			if isLogical[*format.StringType](leaf) {
				return nil, fmt.Errorf("a text is not UTF-8: %q", b[:min(len(b), 40)])
			}
			return hex.EncodeToString(b), nil
		}
		return string(v.ByteArray()), nil
	case parquet.Int96: // nanoseconds of the day and Julian day, of old Hive and Spark
		i := v.Int96()
		nanoseconds := int64(i[1])<<32 | int64(i[0])
		return time.Unix((int64(i[2])-2440588)*86400, nanoseconds).UTC().Format(time.RFC3339Nano), nil
	}
	return nil, fmt.Errorf("values of kind %s are not supported", v.Kind())
}

// float is a number of a column, nil for NaN: what pandas writes where a value is missing.
func float(x float64) any {
	if math.IsNaN(x) {
		return nil
	}
	return x
}

// decimalOf is the number whose decimal notation is the shortest that reads back as x in a format
// of fewer bits, so that 0.1 in 32 bits is 0.1 and not 0.10000000149. Whole numbers that such a
// format counts one by one stay what they are.
func decimalOf(x float64, readsBack func(decimal string) bool) float64 {
	if math.IsInf(x, 0) || math.IsNaN(x) || x == math.Trunc(x) && math.Abs(x) < 1<<24 {
		return x
	}
	for digits := 1; digits <= 9; digits++ {
		if s := strconv.FormatFloat(x, 'g', digits, 64); readsBack(s) {
			x, _ := strconv.ParseFloat(s, 64)
			return x
		}
	}
	return x
}

func unsigned(v parquet.Value) (any, error) {
	if v.Kind() == parquet.Int32 {
		return int64(v.Uint32()), nil
	}
	if n := v.Uint64(); n <= math.MaxInt64 {
		return int64(n), nil
	}
	return nil, fmt.Errorf("%d is above the largest whole number that can be read, %d", v.Uint64(), int64(math.MaxInt64))
}

func decimal(v parquet.Value, scale int) string {
	n := new(big.Int)
	switch v.Kind() {
	case parquet.Int32:
		n.SetInt64(int64(v.Int32()))
	case parquet.Int64:
		n.SetInt64(v.Int64())
	default: // big-endian two's complement
		b := v.ByteArray()
		n.SetBytes(b)
		if len(b) > 0 && b[0] >= 0x80 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	}
	digits, sign := new(big.Int).Abs(n).String(), ""
	if n.Sign() < 0 {
		sign = "-"
	}
	if scale <= 0 {
		return sign + digits
	}
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale-len(digits)+1) + digits
	}
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

func stamp(n int64, unit format.TimeUnit, utc bool) string {
	if t := instant(n, unit); utc {
		return t.Format(time.RFC3339Nano)
	} else {
		return t.Format("2006-01-02T15:04:05.999999999")
	}
}

func instant(n int64, unit format.TimeUnit) time.Time {
	switch unit.Value.(type) {
	case *format.MilliSeconds:
		return time.UnixMilli(n).UTC()
	case *format.MicroSeconds:
		return time.UnixMicro(n).UTC()
	}
	return time.Unix(0, n).UTC()
}

// half converts IEEE 754 binary16.
func half(bits uint16) float64 {
	x := halfValue(bits)
	return decimalOf(x, func(decimal string) bool {
		y, err := strconv.ParseFloat(decimal, 64)
		return err == nil && math.Abs(y-x) < halfSpacing(bits)/2
	})
}

func halfValue(bits uint16) float64 {
	sign, exponent, fraction := 1.0, int(bits>>10&31), float64(bits&1023)
	if bits>>15 == 1 {
		sign = -1
	}
	switch {
	case exponent == 31 && fraction == 0:
		return math.Inf(int(sign))
	case exponent == 31:
		return math.NaN()
	case exponent == 0:
		return sign * math.Ldexp(fraction, -24)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// halfSpacing is the distance of a half float to the nearest other one.
func halfSpacing(bits uint16) float64 {
	exponent := max(int(bits>>10&31), 1)
	if bits&1023 == 0 && exponent > 1 {
		exponent-- // the numbers below a power of two lie closer
	}
	return math.Ldexp(1, exponent-25)
}
