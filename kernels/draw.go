package kernels

import "math/bits"

// Purpose keeps the random draws of different uses apart.
type Purpose uint64

// Purposes of draws inside this package; callers take theirs from FreePurpose on.
const (
	purposeRound Purpose = iota + 1 // rounding of derivatives, by row
	purposeSplit                    // columns of a node, by path
	purposePlace                    // split of a node of an isolation tree, by path

	FreePurpose Purpose = 1 << 16
)

const golden = 0x9E3779B97F4A7C15

// Draw returns 64 random bits that depend on nothing but its arguments: any
// order of calls, thread or tier sees the same. The function is the finaliser
// of SplitMix64 over a chain of the arguments.
// Ref: Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators.
func Draw(seed, tree uint64, purpose Purpose, index uint64) uint64 {
	return drawAt(drawKey(seed, tree, purpose), index)
}

// drawKey is the part of Draw that does not depend on the index.
func drawKey(seed, tree uint64, purpose Purpose) uint64 {
	return mix64(mix64(mix64(seed+golden)+tree) ^ uint64(purpose)*golden)
}

func drawAt(key, index uint64) uint64 { return mix64(key + golden*(index+1)) }

func mix64(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// drawRow returns 32 random bits for a row; key is the low half of a drawKey.
// Why: two 32-bit multiplications, because vector units have no 64-bit ones.
// Ref: Wellons 2018, hash prospector, the two-round 32-bit mixer of least bias.
func drawRow(key, row uint32) uint32 {
	z := row ^ key
	z = (z ^ z>>16) * 0x7FEB352D
	z = (z ^ z>>15) * 0x846CA68B
	return z ^ z>>16
}

// drawFeatures picks k of the m numbers below m, without replacement, and sets
// in[i] for each: the first k steps of a Fisher-Yates shuffle whose step i takes
// place i + draw(i) mod (m-i), by the high half of a product. order is scratch
// of length m.
func drawFeatures(key uint64, k int, order []int32, in []bool) {
	m := len(order)
	for i := range order {
		order[i] = int32(i)
		in[i] = false
	}
	for i := range k {
		hi, _ := bits.Mul64(drawAt(key, uint64(i)), uint64(m-i))
		j := i + int(hi)
		order[i], order[j] = order[j], order[i]
		in[order[i]] = true
	}
}
