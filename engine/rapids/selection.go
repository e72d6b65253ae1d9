package rapids

import (
	"context"
	"math"
	"slices"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/number"
	"github.com/geyser-ml/geyser/kernels/par"
)

func selectionPrims() []Prim {
	return []Prim{
		{Name: "cols_py", Args: "fr cols", Help: "selects columns; negative numbers count from the end", run: func(c *call) (Value, error) {
			return selectColumns(c, pythonColumns)
		}},
		{Name: "cols", Args: "fr cols", Help: "selects columns; negative numbers leave columns out, -1 the first", run: func(c *call) (Value, error) {
			return selectColumns(c, rColumns)
		}},
		{Name: "rows", Args: "fr rows", Help: "selects rows by number, by ascending list, by negative list to leave out, or where a column is true", lazy: true, run: selectRows},
		{Name: "na.omit", Args: "fr", Help: "leaves rows out that miss a value", run: complete},
		{Name: "nrow", Args: "fr", Help: "number of rows", run: func(c *call) (Value, error) { return Num(c.frame(0).NumRows()), nil }},
		{Name: "ncol", Args: "fr", Help: "number of columns", run: func(c *call) (Value, error) { return Num(c.frame(0).NumCols()), nil }},
		{Name: "flatten", Args: "fr", Help: "the value of a frame of one cell; other frames as they are", run: flatten},
		{Name: "getrow", Args: "fr", Help: "the only row of a frame as numbers", run: getRow},
		{Name: "columnsByType", Args: "fr type", Help: "positions of the columns of a type: numeric, categorical, string, time, uuid, bad", run: columnsByType},
		{Name: "filterNACols", Args: "fr fraction", Help: "positions of the columns that miss less than a fraction of their values", run: filterColumns},
	}
}

// noColumn is the error for a name that is no column. H2O: AstParameter.columns
func noColumn(name string) error { return errs.Invalidf("ast", "Column %s not found", name) }

// columnsNamed finds columns by name.
func columnsNamed(f *frame.Frame, names []string) ([]int, error) {
	out := make([]int, len(names))
	for i, n := range names {
		if out[i] = f.Index(n); out[i] < 0 {
			return nil, noColumn(n)
		}
	}
	return out, nil
}

// columnsAt is the plain reading of column numbers: each from 0 to the last.
func columnsAt(f *frame.Frame, nums []float64, _ bool) ([]int, error) {
	out := make([]int, len(nums))
	for i, v := range nums {
		if !(v >= 0 && v < float64(f.NumCols()) && v == math.Trunc(v)) {
			return nil, errs.Invalidf("ast", "column %s is not an integer from 0 to %d", label(v), f.NumCols()-1)
		}
		out[i] = int(v)
	}
	return out, nil
}

// pythonColumns counts negative numbers from the end; what lies outside is ignored
// in a list.
func pythonColumns(f *frame.Frame, nums []float64, list bool) ([]int, error) {
	kept := make([]float64, 0, len(nums))
	for _, v := range nums {
		if v < 0 {
			v += float64(f.NumCols())
		}
		if !list || v >= 0 && v < float64(f.NumCols()) {
			kept = append(kept, v)
		}
	}
	return columnsAt(f, kept, list)
}

// rColumns leaves out column n for -(n+1) when the numbers are negative.
func rColumns(f *frame.Frame, nums []float64, list bool) ([]int, error) {
	if len(nums) == 0 || nums[0] >= 0 {
		return columnsAt(f, nums, list)
	}
	out := make([]float64, len(nums))
	for i, v := range nums {
		if v >= 0 {
			return nil, errs.Invalidf("ast", "cannot mix negative and positive column numbers")
		}
		out[i] = -v - 1
	}
	drop, err := columnsAt(f, out, list)
	if err != nil {
		return nil, err
	}
	var keep []int
	for i := range f.NumCols() {
		if !slices.Contains(drop, i) {
			keep = append(keep, i)
		}
	}
	return keep, nil
}

// positions resolves argument i as columns of f.
func (c *call) positions(f *frame.Frame, v Value, read func(*frame.Frame, []float64, bool) ([]int, error)) []int {
	var out []int
	var err error
	switch v := v.(type) {
	case Num:
		out, err = read(f, []float64{float64(v)}, false)
	case Nums:
		out, err = read(f, v, true)
	case Str:
		out, err = columnsNamed(f, []string{string(v)})
	case Strs:
		out, err = columnsNamed(f, v)
	default:
		c.wrong("column numbers or names", v)
	}
	if c.err == nil {
		c.err = err
	}
	return out
}

func selectColumns(c *call, read func(*frame.Frame, []float64, bool) ([]int, error)) (Value, error) {
	f := c.frame(0)
	at := c.positions(f, c.args[1], read)
	if c.err != nil {
		return nil, c.err
	}
	names, cols := make([]string, len(at)), make([]*frame.Column, len(at))
	for i, j := range at {
		names[i], cols[i] = f.Name(j), f.Column(j)
	}
	return framed(names, cols)
}

func selectRows(c *call) (Value, error) {
	f, err := c.evalFrame(0)
	if err != nil {
		return nil, err
	}
	rows, err := c.rowSet(f.Frame, c.nodes[1])
	if err != nil {
		return nil, err
	}
	return Frame{"", rows.of(f.Frame)}, nil
}

// rowSet is a selection of rows in ascending order.
type rowSet struct {
	lo, hi int // all of [lo, hi) when rows is nil
	rows   []int
}

func (r rowSet) len() int {
	if r.rows == nil {
		return r.hi - r.lo
	}
	return len(r.rows)
}

// of returns the selected rows of f; a range is not copied.
func (r rowSet) of(f *frame.Frame) *frame.Frame {
	switch {
	case r.rows != nil:
		return f.Gather(r.rows)
	case r.lo == 0 && r.hi == f.NumRows():
		return f
	}
	return f.Slice(r.lo, r.hi)
}

// rowSet reads a row selector: numbers, evaluated to a single number or a column of
// truth values otherwise. A list is not written out where it is a range.
func (c *call) rowSet(f *frame.Frame, n node) (rowSet, error) {
	list, ok := n.(numsNode)
	if !ok {
		v, err := c.eval(n)
		if err != nil {
			return rowSet{}, err
		}
		switch v := v.(type) {
		case Num:
			list = numsNode{{base: float64(v), count: 1, stride: 1}}
		case Nums:
			for _, x := range v {
				list = append(list, span{x, 1, 1})
			}
		case Frame:
			return c.mask(f, v.Frame)
		default:
			c.wrong("row numbers or a column of truth values", v)
			return rowSet{}, c.err
		}
	}
	return c.rowList(f.NumRows(), list)
}

// mask selects the rows where a column is neither 0 nor missing.
func (c *call) mask(f, m *frame.Frame) (rowSet, error) {
	if m.NumCols() != 1 || m.NumRows() != f.NumRows() {
		return rowSet{}, c.fail("rows are selected by one column of %d rows but found %d columns of %d rows", f.NumRows(), m.NumCols(), m.NumRows())
	}
	if !m.Column(0).Kind().Numeric() {
		return rowSet{}, c.fail("rows are selected by a column of truth values but %s is %s", m.Name(0), m.Column(0).Kind())
	}
	rows, err := trueRows(c.ctx, f.NumRows(), []operand{{col: m.Column(0)}}, func(in []float64) bool { return in[0] != 0 && in[0] == in[0] })
	return rowSet{rows: rows}, err
}

// trueRows lists the rows whose values satisfy keep.
func trueRows(ctx context.Context, n int, ops []operand, keep func(in []float64) bool) ([]int, error) {
	found := make([][]int, par.Chunks(n, par.Rows))
	err := blocks(ctx, n, ops, func(chunk, lo, hi int, in [][]float64) {
		row := make([]float64, len(ops))
		for i := range hi - lo {
			for k := range in {
				row[k] = in[k][i]
			}
			if keep(row) {
				found[chunk] = append(found[chunk], lo+i)
			}
		}
	})
	rows := slices.Concat(found...)
	if rows == nil {
		rows = []int{}
	}
	return rows, err
}

// rowList reads ascending row numbers, or negative ones of rows to leave out.
func (c *call) rowList(n int, list numsNode) (rowSet, error) {
	for _, s := range list {
		last := s.at(s.count - 1)
		switch {
		case s.base != math.Trunc(s.base) || s.stride != math.Trunc(s.stride):
			return rowSet{}, c.fail("row numbers must be integers but found %s", number.Text(s.base))
		case (s.base < 0) != (list[0].base < 0) || s.base < 0 && last >= 0:
			return rowSet{}, c.fail("cannot mix negative and positive row numbers")
		case s.base < float64(-n) || last >= float64(n):
			return rowSet{}, c.fail("Row must be an integer from 0 to %d", n-1)
		}
	}
	if len(list) == 1 && list[0].base >= 0 && list[0].stride == 1 {
		lo := int(list[0].base)
		return rowSet{lo: lo, hi: lo + int(list[0].count)}, nil
	}
	rows := []int{}
	if len(list) > 0 && list[0].base < 0 {
		drop := make([]bool, n)
		for _, s := range list {
			for i := range s.count {
				drop[-int(s.at(i))-1] = true
			}
		}
		for i, d := range drop {
			if !d {
				rows = append(rows, i)
			}
		}
		return rowSet{rows: rows}, nil
	}
	for _, s := range list {
		for i := range s.count {
			row := int(s.at(i))
			switch last := len(rows) - 1; {
			case last >= 0 && row < rows[last]:
				// H2O: AstRowSlice
				return rowSet{}, c.fail("H2O does not currently reorder rows, please sort your row selection first")
			case last < 0 || row > rows[last]:
				rows = append(rows, row)
			}
			if s.stride == 0 {
				break
			}
		}
	}
	return rowSet{rows: rows}, nil
}

func complete(c *call) (Value, error) {
	f := c.frame(0)
	var gaps []*frame.Column
	for i := range f.NumCols() {
		if col := f.Column(i); col.Stats().Missing > 0 {
			gaps = append(gaps, col)
		}
	}
	if len(gaps) == 0 {
		return Frame{"", f}, nil
	}
	parts := make([][]int, par.Chunks(f.NumRows(), par.Rows))
	err := par.ForErr(c.ctx, 0, f.NumRows(), par.Rows, func(chunk, lo, hi int) error {
		for i := lo; i < hi; i++ {
			if !slices.ContainsFunc(gaps, func(col *frame.Column) bool { return col.Missing(i) }) {
				parts[chunk] = append(parts[chunk], i)
			}
		}
		return nil
	})
	return Frame{"", f.Gather(slices.Concat(parts...))}, err
}

func flatten(c *call) (Value, error) {
	if _, ok := c.args[0].(Frame); !ok {
		return c.args[0], nil
	}
	f := c.frame(0)
	if f.NumRows() != 1 || f.NumCols() != 1 {
		return c.args[0], nil
	}
	col := f.Column(0)
	switch {
	case col.Kind().Numeric():
		return Num(col.Float(0)), nil
	case col.Missing(0):
		return Str("NA"), nil
	}
	return Str(col.Text(0)), nil
}

func getRow(c *call) (Value, error) {
	if r, ok := c.args[0].(Row); ok {
		return r, nil
	}
	f := c.frame(0)
	if c.err == nil && f.NumRows() != 1 {
		return nil, c.fail("'getrow' works on a single row but found %d", f.NumRows())
	}
	r := Row{Names: f.Names(), Values: make([]float64, f.NumCols())}
	for i := range r.Values {
		if col := f.Column(i); c.err == nil && col.Kind().Numeric() {
			r.Values[i] = col.Float(0)
		} else {
			r.Values[i] = math.NaN()
		}
	}
	return r, nil
}

func columnsByType(c *call) (Value, error) {
	f, want := c.frame(0), c.str(1)
	kinds := map[string][]frame.Kind{
		"numeric": {frame.Int, frame.Real}, "categorical": {frame.Enum}, "string": {frame.String},
		"time": {frame.Time}, "uuid": {frame.UUID}, "bad": {frame.Bad},
	}[want]
	if kinds == nil && c.err == nil {
		return nil, c.fail("column type %q is not one of numeric, categorical, string, time, uuid, bad", want)
	}
	out := Nums{}
	for i := range f.NumCols() {
		if slices.Contains(kinds, f.Column(i).Kind()) {
			out = append(out, float64(i))
		}
	}
	return out, nil
}

func filterColumns(c *call) (Value, error) {
	f, limit := c.frame(0), c.num(1)
	out := Nums{}
	for i := range f.NumCols() {
		if float64(f.Column(i).Stats().Missing) < limit*float64(f.NumRows()) {
			out = append(out, float64(i))
		}
	}
	return out, nil
}
