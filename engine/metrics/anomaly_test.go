package metrics

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/kernels/par"
)

func TestDetect(t *testing.T) {
	nan := math.NaN()
	score, length := []float64{0.1, 0.5, nan, 0.9, 0.2}, []float64{6, 4, 5, 2, nan}
	m := Detect(score, length, nil, Options{})
	require.EqualValues(t, 3, m.Rows)
	require.Equal(t, Anomaly{MeanScore: 4, MeanNormalizedScore: 0.5}, *m.Anomaly)
	require.True(t, math.IsNaN(m.MSE) && math.IsNaN(m.RMSE))
	m = Detect(score, length, []float64{2, 0, 1, 1, 1}, Options{})
	require.EqualValues(t, 2, m.Rows)
	require.InDelta(t, (2*6.0+2)/3, m.Anomaly.MeanScore, 1e-15)
	require.InDelta(t, (2*0.1+0.9)/3, m.Anomaly.MeanNormalizedScore, 1e-15)

	for name, want := range map[string]float64{"anomaly_score": m.Anomaly.MeanNormalizedScore, "mean_score": m.Anomaly.MeanScore} {
		v, _, ok := Value(m, name)
		require.True(t, ok, name)
		require.Equal(t, want, v, name)
	}
	for _, name := range []string{"auc", "mae", "logloss"} {
		_, _, ok := Value(m, name)
		require.False(t, ok, name)
	}
	_, _, ok := Value(Regress([]float64{1}, []float64{1}, nil, Options{}), "anomaly_score")
	require.False(t, ok)

	none := Detect(nil, nil, nil, Options{})
	require.Zero(t, none.Rows)
	require.True(t, math.IsNaN(none.Anomaly.MeanScore))

	n := par.Rows + 17
	score, length = make([]float64, n), make([]float64, n)
	for i := range n {
		score[i], length[i] = 1/float64(i+3), math.Sqrt(float64(i))
	}
	require.Equal(t, Detect(score, length, nil, Options{Threads: 1}).Anomaly, Detect(score, length, nil, Options{Threads: 4}).Anomaly)
}
