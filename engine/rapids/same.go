package rapids

import (
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels/par"
)

// same compares two operands of which at least one is not numeric: 1 where they are
// equal, or where they differ when want is false. A category equals a text by its
// level; text and categories never equal numbers; missing equals missing, but not a
// given text.
func same(c *call, rows int, x, y operand, want bool) (*frame.Column, error) {
	if x.numeric() || y.numeric() {
		// H2O: AstEq gives all false, AstNe all true
		return flagRows(c.ctx, rows, func(int) bool { return !want })
	}
	if x.col == nil {
		x, y = y, x
	}
	if x.col != nil && x.col.Kind() == frame.Enum && x.col.Len() == rows && y.col == nil {
		return isLevel(c, x.col, *y.text, want)
	}
	if x.col == nil { // recycled to no rows at all
		return flagRows(c.ctx, rows, func(int) bool { return (*x.text == *y.text) == want })
	}
	eq := equality(x.col, y)
	return flagRows(c.ctx, rows, func(i int) bool { return eq(i) == want })
}

// isLevel compares categories with one level.
func isLevel(c *call, col *frame.Column, level string, want bool) (*frame.Column, error) {
	out := make([]int8, col.Len())
	code := int32(slices.Index(col.Domain(), level))
	if code < 0 {
		code = -2 // Why: -1 is missing, which equals no level
	}
	err := par.ForErr(c.ctx, 0, len(out), par.Rows, func(_, lo, hi int) error {
		for i, k := range col.Codes(lo, hi, nil) {
			out[lo+i] = bit((k == code) == want)
		}
		return nil
	})
	return frame.NewInts(frame.Int, out, nil), err
}

// equality returns a function that tells whether row i of a equals row i of b, or
// the text b.
func equality(a *frame.Column, b operand) func(i int) bool {
	at := func(col *frame.Column, i int) int {
		if col.Len() == 1 {
			return 0
		}
		return i
	}
	if b.col == nil {
		want := *b.text
		if a.Kind() == frame.String {
			return func(i int) bool { i = at(a, i); return !a.Missing(i) && string(a.Bytes(i)) == want }
		}
		return func(i int) bool { i = at(a, i); return !a.Missing(i) && a.Text(i) == want }
	}
	if a.Kind() == frame.Enum && b.col.Kind() == frame.Enum {
		place := make(map[string]int, len(a.Domain()))
		for k, l := range a.Domain() {
			place[l] = k
		}
		into := make([]int, len(b.col.Domain()))
		for k, l := range b.col.Domain() {
			into[k] = -2
			if p, ok := place[l]; ok {
				into[k] = p
			}
		}
		return func(i int) bool {
			code := b.col.Code(at(b.col, i))
			if code >= 0 {
				code = into[code]
			}
			return a.Code(at(a, i)) == code
		}
	}
	return func(i int) bool {
		j, k := at(a, i), at(b.col, i)
		if a.Missing(j) || b.col.Missing(k) {
			return a.Missing(j) && b.col.Missing(k)
		}
		return a.Text(j) == b.col.Text(k)
	}
}
