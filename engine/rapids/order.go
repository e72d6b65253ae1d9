package rapids

import (
	"math"
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
)

func sortPrims() []Prim {
	return []Prim{{
		Name: "sort", Args: "fr cols ascending", run: sortRows,
		Help: "sorts rows by columns, each ascending (1) or descending (-1); missing values come first",
	}}
}

// sortRows is stable. Categories are ordered by code.
func sortRows(c *call) (Value, error) {
	f := c.frame(0)
	at, up := c.positions(f, c.args[1], columnsAt), c.nums(2)
	if c.err != nil {
		return nil, c.err
	}
	if len(up) != len(at) {
		return nil, c.fail("'sort' was given %d columns but %d directions", len(at), len(up))
	}
	for i, j := range at {
		if col := f.Column(j); col.Kind() == frame.String || col.Kind() == frame.UUID {
			return nil, c.fail("'sort' cannot order by column %s of type %s", f.Name(j), col.Kind())
		}
		if up[i] != 1 && up[i] != -1 {
			return nil, c.fail("direction %s of 'sort' is neither 1 nor -1", label(up[i]))
		}
	}
	rows := make([]int, f.NumRows())
	for i := range rows {
		rows[i] = i
	}
	spare := make([]int, len(rows))
	for i := len(at) - 1; i >= 0; i-- { // the last key first, because each sort is stable
		if err := c.ctx.Err(); err != nil {
			return nil, err
		}
		rows, spare = radix(places(f.Column(at[i]), up[i] < 0), rows, spare)
	}
	return Frame{"", f.Gather(rows)}, nil
}

// places maps the numbers of a column to integers of the same order, or of the
// opposite, and missing values to 0, the least.
func places(col *frame.Column, down bool) []uint64 {
	v := col.Floats(0, col.Len(), nil)
	out := make([]uint64, len(v))
	for i, x := range v {
		if x != x {
			continue
		}
		b := math.Float64bits(x + 0) // Why: -0 and 0 are equal
		if b>>63 == 0 {
			b |= 1 << 63
		} else {
			b = ^b
		}
		if down {
			b = ^b
		}
		out[i] = b
	}
	return out
}

// radix sorts rows by key, stably, and returns them and the slice that is free now.
func radix(key []uint64, rows, spare []int) (sorted, free []int) {
	for shift := 0; shift < 64; shift += 8 {
		var start [257]int
		for _, k := range key {
			start[k>>shift&255+1]++
		}
		if slices.Contains(start[:], len(key)) {
			continue // all have the same byte
		}
		for b := range 256 {
			start[b+1] += start[b]
		}
		for _, r := range rows {
			b := key[r] >> shift & 255
			spare[start[b]] = r
			start[b]++
		}
		rows, spare = spare, rows
	}
	return rows, spare
}
