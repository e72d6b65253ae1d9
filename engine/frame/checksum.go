package frame

import (
	"math"
	"math/bits"
	"runtime"

	"github.com/geyser-ml/geyser/kernels/par"
)

// Checksum returns a hash of names, kinds, levels and values. It does not depend
// on where or how widely the values are stored, nor on the threads. It is computed
// on the first call.
func (f *Frame) Checksum() int64 {
	f.sum.once.Do(func() {
		h := mix(seed, uint64(f.rows))
		for i, c := range f.cols {
			h = mix(hashText(h, f.names[i]), c.hash())
		}
		f.sum.value = int64(h)
	})
	return f.sum.value
}

// Odd constants with about as many ones as zeros.
const (
	seed  = 0x9e3779b97f4a7c15
	prime = 0xd6e8feb86659fd93
)

// mix folds x into h: the two halves of a 128-bit product.
func mix(h, x uint64) uint64 {
	hi, lo := bits.Mul64(h^x^seed, prime)
	return hi ^ lo
}

func hashText[T string | []byte](h uint64, s T) uint64 {
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 0x100000001b3 // FNV-1a step
	}
	return mix(h, uint64(len(s)))
}

// hash covers kind, levels and values of a column; chunks are joined in row order.
func (c *Column) hash() uint64 {
	h := mix(seed, uint64(c.kind))
	for _, level := range c.domain {
		h = hashText(h, level)
	}
	for _, part := range par.Map(0, c.n, par.Rows, func(_, lo, hi int) uint64 { return c.hashRows(lo, hi) }) {
		h = mix(h, part)
	}
	runtime.KeepAlive(c)
	return h
}

// absent stands for a missing value.
const absent = 0x7ff8_6765_7973_6572

func (c *Column) hashRows(lo, hi int) uint64 {
	h := uint64(hi - lo)
	switch v := c.values.(type) {
	case []int8:
		return hashInts(h, v[lo:hi], c.low8())
	case []int16:
		return hashInts(h, v[lo:hi], c.low16())
	case []int32:
		return hashInts(h, v[lo:hi], c.low32())
	case []int64:
		return hashInts(h, v[lo:hi], MissingI64)
	case []float32:
		return hashFloats(h, v[lo:hi])
	case []float64:
		return hashFloats(h, v[lo:hi])
	case []byte:
		for i := lo; i < hi; i++ {
			switch {
			case !has(c.valid, i):
				h = mix(h, absent)
			case c.dtype == U128:
				h = hashText(h, v[16*i:16*i+16])
			default:
				h = hashText(h, c.Bytes(i))
			}
		}
	}
	return h
}

func hashInts[T int8 | int16 | int32 | int64](h uint64, v []T, low T) uint64 {
	for _, x := range v {
		if x == low {
			h = mix(h, absent)
		} else {
			h = mix(h, math.Float64bits(float64(x)))
		}
	}
	return h
}

func hashFloats[T float32 | float64](h uint64, v []T) uint64 {
	for _, x := range v {
		switch {
		case x != x:
			h = mix(h, absent)
		case x == 0: // both zeros are one number
			h = mix(h, 0)
		default:
			h = mix(h, math.Float64bits(float64(x)))
		}
	}
	return h
}
