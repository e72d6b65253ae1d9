package tree

import (
	"context"
	"runtime"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// Score adds the trees from number from on to the scores of rows [lo, hi), one slice
// for each class.
func (f *Forest) Score(b kernels.Backend, cols []*frame.Column, lo, hi, from int, scores [][]float64) error {
	defer runtime.KeepAlive(cols)
	return b.Predict(&f.Forest, Columns(cols), lo, hi, from, f.Trees(), scores)
}

// ScoreAll is Score for all rows, in parallel, as many at a time as b likes.
func (f *Forest) ScoreAll(b kernels.Backend, threads int, cols []*frame.Column, from int, scores [][]float64) error {
	defer runtime.KeepAlive(cols)
	raw := Columns(cols)
	return par.ForErr(context.Background(), threads, len(scores[0]), kernels.ScoreRows(b), func(_, lo, hi int) error {
		return b.Predict(&f.Forest, raw, lo, hi, from, f.Trees(), par.Part(scores, lo, hi))
	})
}

// Scores returns what is in buffers. It fails where a device had newer values and is
// lost.
func Scores(buffers []*kernels.Buffer[float64]) ([][]float64, error) {
	out := make([][]float64, len(buffers))
	for c, b := range buffers {
		out[c] = b.Host()
		if err := b.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
