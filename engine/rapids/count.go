package rapids

import (
	"cmp"
	"slices"

	"github.com/geyser-ml/geyser/engine/frame"
)

func countPrims() []Prim {
	return []Prim{
		{Name: "table", Args: "fr fr2_or_dense dense?", Help: "counts of the values of one column or of pairs of two; dense FALSE spreads pairs over columns", run: tabulate},
		{Name: "unique", Args: "fr include_nas?", Help: "distinct values of the first column, ascending", run: distinct},
	}
}

// keys are the values that occur in a column, ascending, and each row's place among
// them, -1 where missing.
type keys struct {
	values *frame.Column
	labels []string
	codes  []int32
}

func (c *call) keys(col *frame.Column) (keys, error) {
	switch col.Kind() {
	case frame.String, frame.UUID:
		return keys{}, c.fail("Operation not allowed on string vector.") // H2O: Vec.at on a text column
	case frame.Enum:
		// only levels that occur
		place, present := make([]int32, len(col.Domain())), []int32{}
		k := keys{codes: col.Codes(0, col.Len(), nil)}
		for level, n := range col.Stats().Counts {
			if place[level] = int32(len(present)); n > 0 {
				present = append(present, int32(level))
				k.labels = append(k.labels, col.Domain()[level])
			}
		}
		for i, code := range k.codes {
			if code >= 0 {
				k.codes[i] = place[code]
			}
		}
		k.values = frame.NewCodes(present, col.Domain())
		return k, nil
	}
	vals, codes, err := group(c.ctx, col)
	if err != nil {
		return keys{}, err
	}
	k := keys{codes: codes}
	for _, v := range vals {
		k.labels = append(k.labels, label(v))
	}
	if k.values = frame.NewReals(vals); col.Kind() == frame.Time {
		k.values = asTime(k.values)
	}
	return k, nil
}

// tabulate counts rows without missing values.
func tabulate(c *call) (Value, error) {
	f := c.frame(0)
	var names []string
	var cols []*frame.Column
	frames, dense := []*frame.Frame{f}, 1
	if _, ok := c.args[1].(Frame); ok {
		frames, dense = append(frames, c.frame(1)), 2
	}
	for _, f := range frames {
		names = append(names, f.Names()...)
		for i := range f.NumCols() {
			cols = append(cols, f.Column(i))
		}
	}
	full := !c.has(dense) || c.flag(dense)
	if c.err != nil {
		return nil, c.err
	}
	if len(cols) != 1 && len(cols) != 2 {
		return nil, c.fail("'table' counts one or two columns but found %d", len(cols))
	}
	if len(cols) == 2 && cols[0].Len() != cols[1].Len() {
		return nil, c.fail("Frames must have same rows, found %d rows and %d rows.", cols[0].Len(), cols[1].Len())
	}
	a, err := c.keys(cols[0])
	if err != nil {
		return nil, err
	}
	if len(cols) == 1 {
		counts := make([]float64, len(a.labels))
		for _, code := range a.codes {
			if code >= 0 {
				counts[code]++
			}
		}
		return framed([]string{names[0], "Count"}, []*frame.Column{a.values, frame.NewReals(counts)})
	}
	b, err := c.keys(cols[1])
	if err != nil {
		return nil, err
	}
	if full {
		return pairs(names, a, b)
	}
	return crosstab(c, names[0], a, b)
}

// pairs lists the pairs that occur with their counts, by first and then second value.
func pairs(names []string, a, b keys) (Value, error) {
	counts := map[int64]float64{}
	width := int64(len(b.labels))
	for i, code := range a.codes {
		if code >= 0 && b.codes[i] >= 0 {
			counts[int64(code)*width+int64(b.codes[i])]++
		}
	}
	cells := sortedKeys(counts)
	first, second, n := make([]int, len(cells)), make([]int, len(cells)), make([]float64, len(cells))
	for i, cell := range cells {
		first[i], second[i], n[i] = int(cell/width), int(cell%width), counts[cell]
	}
	return framed(append(names, "Counts"), []*frame.Column{a.values.Gather(first), b.values.Gather(second), frame.NewReals(n)})
}

// crosstab spreads the second column's values over columns.
func crosstab(c *call, name string, a, b keys) (Value, error) {
	if len(b.labels) > maxCrossColumns || len(a.labels)*len(b.labels) > maxCrossCells {
		return nil, c.fail("'table' would spread %d values over columns; dense TRUE lists them", len(b.labels))
	}
	counts := make([][]float64, len(b.labels))
	for k := range counts {
		counts[k] = make([]float64, len(a.labels))
	}
	for i, code := range a.codes {
		if code >= 0 && b.codes[i] >= 0 {
			counts[b.codes[i]][code]++
		}
	}
	names, cols := []string{name}, []*frame.Column{a.values}
	for k, v := range counts {
		names, cols = append(names, b.labels[k]), append(cols, frame.NewReals(v))
	}
	return framed(names, cols)
}

// Bounds of a cross table.
const (
	maxCrossColumns = 10_000
	maxCrossCells   = 1 << 25
)

func distinct(c *call) (Value, error) {
	f := c.frame(0)
	nas := c.has(1) && c.flag(1)
	if c.err != nil {
		return nil, c.err
	}
	if f.NumCols() == 0 {
		return nil, c.fail("'unique' works on a column but found none")
	}
	col := f.Column(0)
	k, err := c.keys(col)
	if err != nil {
		return nil, err
	}
	if col.Kind() != frame.Bad && nas && col.Stats().Missing > 0 {
		rows := make([]int, k.values.Len()+1)
		for i := range rows {
			rows[i] = i
		}
		rows[len(rows)-1] = -1
		k.values = k.values.Gather(rows)
	}
	return single("C1", k.values)
}

// sortedKeys returns the keys of m in ascending order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	out := make([]K, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
