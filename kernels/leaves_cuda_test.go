//go:build cuda

package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// leafTree grows a tree on the host and puts its rows on the device.
func leafTree(t *testing.T, b *cudaBackend, c *growCase) (*goGrower, *deviceStage, Subtree) {
	t.Helper()
	host := newGo(1)
	bins, err := host.Quantize(c.cols, c.opt)
	check(t, err)
	made, err := host.NewGrower(bins, c.cfg)
	check(t, err)
	root, err := made.Begin(c.in)
	check(t, err)
	tree := growLevels(t, made, root)
	g := made.(*goGrower)
	var lists [2][]uint32
	for side := range lists {
		for _, a := range g.rows[side].a {
			lists[side] = append(lists[side], uint32(a))
		}
	}
	d := stageFor(t, b, g.bins, formatRows{}, lists)
	d.g = g
	return g, d, tree
}

// TestDeviceLeaves: scores of rows in the sample and outside, to the bit.
func TestDeviceLeaves(t *testing.T) {
	b := openDeviceTier(t)
	r := rand.New(rand.NewPCG(81, 82))
	for _, n := range []int{1, 33, 1023, 1025, 3000} {
		for kind, change := range map[string]func(*growCase){
			"all": func(*growCase) {},
			"sample": func(c *growCase) {
				s := make([]uint8, n)
				for i := range s {
					s[i] = uint8(r.IntN(2))
				}
				c.in.InSample = NewBuffer(s)
			},
			"weights": func(c *growCase) {
				w := make([]float32, n)
				for i := range w {
					w[i] = float32(r.IntN(3))
				}
				w[0] = 1e-30 // counts, though it has no unit
				c.cfg.Weights = NewBuffer(w)
			},
			"nothing sampled": func(c *growCase) { c.in.InSample = MakeBuffer[uint8](n) },
			"root only":       func(c *growCase) { c.cfg.MaxDepth = 0 },
			"deep":            func(c *growCase) { c.cfg.MaxDepth = 40; c.cfg.MinRows = 1 },
		} {
			c := growCase{cols: append(mixedCols(r, n, 0.1), awkward(r, n)...), opt: BinOptions{Bins: 400}, cfg: GrowerConfig{MinRows: 1, MaxDepth: 6}}
			c.in.G, c.in.H = derivatives(r, n, func() float64 { return 1 })
			change(&c)
			g, d, tree := leafTree(t, b, &c)
			var values []LeafValue
			for _, s := range tree.Splits {
				if s.Feature < 0 {
					values = append(values, LeafValue{s.Node, float32(r.NormFloat64())})
				}
			}
			for _, which := range []Which{AllRows, OutsideRows} {
				for _, some := range []bool{false, true} {
					v := values
					if some { // others add nothing
						r.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
						v = v[:len(v)/2]
					}
					scores := make([]float64, n)
					for i := range scores {
						scores[i] = r.NormFloat64() * math.Pow(2, float64(r.IntN(60)-30))
						if i%7 == 0 {
							scores[i] = math.Copysign(0, -1)
						}
					}
					want, got := NewBuffer(slices.Clone(scores)), NewBuffer(slices.Clone(scores))
					g.addLeaves(v, want, which)
					check(t, d.leaves(v, got, which))
					if i := slices.IndexFunc(got.Host(), differs(want.Host())); i >= 0 {
						t.Fatalf("%d rows, %s, which %d, some %v: scores differ at row %d", n, kind, which, some, i)
					}
					got.Free()
				}
			}
			d.close()
			d.bins.Close()
			g.Close()
		}
	}
}

// differs reports, called for one value after the other, whether it has other bits than
// that of want.
func differs(want []float64) func(float64) bool {
	i := -1
	return func(v float64) bool {
		i++
		return math.Float64bits(v) != math.Float64bits(want[i])
	}
}
