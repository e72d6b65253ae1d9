package frame

import (
	"math"
	"runtime"
)

// Floats writes rows [lo, hi) as numbers (see Float) to dst, which is replaced by
// a longer slice when it is shorter than hi-lo, and returns the hi-lo numbers.
func (c *Column) Floats(lo, hi int, dst []float64) []float64 {
	dst = sized(dst, hi-lo)
	switch v := c.values.(type) {
	case []int8:
		widen(dst, v[lo:hi], c.low8())
	case []int16:
		widen(dst, v[lo:hi], c.low16())
	case []int32:
		widen(dst, v[lo:hi], c.low32())
	case []int64:
		widen(dst, v[lo:hi], MissingI64)
	case []float32:
		for i, x := range v[lo:hi] {
			dst[i] = float64(x)
		}
	case []float64:
		copy(dst, v[lo:hi])
	default:
		for i := range dst {
			dst[i] = math.NaN()
		}
	}
	runtime.KeepAlive(c)
	return dst
}

func widen[T int8 | int16 | int32 | int64](dst []float64, v []T, low T) {
	dst = dst[:len(v)]
	for i, x := range v {
		f := float64(x)
		if x == low {
			f = math.NaN()
		}
		dst[i] = f
	}
}

// Codes writes the codes of rows [lo, hi) of a category column to dst, which is
// replaced by a longer slice when it is shorter than hi-lo, and returns the hi-lo
// codes; -1 is missing. For other kinds all are -1.
func (c *Column) Codes(lo, hi int, dst []int32) []int32 {
	dst = sized(dst, hi-lo)
	if c.kind != Enum {
		for i := range dst {
			dst[i] = -1
		}
		return dst
	}
	switch v := c.values.(type) {
	case []int8:
		for i, x := range v[lo:hi] {
			dst[i] = int32(x)
		}
	case []int16:
		for i, x := range v[lo:hi] {
			dst[i] = int32(x)
		}
	case []int32:
		copy(dst, v[lo:hi])
	}
	runtime.KeepAlive(c)
	return dst
}

func sized[T any](dst []T, n int) []T {
	if cap(dst) < n {
		return make([]T, n)
	}
	return dst[:n]
}
