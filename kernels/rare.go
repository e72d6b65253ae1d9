package kernels

import (
	"math"
	"sync"

	"github.com/geyser-ml/geyser/kernels/par"
)

// In a small node most levels of a large categorical have a handful of rows, and
// their G/H is noise: sorted by it, they would be sent to the side that fits what
// they happen to hold, and the gain of that is a fiction. So levels that tell less
// than a fifth of what they seem to are pooled: they stand as one level, with their
// common sums.
//
// How much the means of levels really differ is estimated from the node itself, as
// in a one-way analysis of variance with random effects. With H_l and G_l of L
// levels and r_l = G_l/H_l, and phi the variance of a derivative of weight H = 1,
//
//	Q = Σ G_l r_l - (Σ G_l)²/Σ H_l           phi (L-1) expected if levels are all alike
//	v = (Q/phi - (L-1)) / (Σ H_l - Σ H_l²/Σ H_l)        their variance, in units of phi
//
// and a level's mean is reliable by the share H_l v/(1 + H_l v). It is pooled when
// H_l v is below noiseShare, and always when v is not positive.
//
// phi belongs to the tree where the loss is bounded (its H is the variance of G but
// for one factor): Σ g²/Σ h of the sample. Elsewhere it is that within the levels of
// the node:
//
//	phi = (Σ g² · W/H - Σ G_l r_l) / (W - L)     of the rows that are not missing
//
// Ref: DerSimonian and Laird 1986, eq. 8 (the moment estimate of v).
const noiseShare = 0.25

// noise is what a node must know of its rows to weigh levels.
type noise struct {
	phi     float64 // of the tree; 0 where the node's levels tell it
	squares float64 // Σ g²/w of the node's rows
}

// limit returns the H below which a level of the feature that is loaded is pooled.
// ratios must be those of vals.
func (s *finder) limit() float64 {
	levels := float64(len(s.vals))
	if levels < 3 {
		return 0
	}
	var q, sumG, sumH, sumHH float64
	var w int64
	for i := range s.vals {
		g, h := float64(s.vals[i].g)*s.format.g, float64(s.vals[i].h)*s.format.h
		q += float64(g * s.ratios[i])
		sumG += g
		sumH += h
		sumHH += float64(h * h)
		w += s.vals[i].w
	}
	if !(sumH > 0) {
		return 0
	}
	phi := s.noise.phi
	if phi == 0 {
		all, some := float64(s.total.w)*s.format.w, float64(w)*s.format.w
		squares := s.noise.squares * all / (float64(s.total.h) * s.format.h) // of weight H = 1
		if free := some - levels; free > 0 {
			phi = (float64(squares*(some/all)) - q) / free
		} else {
			phi = squares / all
		}
		if !(phi > 0) {
			return 0
		}
	}
	excess := (q-float64(sumG*sumG)/sumH)/phi - (levels - 1)
	if !(excess > 0) {
		return math.Inf(1)
	}
	return noiseShare * (sumH - sumHH/sumH) / excess
}

// square is an exact sum of squares of 32-bit numbers.
type square struct{ high, low uint64 }

func (s *square) add(v uint64) { s.high += v >> 32; s.low += v & math.MaxUint32 }

func (s square) value(unit float64) float64 {
	return (float64(s.high)*0x1p32 + float64(s.low)) * unit
}

// squareOf returns g²/w of a row in units of the format, rounded down.
func (f *format) squareOf(a, b uint64) uint64 {
	g := int64(a) >> 32
	if f.narrow {
		g = int64(a) >> 48
	}
	v := uint64(g * g)
	if f.lanes > 2 {
		v /= max(1, b&math.MaxUint32)
	}
	return v
}

// squareUnit is the value of one unit of squareOf.
func (f *format) squareUnit() float64 {
	if f.lanes > 2 {
		return f.g * f.g / f.w
	}
	return f.g * f.g
}

// squares returns Σ g²/w of rows.
func (f *format) squares(rows rowSet) (s square) {
	for i, a := range rows.a {
		b := uint64(0)
		if rows.b != nil {
			b = rows.b[i]
		}
		s.add(f.squareOf(a, b))
	}
	return s
}

// weighLevels says whether splits of categoricals have levels to weigh.
func (g *goGrower) weighLevels() bool {
	if g.cfg.Random {
		return false
	}
	for i := range g.bins.feats {
		if f := &g.bins.feats[i]; f.levels > 0 && f.bins > 3 {
			return true
		}
	}
	return false
}

// measureNoise sets what nodes must know of their rows to weigh levels.
func (g *goGrower) measureNoise(ids []int32) error {
	sums, err := g.stage.squares(ids)
	if err != nil {
		return err
	}
	for i, id := range ids {
		n := &g.nodes[id]
		n.noise.squares = sums[i].value(g.quant.squareUnit())
		if g.cfg.Bounded && n.Sum.H > 0 { // the root; its children inherit it
			n.noise.phi = n.noise.squares / n.Sum.H
		}
	}
	return nil
}

// squaresOf is stage.squares in host memory.
func (g *goGrower) squaresOf(ids []int32) []square {
	type item struct{ at, lo, hi int }
	var items []item
	for i, id := range ids {
		n := &g.nodes[id]
		for lo := n.lo; lo < n.lo+n.rows; lo += itemRows {
			items = append(items, item{i, lo, min(lo+itemRows, n.lo+n.rows)})
		}
	}
	sums := make([]square, len(ids))
	var mu sync.Mutex
	par.Do(g.threads, len(items), func(i int) {
		it := items[i]
		s := g.loops.squares(&g.quant.format, g.rows[g.nodes[ids[it.at]].side].slice(it.lo, it.hi))
		mu.Lock()
		sums[it.at].high += s.high
		sums[it.at].low += s.low
		mu.Unlock()
	})
	return sums
}
