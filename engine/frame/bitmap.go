package frame

import (
	"math/bits"

	"github.com/geyser-ml/geyser/kernels/par"
)

// Validity bitmaps: bit i%8 of byte i/8 is set where row i has a value. Bits at
// and beyond the number of rows are zero.

// has reports whether row i has a value; a nil bitmap means that all have.
func has(valid []byte, i int) bool { return valid == nil || valid[i>>3]>>(i&7)&1 != 0 }

// bitmapLen returns the bytes of a bitmap of n rows.
func bitmapLen(n int) int { return (n + 7) / 8 }

// bitmap builds the bitmap of n rows, nil when none is missing.
func bitmap(n int, missing func(i int) bool) []byte {
	valid := make([]byte, bitmapLen(n))
	lost := par.Map(0, n, par.Rows, func(_, lo, hi int) int {
		k := 0
		for i := lo; i < hi; i++ {
			if missing(i) {
				k++
			} else {
				valid[i>>3] |= 1 << (i & 7)
			}
		}
		return k
	})
	for _, k := range lost {
		if k > 0 {
			return valid
		}
	}
	return nil
}

// bitsOf is bitmap for integers and codes of which low is missing.
func bitsOf[T int8 | int16 | int32 | int64](v []T, low T) []byte {
	lost := 0
	for _, x := range v {
		if x == low {
			lost++
		}
	}
	if lost == 0 {
		return nil
	}
	return bitmap(len(v), func(i int) bool { return v[i] == low })
}

// setBits sets the first n bits and clears the rest.
func setBits(valid []byte, n int) {
	for i := range valid {
		valid[i] = 0xff
	}
	if n&7 != 0 {
		valid[n>>3] = 1<<(n&7) - 1
	}
}

// ones counts the set bits.
func ones(valid []byte) int64 {
	n := 0
	for _, b := range valid {
		n += bits.OnesCount8(b)
	}
	return int64(n)
}

// cutBits returns the bitmap of rows [lo, hi), sharing memory where lo is a
// multiple of 8 and the last byte holds no further rows.
func cutBits(valid []byte, lo, hi int) []byte {
	if valid == nil {
		return nil
	}
	n := hi - lo
	if lo&7 == 0 && (n&7 == 0 || hi>>3 >= len(valid) || valid[hi>>3]>>(hi&7) == 0) {
		return valid[lo>>3 : lo>>3+bitmapLen(n)]
	}
	out := make([]byte, bitmapLen(n))
	for i := range n {
		if has(valid, lo+i) {
			out[i>>3] |= 1 << (i & 7)
		}
	}
	return out
}
