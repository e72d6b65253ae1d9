//go:build cuda

package kernels

import (
	"math"

	"gorgonia.org/cu"
)

var (
	fixedWeights = newKernel("fixed_weights")
	fixedMeasure = newKernel("fixed_measure")
	fixedPlaces  = newKernel("fixed_places")
	fixedFill    = newKernel("fixed_fill")
)

const fixedChunk = 1024 // rows of a block; fixed.cu has it, too

// fixedSample is what the device knows of a tree's sample; fixed.cu has the same.
type fixedSample struct {
	rows         uint64
	mostG, mostH uint64 // bits of the greatest |g| and |h| as float32
	leastH       uint64 // complement of order32 of the least h, 0 without rows
	bad, outside uint64
	g, h, w      int64
}

// spread returns it as choose takes it.
func (f *fixedSample) spread() spread {
	s := spread{
		rows: int(f.rows), maxG: float64(math.Float32frombits(uint32(f.mostG))), maxH: float64(math.Float32frombits(uint32(f.mostH))),
		minH: math.Inf(1), bad: f.bad != 0,
	}
	if f.leastH != 0 {
		s.minH = float64(value32(^uint32(f.leastH)))
	}
	return s
}

// value32 is the inverse of order32.
func value32(k uint32) float32 {
	return math.Float32frombits(k ^ (^uint32(int32(k)>>31) | 1<<31))
}

// holdRows gets the memory that all trees of the grower use, once.
func (d *deviceStage) holdRows(s *scope, rows int) {
	for i := range d.rows {
		if d.rows[i] == nil {
			d.rows[i] = holdOf[uint32](s, rows)
		}
	}
	if d.quant == nil {
		d.quant = holdOf[[2]int32](s, rows)
	}
	if w := d.g.cfg.Weights; w != nil && d.weight == nil {
		d.weight = holdOf[uint32](s, rows)
		s.launch(fixedWeights, over(rows, 256), deviceOf(w, s), 1/d.g.weightUnit, d.weight, rows)
	}
}

// begin is quantise.run in the memory of the device, from which one record comes back.
func (d *deviceStage) begin(in TreeInput) (int, tally, error) {
	q, rows, weights := &d.g.quant, d.g.bins.rows, d.g.cfg.Weights
	if weights != nil {
		q.weight = weights.Host() // says to choose that there are some
	}
	var got [1]fixedSample
	if err := d.job.run(func(s *scope) {
		d.holdRows(s, rows)
		chunks, record := (rows+fixedChunk-1)/fixedChunk, sizeOf[fixedSample](1)
		all := d.records.begin.of(s, record+sizeOf[uint32](chunks))
		s.zero(all, record)
		g, h, weight, sample := deviceOf(in.G, s), deviceOf(in.H, s), deviceOf(weights, s), deviceOf(in.InSample, s)
		places, key := cu.DevicePtr(0), int64(-1)
		if q.narrow {
			key = int64(q.key)
		}
		if !q.narrow || weights != nil || in.InSample != nil {
			places = all + cu.DevicePtr(record)
			s.launch(fixedMeasure, grid{x: chunks, block: 256}, g, h, weight, sample, places, all, rows)
			s.launch(fixedPlaces, grid{x: 1, block: 1024}, places, chunks, all)
		}
		s.launch(fixedFill, grid{x: chunks, block: 256}, g, h, weight, d.weight, sample, places, key, d.quant, d.rows[0], all, rows)
		download(s, got[:], all)
		if places == 0 {
			got[0].rows = uint64(rows)
		}
	}); err != nil {
		return 0, tally{}, err
	}
	f := &got[0]
	switch {
	case f.bad != 0:
		return 0, tally{}, errNotFinite
	case f.outside != 0:
		return 0, tally{}, errOutOfBounds
	case !q.narrow:
		q.choose(f.spread(), d.g.weightUnit)
	}
	return int(f.rows), tally{f.g, f.h, f.w, int64(f.rows)}, nil
}
