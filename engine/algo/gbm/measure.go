package gbm

import (
	"context"
	"runtime"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels"
	"github.com/geyser-ml/geyser/kernels/par"
)

// measure adds an entry to the scoring history.
func (b *booster) measure(step int) error {
	scores := make([][]float64, len(b.in.Scores))
	for c, s := range b.in.Scores {
		scores[c] = s.Host()
	}
	b.onTrain = b.t.MeasureBy(b.t.Train, b.respond(scores, b.center))
	if v := b.t.Valid; v != nil {
		if err := b.add(b.forest, v.Columns, v.Rows, b.scored, b.valid); err != nil {
			return err
		}
		b.scored = b.forest.Trees()
		b.onValid = b.t.MeasureBy(v, b.respond(b.valid, 0))
		b.onValid.Description = "Validation metrics"
	}
	now := b.t.Now()
	b.history = append(b.history, model.NewScored(step, b.t.Category, b.onTrain, b.onValid))
	b.times = append(b.times, model.Stamp{At: now, Duration: now.Sub(b.started)})
	return nil
}

// add adds the trees of a forest from number from on to the scores of some rows.
func (b *booster) add(f *tree.Forest, columns []*frame.Column, rows, from int, scores [][]float64) error {
	defer runtime.KeepAlive(columns)
	cols := tree.Columns(columns)
	return par.ForErr(context.Background(), b.t.Threads, rows, 16384, func(_, lo, hi int) error {
		out := make([][]float64, len(scores))
		for c := range out {
			out[c] = scores[c][lo:hi]
		}
		return b.backend.Predict(&f.Forest, cols, lo, hi, from, f.Trees(), out)
	})
}

// respond returns what turns rows of scores, less center, into predictions.
func (b *booster) respond(scores [][]float64, center float64) func(lo, hi int, dst [][]float64) {
	return func(lo, hi int, dst [][]float64) {
		part := make([][]float64, len(scores))
		for c := range scores {
			part[c] = scores[c][lo:hi]
		}
		if center != 0 {
			shifted := make([]float64, hi-lo)
			for i, s := range part[0] {
				shifted[i] = s + center
			}
			part[0] = shifted
		}
		respond(b.family, part, dst)
	}
}

// snapshot returns the model as it is now.
func (b *booster) snapshot() *Model {
	info := model.NewInfo(b.t)
	info.Step, info.History = "Number of Trees", b.history[:len(b.history):len(b.history)]
	info.Identity.Times = b.times[:len(b.times):len(b.times)]
	info.Numbers = map[string]float64{"init_f": b.init}
	info.Summary = b.forest.Summary()
	info.Train, info.Valid = b.onTrain, b.onValid
	info.SetThreshold(info.Train)
	info.SetThreshold(info.Valid)
	m := &Model{
		info: info, forest: b.forest.Snapshot(), init: b.init, backend: kernels.CPU(),
		family: b.p.family(len(b.t.Train.Domain)), samples: b.samples,
	}
	info.Importance = model.ImportanceTable(m.Importances())
	return m
}
