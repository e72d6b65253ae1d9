package rapids

import (
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/number"
)

func bindingPrims() []Prim {
	return []Prim{
		{Name: "cbind", Args: "part...", Help: "puts columns side by side; a number fills a column", run: bindColumns},
		{Name: "rbind", Args: "part...", Help: "puts rows below each other; categories are united, a number fills a row", run: bindRows},
		{Name: "append", Args: "fr value name...", Help: "adds columns, each a column, a number or a string and then its name", run: appendColumns},
		{Name: "colnames=", Args: "fr cols names", Help: "renames columns", run: renameColumns},
	}
}

func bindColumns(c *call) (Value, error) {
	rows := -1
	for i, a := range c.args {
		if _, ok := a.(Num); ok {
			continue
		}
		if n := c.frame(i).NumRows(); rows < 0 {
			rows = n
		} else if n != rows && c.err == nil {
			return nil, c.fail("'cbind' needs frames of equal length but found %d and %d rows", rows, n)
		}
	}
	if rows < 0 {
		rows = 1 // numbers alone
	}
	if c.err != nil {
		return nil, c.err
	}
	var names []string
	var cols []*frame.Column
	for _, a := range c.args {
		if v, ok := a.(Num); ok {
			names, cols = append(names, number.Text(float64(v))), append(cols, frame.NewConst(float64(v), rows))
			continue
		}
		f := a.(Frame)
		names = append(names, f.Names()...)
		for i := range f.NumCols() {
			cols = append(cols, f.Column(i))
		}
	}
	return framed(names, cols)
}

func bindRows(c *call) (Value, error) {
	var first *frame.Frame
	for i, a := range c.args {
		if _, ok := a.(Num); ok {
			continue
		}
		f := c.frame(i)
		if first == nil {
			first = f
		} else if f.NumCols() != first.NumCols() && c.err == nil {
			return nil, c.fail("'rbind' needs frames of equal width but found %d and %d columns", first.NumCols(), f.NumCols())
		}
	}
	if c.err != nil {
		return nil, c.err
	}
	if first == nil {
		vals := make([]float64, len(c.args))
		for i, a := range c.args {
			vals[i] = float64(a.(Num))
		}
		return single("C1", frame.NewReals(vals))
	}
	var size int64
	for _, a := range c.args {
		if f, ok := a.(Frame); ok {
			size += f.SizeBytes()
		}
	}
	if size > roomFrom {
		if err := c.s.host.Room(size); err != nil {
			return nil, err
		}
	}
	cols := make([]*frame.Column, first.NumCols())
	for k := range cols {
		parts := make([]*frame.Column, len(c.args))
		for i, a := range c.args {
			switch v := a.(type) {
			case Num:
				parts[i] = frame.NewConst(float64(v), 1)
			case Frame:
				if v.Name(k) != first.Name(k) {
					return nil, c.fail("'rbind' needs frames of the same columns but column %d is %s and %s", k+1, first.Name(k), v.Name(k))
				}
				parts[i] = v.Column(k)
			}
		}
		var err error
		if cols[k], err = stack(c, first.Name(k), parts); err != nil {
			return nil, err
		}
	}
	return framed(first.Names(), cols)
}

// stack joins columns of one kind; categories become text where they meet text.
func stack(c *call, name string, parts []*frame.Column) (*frame.Column, error) {
	if slices.ContainsFunc(parts, func(p *frame.Column) bool { return p.Kind() == frame.String }) {
		for i, p := range parts {
			if p.Kind() == frame.Enum {
				parts[i] = asText(p)
			}
		}
	}
	col, err := frame.Concat(parts)
	if err != nil {
		return nil, c.fail("'rbind' cannot join column %s: %s", name, err)
	}
	return col, nil
}

// absent is a column of missing values of model's kind; for categories with its levels.
func absent(model *frame.Column, n int) *frame.Column {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = -1
	}
	return model.Gather(rows)
}

func appendColumns(c *call) (Value, error) {
	f := c.frame(0)
	names, cols := f.Names(), make([]*frame.Column, f.NumCols())
	for i := range cols {
		cols[i] = f.Column(i)
	}
	if len(c.args)%2 == 0 {
		return nil, c.fail("'append' needs a name for each column")
	}
	for i := 1; i < len(c.args); i += 2 {
		name := c.str(i + 1)
		if c.err != nil {
			return nil, c.err
		}
		var col *frame.Column
		switch v := c.args[i].(type) {
		case Num:
			col = frame.NewConst(float64(v), f.NumRows())
		case Str:
			col = frame.NewStrings([]string{string(v)}, nil).Gather(make([]int, f.NumRows()))
		case Frame:
			col = c.column(i)
		default:
			c.wrong("a column, a number or a string", v)
		}
		if c.err == nil && col.Len() != f.NumRows() {
			c.err = c.fail("column %s has %d rows but the frame has %d", name, col.Len(), f.NumRows())
		}
		if c.err != nil {
			return nil, c.err
		}
		names, cols = append(names, name), append(cols, col)
	}
	return framed(names, cols)
}

func renameColumns(c *call) (Value, error) {
	f := c.frame(0)
	at, to := c.positions(f, c.args[1], columnsAt), c.strs(2)
	if c.err != nil {
		return nil, c.err
	}
	if len(at) != len(to) {
		return nil, c.fail("'colnames=' was given %d columns but %d names", len(at), len(to))
	}
	names := f.Names()
	for i, j := range at {
		names[j] = to[i]
	}
	g, err := f.Rename(names)
	return Frame{"", g}, err
}
