//go:build cuda

package kernels

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// oneBin makes bins of which all rows have the same one: the last of each column.
func oneBin(rows int, levels ...int) *goBins {
	b := wideBins(rand.New(rand.NewPCG(5, 6)), rows, levels...)
	for f := range b.feats {
		last := b.feats[f].bins - 1
		for r := range rows {
			if b.feats[f].wide != nil {
				b.feats[f].wide[r] = uint16(last)
			} else {
				b.feats[f].narrow[r] = uint8(last)
			}
		}
	}
	return b
}

// naiveSums is naiveHistogram by columns: rows of bins are not looked at.
func naiveSums(b *goBins, l *layout, f *format, rows rowSet) []tally {
	hist := make([]tally, l.bins())
	for i, a := range rows.a {
		t := naiveTally(f, rows, i)
		for feat := range b.feats {
			hist[l.first[feat]+b.bin(feat, int(uint32(a)))].add(&t)
		}
	}
	return hist
}

// sumCase is bins whose rows are summed.
type sumCase struct {
	name string
	bins *goBins
	size int // rows of an item
}

func sumCases(r *rand.Rand) (out []sumCase) {
	for _, n := range []int{1, 33, 300} {
		out = append(out,
			sumCase{"one", wideBins(r, n, 255), 64},
			sumCase{"two", wideBins(r, n, 3, 9), 64},
			sumCase{"sixteen", wideBins(r, n, slices.Repeat([]int{40}, 16)...), 64},
			sumCase{"eighteen", wideBins(r, n, slices.Repeat([]int{255, 1, 30}, 6)...), 100},
			sumCase{"forty", wideBins(r, n, slices.Repeat([]int{255, 31, 32, 33, 1}, 8)...), 128},
			sumCase{"two bytes", wideBins(r, n, 256, 1500, 300), 64},
			sumCase{"1024 bins", wideBins(r, n, 255, 255, 255, 255), 64}, // cleared by as many words as a block takes
			sumCase{"both", wideBins(r, n, 300, 5, 400, 255, 255, 9, 9), 64},
		)
	}
	out = append(out,
		sumCase{"one bin", oneBin(cellRows+1, 255, 255, 3, 600), cellRows},
		sumCase{"large", wideBins(r, 3*leastSumRows, 20, 300), leastSumRows},
	)
	// Wider than shared memory: cut into several tiles.
	widest := make([]float64, 9000)
	for i := range widest {
		widest[i] = float64(r.IntN(9000))
	}
	b, err := newGo(1).Quantize([]Column{{Values: widest}, {Values: make([]int8, 9000), Levels: 2}}, BinOptions{Bins: 60000})
	if err != nil {
		panic(err)
	}
	return append(out, sumCase{"tiles", b.(*goBins), cellRows})
}

// TestDeviceHistogram: sums of several nodes on both sides, and what they leave of their
// parents, in all formats.
func TestDeviceHistogram(t *testing.T) {
	b := openDeviceTier(t)
	r := rand.New(rand.NewPCG(61, 62))
	for _, c := range sumCases(r) {
		n := c.bins.rows
		for kind, rows := range formats(r, n) {
			name := fmt.Sprintf("%s, %d rows, %s", c.name, n, kind)
			// Side 0: node 0, then 1 (one row) ; side 1: nodes 2 and 3, whose parent was all of it.
			lists := [2][]uint32{someRows(r, n, 0.9), someRows(r, n, 0.9)}
			if c.name == "one bin" {
				lists = [2][]uint32{someRows(r, n, 1), someRows(r, n, 1)}
			}
			if len(lists[0]) < 2 || len(lists[1]) < 2 {
				lists = [2][]uint32{{0, 0}, {0, 0}}
			}
			d := stageFor(t, b, c.bins, rows, lists)
			end, cut := len(lists[0])-1, len(lists[1])/3
			d.g.nodes = []growNode{
				{rows: end, slot: 4},
				{rows: 1, lo: end, slot: 0},
				{side: 1, rows: cut, slot: 2},
				{side: 1, rows: len(lists[1]) - cut, lo: cut, slot: 1},
			}
			var want [4][]tally
			for i := range d.g.nodes {
				node := &d.g.nodes[i]
				want[i] = naiveSums(c.bins, &d.g.layout, &rows.f, rows.list(lists[node.side][node.lo:node.lo+node.rows]))
			}
			whole := naiveSums(c.bins, &d.g.layout, &rows.f, rows.list(lists[1]))
			canary := make([]tally, d.g.layout.bins())
			for i := range canary {
				canary[i] = tally{r.Int64(), r.Int64(), r.Int64(), r.Int64()}
			}
			check(t, b.job.run(func(s *scope) {
				uploadTo(s, d.slot(s, 1), whole)
				uploadTo(s, d.slot(s, 3), canary)
				uploadTo(s, d.slot(s, 2), canary) // what was there before does not count
			}))
			check(t, d.sumBy([]histJob{{0, -1}, {2, 3}, {1, -1}}, c.size))
			for i := range d.g.nodes {
				if got := fetched[tally](t, d.hist[d.g.nodes[i].slot], len(canary)); !slices.Equal(got, want[i]) {
					at := slices.IndexFunc(got, func(v tally) bool { return v != want[i][slices.Index(got, v)] })
					t.Fatalf("%s: node %d of %d rows differs at bin %d: %v, want %v", name, i, d.g.nodes[i].rows, at, got[max(at, 0)], want[i][max(at, 0)])
				}
			}
			if !slices.Equal(fetched[tally](t, d.hist[3], len(canary)), canary) {
				t.Fatalf("%s: a histogram of no job has changed", name)
			}
			d.close()
			d.bins.Close()
		}
	}
}

// TestDeviceHistogramFeatures: columns that a tree may not use are not summed, and words
// of a row without others not read.
func TestDeviceHistogramFeatures(t *testing.T) {
	b := openDeviceTier(t)
	r := rand.New(rand.NewPCG(67, 68))
	bins := wideBins(r, 900, 5, 255, 300, 9, 9, 9, 31, 33, 400, 2, 70, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3)
	all := int32(len(bins.feats))
	for kind, rows := range formats(r, bins.rows) {
		list := someRows(r, bins.rows, 1)
		d := stageFor(t, b, bins, rows, [2][]uint32{list, list})
		d.g.nodes = []growNode{{rows: len(list)}, {rows: 300}, {lo: 300, rows: len(list) - 300, slot: 1}}
		root := naiveSums(bins, &d.g.layout, &rows.f, rows.rowSet)
		left := naiveSums(bins, &d.g.layout, &rows.f, rows.list(list[:300]))
		for _, features := range [][]int32{nil, {0}, {all - 1}, {2}, {1, 8}, {0, 1, 5, 9, 14}, {0, 3, 4, 5, 6, 7, 9, 10, 11}, {2, 8, 11, 20}, {}} {
			d.g.in.Features = features
			want := make([]tally, len(root))
			for i := range want {
				want[i] = tally{r.Int64(), r.Int64(), r.Int64(), r.Int64()}
			}
			rest := slices.Clone(want)
			check(t, b.job.run(func(s *scope) {
				uploadTo(s, d.slot(s, 0), want)
				uploadTo(s, d.slot(s, 1), want)
			}))
			used := d.g.treeFeatures()
			// The root at once; then its children, by what is left of it.
			check(t, d.sumBy([]histJob{{0, -1}}, cellRows))
			for _, f := range used {
				lo, hi := d.g.layout.first[f], d.g.layout.first[f+1]
				copy(want[lo:hi], root[lo:hi])
				for i := lo; i < hi; i++ {
					rest[i] = root[i]
					rest[i].sub(&left[i])
				}
			}
			if !slices.Equal(fetched[tally](t, d.hist[0], len(want)), want) {
				t.Fatalf("%s, columns %v: the root differs", kind, features)
			}
			d.g.nodes[2].slot, d.g.nodes[1].slot = 0, 1
			check(t, d.sumBy([]histJob{{1, 2}}, cellRows))
			if !slices.Equal(fetched[tally](t, d.hist[0], len(want)), rest) {
				t.Fatalf("%s, columns %v: what is left of the root differs", kind, features)
			}
			words := 0
			for _, p := range d.plan().packs {
				words += int(p.groups)
			}
			if most := len(used); words > most {
				t.Errorf("columns %v: %d words of a row are read, want at most %d", features, words, most)
			}
			// A light node is summed by itself, in the columns that it draws.
			d.g.sparse, d.g.in.SplitRate, d.g.nodes[2].slot = true, 0.4, 1
			w := d.g.take()
			drawn := slices.Clone(d.g.features(&d.g.nodes[2], w))
			d.g.put(w)
			if len(drawn) != max(1, int(0.4*float64(len(used))+tinyShare)) && len(used) > 0 {
				t.Fatalf("columns %v: %v are drawn", features, drawn)
			}
			sums := fetched[tally](t, d.hist[1], len(want))
			for _, f := range drawn {
				lo, hi := d.g.layout.first[f], d.g.layout.first[f+1]
				for i := lo; i < hi; i++ {
					sums[i] = root[i]
					sums[i].sub(&left[i])
				}
			}
			check(t, d.sumBy([]histJob{{2, -1}}, cellRows))
			if !slices.Equal(fetched[tally](t, d.hist[1], len(want)), sums) {
				t.Fatalf("%s, columns %v: columns %v of a light node differ, or others have changed", kind, features, drawn)
			}
			d.g.sparse, d.g.in.SplitRate, d.g.nodes[0].slot = false, 0, 0
		}
		d.close()
		d.bins.Close()
	}
}

// TestDeviceHistogramLaunches: a level is one upload and at most two launches, however
// many nodes it has.
func TestDeviceHistogramLaunches(t *testing.T) {
	b := openDeviceTier(t)
	r := rand.New(rand.NewPCG(63, 64))
	bins := wideBins(r, 3*leastSumRows, 9, 300)
	rows := formats(r, bins.rows)["h"]
	list := someRows(r, bins.rows, 1)
	d := stageFor(t, b, bins, rows, [2][]uint32{list, list})
	var jobs []histJob
	d.g.nodes = nil
	for i := range int32(100) {
		d.g.nodes = append(d.g.nodes, growNode{lo: int(i), rows: 1 + int(i)*50, slot: i})
		jobs = append(jobs, histJob{i, -1})
	}
	check(t, d.sum(jobs)) // makes slots and packs
	before := b.Traffic()
	check(t, d.sum(jobs))
	after := b.Traffic()
	if up, down, launches := after.Uploads-before.Uploads, after.Downloads-before.Downloads, after.Launches-before.Launches; up != 1 || down != 0 || launches != 2 {
		t.Errorf("%d uploads, %d downloads, %d launches", up, down, launches)
	}
	for i, n := range d.g.nodes {
		want := naiveSums(bins, &d.g.layout, &rows.f, rows.list(list[n.lo:n.lo+n.rows]))
		if !slices.Equal(fetched[tally](t, d.hist[i], len(want)), want) {
			t.Fatalf("node %d differs", i)
		}
	}
	check(t, d.sum(nil))
}

// TestDevicePacks: every bin is in one pack, and packs fit shared memory.
func TestDevicePacks(t *testing.T) {
	for name, widths := range map[string][]int32{
		"none": nil, "one": {2}, "narrow": slices.Repeat([]int32{256}, 41), "small": slices.Repeat([]int32{3}, 17), "widest": {65536, 256, 65536},
		"both": {257, 6144, 6145, 1, 256, 3}, "ten thousand": slices.Repeat([]int32{256, 21}, 5000),
	} {
		var feats []feature
		total := 0
		for _, w := range widths {
			feats = append(feats, feature{bins: int(w)})
			total += int(w)
		}
		all, _, _ := deviceFeatures(feats)
		for lanes := 1; lanes <= 6; lanes++ { // the upper ones leave columns out
			seen, table, lanes := make([]int, total), all, lanes
			if lanes > 3 {
				lanes -= 3
				table = nil
				for i, f := range all {
					if i*i%(lanes+2) == 1 {
						table = append(table, f)
						continue
					}
					for b := range f.bins {
						seen[f.first+b]++
					}
				}
			}
			for _, p := range devicePacks(table, lanes) {
				if int(p.count*p.stride)*8*lanes > 48<<10 || p.groups < 1 || p.groups > packGroups || p.count > 4*p.groups {
					t.Fatalf("%s, %d lanes: pack %+v", name, lanes, p)
				}
				for k, c := range p.column {
					if p.used>>k&1 == 0 {
						if c.bins != 0 {
							t.Fatalf("%s, %d lanes: pack %+v has bins of a column that it does not sum", name, lanes, p)
						}
						continue
					}
					if k >= int(p.count) {
						t.Fatalf("%s, %d lanes: pack %+v", name, lanes, p)
					}
					if c.bins > p.stride || p.wide == 0 && p.stride%32 != 0 {
						t.Fatalf("%s, %d lanes: %d bins, stride %d", name, lanes, c.bins, p.stride)
					}
					feat, found := slices.BinarySearchFunc(table, c.first, func(f deviceFeature, first uint32) int { return cmp.Compare(uint32(f.first), first) })
					if !found {
						feat--
					}
					f := table[feat]
					if p.wide == 1 && (f.index != int32(p.index[0]) || f.kind != 1 || c.first-uint32(f.first) != p.from) ||
						p.wide == 0 && (f.rank != int32(4*p.index[k/4])+int32(k%4) || f.bins != int32(c.bins)) {
						t.Fatalf("%s, %d lanes: pack %+v has column %+v at %d", name, lanes, p, f, k)
					}
					for i := range c.bins {
						seen[c.first+i]++
					}
				}
			}
			if slices.ContainsFunc(seen, func(n int) bool { return n != 1 }) {
				t.Errorf("%s, %d lanes: bins in no pack, or in two", name, lanes)
			}
		}
	}
}

// TestDeviceSquares: Σ g²/w of nodes on both sides, with weights of 0 and halves that
// carry.
func TestDeviceSquares(t *testing.T) {
	b := openDeviceTier(t)
	r := rand.New(rand.NewPCG(65, 66))
	const n = cellRows + 900
	bins := wideBins(r, n, 2)
	for kind, rows := range formats(r, n) {
		if rows.f.lanes > 2 && kind != "extremes" {
			for i := range rows.b {
				rows.b[i] = rows.b[i]>>32<<32 | r.Uint64N(4)*r.Uint64N(3)
			}
		}
		lists := [2][]uint32{someRows(r, n, 1), someRows(r, n, 0.5)}
		d := stageFor(t, b, bins, rows, lists)
		d.g.nodes = []growNode{{rows: n}, {side: 1, lo: 5, rows: 1}, {side: 1, lo: 6, rows: len(lists[1]) - 6}, {lo: 32, rows: 33}}
		ids := []int32{3, 0, 2, 1}
		got, err := d.squares(ids)
		check(t, err)
		for i, id := range ids {
			node := d.g.nodes[id]
			want := rows.f.squares(rows.list(lists[node.side][node.lo : node.lo+node.rows]))
			if got[i] != want {
				t.Errorf("%s: node %d has squares %v, want %v", kind, id, got[i], want)
			}
		}
		if got, err = d.squares(nil); err != nil || len(got) != 0 {
			t.Errorf("%v, %v of no nodes", got, err)
		}
	}
	// Sums of low halves exceed 32 bits.
	rows := formats(r, n)["same h"]
	for i := range rows.a {
		g := int64(-65535)
		rows.a[i] = uint64(g)<<32 | uint64(i)
	}
	list := someRows(r, n, 1)
	d := stageFor(t, b, bins, rows, [2][]uint32{list, list})
	d.g.nodes = []growNode{{rows: n}}
	got, err := d.squares([]int32{0})
	check(t, err)
	if want := rows.f.squares(rows.rowSet); got[0] != want || want.low <= math.MaxUint32 {
		t.Errorf("squares %v, want %v", got[0], want)
	}
}
