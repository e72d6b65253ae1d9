package frame

import (
	"fmt"
	"sync"

	"github.com/geyser-ml/geyser/engine/errs"
)

// Frame is an ordered list of named columns of equal length. It is immutable.
type Frame struct {
	names []string
	cols  []*Column
	index map[string]int
	rows  int

	sum struct { // see Checksum
		once  sync.Once
		value int64
	}
}

// New makes a frame. Names must be unique, columns of equal length; anything
// else is an Invalid error. A frame without columns has no rows.
func New(names []string, cols []*Column) (*Frame, error) {
	if len(names) != len(cols) {
		panic(fmt.Sprintf("frame: %d names for %d columns", len(names), len(cols)))
	}
	f := &Frame{
		names: append([]string(nil), names...),
		cols:  append([]*Column(nil), cols...),
		index: make(map[string]int, len(names)),
	}
	for i, n := range names {
		if _, dup := f.index[n]; dup {
			return nil, errs.Invalidf("column_names", "Found duplicate column name %s", n)
		}
		f.index[n] = i
		if i > 0 && cols[i].n != cols[0].n {
			return nil, errs.Invalidf("", "column %q has %d rows, column %q has %d", n, cols[i].n, names[0], cols[0].n)
		}
	}
	if len(cols) > 0 {
		f.rows = cols[0].n
	}
	return f, nil
}

// Must returns f and panics on an error; for frames whose columns are known to fit.
func Must(f *Frame, err error) *Frame {
	if err != nil {
		panic(err)
	}
	return f
}

// NumRows returns the number of rows.
func (f *Frame) NumRows() int { return f.rows }

// NumCols returns the number of columns.
func (f *Frame) NumCols() int { return len(f.cols) }

// Names returns a copy of the column names.
func (f *Frame) Names() []string { return append([]string(nil), f.names...) }

// Name returns the name of column i.
func (f *Frame) Name(i int) string { return f.names[i] }

// Column returns column i.
func (f *Frame) Column(i int) *Column { return f.cols[i] }

// Index returns the position of the column of that name, -1 if there is none.
func (f *Frame) Index(name string) int {
	if i, ok := f.index[name]; ok {
		return i
	}
	return -1
}

// Lookup returns the column of that name, nil if there is none.
func (f *Frame) Lookup(name string) *Column {
	if i, ok := f.index[name]; ok {
		return f.cols[i]
	}
	return nil
}

// Select returns a frame of the columns at the given positions, in that order.
func (f *Frame) Select(cols []int) (*Frame, error) {
	names, cs := make([]string, len(cols)), make([]*Column, len(cols))
	for i, j := range cols {
		names[i], cs[i] = f.names[j], f.cols[j]
	}
	return New(names, cs)
}
