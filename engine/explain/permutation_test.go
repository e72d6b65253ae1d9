package explain

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
)

// answered is a meadow whose response is what a model of x alone says.
func answered(t *testing.T, rows int) (*forest, *frame.Frame) {
	t.Helper()
	m, f := grove(model.Regression), meadow(rows)
	for i, j := range m.trees.Feature {
		if j > 0 { // splits of y and c send everything left
			m.trees.Feature[i], m.trees.SetAt[i], m.trees.Threshold[i], m.trees.MissingLeft[i] = 1, -1, math.Inf(1), 1
		}
	}
	return m, f.Replace(f.Index("late"), frame.NewFloats(margins(t, m, f)))
}

func TestPermutationImportance(t *testing.T) {
	m, f := answered(t, 400)
	got, err := PermutationImportance(t.Context(), m, f, Permutation{Samples: -1, Repeats: 1, Seed: 5}, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"Variable", "Relative Importance", "Scaled Importance", "Percentage"}, got.Names())
	require.Equal(t, "x", got.Column(0).Text(0))
	relative := numbers(t, got, "Relative Importance")
	require.Greater(t, relative[0], 0.5)
	require.Equal(t, []float64{relative[0], 0, 0}, relative)
	require.Equal(t, []float64{1, 0, 0}, numbers(t, got, "Percentage"))

	// By hand: the same deal of x.
	i := f.Index("x")
	deal := shuffled(400, 400, 5, 0, drawDeal)
	require.NotEqual(t, slices.Sorted(slices.Values(deal)), deal)
	after, _, _, err := model.Performance(t.Context(), m, f.Replace(i, f.Column(i).Gather(deal)), metrics.Options{})
	require.NoError(t, err)
	require.Equal(t, after.RMSE, relative[0]) // it was 0 before

	other, err := PermutationImportance(t.Context(), m, f, Permutation{Metric: "RMSE", Samples: -1, Repeats: 1, Seed: 5, Features: []string{"c", "x"}}, 1)
	require.NoError(t, err)
	require.Equal(t, relative[:2], numbers(t, other, "Relative Importance"))
	require.Equal(t, 2, other.NumRows())
	other, err = PermutationImportance(t.Context(), m, f, Permutation{Metric: "mse", Samples: -1, Repeats: 1, Seed: 6}, 1)
	require.NoError(t, err)
	require.NotEqual(t, after.MSE, numbers(t, other, "Relative Importance")[0])
}

func TestPermutationImportance_Repeats(t *testing.T) {
	m, f := answered(t, 100)
	p := Permutation{Samples: 40, Repeats: 3, Seed: -1}
	got, err := PermutationImportance(t.Context(), m, f, p, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"Variable", "Run 1", "Run 2", "Run 3"}, got.Names())
	require.NotEqual(t, numbers(t, got, "Run 1")[0], numbers(t, got, "Run 2")[0])
	again, err := PermutationImportance(t.Context(), m, f, p, 1)
	require.NoError(t, err)
	require.Equal(t, numbers(t, got, "Run 3"), numbers(t, again, "Run 3"))
}

func TestPermutationImportance_Metrics(t *testing.T) {
	for category, names := range map[model.Category][]string{
		model.Binomial:    {"", "AUTO", "AUC", "logloss", "mean_per_class_error", "PR_AUC", "MSE", "lift_top_group"},
		model.Multinomial: {"AUTO", "logloss", "mean_per_class_error", "rmse"},
	} {
		m, f := grove(category), meadow(150)
		if category == model.Multinomial {
			f = f.Replace(f.Index("late"), frame.NewCodes(f.Lookup("late").Codes(0, 150, nil), m.info.Domains[3]))
		}
		for _, name := range names {
			got, err := PermutationImportance(t.Context(), m, f, Permutation{Metric: name, Samples: -1, Repeats: 1}, 1)
			require.NoError(t, err, name)
			require.IsNonIncreasing(t, numbers(t, got, "Scaled Importance"))
			require.Positive(t, numbers(t, got, "Relative Importance")[0], name)
		}
	}
}

func TestPermutationImportance_Refused(t *testing.T) {
	m, f := answered(t, 30)
	samples := "Argument n_samples has to be either -1 to use the whole frame or greater than 2 and lower than or equal to the number of rows of the provided frame!"
	for _, tc := range []struct {
		name string
		p    Permutation
		msg  string
	}{
		{"ErrFew", Permutation{Samples: 1, Repeats: 1}, samples},
		{"ErrMany", Permutation{Samples: 31, Repeats: 1}, samples},
		{"ErrRepeats", Permutation{Samples: -1}, "Argument n_repeats must be greater than 0!"},
		{"ErrAbsent", Permutation{Samples: -1, Repeats: 1, Features: []string{"zz", "x", "zy"}}, "Features zz, zy are not present in the provided frame!"},
		{"ErrForeign", Permutation{Samples: -1, Repeats: 1, Features: []string{"w"}}, "Features w weren't used for training!"},
		{"ErrMetric", Permutation{Metric: "AUC", Samples: -1, Repeats: 1}, "Permutation Variable Importance doesn't support auc for model toy"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := PermutationImportance(t.Context(), m, f, tc.p, 1)
			require.EqualError(t, err, tc.msg)
		})
	}
	_, err := PermutationImportance(t.Context(), m, f.Without(f.Index("late")), Permutation{Samples: -1, Repeats: 1}, 1)
	require.EqualError(t, err, "the frame must have the response column 'late', to measure predictions")
}
