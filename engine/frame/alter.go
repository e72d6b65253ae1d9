package frame

import (
	"fmt"
	"slices"
)

// Rename returns the frame with other column names, one for each column.
func (f *Frame) Rename(names []string) (*Frame, error) { return New(names, f.cols) }

// With returns the frame with one more column; its name must be new.
func (f *Frame) With(name string, c *Column) (*Frame, error) {
	return New(append(f.Names(), name), append(slices.Clone(f.cols), c))
}

// Replace returns the frame with c, of equal length, as column i.
func (f *Frame) Replace(i int, c *Column) *Frame {
	if len(f.cols) > 1 && c.n != f.rows {
		panic(fmt.Sprintf("frame: column of %d rows into a frame of %d", c.n, f.rows))
	}
	cols := slices.Clone(f.cols)
	cols[i] = c
	return Must(New(f.names, cols))
}

// Without returns the frame without the columns at the given positions.
func (f *Frame) Without(cols ...int) *Frame {
	keep := make([]int, 0, len(f.cols))
	for i := range f.cols {
		if !slices.Contains(cols, i) {
			keep = append(keep, i)
		}
	}
	return Must(f.Select(keep))
}

// Slice returns rows [lo, hi) without copying values.
func (f *Frame) Slice(lo, hi int) *Frame {
	return f.each(func(c *Column) *Column { return c.Slice(lo, hi) })
}

// Gather returns the given rows in that order; -1 gives a missing row.
func (f *Frame) Gather(rows []int) *Frame {
	return f.each(func(c *Column) *Column { return c.Gather(rows) })
}

func (f *Frame) each(alter func(*Column) *Column) *Frame {
	cols := make([]*Column, len(f.cols))
	for i, c := range f.cols {
		cols[i] = alter(c)
	}
	return Must(New(f.names, cols))
}

// SizeBytes returns the bytes that values, bitmaps and domains take, in memory or
// in the file.
func (f *Frame) SizeBytes() int64 {
	n := int64(0)
	for _, c := range f.cols {
		n += c.SizeBytes()
	}
	return n
}
