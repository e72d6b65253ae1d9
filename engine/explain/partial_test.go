package explain

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
)

// naive scores the frame with columns replaced and returns the moments, in two
// passes over the rows that count.
func naive(t *testing.T, m model.Model, f *frame.Frame, replace map[string]*frame.Column, class int, w []float64) []any {
	t.Helper()
	for name, c := range replace {
		f = f.Replace(f.Index(name), c.Gather(make([]int, f.NumRows())))
	}
	p, _, err := model.Predict(t.Context(), m, f, 1)
	require.NoError(t, err)
	x := p.Column(class).Floats(0, f.NumRows(), nil)
	n, sum, total := 0.0, 0.0, 0.0
	for i, v := range x {
		if w[i] > 0 {
			n, sum, total = n+1, sum+w[i]*v, total+w[i]
		}
	}
	mean, squares := sum/total, 0.0
	for i, v := range x {
		squares += w[i] * (v - mean) * (v - mean)
	}
	sd := 0.0
	if n > 1 {
		sd = math.Sqrt(squares / total * n / (n - 1))
	}
	return []any{mean, sd, sd / math.Sqrt(float64(len(x)))}
}

func ones(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 1
	}
	return w
}

func TestPartialDependence(t *testing.T) {
	f := meadow(120)
	x := f.Lookup("x").Stats()
	for _, tc := range []struct {
		name   string
		m      *forest
		p      Partial
		class  int // column of the prediction
		points []any
		title  string
	}{
		{"number", grove(model.Regression), Partial{Columns: []string{"x"}, Bins: 3, Row: -1}, 0,
			[]any{x.Min, x.Min + (x.Max-x.Min)/2, x.Max}, "Partial Dependence Plot of model toy on column 'x'."},
		{"missing", grove(model.Binomial), Partial{Columns: []string{"x"}, Bins: 2, NA: true, Row: -1}, 2,
			[]any{x.Min, x.Max, math.NaN()}, "Partial Dependence Plot of model toy on column 'x'."},
		{"levels", grove(model.Regression), Partial{Columns: []string{"c"}, NA: true, Row: -1}, 0,
			[]any{"red", "violet", "blue", "green", ".missing(NA)"}, "Partial Dependence Plot of model toy on column 'c'."},
		{"few whole numbers", grove(model.Regression), Partial{Columns: []string{"w"}, Row: -1}, 0, // not a predictor
			[]any{0.0, 1.0, 2.0}, "Partial Dependence Plot of model toy on column 'w'."},
		{"given numbers", grove(model.Regression), Partial{Columns: []string{"y"}, Values: map[string][]string{"y": {"-1", "0.5"}}, Row: -1}, 0,
			[]any{-1.0, 0.5}, "Partial Dependence Plot of model toy on column 'y'."},
		{"given levels", grove(model.Regression), Partial{Columns: []string{"c"}, Bins: 2, Values: map[string][]string{"c": {"green", "red", "blue"}}, Row: -1}, 0,
			[]any{"green", "red", "blue"}, "Partial Dependence Plot of model toy on column 'c'."},
		{"one row", grove(model.Regression), Partial{Columns: []string{"x"}, Bins: 2, Row: 7}, 0,
			[]any{x.Min, x.Max}, "Partial Dependence Plot of model toy on column 'x'' for row index7"},
		{"weights", grove(model.Regression), Partial{Columns: []string{"x"}, Bins: 2, Weight: "w", Row: -1}, 0,
			[]any{x.Min, x.Max}, "Partial Dependence Plot of model toy on column 'x'."},
		{"class", grove(model.Multinomial), Partial{Columns: []string{"c"}, Targets: []string{"so"}, Row: -1}, 2,
			[]any{"red", "violet", "blue", "green"}, "Partial Dependence Plot of model toy on column 'c' and class so"},
		{"row of a class", grove(model.Multinomial), Partial{Columns: []string{"x"}, Bins: 2, Targets: []string{"yes"}, Row: 2}, 3,
			[]any{x.Min, x.Max}, "Partial Dependence Plot of model toy on column 'x' and class yes for row index2"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			share := 0.0
			got, err := PartialDependence(t.Context(), tc.m, f, tc.p, 2, func(s float64) { share = s })
			require.NoError(t, err)
			require.Len(t, got, 1)
			require.Equal(t, 1.0, share)
			require.Equal(t, "PartialDependence", got[0].Name)
			require.Equal(t, tc.title, got[0].Description)
			rows, w := f, ones(120)
			if tc.p.Row >= 0 {
				rows, w = f.Slice(tc.p.Row, tc.p.Row+1), ones(1)
			} else if tc.p.Weight != "" {
				w = numbers(t, f, "w")
			}
			require.Equal(t, len(tc.points), got[0].Rows())
			for k, point := range tc.points {
				cell := got[0].Columns[0].Cells[k]
				if v, ok := point.(float64); ok && math.IsNaN(v) {
					require.True(t, math.IsNaN(cell.(float64)))
				} else {
					require.Equal(t, point, cell)
				}
				c := frame.NewFloats([]float64{math.NaN()})
				switch v := point.(type) {
				case float64:
					c = frame.NewFloats([]float64{v})
				case string:
					c = frame.NewCodes([]int32{0}, []string{v})
					if v == missingText {
						c = frame.NewCodes([]int32{-1}, []string{"red"})
					}
				}
				want := naive(t, tc.m, rows, map[string]*frame.Column{got[0].Columns[0].Title: c}, tc.class, w)
				for i := range 3 {
					require.InDelta(t, want[i], got[0].Columns[1+i].Cells[k], 1e-12)
				}
			}
		})
	}
}

func TestPartialDependence_Pairs(t *testing.T) {
	m, f := grove(model.Multinomial), meadow(60)
	p := Partial{Columns: []string{"y"}, Pairs: [][2]string{{"x", "c"}}, Bins: 4, Targets: []string{"no", "yes"}, Row: -1}
	got, err := PartialDependence(t.Context(), m, f, p, 1, nil)
	require.NoError(t, err)
	require.Len(t, got, 4)
	require.Equal(t, "2D-PartialDependence", got[3].Name)
	require.Equal(t, "2D Partial Dependence Plot of model toy on 1st column 'x' and 2nd column 'c' and class yes", got[3].Description)
	require.Equal(t, 16, got[3].Rows())
	for at := range 16 {
		x, c := got[3].Columns[0].Cells[at].(float64), got[3].Columns[1].Cells[at].(string)
		require.Equal(t, []string{"red", "violet", "blue", "green"}[at%4], c)
		want := naive(t, m, f, map[string]*frame.Column{"x": frame.NewFloats([]float64{x}), "c": frame.NewCodes([]int32{0}, []string{c})}, 3, ones(60))
		require.InDelta(t, want[0], got[3].Columns[2].Cells[at], 1e-12)
	}
	p.Row, p.Targets, p.Columns = 3, nil, nil
	got, err = PartialDependence(t.Context(), grove(model.Regression), f, p, 1, nil)
	require.NoError(t, err)
	require.Equal(t, "Partial Dependence Plot of model toy on columns 'x', 'c' for row 3", got[0].Description)
}

func TestPartialDependence_Refused(t *testing.T) {
	f := meadow(20)
	f = frame.Must(f.With("text", frame.NewStrings(make([]string, 20), nil)))
	reg, multi := grove(model.Regression), grove(model.Multinomial)
	alone := grove(model.Regression)
	alone.info.Response = ""
	x := []string{"x"}
	for _, tc := range []struct {
		name string
		m    *forest
		p    Partial
		msg  string
	}{
		{"ErrUnsupervised", alone, Partial{Columns: x}, "Partial dependence plots are only implemented for supervised models"},
		{"ErrBins", reg, Partial{Columns: x, Bins: 1}, "_nbins must be >=2."},
		{"ErrRow", reg, Partial{Columns: x, Row: 20}, "row_index 20 is not a row of the frame, which has 20"},
		{"ErrColumn", reg, Partial{Columns: []string{"zz"}}, "column 'zz' is not in the frame"},
		{"ErrNoColumns", reg, Partial{}, "no columns are given in cols or col_pairs_2dpdp"},
		{"ErrText", reg, Partial{Columns: []string{"text"}}, "column 'text' is of type string; it must be numeric or categorical"},
		{"ErrPair", reg, Partial{Pairs: [][2]string{{"x", "zz"}}}, "column 'zz' is not in the frame"},
		{"ErrLevels", reg, Partial{Columns: []string{"c"}, Bins: 3}, "Column c's cardinality of 4 > nbins of 3"},
		{"ErrWeight", reg, Partial{Columns: x, Weight: "c"}, "Weight column 2 must be a numerical column."},
		{"ErrNumber", reg, Partial{Columns: x, Values: map[string][]string{"x": {"a"}}}, `user_splits: "a" is not a number; column 'x' is numeric`},
		{"ErrLevel", reg, Partial{Columns: []string{"c"}, Values: map[string][]string{"c": {"pink"}}}, `user_splits: "pink" is not a level of column 'c'`},
		{"ErrNoPoints", reg, Partial{Columns: x, Values: map[string][]string{"x": {}}}, "user_splits has no values for column 'x'"},
		{"ErrTarget", reg, Partial{Columns: x, Targets: []string{"no"}}, "Targets parameter is available only for multinomial classification or ordinal regression."},
		{"ErrNoTarget", multi, Partial{Columns: x}, "Targets parameter has to be set for multinomial classification or ordinal regression."},
		{"ErrClass", multi, Partial{Columns: x, Targets: []string{"zz"}}, "Incorrect target class: zz."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.EqualError(t, tc.p.Check(tc.m, f), tc.msg)
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := PartialDependence(ctx, reg, f, Partial{Columns: x, Row: -1}, 1, nil)
	require.ErrorIs(t, err, context.Canceled)
}

// Where predictors are encoded, questions are about the columns of the frame.
func TestPartialDependence_Encoded(t *testing.T) {
	m, f := grove(model.Regression), meadow(60)
	names := []string{"x", "y", "c"}
	c, err := frame.New([]string{"c"}, []*frame.Column{frame.NewCodes([]int32{0, 1, 2}, colours)})
	require.NoError(t, err)
	number := frame.NewFloats([]float64{1, 2, 3})
	e, err := design.Fit(design.OneHotExplicit, names, []*frame.Column{number, number, c.Column(0)}, nil, nil)
	require.NoError(t, err)
	m.info.Encoding, m.info.Names, m.info.Kinds, m.info.Domains = e, append(e.Encoded(), "late"), nil, nil
	m.info.Predictors = len(m.info.Names) - 1
	for range m.info.Names {
		m.info.Kinds, m.info.Domains = append(m.info.Kinds, frame.Real), append(m.info.Domains, nil)
	}
	m.trees = &tree.Forest{}
	at := func(name string) int { return slices.Index(m.info.Names, name) }
	plant(m.trees, 0, below(at("c.red"), 0.5, below(at("x"), 0, leaf(-1, 2), leaf(1, 2)), leaf(5, 3)))
	got, err := PartialDependence(t.Context(), m, f, Partial{Columns: []string{"c"}, Pairs: [][2]string{{"c", "x"}}, Bins: 4, NA: true, Row: -1}, 1, nil)
	require.NoError(t, err)
	require.Equal(t, []any{"red", "violet", "blue", "green", ".missing(NA)"}, got[0].Columns[0].Cells)
	require.InDelta(t, m.base[0]+m.scale*5, got[0].Columns[1].Cells[0], 1e-12)
	for k, level := range []string{"red", "violet", "blue"} {
		want := naive(t, m, f, map[string]*frame.Column{"c": frame.NewCodes([]int32{0}, []string{level})}, 0, ones(60))
		require.InDelta(t, want[0], got[0].Columns[1].Cells[k], 1e-12)
	}
	require.Equal(t, 25, got[1].Rows())
	y := f.Replace(f.Index("late"), frame.NewFloats(margins(t, m, f)))
	importance, err := PermutationImportance(t.Context(), m, y, Permutation{Samples: -1, Repeats: 1, Features: []string{"c", "y"}}, 1)
	require.NoError(t, err)
	require.Equal(t, "c", importance.Column(0).Text(0))
	require.Positive(t, numbers(t, importance, "Relative Importance")[0])
	phi, _, err := Contributions(t.Context(), m, f, Contribution{Background: f.Slice(0, 3)}, 1)
	require.NoError(t, err)
	require.Equal(t, append(e.Encoded(), "BiasTerm"), phi.Names())
	require.InDeltaSlice(t, margins(t, m, f), sums(phi), 1e-9)
}
