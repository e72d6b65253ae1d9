//go:build cuda

package kernels

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// Isolate gives the random splits of the go tier, to the bit.
func TestDeviceStage_Isolate(t *testing.T) {
	mixed, levels := []int{1, 2, 17, 33, 256}, []int{2, 3, 5, 24, 40, 255}
	cases := []sumsCase{
		{name: "plain", numbers: mixed, levels: levels, nodes: 40, parts: 300, missing: 0.2},
		{name: "no missing", numbers: mixed, levels: levels, nodes: 40, parts: 300},
		{name: "all missing", numbers: mixed, levels: levels, nodes: 3, parts: 30, missing: 1},
		{name: "much missing", numbers: []int{7, 70}, levels: []int{7, 70}, nodes: 80, parts: 6, missing: 0.7},
		{name: "small", numbers: []int{3, 5}, levels: []int{2, 3, 7}, nodes: 300, parts: 3, missing: 0.2},
		{name: "one part", numbers: mixed, levels: levels, nodes: 9, parts: 1},
		{name: "gaps", numbers: []int{40, 200}, nodes: 80, parts: 5, missing: 0.2, evenBins: true},
		{name: "least weight", numbers: mixed, levels: levels, nodes: 80, parts: 12, cfg: GrowerConfig{MinRows: 90}, missing: 0.2},
		{name: "weights", numbers: mixed, levels: levels, nodes: 60, parts: 60, cfg: GrowerConfig{MinRows: 600}, draw: func(r *rand.Rand) tally {
			t := plain(r)
			t.w = r.Int64N(5) * r.Int64N(100)
			return t
		}, missing: 0.1},
		{name: "equal sides", numbers: []int{3, 70}, nodes: 80, parts: 4, draw: few, missing: 0.5},
		{name: "many bins", numbers: []int{3000, 700}, levels: []int{1000}, nodes: 20, parts: 800, cfg: GrowerConfig{MinRows: 2000}, missing: 0.2},
		{name: "all bins", numbers: []int{65536}, nodes: 2, parts: 3000, missing: 0.2},
		{name: "many columns", numbers: slices.Repeat([]int{3, 1, 1}, 70), levels: slices.Repeat([]int{1}, 300), nodes: 30, parts: 3, missing: 0.5},
		{name: "no columns", nodes: 2, parts: 3},
	}
	seen := map[string]int{}
	for i, c := range cases {
		for _, valued := range []bool{false, true} {
			name := c.name
			if valued {
				name += ", values"
			}
			t.Run(name, func(t *testing.T) {
				j := openTest(t)
				r := rand.New(rand.NewPCG(uint64(i), 37))
				c.cfg.Random, c.format = true, wideFormat
				if c.draw == nil {
					c.draw = plain
				}
				if valued {
					c.cfg.Values = nil
					for f, bins := range append(slices.Clone(c.numbers), c.levels...) {
						var v []float64
						if f%4 != 1 {
							if v = make([]float64, bins-b2i(f < len(c.numbers))); f%4 == 0 {
								for b := range v {
									v[b] = r.ExpFloat64() * float64(1+r.IntN(3)*1000)
								}
							} else {
								for b := range v {
									v[b] = 0.9 + float64(r.IntN(1+f%4%3))/7 // many or all are equal, and a point between them may be below
								}
							}
							if f%8 == 4 && len(v) > 1 {
								v[0] = math.MaxFloat64
								v[len(v)-1] = -math.MaxFloat64
							}
							slices.Sort(v)
						}
						c.cfg.Values = append(c.cfg.Values, v)
					}
				}
				g := c.make(r)
				if c.name == "plain" {
					g.in.SplitRate = 0.5 // each node draws its columns
				}
				g.in.Tree = uint64(i)
				ids, _ := c.picks(r, g)
				fresh := slices.Clone(g.nodes)
				check(t, g.stage.isolate(ids))
				want := slices.Clone(g.nodes)
				copy(g.nodes, fresh)
				d := deviceSums(t, j, g)
				check(t, d.isolate(nil))
				check(t, d.isolate(ids[:1]))
				slices.Reverse(ids) // leaves other splits behind
				check(t, d.isolate(ids))
				slices.Reverse(ids)
				check(t, d.isolate(ids))
				for i := range want {
					w, x := &want[i], &g.nodes[i]
					if w.found != x.found || w.leftSum != x.leftSum || !reflect.DeepEqual(w.split, x.split) {
						t.Fatalf("node %d:\n got %+v %+v\nwant %+v %+v", i, x.leftSum, x.split, w.leftSum, w.split)
					}
					switch f := w.split.Feature; {
					case !w.found:
						seen["none"]++
					case w.split.Set != nil:
						seen["levels"]++
					case g.slots.hist(w.slot)[g.layout.first[f]].n > 0 && w.split.MissingLeft:
						seen["missing left"]++
					case g.slots.hist(w.slot)[g.layout.first[f]].n > 0:
						seen["missing right"]++
					}
				}
			})
		}
	}
	for _, way := range []string{"none", "levels", "missing left", "missing right"} {
		if seen[way] == 0 {
			t.Errorf("no case of %s", way)
		}
	}
	t.Log(seen)
}
