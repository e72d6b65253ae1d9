package xgboost

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/cgo/libxgboost"
	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
)

// library's own answer for a frame: kind of prediction, row after row.
func asked(t *testing.T, m model.Model, f *frame.Frame, kind libxgboost.Kind) []float32 {
	t.Helper()
	in, _, err := model.Adapt(m, f)
	require.NoError(t, err)
	c, info := m.(trained).learnt(), m.Info()
	n := info.Predictors
	layout := design.NewLayout(info.Names[:n], info.Kinds[:n], info.Domains[:n])
	var x *libxgboost.Matrix
	if c.sparse {
		s := layout.Sparse(in.Columns, 1)
		x, err = libxgboost.CSR(s.Indptr, s.Indices, s.Values, s.Columns, 1)
	} else {
		x, err = libxgboost.Columns(layout.Dense(in.Columns, 1), 1)
	}
	require.NoError(t, err)
	defer x.Close()
	if in.Offset != nil {
		require.NoError(t, x.Set("base_margin", narrow(in.Offset)))
	}
	b, err := libxgboost.NewBooster([][2]string{{"nthread", "1"}, {"verbosity", "0"}})
	require.NoError(t, err)
	defer b.Close()
	require.NoError(t, b.Load(c.saved))
	got, err := b.Predict(x, kind)
	require.NoError(t, err)
	return got
}

// agree compares our predictions of a frame with those of the library.
func agree(t *testing.T, m model.Model, f *frame.Frame) {
	t.Helper()
	ours, theirs := score(t, m, f), asked(t, m, f, libxgboost.Value)
	if m.Info().Category == model.Binomial {
		ours = ours[1:]
	}
	require.Len(t, theirs, len(ours)*f.NumRows())
	for i := range f.NumRows() {
		for k := range ours {
			want := float64(theirs[i*len(ours)+k])
			if math.Abs(ours[k][i]-want) > 1e-6*max(1, math.Abs(want)) {
				t.Fatalf("row %d, class %d: %v, the library says %v", i, k, ours[k][i], want)
			}
		}
	}
}

// Trees over predictors are the trees over the design matrix: on the frame that was
// trained on, and on one with other levels, gaps and numbers.
func TestAgree(t *testing.T) {
	need(t)
	w := newWorld(600)
	objectives := map[string][]string{
		"gaussian": nil, "bernoulli": {"response_column", "yb"}, "multinomial": {"response_column", "ym"},
		"poisson": {"response_column", "yc", "distribution", "poisson"}, "gamma": {"response_column", "yp", "distribution", "gamma"},
		"tweedie": {"response_column", "yc", "distribution", "tweedie", "tweedie_power", "1.3"},
	}
	boosters := map[string][]string{
		"exact": nil, "approx": {"tree_method", "approx"}, "hist": {"tree_method", "hist", "max_bins", "16"},
		"lossguide": {"tree_method", "hist", "grow_policy", "lossguide", "max_leaves", "9", "max_depth", "0"},
		"pruned":    {"gamma", "3"},
		"dart":      {"booster", "dart", "rate_drop", "0.4", "one_drop", "true"},
		"gblinear":  {"booster", "gblinear", "reg_lambda", "0.1"},
	}
	for o, objective := range objectives {
		for b, booster := range boosters {
			for _, matrix := range []string{"dense", "sparse"} {
				t.Run(fmt.Sprintf("%s/%s/%s", o, b, matrix), func(t *testing.T) {
					kv := append(append([]string{"dmatrix_type", matrix, "sample_rate", "0.8"}, objective...), booster...)
					m := w.train(t, kv...)
					agree(t, m, w.frames["train"])
					agree(t, m, w.frames["test"])
				})
			}
		}
	}
}

func TestAgree_Offset(t *testing.T) {
	w := newWorld(400)
	for _, response := range []string{"y", "yb", "yc"} {
		kv := []string{"offset_column", "o", "response_column", response, "ignored_columns", strings.Replace(ignored, `"o",`, "", 1)}
		if response == "yc" {
			kv = append(kv, "distribution", "poisson")
		}
		for _, booster := range []string{"gbtree", "gblinear"} {
			m := w.train(t, append(kv, "booster", booster)...)
			agree(t, m, w.frames["train"])
			agree(t, m, w.frames["test"])
		}
	}
}

// Numbers next to a threshold fall on the library's side of it, and so do those
// that 32 bits cannot tell apart, that are too large for them, or infinite.
func TestAgree_Thresholds(t *testing.T) {
	w := newWorld(600)
	for _, method := range []string{"exact", "hist"} {
		for _, matrix := range []string{"dense", "sparse"} {
			m := w.train(t, "tree_method", method, "dmatrix_type", matrix, "ntrees", "4").(*Model)
			var x []float64
			for i, f := range m.forest.Feature {
				if f < 0 || m.forest.SetAt[i] >= 0 {
					continue
				}
				v := m.forest.Threshold[i]
				for range 3 {
					x = append(x, v)
					v = math.Nextafter(v, math.Inf(1))
				}
				s := float32(m.forest.Threshold[i])
				x = append(x, math.Nextafter(m.forest.Threshold[i], math.Inf(-1)), float64(s),
					float64(math.Nextafter32(s, float32(math.Inf(1)))), float64(math.Nextafter32(s, float32(math.Inf(-1)))))
			}
			x = append(x, 0, math.Copysign(0, -1), 1e300, -1e300, math.Inf(1), math.Inf(-1), math.MaxFloat32, 5e-324, math.NaN())
			col := frame.NewFloats(x)
			f := frame.Must(frame.New([]string{"x1", "x2", "x3"}, []*frame.Column{col, col, col}))
			agree(t, m, f)
		}
	}
}

// Leaves have the library's numbers.
func TestAgree_Leaves(t *testing.T) {
	w := newWorld(400)
	for _, kv := range [][]string{nil, {"gamma", "2"}, {"tree_method", "hist", "grow_policy", "lossguide", "max_leaves", "7"}} {
		m := w.train(t, kv...).(*Model)
		f := w.frames["test"]
		leaves := asked(t, m, f, libxgboost.Leaf)
		in, _, err := model.Adapt(m, f)
		require.NoError(t, err)
		trees := m.forest.Trees()
		for i := range f.NumRows() {
			for k := range trees {
				at := m.forest.Roots[k]
				for m.forest.Left[at] >= 0 {
					if m.left(at, in.Columns, i) {
						at = m.forest.Left[at]
					} else {
						at = m.forest.Right[at]
					}
				}
				require.EqualValues(t, leaves[i*trees+k], at-m.forest.Roots[k], "row %d, tree %d", i, k)
			}
		}
	}
}

// left walks one step, in the plainest way.
func (m *Model) left(at int32, cols []*frame.Column, row int) bool {
	f := m.forest
	col := cols[f.Feature[at]]
	if f.SetAt[at] < 0 {
		if v := col.Float(row); !math.IsNaN(v) {
			return v <= f.Threshold[at]
		}
	} else if c := col.Code(row); c >= 0 && c < int(f.SetLen[at]) {
		return f.Sets[int(f.SetAt[at])+c/64]>>(c%64)&1 == 1
	}
	return f.MissingLeft[at] == 1
}
