package rapids

import (
	"context"
	"math"
	"slices"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

// group returns the distinct numbers of a column, ascending, and for each row the
// place of its number among them, -1 where missing.
func group(ctx context.Context, col *frame.Column) ([]float64, []int32, error) {
	s := col.Stats()
	if col.DType() == frame.I64 && max(-s.Min, s.Max) > 1<<53 {
		return nil, nil, errs.Invalidf("ast", "integers beyond 2^53 cannot be told apart as numbers; as.character keeps them apart")
	}
	if span := s.Max - s.Min; s.Whole && span < float64(2*col.Len()+1<<16) && math.Abs(s.Min) <= 1<<53 {
		return groupWhole(ctx, col, s.Min, int(span)+1)
	}
	parts := make([][]float64, par.Chunks(col.Len(), par.Rows))
	err := par.ForErr(ctx, 0, col.Len(), par.Rows, func(chunk, lo, hi int) error {
		v := col.Floats(lo, hi, nil)
		for i, x := range v {
			v[i] = x + 0 // Why: -0 and 0 are one value
		}
		v = slices.DeleteFunc(v, func(x float64) bool { return x != x })
		slices.Sort(v)
		parts[chunk] = slices.Clone(slices.Compact(v))
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	vals := slices.Concat(parts...)
	slices.Sort(vals)
	vals = slices.Compact(vals)
	codes, err := codesOf(ctx, col, func(x float64) int32 {
		k, _ := slices.BinarySearch(vals, x)
		return int32(k)
	})
	return vals, codes, err
}

// groupWhole is group for whole numbers of [low, low+span): a table instead of a sort.
func groupWhole(ctx context.Context, col *frame.Column, low float64, span int) ([]float64, []int32, error) {
	place := make([]int32, span)
	buf := make([]float64, block)
	for lo := 0; lo < col.Len(); lo += block {
		buf = col.Floats(lo, min(lo+block, col.Len()), buf)
		for _, x := range buf {
			if x == x {
				place[int(x-low)] = 1
			}
		}
	}
	vals := []float64{}
	for i, present := range place {
		if present != 0 {
			place[i] = int32(len(vals))
			vals = append(vals, low+float64(i))
		}
	}
	codes, err := codesOf(ctx, col, func(x float64) int32 { return place[int(x-low)] })
	return vals, codes, err
}

// codesOf maps the numbers of a column to codes, missing ones to -1.
func codesOf(ctx context.Context, col *frame.Column, code func(x float64) int32) ([]int32, error) {
	codes := make([]int32, col.Len())
	err := blocks(ctx, col.Len(), []operand{{col: col}}, func(_, lo, hi int, in [][]float64) {
		for i, x := range in[0] {
			if codes[lo+i] = -1; x == x {
				codes[lo+i] = code(x)
			}
		}
	})
	return codes, err
}
