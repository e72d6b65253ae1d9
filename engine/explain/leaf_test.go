package explain

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
)

// Following the way of each row from the root ends in a leaf whose values add up to
// the prediction.
func TestLeaves(t *testing.T) {
	f := meadow(300)
	m := grove(model.Regression)
	want := margins(t, m, f)
	paths, warnings, err := Leaves(t.Context(), m, f, false, 2)
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	require.Equal(t, []string{"T1", "T2"}, paths.Names())
	ids, _, err := Leaves(t.Context(), m, f, true, 2)
	require.NoError(t, err)
	for r := range 300 {
		sum := m.base[0]
		for k := range 2 {
			way := paths.Column(k).Text(r)
			i := m.trees.Roots[k]
			for _, step := range way {
				if i = map[rune]int32{'L': m.trees.Left[i], 'R': m.trees.Right[i]}[step]; i < 0 {
					t.Fatalf("way %q leads out of the tree", way)
				}
			}
			require.Negative(t, m.trees.Left[i], way)
			sum += m.scale * float64(m.trees.Value[i])
			number, _ := m.trees.Numbers(k)
			require.Equal(t, float64(number[i]), ids.Column(k).Float(r))
		}
		require.InDelta(t, want[r], sum, 1e-12)
	}
	require.IsIncreasing(t, paths.Column(0).Domain())
	some, _, err := Leaves(t.Context(), m, f.Slice(0, 1), false, 1)
	require.NoError(t, err)
	require.Len(t, some.Column(0).Domain(), 1) // those that occur
}

func TestLeaves_Names(t *testing.T) {
	xg := grove(model.Regression)
	xg.trees.Players, xg.trees.Player = []string{"x", "y", "c.red"}, make([]int32, len(xg.trees.Feature))
	for _, tc := range []struct {
		name string
		m    model.Model
		want []string
	}{
		{"numbers", grove(model.Regression), []string{"T1", "T2"}},
		{"two classes", grove(model.Binomial), []string{"T1.C1", "T2.C1"}},
		{"three classes", grove(model.Multinomial), []string{"T1.C1", "T1.C2", "T1.C3", "T2.C1", "T2.C2", "T2.C3"}},
		{"design matrix", xg, []string{"T1.C1", "T2.C1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, _, err := Leaves(t.Context(), tc.m, meadow(4), true, 1)
			require.NoError(t, err)
			require.Equal(t, tc.want, got.Names())
		})
	}
	_, _, err := Leaves(t.Context(), plain{grove(model.Regression)}, meadow(4), true, 1)
	require.EqualError(t, err, "Model type TOY doesn't support leaf node assignment.")
}

func TestFrequencies(t *testing.T) {
	m, f := grove(model.Binomial), meadow(100)
	got, _, err := Frequencies(t.Context(), m, f, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"x", "y", "c"}, got.Names())
	paths, _, err := Leaves(t.Context(), m, f, false, 1)
	require.NoError(t, err)
	for r, sum := range sums(got) {
		require.Equal(t, len(paths.Column(0).Text(r)+paths.Column(1).Text(r)), int(sum))
		require.GreaterOrEqual(t, numbers(t, got, "x")[r], 2.0)
	}
	_, _, err = Frequencies(t.Context(), plain{m}, f, 1)
	require.EqualError(t, err, "Model type TOY doesn't support feature frequencies.")
}

// The last stage is the prediction, the first that of a model of one step.
func TestStages(t *testing.T) {
	f := meadow(100)
	for _, category := range []model.Category{model.Regression, model.Binomial, model.Multinomial} {
		t.Run(string(category), func(t *testing.T) {
			m := grove(category)
			got, _, err := Stages(t.Context(), m, f, 2)
			require.NoError(t, err)
			classes := len(m.base)
			short := grove(category)
			short.trees.Roots = short.trees.Roots[:classes]
			for step, m := range []*forest{short, m} {
				p, _, err := model.Predict(t.Context(), m, f, 1)
				require.NoError(t, err)
				for c := range classes {
					want := p.Column(0)
					if category != model.Regression {
						want = p.Column(1 + c)
					}
					require.InDeltaSlice(t, want.Floats(0, 100, nil), got.Column(step*classes+c).Floats(0, 100, nil), 1e-12)
				}
			}
		})
	}
	_, _, err := Stages(t.Context(), plain{grove(model.Regression)}, f, 1)
	require.EqualError(t, err, "Model type TOY doesn't support Staged Predictions.")
}

func TestTreeRows(t *testing.T) {
	f := meadow(10)
	got, _, err := TreeRows(t.Context(), grove(model.Regression), f.Without(f.Index("late")))
	require.NoError(t, err)
	require.Equal(t, []string{"row_id", "tree_1", "tree_2"}, got.Names())
	require.Equal(t, []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, numbers(t, got, "row_id"))
	require.Equal(t, []float64{0, 1, 0, 1, 0, 1, 0, 1, 0, 1}, numbers(t, got, "tree_1"))
	require.Equal(t, []string{"0", "1"}, got.Column(1).Domain())
	late := frame.NewCodes([]int32{0, 1, -1, 2}, []string{"yes", "no", "other"}) // in another order than the model's
	by, err := frame.New([]string{"late"}, []*frame.Column{late})
	require.NoError(t, err)
	got, _, err = TreeRows(t.Context(), grove(model.Binomial), by)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1, 0, 1}, numbers(t, got, "tree_1"))
	_, _, err = TreeRows(t.Context(), plain{grove(model.Regression)}, f)
	require.EqualError(t, err, "Model type TOY doesn't support calculating row to tree assignment.")
}
