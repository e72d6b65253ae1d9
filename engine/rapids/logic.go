package rapids

import (
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
)

func logicPrims() []Prim {
	return []Prim{
		{Name: "&&", Args: "a b", Help: "and; b is not evaluated when a is 0", lazy: true, run: func(c *call) (Value, error) { return short(c, 0, "&") }},
		{Name: "||", Args: "a b", Help: "or; b is not evaluated when a is 1", lazy: true, run: func(c *call) (Value, error) { return short(c, 1, "|") }},
		{Name: "ifelse", Args: "test yes no", Help: "yes where test is true, no where it is 0, missing where it is missing", run: choose},
		{Name: "is.na", Args: "a", Help: "1 where missing", run: missing},
		{Name: "all", Args: "fr", Help: "1 when no number is 0; missing counts as true", run: func(c *call) (Value, error) {
			return quantify(c, false, func(s *frame.Stats, _ int64) bool { return zeros(s) > 0 })
		}},
		{Name: "any", Args: "fr", Help: "1 when a number is not 0; missing counts as true", run: func(c *call) (Value, error) {
			return quantify(c, true, func(s *frame.Stats, rows int64) bool { return rows > zeros(s) })
		}},
		{Name: "any.na", Args: "fr", Help: "1 when a number is neither 0 nor missing", run: func(c *call) (Value, error) {
			return quantify(c, true, func(s *frame.Stats, rows int64) bool { return rows > zeros(s)+s.Missing })
		}},
	}
}

// short evaluates the second operand only when the first is not the deciding number.
func short(c *call, decided Num, op string) (Value, error) {
	a, err := c.eval(c.nodes[0])
	if err != nil || a == decided {
		return a, err
	}
	b, err := c.eval(c.nodes[1])
	if err != nil {
		return nil, err
	}
	return combine(c, binaries[op], a, b)
}

// quantify gives answer when a column decides so by its statistics, and the
// opposite when none does. Text is never 0.
func quantify(c *call, answer bool, decides func(s *frame.Stats, rows int64) bool) (Value, error) {
	var cols []*frame.Column
	switch v := c.args[0].(type) {
	case Num:
		cols = append(cols, frame.NewConst(float64(v), 1))
	case Row:
		cols = append(cols, frame.NewReals(slices.Clone(v.Values)))
	default:
		f := c.frame(0)
		for i := range f.NumCols() {
			cols = append(cols, f.Column(i))
		}
	}
	found := slices.ContainsFunc(cols, func(col *frame.Column) bool { return decides(col.Stats(), int64(col.Len())) })
	return Num(truth(found == answer)), nil
}

// zeros takes the infinities out, which Stats counts as zeros.
func zeros(s *frame.Stats) int64 { return s.Zeros - s.PosInf - s.NegInf }

func missing(c *call) (Value, error) {
	switch v := c.args[0].(type) {
	case Num:
		return Num(truth(v != v)), nil
	case Str:
		return Num(0), nil
	case Row:
		out := make([]float64, len(v.Values))
		for i, x := range v.Values {
			out[i] = truth(x != x)
		}
		return Row{v.Names, out}, nil
	}
	return columns(c, c.frame(0), func(n string) string { return "isNA(" + n + ")" }, func(col *frame.Column) (*frame.Column, error) {
		return flagRows(c.ctx, col.Len(), col.Missing)
	})
}

// choose picks row by row, or one of its arguments when test is a number. The
// columns of the result have no names.
func choose(c *call) (Value, error) {
	if t, ok := c.args[0].(Num); ok {
		switch {
		case t != t:
			return t, nil
		case t != 0:
			return c.args[1], nil
		}
		return c.args[2], nil
	}
	test, yes, no := c.frame(0), c.side(c.args[1]), c.side(c.args[2])
	if c.err != nil {
		return nil, c.err
	}
	cols := make([]*frame.Column, test.NumCols())
	for i := range cols {
		var branch [2]operand
		for k, s := range []side{no, yes} {
			if n := len(s.cells); n != 1 && n != len(cols) {
				return nil, c.fail("'ifelse' tests %d columns but chooses from %d", len(cols), n)
			}
			if s.rows > 1 && s.rows != test.NumRows() || s.rows == 0 && test.NumRows() > 0 {
				return nil, c.fail("'ifelse' tests %d rows but chooses from %d", test.NumRows(), s.rows)
			}
			branch[k] = s.cells[min(i, len(s.cells)-1)]
		}
		var err error
		if cols[i], err = pick(c, test.Column(i), branch[1], branch[0]); err != nil {
			return nil, err
		}
	}
	return framed(numbered(len(cols)), cols)
}

// pick chooses rows of yes or no for one test column.
func pick(c *call, test *frame.Column, yes, no operand) (*frame.Column, error) {
	rows := test.Len()
	if yes.numeric() && no.numeric() {
		col, err := reals(c.ctx, rows, []operand{{col: test}, yes, no}, func(dst []float64, in [][]float64) {
			for i, t := range in[0] {
				switch {
				case t != t:
					dst[i] = t
				case t != 0:
					dst[i] = in[1][i]
				default:
					dst[i] = in[2][i]
				}
			}
		})
		if err != nil || !isTime(yes) || !isTime(no) {
			return col, err
		}
		return asTime(col), nil
	}
	levels, plain := []string{}, false
	for _, o := range []operand{yes, no} {
		switch {
		case o.text != nil:
			levels = append(levels, *o.text)
		case o.col == nil && o.num != o.num: // a missing value fits everywhere
		case o.col == nil || o.col.Kind().Numeric() && o.col.Kind() != frame.Bad:
			return nil, c.fail("'ifelse' cannot choose between numbers and text")
		case o.col.Kind() == frame.Enum:
			levels = append(levels, o.col.Domain()...)
		case o.col.Kind() != frame.Bad:
			plain = true
		}
	}
	text := func(i int) (string, bool) {
		o, t := yes, test.Float(i)
		if t == 0 {
			o = no
		}
		if o.text != nil && t == t {
			return *o.text, true
		}
		if o.col == nil || t != t {
			return "", false
		}
		i = min(i, o.col.Len()-1)
		return o.col.Text(i), !o.col.Missing(i)
	}
	if plain {
		out := make([]string, rows)
		for i := range out {
			out[i], _ = text(i)
		}
		return frame.NewStrings(out, func(i int) bool { _, ok := text(i); return !ok }), nil
	}
	slices.Sort(levels)
	levels = slices.Compact(levels)
	return encode(c.ctx, rows, levels, text)
}

// isTime reports whether the operand is a column of times.
func isTime(o operand) bool { return o.col != nil && o.col.Kind() == frame.Time }
