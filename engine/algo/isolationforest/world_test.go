package isolationforest_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/algo/isolationforest"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/model/trial"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/table"
)

// world is frames by key.
type world map[string]*frame.Frame

// newWorld has "train" of n rows and "test" of half as many: the numbers x, y, z and
// the category c. Every 25th row is an anomaly: far away in one or two of the numbers,
// or of a rare category at the end of the levels. "label" says so.
func newWorld(n int) world {
	make1 := func(seed uint64, n int) *frame.Frame {
		rng := rand.New(rand.NewPCG(seed, 1))
		x, y, z := make([]float64, n), make([]float64, n), make([]float64, n)
		c, label := make([]int32, n), make([]int32, n)
		for i := range n {
			x[i], y[i], z[i] = rng.NormFloat64(), 10+3*rng.NormFloat64(), rng.ExpFloat64()
			c[i] = int32(rng.IntN(4))
			if i%25 == 7 {
				label[i] = 1
				x[i] += 6 * float64(1-2*rng.IntN(2))
				if rng.IntN(2) == 0 {
					y[i] += 25
				} else {
					c[i], z[i] = 5, 15
				}
			}
		}
		return frame.Must(frame.New(
			[]string{"x", "y", "z", "c", "label"},
			[]*frame.Column{
				frame.NewFloats(x), frame.NewFloats(y), frame.NewFloats(z),
				frame.NewCodes(c, []string{"p", "q", "r", "s", "t", "u"}), frame.NewCodes(label, []string{"ok", "odd"}),
			}))
	}
	return world{"train": make1(1, n), "test": make1(2, n/2)}
}

func (w world) prepare(kv ...string) (*model.Run, param.Issues) {
	return trial.Prepare(isolationforest.Algo, trial.Env(w, nil), param.Raw{"training_frame": "train", "ignored_columns": `["label"]`, "seed": "1", "ntrees": "20"}, kv...)
}

func (w world) train(t testing.TB, kv ...string) *isolationforest.Model {
	t.Helper()
	run, issues := w.prepare(kv...)
	return trial.Train(t, run, issues).(*isolationforest.Model)
}

// labelled are settings that judge by the labels of "test".
func labelled(kv ...string) []string {
	return append(kv, "validation_frame", "test", "validation_response_column", "label", "ignored_columns", "[]")
}

// predict returns the predictions, column by column.
func predict(t testing.TB, m model.Model, f *frame.Frame) [][]float64 {
	t.Helper()
	p, _, err := model.Predict(t.Context(), m, f, 0)
	require.NoError(t, err)
	var out [][]float64
	for i := range p.NumCols() {
		out = append(out, p.Column(i).Floats(0, p.NumRows(), nil))
	}
	return out
}

// lengths returns the length of path of rows through each tree, and their leaves.
func lengths(m *isolationforest.Model, f *frame.Frame) (length [][]float64, leaf [][]int32) {
	g := m.Forest()
	cols := make([]*frame.Column, m.Info().Predictors)
	for j := range cols {
		cols[j] = f.Lookup(m.Info().Names[j])
	}
	for _, root := range g.Roots {
		l, at := make([]float64, f.NumRows()), make([]int32, f.NumRows())
		for r := range l {
			i, depth := root, 0
			for ; g.Left[i] >= 0; depth++ {
				v := cols[g.Feature[i]].Float(r)
				left := v <= g.Threshold[i]
				switch {
				case math.IsNaN(v):
					left = g.MissingLeft[i] == 1
				case g.SetAt[i] >= 0:
					left = g.Sets[g.SetAt[i]]>>uint(v)&1 == 1
				}
				if left {
					i = g.Left[i]
				} else {
					i = g.Right[i]
				}
			}
			l[r], at[r] = float64(max(0, depth-1)), i
		}
		length, leaf = append(length, l), append(leaf, at)
	}
	return length, leaf
}

// titles lists the columns of a table.
func titles(t *table.Table) []string {
	var out []string
	for _, c := range t.Columns {
		out = append(out, c.Title)
	}
	return out
}
