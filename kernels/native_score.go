//go:build cgo && amd64

package kernels

import (
	"math"
	"unsafe"

	"github.com/geyser-ml/geyser/cgo/native"
)

func (l nativeLoops) places16(cuts []uint64, x []float64, out []uint16, base, none uint16) bool {
	l.c.Places16(cuts, x, out, base, none)
	return hasNaN(x)
}

func (l nativeLoops) places32(cuts []uint64, x []float64, out []uint32, base, none uint32) bool {
	if len(x) < 16 { // not worth the way to C
		return places(cuts, x, out, base, none)
	}
	l.c.Places32(cuts, x, out, base, none)
	return hasNaN(x)
}

func hasNaN(x []float64) bool {
	for _, v := range x {
		if v != v {
			return true
		}
	}
	return false
}

func (l nativeLoops) walk(c *ranked, b *rankBlock, n, at int, out [][]float64) {
	if need := len(out) * rankRows; len(b.sums) < need {
		b.sums = make([]float64, need)
	}
	for k := range out {
		copy(b.sums[k*rankRows:], out[k][at:at+n])
	}
	trees := unsafe.Slice((*native.Tree)(unsafe.Pointer(unsafe.SliceData(c.trees))), len(c.trees))
	c.once.Do(c.shorten)
	if c.short != nil && len(b.short) < len(b.ranks) {
		b.short = make([]uint16, len(b.ranks))
	}
	switch {
	case c.short != nil && c.numbers:
		l.c.WalkNumbers(c.short, c.value, trees, b.ranks, len(c.columns), c.columns[0].none, b.short, b.sums, n)
	case c.short != nil:
		l.c.WalkShort(c.short, c.bits, c.value, trees, b.ranks, len(c.columns), b.short, b.sums, n)
	default:
		steps := unsafe.Slice((*native.Step)(unsafe.Pointer(unsafe.SliceData(c.nodes))), len(c.nodes))
		l.c.Walk(steps, c.bits, c.value, trees, b.ranks, b.sums, n)
	}
	for k := range out {
		copy(out[k][at:at+n], b.sums[k*rankRows:])
	}
}

// shorten makes the nodes as WalkNumbers takes them, or else as WalkShort does; none
// where they do not fit.
func (c *ranked) shorten() {
	numbers := len(c.columns)*rankRows <= math.MaxUint16+1
	for _, col := range c.columns {
		if col.levels > math.MaxUint16 || col.none > math.MaxUint16 {
			return
		}
		numbers = numbers && !col.set
	}
	k := uint64(c.columns[0].none) / 2
	out := make([]uint64, len(c.nodes))
	for t := range c.trees {
		lo, hi := c.trees[t].root, uint32(len(c.nodes))
		if t+1 < len(c.trees) {
			hi = c.trees[t+1].root
		}
		for i := lo; i < hi; i++ {
			n := c.nodes[i]
			next, column := n.next-lo, n.at/rankRows
			switch {
			case n.off > math.MaxUint32 || next > math.MaxUint16 || column > math.MaxUint16:
				return
			case !numbers:
				out[i] = n.off | uint64(next)<<32 | uint64(column)<<48
			case n.next == i: // a leaf
				out[i] = uint64(next) << 16
			case n.off < k: // missing left
				out[i] = (math.MaxUint16 - (k - 1 - n.off)) | uint64(next)<<16 | 1<<32 | uint64(n.at)<<48
			default:
				out[i] = (math.MaxUint16 - (4*k - 1 - n.off)) | uint64(next)<<16 | uint64(n.at)<<48
			}
		}
	}
	c.short, c.numbers = out, numbers
}
