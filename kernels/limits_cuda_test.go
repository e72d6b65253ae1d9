//go:build cuda

package kernels

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// Ten thousand columns of some rows, of which each node looks at others, give the tree of
// the go tier.
func TestLimits_TenThousandColumns(t *testing.T) {
	b := openDeviceTier(t)
	r := rand.New(rand.NewPCG(91, 92))
	const rows = 64
	c := training{
		loss: Gaussian, classes: 1, y: make([]float32, rows), opt: BinOptions{Bins: 16, CatBins: 16}, steps: 1, split: 0.4,
		cfg: GrowerConfig{Seed: 3, MinRows: 3, MaxDepth: 3},
	}
	for i := range c.y {
		c.y[i] = float32(r.NormFloat64())
	}
	c.cols = mixedCols(r, rows, 0.1)
	for len(c.cols) < 10_000 { // numbers of few bins, which an emulated device is quick with
		v := make([]int8, rows)
		for i := range v {
			v[i] = int8(r.IntN(5))
		}
		c.cols = append(c.cols, Column{Values: v})
	}
	c.cols = append(c.cols[:len(c.cols)-4], mixedCols(r, rows, 0.1)...)
	want, got := c.run(t, newGo(1), false), c.run(t, b, true)
	if !reflect.DeepEqual(got, want) {
		t.Error("trees differ")
	}
	if n := len(want.trees[0].Nodes); n < 9 {
		t.Errorf("a tree of %d nodes", n)
	}
}

// A histogram that 32 bits cannot number is refused as too large for a device.
func TestLimits_Bins(t *testing.T) {
	b := openDeviceTier(t)
	for columns, want := range map[int]error{32767: nil, 32768: ErrDeviceMemory, 100_000: ErrDeviceMemory} {
		bins := &cudaBins{goBins: &goBins{feats: slices.Repeat([]feature{{bins: 1 << 16}}, columns)}, job: b.job}
		g, err := b.NewGrower(bins, GrowerConfig{MinRows: 1, MaxDepth: 1})
		if !errors.Is(err, want) {
			t.Errorf("%d columns: %v", columns, err)
		}
		if err == nil {
			g.Close()
		}
	}
}

// Grids hold what 2^31 rows and 10,000 columns make of them, by as many launches as that
// takes.
func TestLimits_Launches(t *testing.T) {
	const rows = 1 << 31
	for _, c := range []struct {
		name       string
		n, each    int
		launches   int
		last, most int // things of the last launch; blocks of the largest
	}{
		{"none", 0, 5, 0, 0, 0},
		{"no blocks", 7, 0, 1, 7, 0},
		{"one", 1, 1, 1, 1, 1},
		{"as many as there are", mostBlocks, 1, 1, mostBlocks, mostBlocks},
		{"one more", mostBlocks + 1, 1, 2, 1, mostBlocks},
		{"narrow", rows / cellRows, 10_000 / 16, 1, rows / cellRows, rows / cellRows * 625},
		{"wide in tiles", rows / cellRows, 10_000 * 32, 40, rows/cellRows - 39*6710, 6710 * 320_000},
		{"a thing that is too large", 2, mostBlocks + 1, 2, 1, mostBlocks + 1},
	} {
		count, next, last, most := 0, 0, 0, 0
		for lo, hi := range launches(c.n, c.each) {
			if lo != next || hi <= lo {
				t.Fatalf("%s: from %d to %d behind %d", c.name, lo, hi, next)
			}
			count, next, last, most = count+1, hi, hi-lo, max(most, (hi-lo)*c.each)
		}
		if count != c.launches || next != c.n || last != c.last || most != c.most {
			t.Errorf("%s: %d launches up to %d, the last of %d, the largest of %d blocks", c.name, count, next, last, most)
		}
	}
	for range launches(10, mostBlocks) {
		break // a look at the first is enough
	}
	for _, g := range []grid{over(rows, 256), over(math.MaxUint32, 256), {x: (rows + fixedChunk - 1) / fixedChunk}, {x: (math.MaxUint32 + leafPlaces) / leafPlaces}, {x: (math.MaxUint32 + partTile) / partTile}} {
		if err := g.check(); err != nil || g.x <= 0 {
			t.Errorf("%+v: %v", g, err)
		}
	}
}

// Bins of 2^31 rows and 10,000 columns take more than any device has: an error of memory,
// after which the processor may do it.
func TestLimits_Memory(t *testing.T) {
	b := openDeviceTier(t)
	feats := slices.Repeat([]feature{{bins: 21}, {bins: 1025}}, 5000)
	table, narrow, wide := deviceFeatures(feats)
	last := table[len(table)-1]
	if narrow != 5000 || wide != 5000 || last.first != 5000*(21+1025)-1025 || last.index != 4999 || table[9998].rank != 4999 {
		t.Errorf("%d narrow, %d wide, last %+v", narrow, wide, last)
	}
	err := b.job.run(func(s *scope) {
		bins := holdBins(s, 1<<31, feats)
		if s.err == nil {
			t.Error("bins of 2^31 rows fit")
		}
		bins.Close()
	})
	if !errors.Is(err, ErrDeviceMemory) || !DeviceFailed(err) {
		t.Errorf("bins of 2^31 rows: %v", err)
	}
}
