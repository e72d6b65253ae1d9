package kernels

import (
	"fmt"
	"math"

	"github.com/geyser-ml/geyser/kernels/par"
)

const (
	defaultBins    = 254
	defaultCatBins = 1024
	maxBins        = 65535  // value bins that 16 bits can hold
	sampleRows     = 100000 // most rows that quantiles are taken of
)

// Quantize cuts columns into bins. Zero options mean 254 bins of a number and
// 1024 of a categorical.
//
// Quantile cuts come from at most 100,000 evenly spaced rows. A sample of no more
// distinct values than bins gives each its own; otherwise bins are closed from
// below, each with its share of the rows that are left. Every cut lies half way
// between two neighbouring values of the sample. Uniform cuts divide the range
// of all rows, integer columns of a short range by single numbers. Infinite
// values take no part and fall into the first and the last bin.
func (b *goBackend) Quantize(cols []Column, opt BinOptions) (Bins, error) {
	rows, feats, err := b.cut(cols, opt)
	if err != nil {
		return nil, err
	}
	return newBins(b.loops, b.threads, rows, feats, cols), nil
}

// cut returns the number of rows, and how each column is cut.
func (b *goBackend) cut(cols []Column, opt BinOptions) (rows int, feats []feature, err error) {
	if opt.Bins == 0 {
		opt.Bins = defaultBins
	}
	if opt.CatBins == 0 {
		opt.CatBins = defaultCatBins
	}
	if opt.Bins < 1 || opt.Bins > maxBins || opt.CatBins < 1 || opt.CatBins > maxBins {
		return 0, nil, fmt.Errorf("bins %d, categorical bins %d: want 1 to %d", opt.Bins, opt.CatBins, maxBins)
	}
	if rows, err = rowsOf(cols); err != nil {
		return 0, nil, err
	}
	feats = make([]feature, len(cols))
	par.Do(b.threads, len(cols), func(f int) {
		c := cols[f]
		switch {
		case c.Levels > 0:
			feats[f] = feature{bins: min(c.Levels, opt.CatBins) + 1, levels: c.Levels}
			return
		case opt.Histogram == Uniform:
			feats[f].cuts = uniformCuts(c, rows, opt.Bins)
		default:
			feats[f].cuts = quantileCuts(c, rows, opt.Bins)
		}
		feats[f].bins = len(feats[f].cuts) + 2
	})
	return rows, feats, nil
}

// QuantizeLike cuts columns into the bins of like, column by column. A category
// code beyond like's levels becomes missing.
func (b *goBackend) QuantizeLike(like Bins, cols []Column) (Bins, error) {
	rows, feats, err := cutLike(like, cols)
	if err != nil {
		return nil, err
	}
	return newBins(b.loops, b.threads, rows, feats, cols), nil
}

// cutLike returns the number of rows, and the cuts of like for its columns.
func cutLike(like Bins, cols []Column) (rows int, feats []feature, err error) {
	if like.Features() != len(cols) {
		return 0, nil, fmt.Errorf("%d columns, bins of %d", len(cols), like.Features())
	}
	if rows, err = rowsOf(cols); err != nil {
		return 0, nil, err
	}
	feats = make([]feature, len(cols))
	for f := range feats {
		feats[f] = feature{bins: like.NumBins(f), levels: like.Levels(f), cuts: like.Cuts(f)}
		if (cols[f].Levels > 0) != (feats[f].levels > 0) && cols[f].Values != nil {
			return 0, nil, fmt.Errorf("column %d has %d levels, its bins were made of %d", f, cols[f].Levels, feats[f].levels)
		}
	}
	return rows, feats, nil
}

// quantileCuts returns cut points with about as many sampled rows between each two.
func quantileCuts(c Column, rows, bins int) []float64 {
	keys := sortedSample(c, rows)
	var cuts []float64
	distinct := 0
	for i := range keys {
		if i == 0 || keys[i] != keys[i-1] {
			distinct++
		}
	}
	own := distinct <= bins
	start, left := 0, bins
	for i := 0; i+1 < len(keys) && left > 1; i++ {
		if keys[i] == keys[i+1] || !own && (i+1-start)*left < len(keys)-start {
			continue
		}
		cuts = append(cuts, between(value64(keys[i]), value64(keys[i+1])))
		start, left = i+1, left-1
	}
	return cuts
}

// sortedSample returns the order64 keys of the finite values in evenly spaced
// rows; the two zeros are one.
func sortedSample(c Column, rows int) []uint64 {
	step := max(1, (rows+sampleRows-1)/sampleRows)
	keys := make([]uint64, 0, rows/step+1)
	if step == 1 {
		var block [1024]float64
		for lo := 0; lo < rows; lo += len(block) {
			x := block[:min(len(block), rows-lo)]
			c.load(lo, x)
			keys = appendKeys(keys, x)
		}
	} else {
		var one [1]float64
		for lo := 0; lo < rows; lo += step {
			c.load(lo, one[:])
			keys = appendKeys(keys, one[:])
		}
	}
	return radixSort(keys, make([]uint64, len(keys)), 0, 64)
}

func appendKeys(keys []uint64, x []float64) []uint64 {
	for _, v := range x {
		if finite(v) {
			keys = append(keys, order64(v+0))
		}
	}
	return keys
}

func finite(v float64) bool { return v-v == 0 }

// between returns the number half way from a to b, never b itself.
func between(a, b float64) float64 {
	m := a/2 + b/2
	if m < a || m >= b {
		return a
	}
	return m
}

// uniformCuts divides the range of the finite values into equal widths.
func uniformCuts(c Column, rows, bins int) []float64 {
	lo, hi := math.Inf(1), math.Inf(-1)
	var block [1024]float64
	for at := 0; at < rows; at += len(block) {
		x := block[:min(len(block), rows-at)]
		c.load(at, x)
		for _, v := range x {
			if finite(v) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	if !(lo < hi) {
		return nil
	}
	switch c.Values.(type) {
	case []float32, []float64:
	default:
		if width := hi - lo; width < float64(bins) {
			bins = int(width) + 1
		}
	}
	var cuts []float64
	for b := 1; b < bins; b++ {
		t := float64(b) / float64(bins)
		v := float64(lo*(1-t)) + float64(hi*t)
		if v < hi && (len(cuts) == 0 || v > cuts[len(cuts)-1]) {
			cuts = append(cuts, v)
		}
	}
	return cuts
}
