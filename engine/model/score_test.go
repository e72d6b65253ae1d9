package model

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
)

func TestClassNames(t *testing.T) {
	for in, want := range map[string]string{
		"0": "p0", "12": "p12", "-1": "p-1", "+3": "p+3", "1.0": "1.0", "": "", "yes": "yes", " 1": " 1",
		"2147483647": "p2147483647", "2147483648": "2147483648", "1e3": "1e3",
	} {
		require.Equal(t, []string{want}, ClassNames([]string{in}), "%q", in)
	}
}

func TestLabelled(t *testing.T) {
	info := func(c Category, threshold float64, classes ...string) *Info {
		i := &Info{Category: c, Threshold: threshold, Response: "y", Names: []string{"y"}, Domains: [][]string{classes}}
		if classes == nil {
			i.Domains[0] = nil
		}
		return i
	}
	nan := math.NaN()
	for _, c := range []struct {
		name  string
		info  *Info
		raw   [][]float64
		names []string
		want  []float64 // column predict
	}{
		{"numbers", info(Regression, 0), [][]float64{{1.5, nan, 3}}, []string{"predict"}, []float64{1.5, nan, 3}},
		{"two classes, at the threshold", info(Binomial, 0.3, "a", "b"), [][]float64{{0.7, 0.71, 0}, {0.3, 0.29, 1}}, []string{"predict", "a", "b"}, []float64{1, 0, 1}},
		{"several, first of equals", info(Multinomial, 0.5, "0", "1", "x"), [][]float64{{0.4, 0.2}, {0.4, 0.2}, {0.2, 0.6}}, []string{"predict", "p0", "p1", "x"}, []float64{0, 2}},
		{"a class called predict", info(Multinomial, 0.5, "predict", "p0", "0"), [][]float64{{1}, {0}, {0}}, []string{"predict", "predict0", "p0", "p00"}, []float64{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := labelled(&fakeModel{info: c.info}, c.raw)
			require.Equal(t, c.names, f.Names())
			got := f.Column(0).Floats(0, f.NumRows(), nil)
			for i, v := range c.want {
				if math.IsNaN(v) {
					require.True(t, f.Column(0).Missing(i))
					continue
				}
				require.Equal(t, v, got[i], "row %d", i)
			}
			require.Equal(t, c.info.Classes(), f.Column(0).Domain())
			for k, p := range c.raw {
				if c.info.Category != Regression {
					require.Equal(t, p, f.Column(k+1).Floats(0, len(p), nil))
				}
			}
		})
	}
}

func TestMeasureFrames(t *testing.T) {
	y := frame.NewReals([]float64{1, 2, 3, 4})
	yb := frame.NewCodes([]int32{0, 1, 1, 0}, []string{"no", "yes"})
	one := columns("p", frame.NewReals([]float64{1, 2, 3, 6}))
	probs := columns("p", frame.NewReals([]float64{0.25, 0.75, 0.5, 0.5}))
	third := frame.NewReals([]float64{0, 0, 0.5, 1})
	three := columns("a", third, "b", third, "c", third)
	for _, c := range []struct {
		name     string
		pred     *frame.Frame
		actual   *frame.Column
		weights  *frame.Column
		domain   []string
		dist     string
		category Category
		mse      float64
		err      string
	}{
		{"numbers", one, y, nil, nil, "", Regression, 1, ""},
		{"weighted", one, y, frame.NewReals([]float64{1, 1, 1, 0}), nil, "gaussian", Regression, 0, ""},
		{"two classes", probs, yb, nil, nil, "", Binomial, (0.0625 + 0.0625 + 0.25 + 0.25) / 4, ""},
		{"classes in another order", probs, yb, nil, []string{"yes", "no"}, "", Binomial, (0.0625*9 + 0.0625*9 + 0.25 + 0.25) / 4, ""},
		{"several", three, frame.NewCodes([]int32{0, 1, 2, 0}, []string{"r", "g", "b"}), nil, nil, "", Multinomial, (1 + 1 + 0.25 + 0) / 4, ""},
		{"Err columns", three, yb, nil, nil, "", "", 0, "must have 1 column(s) for 2 classes; it has 3"},
		{"Err labels as predictions", columns("p", yb), yb, nil, nil, "", "", 0, `column "p" of the predictions must be numeric`},
		{"Err text as actual values", one, frame.NewStrings([]string{"a", "b", "c", "d"}, nil), nil, nil, "", "", 0, "the actual values must be numeric"},
		{"Err distribution", one, y, nil, nil, "nonsense", "", 0, "nonsense"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, category, err := MeasureFrames(c.pred, c.actual, c.weights, c.domain, c.dist, metrics.Options{})
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				require.Equal(t, errs.Invalid, errs.KindOf(err))
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.category, category)
			require.InDelta(t, c.mse, m.MSE, 1e-15)
		})
	}
}
