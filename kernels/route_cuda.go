//go:build cuda

package kernels

import "math"

// deviceRoute is what a node does with a row; route.h has the same.
type deviceRoute struct {
	left int32  // the left child, -1 for a leaf
	how  uint32 // shift of the column, and flags
	what uint64 // value of a leaf; column and last bin to the left, or first word of its set
}

const (
	routeWide    = 32
	routeSet     = 64
	routeMissing = 128
)

// leafRoute is the route of a leaf.
func leafRoute(value float64) deviceRoute {
	return deviceRoute{left: -1, what: math.Float64bits(value)}
}

// routeOf returns the route of a node that has a split, and appends its set to sets.
func (d *deviceStage) routeOf(n *growNode, sets *[]uint64) deviceRoute {
	f, s := d.table()[n.split.Feature], &n.split
	r := deviceRoute{left: n.left, how: uint32(f.shift)}
	if f.kind == 1 {
		r.how |= routeWide
	}
	if s.MissingLeft {
		r.how |= routeMissing
	}
	at := uint32(max(s.Bin, 0))
	if s.Set != nil {
		r.how |= routeSet
		at = uint32(len(*sets))
		*sets = append(*sets, s.Set...)
	}
	r.what = uint64(f.index)<<32 | uint64(at)
	return r
}
