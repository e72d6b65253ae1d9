package gbm

import (
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/tree"
	"github.com/geyser-ml/geyser/kernels/par"
)

// measure adds an entry to the scoring history.
func (b *booster) measure(step int) error {
	for _, g := range b.growers {
		g.Rest()
	}
	scores, err := tree.Scores(b.in.Scores)
	if err != nil {
		return err
	}
	b.onTrain = b.t.MeasureBy(b.t.Train, b.respond(scores, b.center))
	if v := b.t.Valid; v != nil {
		valid, err := tree.Scores(b.valid)
		if err != nil {
			return err
		}
		if err := b.forest.ScoreAll(b.backend, b.t.Threads, v.Columns, b.scored, valid); err != nil {
			return err
		}
		b.scored = b.forest.Trees()
		b.onValid = b.t.MeasureBy(v, b.respond(valid, 0))
		b.onValid.Description = "Validation metrics"
	}
	b.timeline.Add(b.t.Now(), model.NewScored(step, b.t.Category, b.onTrain, b.onValid))
	return nil
}

// respond returns what turns rows of scores, less center, into predictions.
func (b *booster) respond(scores [][]float64, center float64) func(lo, hi int, dst [][]float64) {
	return func(lo, hi int, dst [][]float64) {
		part := par.Part(scores, lo, hi)
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
	b.timeline.Show(info, "Number of Trees")
	info.Numbers = map[string]float64{"init_f": b.init}
	info.Summary = b.forest.Summary()
	info.Train, info.Valid = b.onTrain, b.onValid
	info.SetThreshold(info.Train)
	info.SetThreshold(info.Valid)
	m := &Model{
		info: info, forest: b.forest.Snapshot(), init: b.init,
		family: b.p.family(len(b.t.Train.Domain)), samples: b.samples,
	}
	info.Importance = model.ImportanceTable(m.Importances())
	return m
}
