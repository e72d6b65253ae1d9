package kernels

import (
	"fmt"
	"math"
)

var nan = math.NaN()

// length returns the number of rows; -1 for a column without values.
func (c Column) length() (int, error) {
	switch v := c.Values.(type) {
	case nil:
		return -1, nil
	case []int8:
		return len(v), nil
	case []int16:
		return len(v), nil
	case []int32:
		return len(v), nil
	case []int64:
		return len(v), nil
	case []float32:
		return len(v), nil
	case []float64:
		return len(v), nil
	}
	return 0, fmt.Errorf("column values of type %T: want a slice of int8, int16, int32, int64, float32 or float64", c.Values)
}

// load writes rows [lo, lo+len(out)) as float64: codes as numbers, missing as NaN.
func (c Column) load(lo int, out []float64) {
	hi := lo + len(out)
	switch v := c.Values.(type) {
	case []int8:
		loadInts(v[lo:hi], c.least(math.MinInt8), out)
	case []int16:
		loadInts(v[lo:hi], c.least(math.MinInt16), out)
	case []int32:
		loadInts(v[lo:hi], c.least(math.MinInt32), out)
	case []int64:
		loadInts(v[lo:hi], c.least(math.MinInt64), out)
	case []float32:
		for i, x := range v[lo:hi] {
			out[i] = float64(x)
		}
	case []float64:
		copy(out, v[lo:hi])
	default:
		for i := range out {
			out[i] = nan
		}
	}
}

// least returns the smallest value that is present: 0 for codes, one above the
// sentinel for numbers.
func (c Column) least(sentinel int64) int64 {
	if c.Levels > 0 {
		return 0
	}
	return sentinel + 1
}

func loadInts[T int8 | int16 | int32 | int64](v []T, least int64, out []float64) {
	out = out[:len(v)]
	for i, x := range v {
		out[i] = float64(x)
		if int64(x) < least {
			out[i] = nan
		}
	}
}

// rowsOf checks that the columns have one length and returns it.
func rowsOf(cols []Column) (int, error) {
	rows, at := -1, -1
	for f, c := range cols {
		n, err := c.length()
		if err != nil {
			return 0, fmt.Errorf("column %d: %w", f, err)
		}
		if n < 0 {
			continue
		}
		if rows >= 0 && n != rows {
			return 0, fmt.Errorf("column %d has %d rows, column %d has %d", f, n, at, rows)
		}
		rows, at = n, f
	}
	if rows > math.MaxUint32 {
		return 0, fmt.Errorf("%d rows: at most %d are possible", rows, uint32(math.MaxUint32))
	}
	return max(rows, 0), nil
}
