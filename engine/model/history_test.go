package model

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/table"
)

// The titles are those of H2O's tables, from which the wire's names are made.
func TestHistoryTable(t *testing.T) {
	head := []string{"", "Timestamp", "Duration", "Number of Steps"}
	for _, c := range []struct {
		response string
		titles   []string
	}{
		{"y", []string{"RMSE", "MAE", "Deviance"}},
		{"yb", []string{"RMSE", "LogLoss", "AUC", "pr_auc", "Lift", "Classification Error"}},
		{"ym", []string{"RMSE", "LogLoss", "Classification Error", "AUC", "pr_auc"}},
	} {
		t.Run(c.response, func(t *testing.T) {
			for _, valid := range []bool{false, true} {
				kv := []string{"response_column", c.response, "steps", "2"}
				want := append([]string(nil), head...)
				for _, m := range c.titles {
					want = append(want, "Training "+m)
				}
				if valid {
					kv = append(kv, "validation_frame", "valid")
					for _, m := range c.titles {
						want = append(want, "Validation "+m)
					}
				}
				info := world(30).train(t, kv...).Model.Info()
				h := info.HistoryTable()
				require.Equal(t, "Scoring History", h.Name)
				var got []string
				for _, col := range h.Columns {
					got = append(got, col.Title)
				}
				require.Equal(t, want, got)
				require.Equal(t, 2, h.Rows())
				require.Equal(t, []any{int64(0), int64(1)}, h.Columns[3].Cells)
				require.Equal(t, table.Long, h.Columns[3].Type)
				require.Equal(t, " 1.000 sec", h.Columns[2].Cells[0])
				require.Equal(t, info.Train.RMSE, h.Column("Training RMSE").Cells[1])
				if valid {
					require.Equal(t, info.Valid.RMSE, h.Column("Validation RMSE").Cells[1])
				}
			}
		})
	}
	require.Nil(t, (&Info{}).HistoryTable())
}

func TestNewScored(t *testing.T) {
	m := metrics.Regress([]float64{1, 2}, []float64{1, 4}, nil, metrics.Options{})
	s := NewScored(7, Regression, m, nil)
	require.Equal(t, Scored{Step: 7, Train: []float64{math.Sqrt(2), 1, 2}}, s)
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                   " 0.000 sec",
		279 * time.Millisecond:              " 0.279 sec",
		61*time.Second + 5*time.Millisecond: " 1 min  1.005 sec",
		time.Hour + 2*time.Minute + 3456*time.Millisecond:  " 1:02:03.456",
		27*time.Hour + 59*time.Minute + 59*time.Second:     "27:59:59.000",
		59*time.Second + 999*time.Millisecond:              "59.999 sec",
		12*time.Minute + 34*time.Second + time.Millisecond: "12 min 34.001 sec",
	} {
		require.Equal(t, want, duration(d))
	}
}

func TestImportanceTable(t *testing.T) {
	require.Nil(t, ImportanceTable(nil, nil))
	got := ImportanceTable([]string{"a", "b", "c"}, []float64{6, 2, 0})
	require.Equal(t, []any{"a", "b", "c"}, got.Column("Variable").Cells)
	require.Equal(t, []any{6.0, 2.0, 0.0}, got.Column("Relative Importance").Cells)
	require.Equal(t, []any{1.0, 1.0 / 3, 0.0}, got.Column("Scaled Importance").Cells)
	require.Equal(t, []any{0.75, 0.25, 0.0}, got.Column("Percentage").Cells)
	require.Equal(t, "%5f", got.Columns[1].Pattern())
	none := ImportanceTable([]string{"a"}, []float64{0})
	require.Equal(t, []any{0.0}, none.Column("Percentage").Cells)
}
