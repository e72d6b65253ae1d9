package metrics

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestValue(t *testing.T) {
	y, p, _ := binary(1, 200, 20, 0.4)
	two := Binary(noYes, y, p, nil, auto)
	my, mp, _ := multi(1, 200)
	several := Multi(abcd, my, mp, nil, Options{AUC: AUCMacroOVR})
	num := Regress(my, p, nil, Options{})
	total, wrong := two.confusion().all()
	for _, c := range []struct {
		name string
		of   *Metrics
		want float64
		less bool
	}{
		{"AUTO", two, two.Binomial.LogLoss, true},
		{"", several, several.Multinomial.LogLoss, true},
		{"AUTO", num, num.Regression.MeanResidualDeviance, true},
		{"deviance", num, num.Regression.MeanResidualDeviance, true},
		{"MSE", two, two.MSE, true},
		{"RMSE", several, several.RMSE, true},
		{"MAE", num, num.Regression.MAE, true},
		{"RMSLE", num, num.Regression.RMSLE, true},
		{"AUC", two, two.Binomial.AUC, false},
		{"auc", several, several.Multinomial.AUC, false},
		{"AUCPR", two, two.Binomial.PRAUC, false},
		{"lift_top_group", two, two.Binomial.GainsLift.Columns[3].Cells[0].(float64), false},
		{"misclassification", two, wrong / total, true},
		{"mean_per_class_error", several, several.Multinomial.MeanPerClassError, true},
		{"r2", num, num.R2, false},
	} {
		v, less, ok := Value(c.of, c.name)
		require.True(t, ok, c.name)
		require.Equal(t, c.want, v, c.name)
		require.Equal(t, c.less, less, c.name)
	}
	for _, c := range []struct {
		name string
		of   *Metrics
	}{{"deviance", two}, {"AUC", num}, {"MAE", several}, {"lift_top_group", several}, {"nonsense", two}} {
		_, _, ok := Value(c.of, c.name)
		require.False(t, ok, c.name)
	}
}

func TestScalars_Sorted(t *testing.T) {
	require.True(t, slices.IsSortedFunc(scalars, func(a, b scalar) int {
		if a.name < b.name {
			return -1
		}
		return 1
	}))
}

func TestCriterion(t *testing.T) {
	th := Threshold{TP: 6, FP: 2, FN: 4, TN: 8}
	for name, want := range map[string]float64{
		"f1": 2 * .75 * .6 / 1.35, "f2": 5 * .75 * .6 / 3.6, "f0point5": 1.25 * .75 * .6 / (.25*.75 + .6), "accuracy": .7, "precision": .75, "recall": .6,
		"specificity": .8, "absolute_mcc": 40 / math.Sqrt(8*10*10*12), "min_per_class_accuracy": .6, "mean_per_class_accuracy": .7,
		"tns": 8, "fns": 4, "fps": 2, "tps": 6, "tnr": .8, "fnr": .4, "fpr": .2, "tpr": .6,
	} {
		require.InDelta(t, want, th.Criterion(name), 1e-12, name)
	}
	require.Len(t, Criteria, 18)
	require.True(t, math.IsNaN(th.Criterion("nonsense")))
	require.Zero(t, Threshold{TN: 3}.Criterion("absolute_mcc"))
}

func TestConfusionTable_Counts(t *testing.T) {
	b := NewMultinomial([]string{"x", "y"}, AUCNone)
	b.confusion = [][]float64{{1234567, 1000}, {0, 0}}
	table := b.Done().ConfusionTable()
	require.Equal(t, []any{"1,000 / 1,235,567", "0 / 0", "1,000 / 1,235,567"}, table.Column("Rate").Cells)
	require.Equal(t, "= %17s", table.Column("Rate").Pattern())
	require.Equal(t, []any{int64(1234567), int64(0), int64(1234567)}, table.Column("x").Cells)
	require.True(t, math.IsNaN(table.Column("Error").Cells[1].(float64)))
	b.confusion[0][0] = 0.5
	table = b.Done().ConfusionTable()
	require.Equal(t, []any{"1000.0000 / 1000.5000", "0.0000 / 0.0000", "1000.00 / 1000.50"}, table.Column("Rate").Cells)
}
