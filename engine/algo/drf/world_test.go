package drf_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/drf"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
)

// world is frames by key, and models that trainings may look up.
type world struct {
	frames map[string]*frame.Frame
	models map[string]model.Model
}

// newWorld has "train" of n rows and "test" of half as many: x1 and x2 (numbers,
// x2 with gaps), c (categories), n (whole numbers), and as responses y, yb (no,
// yes) and ym (a, b, c), which depend on them.
func newWorld(n int) *world {
	make1 := func(seed uint64, n int) *frame.Frame {
		rng := rand.New(rand.NewPCG(seed, 1))
		x1, x2, w, y := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		c, whole := make([]int32, n), make([]int32, n)
		yb, ym := make([]int32, n), make([]int32, n)
		for i := range n {
			x1[i], x2[i], c[i], whole[i] = rng.NormFloat64(), rng.Float64(), int32(rng.IntN(5)), int32(rng.IntN(9))
			eta := x1[i] + float64(c[i]%3) - 2*x2[i]
			y[i] = eta + 0.3*rng.NormFloat64()
			if rng.Float64() < 1/(1+math.Exp(-2*eta)) {
				yb[i] = 1
			}
			ym[i] = int32(min(2, max(0, math.Round(eta+0.5*rng.NormFloat64()))))
			w[i] = float64(rng.IntN(4))
			if rng.IntN(10) == 0 {
				x2[i] = math.NaN()
			}
		}
		return frame.Must(frame.New(
			[]string{"x1", "x2", "c", "n", "w", "y", "yb", "ym"},
			[]*frame.Column{
				frame.NewFloats(x1), frame.NewFloats(x2), frame.NewCodes(c, []string{"p", "q", "r", "s", "t"}),
				frame.NewInts(frame.Int, whole, nil), frame.NewReals(w), frame.NewFloats(y),
				frame.NewCodes(yb, []string{"no", "yes"}), frame.NewCodes(ym, []string{"a", "b", "c"}),
			}))
	}
	return &world{frames: map[string]*frame.Frame{"train": make1(1, n), "test": make1(2, n/2)}}
}

// ignored are the columns of newWorld that are no predictors.
var ignored = `["w","y","yb","ym"]`

func (w *world) env() model.Env {
	return model.Env{
		Frame: func(key, field string) (*frame.Frame, error) {
			if f := w.frames[key]; f != nil {
				return f, nil
			}
			return nil, errs.NotFoundf(field, "no frame %s", key)
		},
		Model: func(key string) (model.Model, error) {
			if m := w.models[key]; m != nil {
				return m, nil
			}
			return nil, errs.NotFoundf("checkpoint", "no model %s", key)
		},
		NewKey:  func(p string) string { return p + "_model" },
		NewSeed: func() int64 { return 9 },
		Now:     time.Now,
	}
}

func (w *world) prepare(kv ...string) (*model.Run, param.Issues) {
	raw := param.Raw{"training_frame": "train", "response_column": "y", "ignored_columns": ignored, "seed": "1", "ntrees": "10", "max_depth": "6"}
	for i := 0; i < len(kv); i += 2 {
		raw[kv[i]] = kv[i+1]
	}
	return drf.Algo.Prepare(raw, w.env())
}

func (w *world) train(t testing.TB, kv ...string) *drf.Model {
	t.Helper()
	run, issues := w.prepare(kv...)
	require.NoError(t, issues.Err())
	res, err := run.Train(t.Context(), model.Hooks{})
	require.NoError(t, err)
	return res.Model.(*drf.Model)
}

// on measures a model on a frame.
func (w *world) on(t testing.TB, m model.Model, key string) *metrics.Metrics {
	t.Helper()
	got, _, _, err := model.Performance(t.Context(), m, w.frames[key], metrics.Options{GainsLiftBins: -1})
	require.NoError(t, err)
	return got
}

// payload is the part of a model file that equal trainings share.
func payload(t testing.TB, m model.Model) string {
	t.Helper()
	b, err := m.Payload()
	require.NoError(t, err)
	return string(b)
}

// trees returns the number of trees of a model, all classes together.
func trees(m model.Model) int {
	return int(m.Info().Summary.Column("Number of Internal Trees").Cells[0].(int64))
}

// actual returns a parameter as training used it.
func actual(m model.Model, name string) any {
	for _, p := range m.Info().Parameters {
		if p.Name == name {
			return p.Actual
		}
	}
	return "no such parameter"
}
