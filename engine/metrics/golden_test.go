package metrics

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/table"
)

// golden is one case of testdata/h2o.json, made by testdata/golden.py.
type golden struct {
	Domain  []string
	Y       []float64
	P       [][]float64
	W       []float64
	AUCType AUCType `json:"auc_type"`
	Folds   []float64
	Metrics map[string]json.RawMessage
	Summary json.RawMessage
}

func goldens(t *testing.T) map[string]golden {
	data, err := os.ReadFile("testdata/h2o.json")
	require.NoError(t, err)
	var all map[string]golden
	require.NoError(t, json.Unmarshal(data, &all))
	return all
}

// measure measures the rows that keep accepts.
func (g golden) measure(keep func(i int) bool) *Metrics {
	pick := func(v []float64) []float64 {
		if v == nil {
			return nil
		}
		var out []float64
		for i, x := range v {
			if keep == nil || keep(i) {
				out = append(out, x)
			}
		}
		return out
	}
	opt := Options{AUC: g.AUCType, GainsLiftBins: -1}
	switch len(g.Domain) {
	case 0:
		return Regress(pick(g.Y), pick(g.P[0]), pick(g.W), opt)
	case 2:
		return Binary(g.Domain, pick(g.Y), pick(g.P[0]), pick(g.W), opt)
	}
	probs := make([][]float64, len(g.P))
	for k := range probs {
		probs[k] = pick(g.P[k])
	}
	return Multi(g.Domain, pick(g.Y), probs, pick(g.W), opt)
}

// number reads a JSON number or the text of one that JSON does not have.
func number(t *testing.T, raw any) float64 {
	switch v := raw.(type) {
	case float64:
		return v
	case string:
		f, err := strconv.ParseFloat(v, 64)
		require.NoError(t, err)
		return f
	}
	require.Failf(t, "not a number", "%v", raw)
	return 0
}

func near(t *testing.T, want, got, tolerance float64, what string) {
	t.Helper()
	if math.IsNaN(want) || math.IsInf(want, 0) {
		require.Equal(t, strconv.FormatFloat(want, 'g', -1, 64), strconv.FormatFloat(got, 'g', -1, 64), what)
		return
	}
	require.InDelta(t, want, got, tolerance*math.Max(1, math.Abs(want)), what)
}

// sameTable compares a table with its recorded form, cell by cell.
func sameTable(t *testing.T, raw json.RawMessage, got *table.Table, tolerance float64) {
	t.Helper()
	var want struct {
		Name, Description string
		Columns           []struct{ Name, Type, Format, Description string }
		Data              [][]any
	}
	require.NoError(t, json.Unmarshal(raw, &want))
	if want.Name == "" {
		require.Nil(t, got)
		return
	}
	require.NotNil(t, got, want.Name)
	require.Equal(t, want.Name, got.Name)
	require.Equal(t, want.Description, got.Description)
	require.Len(t, got.Columns, len(want.Columns))
	for i, c := range want.Columns {
		g, what := got.Columns[i], want.Name+" / "+c.Description
		require.Equal(t, c.Description, g.Title)
		require.Equal(t, c.Type, g.Type.String(), what)
		require.Equal(t, c.Format, g.Pattern(), what)
		require.Len(t, g.Cells, len(want.Data[i]), what)
		if g.Type == table.Float {
			tolerance = max(tolerance, 1e-7)
		}
		for r, cell := range want.Data[i] {
			switch v := g.Cells[r].(type) {
			case float64:
				near(t, number(t, cell), v, tolerance, what)
			case int64:
				require.Equal(t, number(t, cell), float64(v), what)
			default:
				require.Equal(t, cell, v, what)
			}
		}
	}
}

// Scalars and tables equal those of H2O, for the same predictions. What differs
// on purpose is written in doc.go and left out here by name.
func TestGolden(t *testing.T) {
	differs := map[string]string{
		"weights":       "thresholds_and_metric_scores gains_lift_table", // weights are cut to whole numbers there
		"one_class":     "gains_lift_table",                              // all NaN there
		"multi_weights": "cm hit_ratio_table mean_per_class_error",       // unweighted there
	}
	for name, g := range goldens(t) {
		t.Run(name, func(t *testing.T) {
			m := g.measure(nil)
			tolerance := 1e-12
			if strings.HasPrefix(name, "cv_") || m.Regression != nil {
				tolerance = 1e-7 // predictions as printed; H2O rounds numbers it compares with to float32
			}
			scalars := map[string]float64{"MSE": m.MSE, "RMSE": m.RMSE, "r2": m.R2, "nobs": float64(m.Rows), "loglikelihood": m.Loglikelihood, "AIC": m.AIC}
			tables := map[string]*table.Table{}
			switch {
			case m.Regression != nil:
				r := m.Regression
				scalars["mae"], scalars["rmsle"], scalars["mean_residual_deviance"] = r.MAE, r.RMSLE, r.MeanResidualDeviance
			case m.Binomial != nil:
				b := m.Binomial
				scalars["logloss"], scalars["mean_per_class_error"] = b.LogLoss, b.MeanPerClassError
				scalars["AUC"], scalars["pr_auc"], scalars["Gini"] = b.AUC, b.PRAUC, b.Gini
				tables["thresholds_and_metric_scores"] = m.ThresholdTable()
				tables["max_criteria_and_metric_scores"] = m.MaxTable()
				tables["gains_lift_table"] = b.GainsLift
				tables["cm"] = m.ConfusionTable()
			default:
				c := m.Multinomial
				scalars["logloss"], scalars["mean_per_class_error"] = c.LogLoss, c.MeanPerClassError
				scalars["AUC"], scalars["pr_auc"] = c.AUC, c.PRAUC
				tables["multinomial_auc_table"], tables["multinomial_aucpr_table"] = c.AUCTable, c.PRTable
				tables["hit_ratio_table"] = m.HitRatioTable()
				tables["cm"] = m.ConfusionTable()
			}
			for key, got := range scalars {
				var raw any
				require.NoError(t, json.Unmarshal(g.Metrics[key], &raw), key)
				tol := tolerance
				switch {
				case strings.Contains(differs[name], key):
					continue
				case name == "many" && (key == "AUC" || key == "Gini" || key == "pr_auc"):
					tol = 1e-3 // H2O: from 400 bins
				case name == "many" && key == "mean_per_class_error":
					tol = 0.05
				}
				near(t, number(t, raw), got, tol, key)
			}
			for key, got := range tables {
				raw, ok := g.Metrics[key]
				if !ok || strings.Contains(differs[name], key) {
					continue
				}
				if key == "cm" {
					var cm struct{ Table json.RawMessage }
					require.NoError(t, json.Unmarshal(raw, &cm))
					if raw = cm.Table; raw == nil {
						raw = json.RawMessage("{}")
					}
				}
				sameTable(t, raw, got, tolerance)
			}
		})
	}
}

func TestCVSummary_Golden(t *testing.T) {
	for name, g := range goldens(t) {
		if g.Folds == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			var folds []*Metrics
			for k := range 3 {
				folds = append(folds, g.measure(func(i int) bool { return int(g.Folds[i]) == k }))
			}
			sameTable(t, g.Summary, CVSummary(folds), 1e-6)
		})
	}
	require.Nil(t, CVSummary(nil))
}
