//go:build cuda

package kernels

import (
	"fmt"
	"math/rand/v2"
	"time"

	"gorgonia.org/cu"

	"github.com/geyser-ml/geyser/kernels/par"
)

// check refuses what MeasureSums cannot do.
func (c *Sums) check() error {
	if c.Rows < 1 || c.Columns < 1 || c.Bins < 1 || c.Bins > 1<<16 || c.Lanes < 1 || c.Lanes > 3 ||
		!(c.Skew >= 0 && c.Skew <= 1) || !(c.Share > 0 && c.Share <= 1) || c.Bins <= 256 && (c.Groups < 1 || c.Groups > packGroups) {
		return fmt.Errorf("sums %+v: want rows, columns, up to 65536 bins, up to 3 lanes, up to %d groups, a skew of 0 to 1 and a share above 0", *c, packGroups)
	}
	return nil
}

// packs deals the columns out as a training does, but for the number of groups.
func (c *Sums) packs(table []deviceFeature) (packs []devicePack, shared int) {
	width := len(table)
	if c.Bins <= 256 {
		width = 4 * c.Groups
	}
	for from := 0; from < len(table); from += width {
		packs = append(packs, devicePacks(table[from:min(from+width, len(table))], c.Lanes)...)
	}
	for _, p := range packs {
		shared = max(shared, int(p.count*p.stride)*8*c.Lanes)
	}
	return packs, shared
}

// bin draws that of a row in a column.
func (c *Sums) bin(column, row int) uint32 {
	u := Draw(1, uint64(column), FreePurpose, uint64(row))
	if float64(u>>11)/(1<<53) < c.Skew {
		return 0
	}
	return uint32(u) % uint32(c.Bins)
}

// generate draws bins as a device has them, integers and weights of rows, and the list of
// those that are summed.
func (c *Sums) generate(narrow, wide int) (words []uint32, pairs []uint16, quant []uint64, weight, list []uint32) {
	words, pairs = make([]uint32, (narrow+3)/4*c.Rows), make([]uint16, wide*c.Rows)
	quant, weight = make([]uint64, c.Rows), make([]uint32, c.Rows)
	g, h := int64(4095), uint64(2048) // as in the narrow format
	if c.Lanes > 1 {
		g, h = 1<<30, 1<<30
	}
	par.For(0, c.Rows, par.Rows, func(_, lo, hi int) {
		for r := lo; r < hi; r++ {
			for j := range narrow {
				words[j/4*c.Rows+r] |= c.bin(j, r) << (8 * (j % 4))
			}
			for j := range wide {
				pairs[j*c.Rows+r] = uint16(c.bin(j, r))
			}
			u := Draw(2, 0, FreePurpose, uint64(r))
			quant[r] = uint64(uint32(int64(u>>33)%(2*g+1)-g)) | u%h<<32
			weight[r] = uint32(u>>20) % (1 << 30)
		}
	})
	random := rand.New(rand.NewPCG(1, 2))
	for r := range c.Rows {
		if random.Float64() < c.Share {
			list = append(list, uint32(r))
		}
	}
	return words, pairs, quant, weight, list
}

// measureSums is MeasureSums.
func measureSums(name string, c Sums) (took time.Duration, err error) {
	d, err := namedDevice(name)
	if err == nil {
		err = c.check()
	}
	if err != nil {
		return 0, err
	}
	feats := make([]feature, c.Columns)
	for i := range feats {
		feats[i].bins = c.Bins
	}
	table, narrow, wide := deviceFeatures(feats)
	packs, shared := c.packs(table)
	words, pairs, quant, weight, list := c.generate(narrow, wide)
	format := []int{deviceNarrow, deviceAnyH, deviceWeighted}[c.Lanes-1]
	hist := make([]tally, c.Columns*c.Bins)
	size := max(leastSumRows, min(cellRows, len(list)*len(packs)/sumBlocks))
	err = d.run(nil, func(s *scope) {
		n, w, q, sums, rows := upload(s, words), upload(s, pairs), upload(s, quant), allocOf[tally](s, len(hist)), upload(s, list)
		weights := cu.DevicePtr(0)
		if c.Lanes == 3 {
			weights = upload(s, weight)
		}
		var items []sumItem
		for lo := 0; lo < len(list); lo += size {
			items = append(items, sumItem{hist: sums, rows: rows + cu.DevicePtr(4*lo), count: uint32(min(size, len(list)-lo))})
		}
		at, of := upload(s, items), upload(s, packs)
		f := func() {
			s.launch(histogramSum, grid{x: len(items) * len(packs), block: sumThreads, shared: shared}, at, of, 0, n, w, q, weights, c.Rows, len(packs), format, 0)
		}
		took = s.fastest(8, f)
		s.zero(sums, sizeOf[tally](len(hist)))
		f()
		download(s, hist, sums)
	})
	if err != nil {
		return 0, err
	}
	for f := range c.Columns {
		rows := int64(0)
		for _, t := range hist[f*c.Bins : (f+1)*c.Bins] {
			rows += t.n
		}
		if rows != int64(len(list)) {
			return 0, fmt.Errorf("%d of %d rows are in the sums of column %d", rows, len(list), f)
		}
	}
	return took, nil
}
