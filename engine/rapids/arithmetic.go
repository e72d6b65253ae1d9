package rapids

import (
	"math"

	"github.com/geyser-ml/geyser/engine/frame"
)

// binary is an operator on two operands, written over blocks of rows. Exactly one
// of number and flag is set.
type binary struct {
	number func(dst, a, b []float64)
	flag   func(dst []int8, a, b []float64) // 0, 1 or frame.MissingI8
	same   int                              // 1 for ==, -1 for !=, 0 for others
}

var binaries = map[string]binary{
	"+": {number: func(dst, a, b []float64) {
		for i := range dst {
			dst[i] = a[i] + b[i]
		}
	}},
	"-": {number: func(dst, a, b []float64) {
		for i := range dst {
			dst[i] = a[i] - b[i]
		}
	}},
	"*": {number: func(dst, a, b []float64) {
		for i := range dst {
			dst[i] = a[i] * b[i]
		}
	}},
	"/": {number: func(dst, a, b []float64) {
		for i := range dst {
			dst[i] = a[i] / b[i]
		}
	}},
	"^":      {number: each(math.Pow)},
	"%":      {number: each(math.Mod)},
	"%%":     {number: each(math.Mod)},
	"intDiv": {number: each(quotient)},
	"%/%":    {number: each(quotient)},
	"<": {flag: func(dst []int8, a, b []float64) {
		for i := range dst {
			dst[i] = bit(a[i] < b[i])
		}
	}},
	"<=": {flag: func(dst []int8, a, b []float64) {
		for i := range dst {
			dst[i] = bit(a[i] <= b[i])
		}
	}},
	">": {flag: func(dst []int8, a, b []float64) {
		for i := range dst {
			dst[i] = bit(a[i] > b[i])
		}
	}},
	">=": {flag: func(dst []int8, a, b []float64) {
		for i := range dst {
			dst[i] = bit(a[i] >= b[i])
		}
	}},
	"==": {same: 1, flag: func(dst []int8, a, b []float64) {
		for i := range dst {
			dst[i] = bit(equal(a[i], b[i]))
		}
	}},
	"!=": {same: -1, flag: func(dst []int8, a, b []float64) {
		for i := range dst {
			dst[i] = bit(!equal(a[i], b[i]))
		}
	}},
	"&": {flag: func(dst []int8, a, b []float64) {
		for i := range dst {
			dst[i] = and(a[i], b[i])
		}
	}},
	"|": {flag: func(dst []int8, a, b []float64) {
		for i := range dst {
			dst[i] = or(a[i], b[i])
		}
	}},
}

func arithmeticPrims() []Prim {
	help := map[string]string{
		"+": "sum", "-": "difference", "*": "product", "/": "quotient", "^": "power",
		"%": "remainder with the sign of the dividend", "%%": "remainder with the sign of the dividend",
		"intDiv": "quotient of the whole parts, without its fraction", "%/%": "quotient of the whole parts, without its fraction",
		"<": "1 where a is less than b", "<=": "1 where a is at most b", ">": "1 where a is greater than b", ">=": "1 where a is at least b",
		"==": "1 where a equals b", "!=": "1 where a differs from b",
		"&": "0 where an operand is 0, else missing where one is missing, else 1",
		"|": "1 where an operand is 1, else missing where one is missing, else 0",
	}
	var out []Prim
	for name, op := range binaries {
		out = append(out, Prim{Name: name, Args: "a b", Help: help[name], run: func(c *call) (Value, error) {
			return combine(c, op, c.args[0], c.args[1])
		}})
	}
	return out
}

func each(f func(a, b float64) float64) func(dst, a, b []float64) {
	return func(dst, a, b []float64) {
		for i := range dst {
			dst[i] = f(a[i], b[i])
		}
	}
}

func quotient(a, b float64) float64 {
	if b = math.Trunc(b); b == 0 {
		return math.NaN()
	}
	return math.Trunc(math.Trunc(a) / b)
}

func bit(b bool) int8 {
	if b {
		return 1
	}
	return 0
}

// equal treats NaN as equal to NaN and numbers as equal that are within the smaller
// of their units in the last place. H2O: MathUtils.equalsWithinOneSmallUlp
func equal(a, b float64) bool {
	if a == b {
		return true
	}
	if a != a || b != b {
		return a != a && b != b
	}
	d, s := math.Abs(a-b), min(math.Abs(a), math.Abs(b))
	if d > s*0x1p-52 && d > 0x1p-1074 { // more than any unit of s
		return false
	}
	return d <= math.Nextafter(s, math.Inf(1))-s && !math.IsInf(d, 0)
}

func and(a, b float64) int8 {
	switch {
	case a == 0 || b == 0:
		return 0
	case a != a || b != b:
		return frame.MissingI8
	}
	return 1
}

func or(a, b float64) int8 {
	switch {
	case a == 1 || b == 1:
		return 1
	case a != a || b != b:
		return frame.MissingI8
	}
	return 0
}

// side is an operand of an operator, taken apart into columns or numbers.
type side struct {
	value Value
	names []string // nil where the columns have none
	cells []operand
	rows  int // -1 unless a frame
}

func (c *call) side(v Value) side {
	s := side{value: v, rows: -1}
	list := func(names []string, vals []float64) {
		s.names = names
		for _, x := range vals {
			s.cells = append(s.cells, operand{num: x})
		}
	}
	switch v := v.(type) {
	case Num:
		list(nil, []float64{float64(v)})
	case Nums:
		list(nil, v)
	case Row:
		list(v.Names, v.Values)
	case Str:
		s.cells = []operand{{text: (*string)(&v)}}
	case Frame:
		s.names, s.rows = v.Names(), v.NumRows()
		for i := range v.NumCols() {
			s.cells = append(s.cells, operand{col: v.Column(i)})
		}
	default:
		c.wrong("a Frame or a number", v)
	}
	return s
}

// combine applies op to a and b: a frame with more than one column or row meets one
// of the same shape, or one with a single column or row, or numbers.
func combine(c *call, op binary, av, bv Value) (Value, error) {
	a, b := c.side(av), c.side(bv)
	if c.err != nil {
		return nil, c.err
	}
	width := max(len(a.cells), len(b.cells))
	if min(len(a.cells), len(b.cells)) == 0 || len(a.cells) != len(b.cells) && len(a.cells) != 1 && len(b.cells) != 1 {
		return nil, c.fail("Frames must have same columns, found %d columns and %d columns.", len(a.cells), len(b.cells))
	}
	if a.rows != b.rows && min(a.rows, b.rows) >= 0 && a.rows != 1 && b.rows != 1 {
		return nil, c.fail("Frames must have same rows, found %d rows and %d rows.", a.rows, b.rows) // H2O: AstBinOp
	}
	pair := func(i int) (operand, operand) {
		return a.cells[min(i, len(a.cells)-1)], b.cells[min(i, len(b.cells)-1)]
	}
	if a.rows < 0 && b.rows < 0 {
		return scalars(c, op, a, b, width, pair)
	}
	rows := max(a.rows, b.rows)
	if a.rows == 0 || b.rows == 0 {
		rows = 0
	}
	cols := make([]*frame.Column, width)
	for i := range cols {
		x, y := pair(i)
		var err error
		if cols[i], err = op.column(c, rows, x, y); err != nil {
			return nil, err
		}
	}
	return framed(resultNames(op, a, b, width), cols)
}

// resultNames are the left frame's, or the right frame's where the left has not a
// name for each column. H2O: AstEq and AstNe drop the names when a frame meets a
// number.
func resultNames(op binary, a, b side, width int) []string {
	_, left := a.value.(Num)
	_, right := b.value.(Num)
	switch {
	case op.same != 0 && (left || right):
		return numbered(width)
	case a.rows >= 0 && len(a.names) == width:
		return a.names
	case b.rows >= 0 && len(b.names) == width:
		return b.names
	}
	return numbered(width)
}

func scalars(c *call, op binary, a, b side, width int, pair func(int) (operand, operand)) (Value, error) {
	out := make([]float64, width)
	for i := range out {
		x, y := pair(i)
		switch {
		case x.text != nil || y.text != nil:
			if op.same == 0 {
				return nil, c.fail("'%s' cannot be applied to a string", c.prim.Name)
			}
			eq := x.text != nil && y.text != nil && *x.text == *y.text
			out[i] = truth(eq == (op.same > 0))
		case op.flag != nil:
			var d [1]int8
			if op.flag(d[:], []float64{x.num}, []float64{y.num}); d[0] == frame.MissingI8 {
				out[i] = math.NaN()
			} else {
				out[i] = float64(d[0])
			}
		default:
			op.number(out[i:i+1], []float64{x.num}, []float64{y.num})
		}
	}
	for _, s := range []side{a, b} {
		if r, ok := s.value.(Row); ok && len(r.Values) == width {
			return Row{r.Names, out}, nil
		}
	}
	_, left := a.value.(Nums)
	if _, right := b.value.(Nums); left || right {
		return Nums(out), nil
	}
	if width > 1 {
		return Row{numbered(width), out}, nil
	}
	return Num(out[0]), nil
}

// column computes one column of the result.
func (op binary) column(c *call, rows int, x, y operand) (*frame.Column, error) {
	if !x.numeric() || !y.numeric() {
		switch {
		case op.same != 0:
			return same(c, rows, x, y, op.same > 0)
		case x.text != nil || y.text != nil:
			return nil, c.fail("'%s' cannot be applied to a string", c.prim.Name)
		}
		return frame.NewBad(rows), nil // H2O: arithmetic and order of categories are missing
	}
	if op.flag != nil {
		return flags(c.ctx, rows, []operand{x, y}, func(dst []int8, in [][]float64) { op.flag(dst, in[0], in[1]) })
	}
	return reals(c.ctx, rows, []operand{x, y}, func(dst []float64, in [][]float64) { op.number(dst, in[0], in[1]) })
}
