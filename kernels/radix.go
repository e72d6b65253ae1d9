package kernels

import "math"

// radixSort sorts keys by bits [lo, hi), keeping the order of equal ones; tmp is
// scratch of the same length. The result is in the slice that is returned, the
// other one of the two is scratch afterwards.
func radixSort(keys, tmp []uint64, lo, hi uint) []uint64 {
	for ; lo < hi; lo += 8 {
		var at [256]int
		for _, k := range keys {
			at[uint8(k>>lo)]++
		}
		if len(keys) > 0 && at[uint8(keys[0]>>lo)] == len(keys) {
			continue // one digit only
		}
		sum := 0
		for d, n := range at {
			at[d] = sum
			sum += n
		}
		for _, k := range keys {
			d := uint8(k >> lo)
			tmp[at[d]] = k
			at[d]++
		}
		keys, tmp = tmp, keys
	}
	return keys
}

// order64 maps floats to integers that compare as the floats do.
func order64(v float64) uint64 {
	b := math.Float64bits(v)
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

// value64 is the inverse of order64.
func value64(k uint64) float64 {
	return math.Float64frombits(k ^ (^uint64(int64(k)>>63) | 1<<63))
}

// order32 is order64 for float32.
func order32(v float32) uint32 {
	b := math.Float32bits(v)
	return b ^ (uint32(int32(b)>>31) | 1<<31)
}
