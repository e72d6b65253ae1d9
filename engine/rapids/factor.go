package rapids

import (
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
)

func factorPrims() []Prim {
	return []Prim{
		{Name: "levels", Args: "fr", Help: "the levels of each column, filled up with missing values", run: levels},
		{Name: "nlevels", Args: "fr", Help: "the number of levels of a column, 0 when it has none", run: func(c *call) (Value, error) {
			return Num(len(c.column(0).Domain())), nil
		}},
		{Name: "any.factor", Args: "fr", Help: "1 when a column holds categories", run: func(c *call) (Value, error) {
			f := c.frame(0)
			for i := range f.NumCols() {
				if f.Column(i).Kind() == frame.Enum {
					return Num(1), nil
				}
			}
			return Num(0), nil
		}},
		{Name: "setDomain", Args: "fr in_place levels", Help: "gives the levels new names", run: setDomain},
		{Name: "appendLevels", Args: "fr in_place levels", Help: "adds levels behind the others", run: appendLevels},
		{Name: "setLevel", Args: "fr level", Help: "a column of one level throughout", run: setLevel},
		{Name: "relevel", Args: "fr level", Help: "makes a level the first", run: relevel},
	}
}

// factor is argument 0: a frame of one column of categories.
func (c *call) factor() (*frame.Frame, *frame.Column) {
	f, col := c.frame(0), c.column(0)
	if c.err == nil && col.Kind() != frame.Enum {
		c.err = c.fail("'%s' works on a column of categories but %s is %s", c.prim.Name, f.Name(0), col.Kind())
	}
	return f, col
}

func levels(c *call) (Value, error) {
	f := c.frame(0)
	rows := 0
	for i := range f.NumCols() {
		rows = max(rows, len(f.Column(i).Domain()))
	}
	cols := make([]*frame.Column, f.NumCols())
	for i := range cols {
		domain := f.Column(i).Domain()
		codes := make([]int32, rows)
		for k := range codes {
			if codes[k] = int32(k); k >= len(domain) {
				codes[k] = -1
			}
		}
		cols[i] = frame.NewCodes(codes, domain)
	}
	return framed(numbered(len(cols)), cols)
}

func setDomain(c *call) (Value, error) {
	f, col := c.factor()
	to := c.strs(2)
	if c.err != nil {
		return nil, c.err
	}
	if len(to) < len(col.Domain()) {
		// H2O: AstSetDomain
		return nil, c.fail("Number of replacement factors must equal current number of levels. Current number of levels: %d != %d", len(col.Domain()), len(to))
	}
	return single(f.Name(0), frame.NewCodes(col.Codes(0, col.Len(), nil), slices.Clone(to)))
}

func appendLevels(c *call) (Value, error) {
	f, col := c.factor()
	more := c.strs(2)
	if c.err != nil {
		return nil, c.err
	}
	for i, l := range more {
		if slices.Contains(col.Domain(), l) || slices.Contains(more[:i], l) {
			return nil, c.fail("level %q is there already", l)
		}
	}
	return single(f.Name(0), frame.NewCodes(col.Codes(0, col.Len(), nil), slices.Concat(col.Domain(), more)))
}

// level finds the level that argument 1 names. H2O: AstSetLevel, AstRelevel
func (c *call) level(col *frame.Column) int {
	name := c.str(1)
	k := slices.Index(col.Domain(), name)
	if k < 0 && c.err == nil {
		c.err = c.fail("Did not find level `%s` in the column.", name)
	}
	return k
}

func setLevel(c *call) (Value, error) {
	f, col := c.factor()
	k := c.level(col)
	if c.err != nil {
		return nil, c.err
	}
	codes := make([]int32, col.Len())
	for i := range codes {
		codes[i] = int32(k)
	}
	return single(f.Name(0), frame.NewCodes(codes, col.Domain()))
}

func relevel(c *call) (Value, error) {
	f, col := c.factor()
	k := int32(c.level(col))
	if c.err != nil {
		return nil, c.err
	}
	domain := slices.Insert(slices.Delete(slices.Clone(col.Domain()), int(k), int(k)+1), 0, col.Domain()[k])
	codes := col.Codes(0, col.Len(), nil)
	for i, code := range codes {
		switch {
		case code == k:
			codes[i] = 0
		case code >= 0 && code < k:
			codes[i]++
		}
	}
	return single(f.Name(0), frame.NewCodes(codes, domain))
}
