package xgboost

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/cgo/libxgboost"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/kernels/par"
)

// need skips a test where there is no library.
func need(t testing.TB) libxgboost.Build {
	t.Helper()
	b, err := library()
	if err != nil {
		t.Skip(err)
	}
	return b
}

// world is frames by key, and models.
type world struct {
	frames map[string]*frame.Frame
	models map[string]model.Model
}

// newWorld has "train" of n rows and "test" of half as many: x1, x2 and x3 (numbers,
// x2 with gaps, x3 with many zeros), n (whole numbers), c and d (categories with
// gaps; "test" has a level of c that "train" has not), w (weights), o (an offset),
// and as responses y, yb (no, yes), ym (a, b, c), yc (counts) and yp (positive).
func newWorld(n int) world {
	made := func(seed uint64, n int, levels []string) *frame.Frame {
		rng := rand.New(rand.NewPCG(seed, 1))
		num := func() []float64 { return make([]float64, n) }
		code := func() []int32 { return make([]int32, n) }
		x1, x2, x3, w, o, y, yc, yp := num(), num(), num(), num(), num(), num(), num(), num()
		whole, c, d, yb, ym := code(), code(), code(), code(), code()
		for i := range n {
			x1[i], x2[i], whole[i], c[i], d[i] = rng.NormFloat64(), rng.Float64(), int32(rng.IntN(9)), int32(rng.IntN(len(levels))), int32(rng.IntN(12))
			if rng.IntN(3) == 0 {
				x3[i] = 100 * rng.NormFloat64()
			}
			eta := x1[i] + float64(c[i]%3) - 2*x2[i] + 0.3*float64(d[i]%4) + math.Copysign(0.4, x3[i])
			y[i] = eta + 0.3*rng.NormFloat64()
			if rng.Float64() < 1/(1+math.Exp(-2*eta)) {
				yb[i] = 1
			}
			ym[i] = int32(min(2, max(0, math.Round(eta+0.5*rng.NormFloat64()))))
			yc[i], yp[i] = math.Floor(math.Exp(eta/2)*rng.ExpFloat64()), math.Exp(eta/2)*(0.1+rng.ExpFloat64())
			w[i], o[i] = float64(rng.IntN(4)), rng.NormFloat64()/4
			if rng.IntN(6) == 0 {
				x2[i] = math.NaN()
			}
			if rng.IntN(9) == 0 {
				c[i] = -1
			}
			if rng.IntN(15) == 0 {
				d[i] = -1
			}
		}
		var many []string
		for i := range 12 {
			many = append(many, string(rune('A'+i)))
		}
		return frame.Must(frame.New(
			[]string{"x1", "x2", "x3", "n", "c", "d", "w", "o", "y", "yb", "ym", "yc", "yp"},
			[]*frame.Column{
				frame.NewFloats(x1), frame.NewFloats(x2), frame.NewFloats(x3), frame.NewInts(frame.Int, whole, nil),
				frame.NewCodes(c, levels), frame.NewCodes(d, many), frame.NewReals(w), frame.NewFloats(o), frame.NewFloats(y),
				frame.NewCodes(yb, []string{"no", "yes"}), frame.NewCodes(ym, []string{"a", "b", "c"}), frame.NewReals(yc), frame.NewFloats(yp),
			}))
	}
	return world{map[string]*frame.Frame{
		"train": made(1, n, []string{"p", "q", "r", "s", "t"}),
		"test":  made(2, n/2, []string{"q", "r", "new", "s", "t", "p"}),
	}, map[string]model.Model{}}
}

// ignored are the columns of newWorld that are no predictors.
const ignored = `["w","o","y","yb","ym","yc","yp"]`

func (w world) env() model.Env {
	return trial.Env(w.frames, func(key string) model.Model { return w.models[key] })
}

func (w world) prepare(kv ...string) (*model.Run, param.Issues) {
	return trial.Prepare(Algo, w.env(), param.Raw{"training_frame": "train", "response_column": "y", "ignored_columns": ignored, "seed": "1", "ntrees": "8", "max_depth": "4", "nthread": "1"}, kv...)
}

func (w world) train(t testing.TB, kv ...string) model.Model {
	t.Helper()
	need(t)
	run, issues := w.prepare(kv...)
	return trial.Train(t, run, issues)
}

// score returns the raw predictions of a frame.
func score(t testing.TB, m model.Model, f *frame.Frame) [][]float64 {
	t.Helper()
	in, _, err := model.Adapt(m, f)
	require.NoError(t, err)
	width := max(1, len(m.Info().Classes()))
	out := make([][]float64, width)
	for k := range out {
		out[k] = make([]float64, in.Rows)
	}
	par.For(2, in.Rows, 100, func(_, lo, hi int) { // pieces, as a server scores
		if err := m.Score(in, lo, hi, par.Part(out, lo, hi)); err != nil {
			t.Error(err)
		}
	})
	return out
}

// payload is the part of a model file that equal trainings share.
func payload(t testing.TB, m model.Model) string {
	t.Helper()
	b, err := model.PayloadBytes(m)
	require.NoError(t, err)
	return string(b)
}
