package rapids

import (
	"math"
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/number"
)

func assignmentPrims() []Prim {
	return []Prim{{
		Name: ":=", Args: "fr value cols rows", lazy: true, run: assignRectangle,
		Help: "replaces a rectangle of cells by a number, a string or a frame; [] means all columns or rows",
	}}
}

func assignRectangle(c *call) (Value, error) {
	f, err := c.evalFrame(0)
	if err != nil {
		return nil, err
	}
	var args [2]Value
	for i := range args {
		if args[i], err = c.eval(c.nodes[i+1]); err != nil {
			return nil, err
		}
	}
	value := c.side(args[0])
	var at []int
	if l, ok := args[1].(Nums); ok && len(l) == 0 {
		for i := range f.NumCols() {
			at = append(at, i)
		}
	} else {
		at = c.positions(f.Frame, args[1], columnsAt)
	}
	if c.err != nil {
		return nil, c.err
	}
	rows := rowSet{hi: f.NumRows()}
	if l, ok := c.nodes[3].(numsNode); !ok || len(l) > 0 {
		if rows, err = c.rowSet(f.Frame, c.nodes[3]); err != nil {
			return nil, err
		}
	}
	if n := len(value.cells); n != 1 && n != len(at) {
		return nil, c.fail("cannot assign %d columns to %d", n, len(at))
	}
	cols := make([]*frame.Column, f.NumCols())
	for i := range cols {
		cols[i] = f.Column(i)
	}
	for i, j := range at {
		if cols[j], err = replace(c, cols[j], value.cells[min(i, len(value.cells)-1)], rows); err != nil {
			return nil, err
		}
	}
	return framed(f.Names(), cols)
}

// replace gives col with the selected rows replaced by v: a number, a text, or a
// column with as many rows as are selected, or as there are at all. When all rows are
// replaced, a number or a column also brings its kind.
func replace(c *call, col *frame.Column, v operand, rows rowSet) (*frame.Column, error) {
	n := col.Len()
	whole := rows.rows == nil && rows.lo == 0 && rows.hi == n
	if v.col != nil {
		if v.col.Len() == n && n != rows.len() {
			v.col = v.col.Gather(rows.list())
		}
		if v.col.Len() != rows.len() {
			return nil, c.fail("cannot assign %d rows to %d", v.col.Len(), rows.len())
		}
	}
	switch {
	case whole && v.col != nil:
		return v.col, nil
	case whole && v.text == nil:
		return frame.NewConst(v.num, n), nil
	case v.text != nil:
		var err error
		if v.col, err = constantText(c, col, *v.text, rows.len()); err != nil {
			return nil, err
		}
	case v.col == nil && v.num != v.num:
		v.col = absent(col, rows.len())
	case v.col == nil && col.Kind() == frame.Enum:
		if !(v.num >= 0 && v.num < float64(len(col.Domain())) && v.num == math.Trunc(v.num)) {
			return nil, c.fail("Cannot assign value %s into a vector of type Enum.", number.Text(v.num))
		}
		codes := make([]int32, rows.len())
		for i := range codes {
			codes[i] = int32(v.num)
		}
		v.col = frame.NewCodes(codes, col.Domain())
	case v.col == nil:
		if !col.Kind().Numeric() {
			return nil, c.fail("Cannot assign value %s into a vector of type %s.", number.Text(v.num), typeName(col))
		}
		v.col = frame.NewConst(v.num, rows.len())
	}
	return overlay(c, col, v.col, rows)
}

// constantText is a column of one text that fits col. H2O: AstRectangleAssign
func constantText(c *call, col *frame.Column, text string, n int) (*frame.Column, error) {
	switch col.Kind() {
	case frame.Enum:
		if k := slices.Index(col.Domain(), text); k >= 0 {
			codes := make([]int32, n)
			for i := range codes {
				codes[i] = int32(k)
			}
			return frame.NewCodes(codes, col.Domain()), nil
		}
	case frame.String:
		return frame.NewStrings([]string{text}, nil).Gather(make([]int, n)), nil
	}
	return nil, c.fail("Cannot assign value %s into a vector of type %s.", text, typeName(col))
}

// typeName is H2O's word for a column's kind.
func typeName(col *frame.Column) string {
	return [...]string{"BAD", "Numeric", "Numeric", "Enum", "Time", "String", "UUID"}[col.Kind()]
}

// overlay puts src, one row for each selected row, over col.
func overlay(c *call, col, src *frame.Column, rows rowSet) (*frame.Column, error) {
	numbers := func(k frame.Kind) bool { return k == frame.Int || k == frame.Real }
	switch k, l := col.Kind(), src.Kind(); {
	case k == l || k == frame.Bad || l == frame.Bad || numbers(k) && numbers(l):
	case k == frame.Time && l == frame.Int:
		src = asTime(src)
	default:
		return nil, c.fail("cannot assign a column of type %s to rows of a column of type %s", typeName(src), typeName(col))
	}
	if col.Kind() == frame.Enum && src.Kind() == frame.Enum && !slices.Equal(col.Domain(), src.Domain()) {
		return nil, c.fail("cannot assign categories to rows of a column with other categories")
	}
	// below each other, then in their order: kinds and widths are joined by frame
	both, err := frame.Concat([]*frame.Column{col, src})
	if err != nil {
		return nil, c.fail("cannot assign: %s", err)
	}
	pick := make([]int, col.Len())
	for i := range pick {
		pick[i] = i
	}
	for i, r := range rows.list() {
		pick[r] = col.Len() + i
	}
	return narrow(both.Gather(pick)), nil
}

// list writes the row numbers out.
func (r rowSet) list() []int {
	if r.rows != nil {
		return r.rows
	}
	out := make([]int, r.hi-r.lo)
	for i := range out {
		out[i] = r.lo + i
	}
	return out
}
