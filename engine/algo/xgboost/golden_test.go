package xgboost

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/parse"
	"github.com/geyser-ml/geyser/engine/table"
)

// read parses a file of testdata.
func read(t *testing.T, name string) *frame.Frame {
	t.Helper()
	src := []parse.Source{{Name: name, Path: "testdata/" + name}}
	s, err := parse.Guess(t.Context(), src, parse.Setup{})
	require.NoError(t, err)
	f, _, err := parse.Parse(t.Context(), src, s, t.TempDir()+"/frame", parse.Options{})
	require.NoError(t, err)
	return f
}

// Models are those of H2O 3.46.0.12 on the same data: metrics, importances,
// parameters, predictions. See testdata/README.md.
func TestGolden(t *testing.T) {
	need(t)
	raw, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	var golden []struct {
		Name, Response               string
		Params                       map[string]string
		MSE                          float64
		Importance, Cover, Frequency map[string]float64
		Native                       map[string]any
		Predict                      [][]float64
	}
	require.NoError(t, json.Unmarshal(raw, &golden))
	w := world{map[string]*frame.Frame{"train": read(t, "train.csv"), "test": read(t, "test.csv")}, map[string]model.Model{}}
	for _, g := range golden {
		t.Run(g.Name, func(t *testing.T) {
			// Why max_depth: where nothing is asked for the recording has the default.
			kv := []string{"response_column", g.Response, "ignored_columns", without(g.Response), "max_depth", "6"}
			for _, name := range slices.Sorted(maps.Keys(g.Params)) {
				kv = append(kv, name, g.Params[name])
			}
			m := w.train(t, kv...)
			info := m.Info()
			require.Equal(t, []string{"c1", "c2", "x1", "x2", "x3", "x4", g.Response}, info.Names)
			require.InEpsilon(t, g.MSE, info.Train.MSE, 1e-5)
			for _, x := range []struct {
				want map[string]float64
				got  *table.Table
			}{{g.Importance, info.Importance}, {g.Cover, info.Tables["variable_importances_cover"]}, {g.Frequency, info.Tables["variable_importances_frequency"]}} {
				require.Equal(t, x.want == nil, x.got == nil)
				if x.got == nil {
					continue
				}
				require.Equal(t, len(x.want), x.got.Rows())
				last := x.got.Columns[1].Cells[0].(float64)
				for i, name := range x.got.Columns[0].Cells {
					v := x.got.Columns[1].Cells[i].(float64)
					require.InEpsilon(t, x.want[name.(string)], v, 1e-4, "%s %s", x.got.Name, name)
					require.LessOrEqual(t, v, last)
					last = v
				}
			}
			native := info.Tables["native_parameters"]
			got := map[string]any{}
			for i, name := range native.Columns[1].Cells {
				got[name.(string)] = native.Columns[2].Cells[i]
			}
			a, err := json.Marshal(g.Native)
			require.NoError(t, err)
			b, err := json.Marshal(got)
			require.NoError(t, err)
			require.JSONEq(t, string(a), string(b))
			if g.Predict != nil {
				p := score(t, m, w.frames["test"])
				require.Len(t, p, len(g.Predict))
				for k := range p {
					require.InDeltaSlice(t, g.Predict[k], p[k][:len(g.Predict[k])], 1e-5)
				}
			}
		})
	}
}

// without lists the columns of train.csv that are no predictors, less one.
func without(response string) string {
	var out []string
	for _, name := range []string{"y", "yb", "ym", "yc", "yt", "w", "off", "fold"} {
		if name != response {
			out = append(out, name)
		}
	}
	b, _ := json.Marshal(out) //nolint:errcheck // texts can be encoded
	return string(b)
}
