package explain

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/table"
	"github.com/geyser-ml/geyser/engine/tree"
)

// product makes a model of two numbers: the sum of a step in each and, by weight,
// a step where both are positive. Half of the training rows went each way.
func product(sum, both float32) *forest {
	m := grove(model.Regression)
	m.trees = &tree.Forest{}
	plant(m.trees, 0, below(0, 0, leaf(0, 5), leaf(sum, 5)))
	plant(m.trees, 0, below(1, 0, leaf(0, 5), leaf(sum, 5)))
	plant(m.trees, 0, below(0, 0, leaf(0, 10), below(1, 0, leaf(0, 5), leaf(both, 5))))
	return m
}

// The frame has each combination of the signs of x and y once.
func TestHStatistic(t *testing.T) {
	f := meadow(4)
	for k, name := range []string{"x", "y"} {
		i := f.Index(name)
		v := []float64{-1, 1, -1, 1}
		if k == 1 {
			v = []float64{-1, -1, 1, 1}
		}
		f = f.Replace(i, reals([][]float64{v})[0])
	}
	h := func(m model.Model, names ...string) float64 {
		v, err := HStatistic(t.Context(), m, f, names, 1)
		require.NoError(t, err)
		return v
	}
	require.InDelta(t, 0, h(product(1, 0), "x", "y"), 1e-12)
	// With x and y in {-1, 1} the trees say (1+x)/2 + (1+y)/2 + (1+x)(1+y).
	over, under := 0.0, 0.0
	for _, x := range []float64{-1, 1} {
		for _, y := range []float64{-1, 1} {
			rest := x * y                    // what is left of (1+x)(1+y) without its parts in x and y alone
			full := x + y + rest + x/2 + y/2 // centred
			over, under = over+rest*rest, under+full*full
		}
	}
	require.InDelta(t, math.Sqrt(over/under), h(product(1, 4), "x", "y"), 1e-12)
	require.InDelta(t, 0, h(product(1, 4), "x", "y", "c"), 1e-12) // c is not in it
	require.True(t, math.IsNaN(h(product(0, 0), "x", "y")))
	require.Positive(t, h(grove(model.Multinomial), "x", "c"))
}

func TestHStatistic_Refused(t *testing.T) {
	m, f := grove(model.Regression), meadow(5)
	for _, tc := range []struct {
		name      string
		m         model.Model
		variables []string
		msg       string
	}{
		{"ErrNoTrees", plain{m}, []string{"x", "y"}, "unimplemented: Toy Forest does not support Friedman Popescus H calculation"},
		{"ErrOne", m, []string{"x"}, "an H statistic is about 2 to 10 variables; 1 are given"},
		{"ErrMissing", m, []string{"x", "zz"}, "Calculating of H statistics error: column zz is missing."},
		{"ErrForeign", m, []string{"x", "w"}, "Calculating of H statistics error: column w is missing."},
		{"ErrTwice", m, []string{"x", "x"}, "variable x is given twice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := HStatistic(t.Context(), tc.m, f, tc.variables, 1)
			require.EqualError(t, err, tc.msg)
		})
	}
}

func row(t *table.Table, k int) []any {
	var out []any
	for _, c := range t.Columns {
		out = append(out, c.Cells[k])
	}
	return out
}

func TestInteractions(t *testing.T) {
	m := product(1, 4)
	m.trees.Gain[m.trees.Roots[2]] = 3
	got, err := Interactions(m, 100, 100, -1)
	require.NoError(t, err)
	var names []string
	for _, g := range got {
		names = append(names, g.Name)
	}
	require.Equal(t, []string{"Interaction Depth 0", "Interaction Depth 1", "Leaf Statistics", "x Split Value Histogram", "y Split Value Histogram"}, names)
	// x splits the roots of trees 0 and 2, y that of tree 1 and half the rows of tree 2.
	require.Equal(t, []any{"", "x", 4.0, 2.0, 2.0, 1.0, 2.0, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0}, row(got[0], 0))
	require.Equal(t, []any{"", "y", 2.0, 2.0, 1.5, 0.75, 1.0, 1.5, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.5, 0.5}, row(got[0], 1))
	require.Equal(t, []any{"", "x|y", 4.0, 1.0, 0.5, 0.5, 4.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 1.0}, row(got[1], 0))
	require.Equal(t, []any{"", "x", 0.0, 1.0, 15.0, 5.0}, row(got[2], 0))
	require.Equal(t, []any{"", "x|y", 0.0, 4.0, 5.0, 5.0}, row(got[2], 2))
	require.Equal(t, int64(2), got[3].Columns[2].Cells[0])

	for _, tc := range []struct {
		name                          string
		interaction, depth, deepening int
		tables, y                     int // number of tables, and of splits of y
	}{
		{"alone", 0, 100, -1, 4, 2},
		{"from roots", 5, 100, 0, 5, 1},
		{"roots only", 5, 1, -1, 4, 1},
		{"no limits", -1, -1, -1, 5, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Interactions(m, tc.interaction, tc.depth, tc.deepening)
			require.NoError(t, err)
			require.Len(t, got, tc.tables)
			require.Equal(t, float64(tc.y), got[0].Columns[3].Cells[1])
			require.Equal(t, int64(tc.y), got[len(got)-1].Columns[2].Cells[0])
		})
	}
	got, err = Interactions(m, 5, 0, -1)
	require.NoError(t, err)
	require.Nil(t, got)
	_, err = Interactions(plain{m}, 1, 1, 1)
	require.EqualError(t, err, "unimplemented: Toy Forest does not support feature interactions calculation")
}
