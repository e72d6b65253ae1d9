// Package trial is what tests of algorithms share: frames to train on, and what takes
// the place of an engine that finds frames and models by key. Tests alone import it.
package trial

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
)

// Env finds these frames, and models as find does; a nil find knows none.
func Env(frames map[string]*frame.Frame, find func(key string) model.Model) model.Env {
	return model.Env{
		Frame: func(key, field string) (*frame.Frame, error) {
			if f := frames[key]; f != nil {
				return f, nil
			}
			return nil, errs.NotFoundf(field, "no frame %s", key)
		},
		Model: func(key string) (model.Model, error) {
			if find != nil {
				if m := find(key); m != nil {
					return m, nil
				}
			}
			return nil, errs.NotFoundf("checkpoint", "no model %s", key)
		},
		NewKey:  func(p string) string { return p + "_model" },
		NewSeed: func() int64 { return 9 },
		Now:     time.Now,
	}
}

// Prepare sets parameters, names and values in turn, over usual ones, which it
// changes.
func Prepare(a *model.Algo, env model.Env, usual param.Raw, kv ...string) (*model.Run, param.Issues) {
	for i := 0; i < len(kv); i += 2 {
		usual[kv[i]] = kv[i+1]
	}
	return a.Prepare(usual, env)
}

// Train trains what Prepare has returned.
func Train(t testing.TB, run *model.Run, issues param.Issues) model.Model {
	t.Helper()
	require.NoError(t, issues.Err())
	res, err := run.Train(t.Context(), model.Hooks{})
	require.NoError(t, err)
	return res.Model
}

// Actual returns a parameter as training used it.
func Actual(m model.Model, name string) any {
	for _, p := range m.Info().Parameters {
		if p.Name == name {
			return p.Actual
		}
	}
	return "no such parameter"
}

// Frames returns "train" of n rows and "test" of half as many: x1 and x2 (numbers,
// x2 with gaps), c (categories), n (whole numbers), and as responses y, yb (no,
// yes) and ym (a, b, c), which depend on them.
func Frames(n int) map[string]*frame.Frame {
	return map[string]*frame.Frame{"train": rows(1, n), "test": rows(2, n/2)}
}

func rows(seed uint64, n int) *frame.Frame {
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

// AUC is the share of pairs of an odd row, of label 1, and an ordinary one in which
// the odd one has the larger score.
func AUC(score, label []float64) float64 {
	pairs, won := 0.0, 0.0
	for i := range score {
		for j := range score {
			if label[i] == 1 && label[j] == 0 {
				pairs++
				if score[i] > score[j] {
					won++
				} else if score[i] == score[j] {
					won += 0.5
				}
			}
		}
	}
	return won / pairs
}
