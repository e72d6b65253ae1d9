//go:build cuda

package kernels

import (
	"math"

	"gorgonia.org/cu"
)

var quantizeKernel = newKernel("quantize")

// quantizeRoom is how much of a raw column is on the device at a time.
const quantizeRoom = 64 << 20

// cutter is a tier of the processor: its samples say where columns are cut.
type cutter interface {
	cut(cols []Column, opt BinOptions) (rows int, feats []feature, err error)
}

// Quantize is that of the go tier: the host looks at a sample for the cuts, the device
// finds the bins and keeps them.
func (b *cudaBackend) Quantize(cols []Column, opt BinOptions) (Bins, error) {
	rows, feats, err := b.Backend.(cutter).cut(cols, opt)
	if err != nil {
		return nil, err
	}
	return makeBins(b.job, rows, feats, cols, quantizeRoom)
}

// QuantizeLike is that of the go tier. like may be of any tier.
func (b *cudaBackend) QuantizeLike(like Bins, cols []Column) (Bins, error) {
	rows, feats, err := cutLike(like, cols)
	if err != nil {
		return nil, err
	}
	return makeBins(b.job, rows, feats, cols, quantizeRoom)
}

// makeBins finds the bins of columns whose cuts are known. Raw values take at most room
// bytes on the device.
func makeBins(j *job, rows int, feats []feature, cols []Column, room int) (Bins, error) {
	var keys []uint64
	ends := make([]int, len(feats))
	for f := range feats {
		if feats[f].levels == 0 {
			keys = append(keys, newLookup(&feats[f]).cuts...)
		}
		ends[f] = len(keys)
	}
	var b *cudaBins
	err := j.run(func(s *scope) {
		b = holdBins(s, rows, feats)
		table, _, _ := deviceFeatures(feats)
		cuts, values := upload(s, keys), s.alloc(int64(min(room, 8*rows)))
		missing, none := upload(s, make([]uint32, len(feats))), make([]uint32, len(feats))
		start := 0
		for f, c := range cols {
			size := ends[f] - start
			raw := rawOf(c)
			for lo := 0; lo < rows && raw.width > 0; {
				n := min(rows-lo, room/raw.width)
				raw.upload(s, values, lo, lo+n)
				d := &table[f]
				out := b.narrow.at() + cu.DevicePtr(4*(int(d.index)*rows+lo)+int(d.shift)/8)
				if d.kind == 1 {
					out = b.wide.at() + cu.DevicePtr(2*(int(d.index)*rows+lo))
				}
				s.launch(quantizeKernel, over((n+7)/8, 256), values, raw.kind, raw.least, cuts+cu.DevicePtr(8*start), size,
					d.levels, d.bins, out, d.kind, missing+cu.DevicePtr(4*f), n)
				lo += n
			}
			start = ends[f]
		}
		download(s, none, missing)
		for f := range cols {
			feats[f].missing = none[f] != 0 || cols[f].Values == nil && rows > 0
		}
	})
	if err != nil {
		if b != nil {
			b.Close()
		}
		return nil, err
	}
	return b, nil
}

// rawColumn is a column as quantize.cu takes it.
type rawColumn struct {
	kind, width int   // type there, and bytes of a value, 0 where all are missing
	least       int64 // whole numbers below it are missing
	upload      func(s *scope, to cu.DevicePtr, lo, hi int)
}

func rawOf(c Column) rawColumn {
	switch v := c.Values.(type) {
	case []int8:
		return rawColumn{0, 1, c.least(math.MinInt8), uploadRows(v)}
	case []int16:
		return rawColumn{1, 2, c.least(math.MinInt16), uploadRows(v)}
	case []int32:
		return rawColumn{2, 4, c.least(math.MinInt32), uploadRows(v)}
	case []int64:
		return rawColumn{3, 8, c.least(math.MinInt64), uploadRows(v)}
	case []float32:
		return rawColumn{4, 4, 0, uploadRows(v)}
	case []float64:
		return rawColumn{5, 8, 0, uploadRows(v)}
	}
	return rawColumn{}
}

func uploadRows[T any](v []T) func(s *scope, to cu.DevicePtr, lo, hi int) {
	return func(s *scope, to cu.DevicePtr, lo, hi int) { uploadTo(s, to, v[lo:hi]) }
}
