package frame

import (
	"runtime"
	"slices"

	"github.com/geyser-ml/geyser/engine/errs"
)

// Verify reads all that leads to other values, which Open takes on trust: codes
// must be in their domain, or missing and -1, and texts lie one after the other.
// A frame that is not so is an Invalid error; any value of a number is fine.
func (f *Frame) Verify() error {
	defer runtime.KeepAlive(f)
	for i, c := range f.cols {
		ok := true
		switch v := c.values.(type) {
		case []int8:
			ok = c.kind != Enum || inside(c, v)
		case []int16:
			ok = c.kind != Enum || inside(c, v)
		case []int32:
			ok = c.kind != Enum || inside(c, v)
		}
		if !ok || c.dtype == Text && !slices.IsSorted(c.offs) {
			return errs.Invalidf("", "frame file is damaged: column %q points beyond its values", f.names[i])
		}
	}
	return nil
}

// inside reports whether all codes of a column are good.
func inside[T int8 | int16 | int32](c *Column, codes []T) bool {
	for i, code := range codes {
		if code < -1 || int(code) >= len(c.domain) || (code == -1) != c.Missing(i) {
			return false
		}
	}
	return true
}
