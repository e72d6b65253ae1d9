package explain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
)

// sums adds up the columns of each row but those named.
func sums(f *frame.Frame, but ...string) []float64 {
	out := make([]float64, f.NumRows())
columns:
	for k := range f.NumCols() {
		for _, name := range but {
			if f.Name(k) == name {
				continue columns
			}
		}
		for r, v := range f.Column(k).Floats(0, f.NumRows(), nil) {
			out[r] += v
		}
	}
	return out
}

func TestContributions_Sum(t *testing.T) {
	f := meadow(200)
	background := f.Slice(3, 9)
	for _, category := range []model.Category{model.Regression, model.Binomial} {
		m := grove(category)
		want := margins(t, m, f)
		for _, tc := range []struct {
			name  string
			opt   Contribution
			names []string
		}{
			{"training", Contribution{}, []string{"x", "y", "c", "BiasTerm"}},
			{"training, output space", Contribution{OutputSpace: true, PerReference: true}, []string{"x", "y", "c", "BiasTerm"}},
			{"background", Contribution{Background: background}, []string{"x", "y", "c.blue", "c.green", "c.red", "c.missing(NA)", "BiasTerm"}},
			{"background, compact", Contribution{Background: background, Compact: true, Top: 2}, []string{"x", "y", "c", "BiasTerm"}},
		} {
			t.Run(string(category)+"/"+tc.name, func(t *testing.T) {
				got, warnings, err := Contributions(t.Context(), m, f, tc.opt, 2)
				require.NoError(t, err)
				require.NotEmpty(t, warnings) // violet
				require.Equal(t, tc.names, got.Names())
				require.InDeltaSlice(t, want, sums(got), 1e-9)
			})
		}
	}
}

// The mean of the background is the bias; the levels of a row have its contribution.
func TestContributions_Background(t *testing.T) {
	m, f := grove(model.Binomial), meadow(50)
	background := f.Slice(40, 45)
	got, _, err := Contributions(t.Context(), m, f, Contribution{Background: background}, 1)
	require.NoError(t, err)
	mean := 0.0
	for _, v := range margins(t, m, background) {
		mean += v / 5
	}
	require.InDelta(t, mean, numbers(t, got, "BiasTerm")[7], 1e-12)
	each, _, err := Contributions(t.Context(), m, f, Contribution{Background: background, PerReference: true}, 1)
	require.NoError(t, err)
	require.Equal(t, 250, each.NumRows())
	for _, name := range []string{"x", "c.red", "c.missing(NA)", "BiasTerm"} {
		one, all := numbers(t, got, name), numbers(t, each, name)
		for r := range one {
			sum := 0.0
			for ref := range 5 {
				require.Equal(t, float64(r), numbers(t, each, "RowIdx")[5*r+ref])
				require.Equal(t, float64(ref), numbers(t, each, "BackgroundRowIdx")[5*r+ref])
				sum += all[5*r+ref] / 5
			}
			require.InDelta(t, one[r], sum, 1e-12)
		}
	}
	c := f.Lookup("c")
	for r := range 50 {
		for _, level := range colours {
			if c.Text(r) != level {
				require.Zero(t, numbers(t, got, "c."+level)[r])
			}
		}
	}
}

func TestContributions_OutputSpace(t *testing.T) {
	f := meadow(30)
	background := f.Slice(20, 24)
	for _, category := range []model.Category{model.Regression, model.Binomial} {
		m := grove(category)
		p, _, err := model.Predict(t.Context(), m, f, 1)
		require.NoError(t, err)
		want := p.Column(p.NumCols()-1).Floats(0, 30, nil)
		got, _, err := Contributions(t.Context(), m, f, Contribution{Background: background, OutputSpace: true}, 1)
		require.NoError(t, err)
		require.InDeltaSlice(t, want, sums(got), 1e-6)
		got, _, err = Contributions(t.Context(), m, f, Contribution{Background: background, OutputSpace: true, PerReference: true}, 1)
		require.NoError(t, err)
		for i, v := range sums(got, "RowIdx", "BackgroundRowIdx") {
			require.InDelta(t, want[i/4], v, 1e-6)
		}
	}
}

func TestContributions_Ranking(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e"}
	phi := [][]float64{{-3, 1}, {0, 1}, {2, -1}, {0, 5}, {1, 0}, {9, 9}}
	for _, tc := range []struct {
		name string
		opt  Contribution
		want [][]string // by row: names in the order of columns
	}{
		{"top", Contribution{Top: 2}, [][]string{{"c", "e"}, {"d", "a"}}},
		{"bottom", Contribution{Bottom: 2}, [][]string{{"a", "b"}, {"c", "e"}}},
		{"both", Contribution{Top: 2, Bottom: 2}, [][]string{{"c", "e", "a", "b"}, {"d", "a", "c", "e"}}},
		{"all", Contribution{Top: -1, Bottom: 3}, [][]string{{"c", "e", "b", "d", "a"}, {"d", "a", "b", "e", "c"}}},
		{"rest", Contribution{Top: 3, Bottom: 9}, [][]string{{"c", "e", "b", "d", "a"}, {"d", "a", "b", "e", "c"}}},
		{"without sign", Contribution{Top: 2, Bottom: 1, Abs: true}, [][]string{{"a", "c", "b"}, {"d", "a", "e"}}},
		{"bottom without sign", Contribution{Bottom: -1, Abs: true}, [][]string{{"b", "d", "e", "c", "a"}, {"e", "a", "b", "c", "d"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := ranking(names, phi, tc.opt, 1)
			require.Equal(t, 2*len(tc.want[0])+1, f.NumCols())
			require.Equal(t, []float64{9, 9}, numbers(t, f, "BiasTerm"))
			for r := range 2 {
				for k, want := range tc.want[r] {
					require.Equal(t, want, f.Column(2*k).Text(r), "row %d column %s", r, f.Name(2*k))
					require.Equal(t, phi[int(want[0]-'a')][r], f.Column(2*k+1).Float(r))
				}
			}
		})
	}
	f := ranking(names, phi, Contribution{Top: 1, Bottom: 1}, 1)
	require.Equal(t, []string{"top_feature_1", "top_value_1", "bottom_feature_1", "bottom_value_1", "BiasTerm"}, f.Names())
	require.Equal(t, names, f.Column(0).Domain())
}

// Trees on the features of a design matrix.
func TestContributions_Players(t *testing.T) {
	m, f := grove(model.Regression), meadow(40)
	m.trees.Players = []string{"c.blue", "c.red", "x", "y"}
	for _, j := range m.trees.Feature {
		m.trees.Player = append(m.trees.Player, []int32{0, 2, 3, 1}[j+1])
	}
	plain, _, err := Contributions(t.Context(), grove(model.Regression), f, Contribution{}, 1)
	require.NoError(t, err)
	got, _, err := Contributions(t.Context(), m, f, Contribution{}, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"c.blue", "c.red", "x", "y", "BiasTerm"}, got.Names())
	require.Equal(t, numbers(t, plain, "c"), numbers(t, got, "c.red"))
	got, _, err = Contributions(t.Context(), m, f, Contribution{Compact: true}, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"x", "y", "c", "BiasTerm"}, got.Names())
	require.Equal(t, numbers(t, plain, "c"), numbers(t, got, "c"))
	got, _, err = Contributions(t.Context(), m, f, Contribution{Background: f.Slice(0, 2)}, 1)
	require.NoError(t, err)
	require.Equal(t, []string{"c.blue", "c.red", "x", "y", "BiasTerm"}, got.Names())
}

func TestContributions_Refused(t *testing.T) {
	f := meadow(5)
	double := grove(model.Binomial)
	double.trees.Class[1] = 1
	unlike := frame.Must(frame.New([]string{"z"}, []*frame.Column{frame.NewConst(1, 3)}))
	for _, tc := range []struct {
		name string
		m    model.Model
		f    *frame.Frame
		opt  Contribution
		kind errs.Kind
		msg  string
	}{
		{"ErrMultinomial", grove(model.Multinomial), f, Contribution{}, errs.Unavailable, "Calculating contributions is currently not supported for multinomial models."},
		{"ErrDouble", double, f, Contribution{}, errs.Unavailable, "Calculating contributions is currently not supported for model with binomial_double_trees parameter set."},
		{"ErrNoTrees", plain{grove(model.Regression)}, f, Contribution{}, errs.Invalid, "Model type TOY doesn't support calculating Feature Contributions."},
		{"ErrNoRows", grove(model.Regression), f.Slice(0, 0), Contribution{Background: f}, errs.Invalid, "Frame has to contain at least one row."},
		{"ErrNoBackground", grove(model.Regression), f, Contribution{Background: f.Slice(0, 0)}, errs.Invalid, "Background frame has to contain at least one row."},
		{"ErrColumns", grove(model.Regression), unlike, Contribution{}, errs.Invalid, "Test/Validation dataset has no columns in common with the training set"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := Contributions(t.Context(), tc.m, tc.f, tc.opt, 1)
			require.EqualError(t, err, tc.msg)
			require.Equal(t, tc.kind, errs.KindOf(err))
		})
	}
}
