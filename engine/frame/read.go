package frame

import (
	"encoding/hex"
	"math"
	"runtime"
	"strconv"
	"strings"
)

// Valid returns the validity bitmap, least significant bit first, or nil when
// nothing is missing. The rule for raw slices holds: see Pin. A Bad column has
// none, though all is missing.
func (c *Column) Valid() []byte { return c.valid }

// Missing reports whether row i is missing.
func (c *Column) Missing(i int) bool {
	missing := c.dtype == None || !has(c.valid, i)
	runtime.KeepAlive(c)
	return missing
}

// Float returns row i as a number: numbers themselves, times in milliseconds,
// codes of categories. It is NaN where missing and for text and UUIDs.
func (c *Column) Float(i int) float64 {
	defer runtime.KeepAlive(c)
	switch v := c.values.(type) {
	case []int8:
		return number(v[i], c.low8())
	case []int16:
		return number(v[i], c.low16())
	case []int32:
		return number(v[i], c.low32())
	case []int64:
		return number(v[i], MissingI64)
	case []float32:
		return float64(v[i])
	case []float64:
		return v[i]
	}
	return math.NaN()
}

// Code returns the category code of row i, -1 where missing and for other kinds.
func (c *Column) Code(i int) int {
	if c.kind != Enum {
		return -1
	}
	defer runtime.KeepAlive(c)
	switch v := c.values.(type) {
	case []int8:
		return int(v[i])
	case []int16:
		return int(v[i])
	case []int32:
		return int(v[i])
	}
	return -1
}

// Bytes returns the text of row i of a String column without a copy; nil where
// missing and for other kinds. The column must stay reachable while the bytes
// are used, and the caller must not change them.
func (c *Column) Bytes(i int) []byte {
	if c.kind != String || !has(c.valid, i) {
		return nil
	}
	defer runtime.KeepAlive(c)
	text := c.values.([]byte)
	lo, hi := c.offs[i], c.offs[i+1]
	if lo < 0 || hi < lo || hi > int64(len(text)) {
		return nil // Why: a file's offsets are not checked when it is opened
	}
	return text[lo:hi:hi]
}

// Text returns row i as text: text itself, the level of a category, a UUID in
// upper-case hexadecimal, a number in its shortest form, a time in milliseconds.
// It is empty where missing.
func (c *Column) Text(i int) string {
	if c.Missing(i) {
		return ""
	}
	defer runtime.KeepAlive(c)
	switch c.kind {
	case Enum:
		if k := c.Code(i); k >= 0 && k < len(c.domain) {
			return c.domain[k]
		}
		return ""
	case String:
		return string(c.Bytes(i))
	case UUID:
		return uuidText(c.values.([]byte)[16*i : 16*i+16])
	}
	switch v := c.values.(type) {
	case []int64:
		return strconv.FormatInt(v[i], 10)
	case []float32:
		return shortest(float64(v[i]), 32)
	}
	return shortest(c.Float(i), 64)
}

// uuidText writes 16 bytes in groups of 8-4-4-4-12 digits.
func uuidText(b []byte) string {
	s := strings.ToUpper(hex.EncodeToString(b))
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// shortest writes the fewest digits that read back as x, with an exponent only
// for very large and very small magnitudes.
func shortest(x float64, bits int) string {
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(x, 'e', -1, bits)
	}
	return strconv.FormatFloat(x, 'f', -1, bits)
}

// The sentinels of this column's narrow integers: codes have -1.
func (c *Column) low8() int8   { return int8(c.low(MissingI8)) }
func (c *Column) low16() int16 { return int16(c.low(MissingI16)) }
func (c *Column) low32() int32 { return int32(c.low(MissingI32)) }

func (c *Column) low(least int) int {
	if c.kind == Enum {
		return -1
	}
	return least
}

func number[T int8 | int16 | int32 | int64](x, low T) float64 {
	if x == low {
		return math.NaN()
	}
	return float64(x)
}
